//! Names the machine itself looks up, interned once: `vm.names().__init__`.

use crate::object::{GilCell, Ref, census};
use crate::objects::str_::{Str, intern};
use crate::protocol::compare::CmpOp;

/// A name that one place of the code needs, interned on first use.
pub struct StaticName {
    text: &'static str,
    made: GilCell<Option<Ref<Str>>>,
}

impl StaticName {
    pub const fn new(text: &'static str) -> StaticName {
        StaticName { text, made: GilCell::new(None) }
    }
    #[inline]
    pub fn get(&self) -> Ref<Str> {
        match self.made.with(|made| made.clone()) {
            Some(name) => name,
            None => {
                let name = intern::intern_str(self.text);
                census::keep(name.head());
                self.made.with(|made| *made = Some(name.clone()));
                name
            }
        }
    }
}

/// The interned name of a special method: `special_name!("__add__")`.
macro_rules! special_name {
    ($text:literal) => {{
        static NAME: $crate::runtime::names::StaticName =
            $crate::runtime::names::StaticName::new($text);
        NAME.get()
    }};
}
pub(crate) use special_name;

macro_rules! names {
    ($($name:ident)*) => {
        /// Interned names, each under itself.
        pub struct Names {
            $(pub $name: Ref<Str>,)*
        }

        impl Names {
            pub(crate) fn new() -> Names {
                Names { $($name: intern::intern_str(stringify!($name)),)* }
            }
        }
    };
}

names! {
    __abs__ __abstractmethods__ __add__ __aenter__ __aexit__ __aiter__ __all__ __and__ __anext__
    __annotate__ __annotations__ __await__ __bases__ __bool__ __build_class__ __builtins__ __bytes__
    __call__ __cause__ __ceil__ __class__ __class_getitem__ __classcell__ __classdictcell__
    __complex__ __contains__ __context__ __debug__ __del__ __delattr__ __delete__ __delitem__
    __dict__ __dir__ __divmod__ __doc__ __enter__ __eq__ __exit__ __file__ __float__ __floor__
    __format__ __fspath__ __ge__ __get__ __getattr__ __getattribute__ __getitem__ __getnewargs__
    __getnewargs_ex__ __getstate__ __gt__ __hash__ __iadd__ __import__ __index__ __init__
    __init_subclass__ __instancecheck__ __int__ __invert__ __isabstractmethod__ __iter__ __le__
    __len__ __length_hint__ __loader__ __lt__ __main__ __match_args__ __missing__ __module__
    __mro_entries__ __name__ __ne__ __neg__ __new__ __next__ __notes__ __orig_class__ __package__
    __path__ __pos__ __pow__ __prepare__ __qualname__ __reduce__ __reduce_ex__ __repr__
    __reversed__ __round__ __set__ __set_name__ __setattr__ __setitem__ __setstate__ __slotnames__
    __slots__ __spec__ __static_attributes__ __firstlineno__ __str__ __subclasscheck__
    __subclasshook__ __text_signature__ __traceback__ __trunc__ __type_params__ __weakref__
    __wrapped__ _fields append args builtins close copy copyreg decode displayhook encode encoding
    end errors excepthook file flush get isatty items keys meta_path metaclass modules msg name
    obj path print_file_and_line ps1 ps2 read readline send sep stderr stdin stdout sys throw
    update value values write last_exc _initializing __origin__ __parameters__ __args__ cache_token
    mro default strict __reduce_cython__ fileno
}

impl Names {
    /// `__lt__` and its like.
    pub fn comparison(&self, op: CmpOp) -> &Ref<Str> {
        match op {
            CmpOp::Lt => &self.__lt__,
            CmpOp::Le => &self.__le__,
            CmpOp::Eq => &self.__eq__,
            CmpOp::Ne => &self.__ne__,
            CmpOp::Gt => &self.__gt__,
            CmpOp::Ge => &self.__ge__,
        }
    }
}

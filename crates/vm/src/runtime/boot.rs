//! Start-up: the built-in types, in the order in which they need each other, then the shared state.

use crate::object::{GilCell, Guarded, Obj};
use crate::objects as o;
use crate::objects::dict::Dict;
use crate::objects::exceptions::Exceptions;
use crate::objects::type_::{Type, declare};
use crate::runtime::config::Config;
use crate::runtime::names::Names;
use crate::runtime::vm::{Interp, Vm};
use std::cell::{Cell, OnceCell};

/// Creates all types of the list, then readies them.
macro_rules! types {
    ($($t:ty),* $(,)?) => {
        fn create_types() {
            $(declare::create::<$t>();)*
            ready_roots();
            $(declare::ready::<$t>();)*
        }

        /// The types that `builtins` shows by name.
        pub(crate) fn builtin_types() -> Vec<&'static Obj<Type>> {
            use crate::object::Payload;
            vec![$(<$t as Payload>::cell().get(),)*]
        }
    };
}

types! {
    o::object::Object, Type, o::str_::Str, Dict, o::tuple::Tuple,
    o::slot_wrapper::WrapperDescr, o::descr::MethodDescr, o::descr::ClassMethodDescr,
    o::descr::GetSetDescr, o::builtin_function::BuiltinFunction, o::slot_wrapper::NewWrapper, o::slot_wrapper::MethodWrapper, o::descr::MemberDescr,
    o::classmethod::StaticMethod, o::classmethod::ClassMethod,
    o::singletons::NoneType, o::singletons::EllipsisType, o::singletons::NotImplementedType,
    o::int::IntObj, o::bool_::BoolObj, o::float::FloatObj, o::complex::ComplexObj,
    o::list::List, o::set::Set, o::slice::Slice, o::range::Range, o::range::RangeIter, o::range::LongRangeIter, o::str_::iter::StrIter,
    o::bytes::BytesIter, o::bytearray::ByteArrayIter, o::memoryview::MemoryIter,
    o::bytes::Bytes, o::bytearray::ByteArray, o::memoryview::MemoryView,
    o::iterators::ListIter, o::iterators::TupleIter, o::iterators::ListReverseIter,
    o::iterators::SequenceIter, o::iterators::CallableIter, o::set::SetIter,
    o::dict::views::DictView, o::dict::views::DictIter,
    o::cell::CellObj, o::code::Code, o::frame::FrameObj, o::traceback::Traceback,
    o::function::Function, o::method::Method, o::generator::Generator, o::module::Module,
    o::exceptions::ExcObj, o::property::Property, o::super_::Super, o::namespace::Namespace,
    o::mapping_proxy::MappingProxy, o::generic_alias::GenericAlias, o::union_::Union,
    o::weakref::WeakRef, o::enumerate::Enumerate, o::enumerate::Reversed, o::enumerate::Zip,
    o::enumerate::Map, o::enumerate::Filter,
}

/// `object` and `type` first, with the generic functions themselves in their slots: inline caches
/// recognise a type that follows the generic rules by these very pointers.
fn ready_roots() {
    use crate::object::Payload;
    declare::ready::<o::object::Object>();
    let slots = &o::object::Object::cell().get().slots;
    slots.set_getattro(o::object::generic_getattr);
    slots.set_setattro(o::object::generic_setattr);
    slots.set_init(o::object::object_init);
    declare::ready::<Type>();
    Type::cell().get().slots.set_call(o::type_::methods::type_call);
}

/// Types that share another type's payload.
#[derive(Clone, Copy)]
pub struct DataTypes {
    pub frozenset: &'static Obj<Type>,
    pub dict_values: &'static Obj<Type>,
    pub dict_items: &'static Obj<Type>,
    pub dict_value_iterator: &'static Obj<Type>,
    pub dict_item_iterator: &'static Obj<Type>,
    pub dict_reverse_key_iterator: &'static Obj<Type>,
    pub dict_reverse_value_iterator: &'static Obj<Type>,
    pub dict_reverse_item_iterator: &'static Obj<Type>,
}

/// The kinds of generator besides `generator` itself.
#[derive(Clone, Copy)]
pub struct GeneratorTypes {
    pub coroutine: &'static Obj<Type>,
    pub async_generator: &'static Obj<Type>,
}

static DATA: GilCell<Option<DataTypes>> = GilCell::new(None);
static GENERATORS: GilCell<Option<GeneratorTypes>> = GilCell::new(None);

/// See [`DataTypes`].
pub fn data_types() -> DataTypes {
    match DATA.get() {
        Some(types) => types,
        None => unreachable!("types are made at start-up"),
    }
}
pub fn generator_types() -> GeneratorTypes {
    match GENERATORS.get() {
        Some(types) => types,
        None => unreachable!("types are made at start-up"),
    }
}

/// A type like `T`'s under another name, with copies of `T`'s own methods.
fn twin<T: declare::Declared + declare::Methods>(name: &'static str) -> &'static Obj<Type> {
    declare::twin_type::<T>(name, |_| true)
}

fn make_data_types() {
    use o::dict::views::{DictIter, DictView};
    let frozenset = o::set::make_frozenset();
    DATA.set(Some(DataTypes {
        frozenset,
        dict_values: twin::<DictView>("dict_values"),
        dict_items: twin::<DictView>("dict_items"),
        dict_value_iterator: twin::<DictIter>("dict_valueiterator"),
        dict_item_iterator: twin::<DictIter>("dict_itemiterator"),
        dict_reverse_key_iterator: twin::<DictIter>("dict_reversekeyiterator"),
        dict_reverse_value_iterator: twin::<DictIter>("dict_reversevalueiterator"),
        dict_reverse_item_iterator: twin::<DictIter>("dict_reverseitemiterator"),
    }));
    GENERATORS.set(Some(GeneratorTypes {
        coroutine: o::coroutine::make_coroutine_type(),
        async_generator: o::coroutine::make_async_generator_type(),
    }));
}

/// Makes the shared state. The interpreter lock is held; no Python code runs.
pub(crate) fn make_interp(config: Config) -> Interp {
    let secret = match config.hash_seed {
        Some(seed) => crate::runtime::hash::secret_from_seed(seed),
        None => crate::runtime::hash::random_secret(),
    };
    crate::runtime::hash::set_secret(secret);
    o::str_::intern::begin();
    declare::bootstrap();
    create_types();
    make_data_types();
    let names = Names::new();
    let exceptions = Exceptions::new();
    Interp {
        names,
        exceptions,
        builtins: Dict::new_ref(),
        builtins_module: OnceCell::new(),
        modules: Dict::new_ref(),
        sys: OnceCell::new(),
        native_modules: Guarded::new(Vec::new()),
        recursion_limit: Cell::new(1000),
        int_max_str_digits: Cell::new(config.int_max_str_digits),
        config,
        frozen: OnceCell::new(),
        trees: OnceCell::new(),
        arena: Cell::default(),
        workspace: Cell::default(),
        started: Cell::new(false),
        importlib: OnceCell::new(),
        codecs: Default::default(),
        next_thread: Cell::new(0),
        threads: Guarded::new(Vec::new()),
        dlopen_flags: Cell::new(libc::RTLD_NOW),
    }
}

/// The rest of start-up, which needs a thread state: `builtins`, `sys`, the native modules.
pub(crate) fn finish(vm: &Vm) {
    o::exception_group::make_types(vm);
    crate::builtin_modules::register(vm);
    crate::runtime::gc::begin();
}

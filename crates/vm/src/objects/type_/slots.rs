//! The type slots: what a type can do, as function pointers, and THE table that ties each slot to
//! its Python names.
//!
//! A slot is filled by Rust (`#[slot]`), inherited along the MRO, or set to a generic function that
//! calls the Python method when a class defines it (`generic.rs`). The other way round, a filled
//! slot of a built-in type shows in its `__dict__` as a slot wrapper (`objects/descr.rs`).
//!
//! CPython's counterpart: `slotdefs` in `Objects/typeobject.c`.

use super::Type;
use crate::object::{Obj, ObjHead, Ref};
use crate::objects::buffer_wrapper;
use crate::objects::generator::Resumed;
use crate::objects::str_::Str;
use crate::protocol::buffer::Buffer;
use crate::protocol::compare::CmpOp;
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::names::special_name;
use crate::runtime::vm::Vm;
use crate::value::Value;
use std::cell::Cell;

pub type Unary = fn(&Vm, &Value) -> PyResult<Value>;
pub type Binary = fn(&Vm, &Value, &Value) -> PyResult<Value>;
pub type Ternary = fn(&Vm, &Value, &Value, Option<&Value>) -> PyResult<Value>;
pub type Hash = fn(&Vm, &Value) -> PyResult<i64>;
pub type Bool = fn(&Vm, &Value) -> PyResult<bool>;
pub type Len = fn(&Vm, &Value) -> PyResult<usize>;
pub type Call = fn(&Vm, &Value, CallArgs<'_>) -> PyResult<Value>;
/// `None` is "no such attribute": the caller raises, or not.
pub type GetAttr = fn(&Vm, &Value, &Ref<Str>) -> PyResult<Option<Value>>;
/// A value of `None` deletes.
pub type SetAttr = fn(&Vm, &Value, &Ref<Str>, Option<Value>) -> PyResult<()>;
pub type RichCompare = fn(&Vm, &Value, &Value, CmpOp) -> PyResult<Value>;
/// `None` is the end.
pub type IterNext = fn(&Vm, &Value) -> PyResult<Option<Value>>;
/// `send(value)` for who drives iterators: what it ends with comes without a `StopIteration`.
pub type SendValue = fn(&Vm, &Value, Value) -> Resumed;
/// descriptor, instance, type
pub type DescrGet = fn(&Vm, &Value, Option<&Value>, Option<&Value>) -> PyResult<Value>;
pub type DescrSet = fn(&Vm, &Value, &Value, Option<Value>) -> PyResult<()>;
pub type Init = fn(&Vm, &Value, CallArgs<'_>) -> PyResult<()>;
pub type New = fn(&Vm, &Obj<Type>, CallArgs<'_>) -> PyResult<Value>;
pub type SetItem = fn(&Vm, &Value, &Value, Option<Value>) -> PyResult<()>;
pub type Contains = fn(&Vm, &Value, &Value) -> PyResult<bool>;
pub type Repeat = fn(&Vm, &Value, isize) -> PyResult<Value>;
pub type GetBuffer = fn(&Vm, &Value, bool) -> PyResult<Buffer>;
/// Runs when the last reference has gone; the object may be resurrected.
pub type Finalize = fn(&ObjHead);

/// Declares the struct, the setters, inheritance, and the list of slots, from one list.
macro_rules! slots {
    ($($name:ident: $kind:ident, $setter:ident;)*) => {
        /// One pointer for each ability; `None` where a type cannot.
        #[derive(Default)]
        pub struct Slots {
            $(pub $name: Cell<Option<$kind>>,)*
        }

        impl Slots {
            $(pub fn $setter(&self, f: $kind) { self.$name.set(Some(f)); })*

            /// Takes over what is not set here.
            pub fn inherit(&self, base: &Slots) {
                $(if self.$name.get().is_none() { self.$name.set(base.$name.get()); })*
            }
        }
    };
}

slots! {
    repr: Unary, set_repr;
    str: Unary, set_str;
    hash: Hash, set_hash;
    call: Call, set_call;
    getattro: GetAttr, set_getattro;
    setattro: SetAttr, set_setattro;
    richcompare: RichCompare, set_richcompare;
    iter: Unary, set_iter;
    iternext: IterNext, set_iternext;
    send: SendValue, set_send;
    descr_get: DescrGet, set_descr_get;
    descr_set: DescrSet, set_descr_set;
    init: Init, set_init;
    new: New, set_new;
    finalize: Finalize, set_finalize;
    await_: Unary, set_await;
    aiter: Unary, set_aiter;
    anext: Unary, set_anext;
    len: Len, set_len;
    getitem: Binary, set_getitem;
    setitem: SetItem, set_setitem;
    contains: Contains, set_contains;
    concat: Binary, set_concat;
    repeat: Repeat, set_repeat;
    inplace_concat: Binary, set_inplace_concat;
    inplace_repeat: Repeat, set_inplace_repeat;
    add: Binary, set_add;
    sub: Binary, set_sub;
    mul: Binary, set_mul;
    matmul: Binary, set_matmul;
    truediv: Binary, set_truediv;
    floordiv: Binary, set_floordiv;
    rem: Binary, set_rem;
    divmod: Binary, set_divmod;
    lshift: Binary, set_lshift;
    rshift: Binary, set_rshift;
    and: Binary, set_and;
    or: Binary, set_or;
    xor: Binary, set_xor;
    pow: Ternary, set_pow;
    iadd: Binary, set_iadd;
    isub: Binary, set_isub;
    imul: Binary, set_imul;
    imatmul: Binary, set_imatmul;
    itruediv: Binary, set_itruediv;
    ifloordiv: Binary, set_ifloordiv;
    irem: Binary, set_irem;
    ilshift: Binary, set_ilshift;
    irshift: Binary, set_irshift;
    iand: Binary, set_iand;
    ior: Binary, set_ior;
    ixor: Binary, set_ixor;
    ipow: Ternary, set_ipow;
    neg: Unary, set_neg;
    pos: Unary, set_pos;
    abs: Unary, set_abs;
    invert: Unary, set_invert;
    index: Unary, set_index;
    int: Unary, set_int;
    float: Unary, set_float;
    bool: Bool, set_bool;
    buffer: GetBuffer, set_buffer;
}

/// How the Python method of a slot takes its arguments, and what it does with the slot.
#[derive(Clone, Copy)]
pub enum Wrapper {
    Unary(fn(&Slots) -> Option<Unary>),
    Binary(fn(&Slots) -> Option<Binary>),
    /// The reflected form: the slot is called with the operands swapped.
    Reflected(fn(&Slots) -> Option<Binary>),
    Power(fn(&Slots) -> Option<Ternary>),
    ReflectedPower(fn(&Slots) -> Option<Ternary>),
    Repeat(fn(&Slots) -> Option<Repeat>),
    Hash,
    Len,
    Bool,
    Compare(CmpOp),
    Call,
    Init,
    GetAttribute,
    SetAttr,
    DelAttr,
    Next,
    DescrGet,
    DescrSet,
    DescrDelete,
    SetItem,
    DelItem,
    Contains,
    Finalize,
}

/// A Python method name and the slot behind it.
pub struct SlotDef {
    pub name: &'static str,
    pub wrapper: Wrapper,
    /// Puts the generic function, which calls the Python method, into a slot.
    pub generic: fn(&Slots),
    /// Empties the slot before it is filled again.
    pub reset: fn(&Slots),
    pub signature: &'static str,
    pub doc: &'static str,
}

impl SlotDef {
    /// Does a type with these slots have this method natively?
    pub fn is_filled(&self, slots: &Slots) -> bool {
        match self.wrapper {
            Wrapper::Unary(get) => get(slots).is_some(),
            Wrapper::Binary(get) | Wrapper::Reflected(get) => get(slots).is_some(),
            Wrapper::Power(get) | Wrapper::ReflectedPower(get) => get(slots).is_some(),
            Wrapper::Repeat(get) => get(slots).is_some(),
            Wrapper::Hash => slots.hash.get().is_some(),
            Wrapper::Len => slots.len.get().is_some(),
            Wrapper::Bool => slots.bool.get().is_some(),
            Wrapper::Compare(_) => slots.richcompare.get().is_some(),
            Wrapper::Call => slots.call.get().is_some(),
            Wrapper::Init => slots.init.get().is_some(),
            Wrapper::GetAttribute => slots.getattro.get().is_some(),
            Wrapper::SetAttr | Wrapper::DelAttr => slots.setattro.get().is_some(),
            Wrapper::Next => slots.iternext.get().is_some(),
            Wrapper::DescrGet => slots.descr_get.get().is_some(),
            Wrapper::DescrSet | Wrapper::DescrDelete => slots.descr_set.get().is_some(),
            Wrapper::SetItem | Wrapper::DelItem => slots.setitem.get().is_some(),
            Wrapper::Contains => slots.contains.get().is_some(),
            Wrapper::Finalize => slots.finalize.get().is_some(),
        }
    }
}

/// Rows for methods whose generic function is made from the name alone.
macro_rules! table {
    (
        unary { $($un:literal $us:ident $ud:literal;)* }
        binary { $($bn:literal $rn:literal $bs:ident $bd:literal $rd:literal;)* }
        inplace { $($inn:literal $is:ident $id:literal;)* }
        other { $($on:literal $os:ident $wrapper:expr, $generic:expr, $osig:literal $od:literal;)* }
    ) => {
        /// All slots by their Python names.
        pub static SLOT_DEFS: &[SlotDef] = &[
            $(SlotDef {
                name: $un,
                wrapper: Wrapper::Unary(|s| s.$us.get()),
                generic: |s| s.$us.set(Some(|vm, a| super::generic::unary(vm, a, &special_name!($un)))),
                reset: |s| s.$us.set(None),
                signature: "($self, /)",
                doc: $ud,
            },)*
            $(SlotDef {
                name: $bn,
                wrapper: Wrapper::Binary(|s| s.$bs.get()),
                generic: |s| s.$bs.set(Some(|vm, a, b| super::generic::binary(
                    vm, a, b, &special_name!($bn), &special_name!($rn), |s| s.$bs.get()))),
                reset: |s| s.$bs.set(None),
                signature: "($self, value, /)",
                doc: $bd,
            },
            SlotDef {
                name: $rn,
                wrapper: Wrapper::Reflected(|s| s.$bs.get()),
                generic: |s| s.$bs.set(Some(|vm, a, b| super::generic::binary(
                    vm, a, b, &special_name!($bn), &special_name!($rn), |s| s.$bs.get()))),
                reset: |s| s.$bs.set(None),
                signature: "($self, value, /)",
                doc: $rd,
            },)*
            $(SlotDef {
                name: $inn,
                wrapper: Wrapper::Binary(|s| s.$is.get()),
                generic: |s| s.$is.set(Some(|vm, a, b| super::generic::inplace(vm, a, b, &special_name!($inn)))),
                reset: |s| s.$is.set(None),
                signature: "($self, value, /)",
                doc: $id,
            },)*
            $(SlotDef {
                name: $on,
                wrapper: $wrapper,
                generic: $generic,
                reset: |s| s.$os.set(None),
                signature: $osig,
                doc: $od,
            },)*
        ];
    };
}

use super::generic as g;

table! {
    unary {
        "__repr__" repr "Return repr(self).";
        "__str__" str "Return str(self).";
        "__iter__" iter "Implement iter(self).";
        "__await__" await_ "Return an iterator to be used in await expression.";
        "__aiter__" aiter "Return an awaitable, that resolves in asynchronous iterator.";
        "__anext__" anext "Return a value or raise StopAsyncIteration.";
        "__neg__" neg "-self";
        "__pos__" pos "+self";
        "__abs__" abs "abs(self)";
        "__invert__" invert "~self";
        "__index__" index "Return self converted to an integer, if self is suitable for use as an index into a list.";
        "__int__" int "int(self)";
        "__float__" float "float(self)";
    }
    binary {
        "__add__" "__radd__" add "Return self+value." "Return value+self.";
        "__sub__" "__rsub__" sub "Return self-value." "Return value-self.";
        "__mul__" "__rmul__" mul "Return self*value." "Return value*self.";
        "__matmul__" "__rmatmul__" matmul "Return self@value." "Return value@self.";
        "__truediv__" "__rtruediv__" truediv "Return self/value." "Return value/self.";
        "__floordiv__" "__rfloordiv__" floordiv "Return self//value." "Return value//self.";
        "__mod__" "__rmod__" rem "Return self%value." "Return value%self.";
        "__divmod__" "__rdivmod__" divmod "Return divmod(self, value)." "Return divmod(value, self).";
        "__lshift__" "__rlshift__" lshift "Return self<<value." "Return value<<self.";
        "__rshift__" "__rrshift__" rshift "Return self>>value." "Return value>>self.";
        "__and__" "__rand__" and "Return self&value." "Return value&self.";
        "__or__" "__ror__" or "Return self|value." "Return value|self.";
        "__xor__" "__rxor__" xor "Return self^value." "Return value^self.";
    }
    inplace {
        "__iadd__" iadd "Return self+=value.";
        "__isub__" isub "Return self-=value.";
        "__imul__" imul "Return self*=value.";
        "__imatmul__" imatmul "Return self@=value.";
        "__itruediv__" itruediv "Return self/=value.";
        "__ifloordiv__" ifloordiv "Return self//=value.";
        "__imod__" irem "Return self%=value.";
        "__ilshift__" ilshift "Return self<<=value.";
        "__irshift__" irshift "Return self>>=value.";
        "__iand__" iand "Return self&=value.";
        "__ior__" ior "Return self|=value.";
        "__ixor__" ixor "Return self^=value.";
    }
    other {
        "__pow__" pow Wrapper::Power(|s| s.pow.get()), |s| s.set_pow(g::pow),
            "($self, value, mod=None, /)" "Return pow(self, value, mod).";
        "__rpow__" pow Wrapper::ReflectedPower(|s| s.pow.get()), |s| s.set_pow(g::pow),
            "($self, value, mod=None, /)" "Return pow(value, self, mod).";
        "__ipow__" ipow Wrapper::Power(|s| s.ipow.get()), |s| s.set_ipow(g::ipow),
            "($self, value, /)" "Return self**=value.";
        "__hash__" hash Wrapper::Hash, |s| s.set_hash(g::hash), "($self, /)" "Return hash(self).";
        "__bool__" bool Wrapper::Bool, |s| s.set_bool(g::bool_), "($self, /)" "True if self else False";
        "__call__" call Wrapper::Call, |s| s.set_call(g::call),
            "($self, /, *args, **kwargs)" "Call self as a function.";
        "__getattribute__" getattro Wrapper::GetAttribute, |s| s.set_getattro(g::getattro),
            "($self, name, /)" "Return getattr(self, name).";
        "__setattr__" setattro Wrapper::SetAttr, |s| s.set_setattro(g::setattro),
            "($self, name, value, /)" "Implement setattr(self, name, value).";
        "__delattr__" setattro Wrapper::DelAttr, |s| s.set_setattro(g::setattro),
            "($self, name, /)" "Implement delattr(self, name).";
        "__lt__" richcompare Wrapper::Compare(CmpOp::Lt), |s| s.set_richcompare(g::richcompare),
            "($self, value, /)" "Return self<value.";
        "__le__" richcompare Wrapper::Compare(CmpOp::Le), |s| s.set_richcompare(g::richcompare),
            "($self, value, /)" "Return self<=value.";
        "__eq__" richcompare Wrapper::Compare(CmpOp::Eq), |s| s.set_richcompare(g::richcompare),
            "($self, value, /)" "Return self==value.";
        "__ne__" richcompare Wrapper::Compare(CmpOp::Ne), |s| s.set_richcompare(g::richcompare),
            "($self, value, /)" "Return self!=value.";
        "__gt__" richcompare Wrapper::Compare(CmpOp::Gt), |s| s.set_richcompare(g::richcompare),
            "($self, value, /)" "Return self>value.";
        "__ge__" richcompare Wrapper::Compare(CmpOp::Ge), |s| s.set_richcompare(g::richcompare),
            "($self, value, /)" "Return self>=value.";
        "__next__" iternext Wrapper::Next, |s| s.set_iternext(g::iternext),
            "($self, /)" "Implement next(self).";
        "__get__" descr_get Wrapper::DescrGet, |s| s.set_descr_get(g::descr_get),
            "($self, instance, owner=None, /)" "Return an attribute of instance, which is of type owner.";
        "__set__" descr_set Wrapper::DescrSet, |s| s.set_descr_set(g::descr_set),
            "($self, instance, value, /)" "Set an attribute of instance to value.";
        "__delete__" descr_set Wrapper::DescrDelete, |s| s.set_descr_set(g::descr_set),
            "($self, instance, /)" "Delete an attribute of instance.";
        "__init__" init Wrapper::Init, |s| s.set_init(g::init),
            "($self, /, *args, **kwargs)" "Initialize self.  See help(type(self)) for accurate signature.";
        "__del__" finalize Wrapper::Finalize, |s| s.set_finalize(g::finalize),
            "($self, /)" "Called when the instance is about to be destroyed.";
        "__buffer__" buffer Wrapper::Binary(|s| s.buffer.get().map(|_| buffer_wrapper::view as Binary)),
            |s| s.set_buffer(buffer_wrapper::get),
            "($self, flags, /)" "Return a buffer object that exposes the underlying memory of the object.";
        "__len__" len Wrapper::Len, |s| s.set_len(g::len), "($self, /)" "Return len(self).";
        "__getitem__" getitem Wrapper::Binary(|s| s.getitem.get()), |s| s.set_getitem(g::getitem),
            "($self, key, /)" "Return self[key].";
        "__setitem__" setitem Wrapper::SetItem, |s| s.set_setitem(g::setitem),
            "($self, key, value, /)" "Set self[key] to value.";
        "__delitem__" setitem Wrapper::DelItem, |s| s.set_setitem(g::setitem),
            "($self, key, /)" "Delete self[key].";
        "__contains__" contains Wrapper::Contains, |s| s.set_contains(g::contains),
            "($self, key, /)" "Return bool(key in self).";
        "__add__" concat Wrapper::Binary(|s| s.concat.get()), |_| (),
            "($self, value, /)" "Return self+value.";
        "__mul__" repeat Wrapper::Repeat(|s| s.repeat.get()), |_| (),
            "($self, value, /)" "Return self*value.";
        "__rmul__" repeat Wrapper::Repeat(|s| s.repeat.get()), |_| (),
            "($self, value, /)" "Return value*self.";
        "__iadd__" inplace_concat Wrapper::Binary(|s| s.inplace_concat.get()), |_| (),
            "($self, value, /)" "Implement self+=value.";
        "__imul__" inplace_repeat Wrapper::Repeat(|s| s.inplace_repeat.get()), |_| (),
            "($self, value, /)" "Implement self*=value.";
    }
}

//! `type.__flags__`: what is special about a type, in CPython's numbers (`Py_TPFLAGS_*`).
//!
//! Some of it is kept as such (`TypeFlags`), the rest follows from what the type is.

use super::{Type, TypeFlags};
use crate::object::{Obj, Payload};
use crate::objects::bytes::Bytes;
use crate::objects::dict::Dict;
use crate::objects::exceptions::ExcObj;
use crate::objects::int::IntObj;
use crate::objects::list::List;
use crate::objects::object::Object;
use crate::objects::slot_wrapper;
use crate::objects::str_::Str;
use crate::objects::str_::intern::intern_str;
use crate::objects::tuple::Tuple;

/// Attributes lie in the instance itself, until there are too many of them.
const INLINE_VALUES: u32 = 1 << 2;
/// The instance's dict is made when somebody asks for it.
const MANAGED_DICT: u32 = 1 << 4;
const READY: u32 = 1 << 12;
const HAVE_GC: u32 = 1 << 14;
/// Subclasses of what the machine asks for often.
const LONG_SUBCLASS: u32 = 1 << 24;
const LIST_SUBCLASS: u32 = 1 << 25;
const TUPLE_SUBCLASS: u32 = 1 << 26;
const BYTES_SUBCLASS: u32 = 1 << 27;
const UNICODE_SUBCLASS: u32 = 1 << 28;
const DICT_SUBCLASS: u32 = 1 << 29;
const BASE_EXC_SUBCLASS: u32 = 1 << 30;
const TYPE_SUBCLASS: u32 = 1 << 31;

/// The flags that CPython has too.
const SHARED: TypeFlags = TypeFlags::SEQUENCE
    .union(TypeFlags::MAPPING)
    .union(TypeFlags::NO_NEW)
    .union(TypeFlags::IMMUTABLE)
    .union(TypeFlags::HEAP)
    .union(TypeFlags::BASE_TYPE)
    .union(TypeFlags::METHOD_DESCRIPTOR)
    .union(TypeFlags::ABSTRACT);

/// Does a call reach a native `__call__` that takes the arguments as they lie? A class loses that with
/// a `__call__` of its own or of a base.
pub fn has_vectorcall(ty: &Obj<Type>) -> bool {
    let Some((_, call)) = ty.lookup_owner(&intern_str("__call__")) else { return false };
    slot_wrapper::wrapper_owner(&call).is_some_and(|owner| owner.has_flag(TypeFlags::VECTORCALL))
}

/// `ty.__flags__`
pub(super) fn shown(ty: &Obj<Type>) -> u32 {
    let mut flags = (ty.flags.get() & SHARED).bits() | READY;
    let object = Object::cell().get();
    // A native type without a layout of its own (`typing.Generic`) is one that a class statement
    // could have made, and copyreg takes it for such.
    if std::ptr::eq(ty.layout(), object.layout()) && !ty.same(object) {
        flags |= TypeFlags::HEAP.bits();
    }
    let mut put = |flag: u32, on: bool| flags |= if on { flag } else { 0 };
    put(TypeFlags::VECTORCALL.bits(), has_vectorcall(ty));
    put(HAVE_GC, ty.collectable);
    put(INLINE_VALUES | MANAGED_DICT, ty.has_flag(TypeFlags::HEAP) && ty.attrs_offset != 0);
    for (flag, cell) in [
        (LONG_SUBCLASS, IntObj::cell()),
        (LIST_SUBCLASS, List::cell()),
        (TUPLE_SUBCLASS, Tuple::cell()),
        (BYTES_SUBCLASS, Bytes::cell()),
        (UNICODE_SUBCLASS, Str::cell()),
        (DICT_SUBCLASS, Dict::cell()),
        (BASE_EXC_SUBCLASS, ExcObj::cell()),
        (TYPE_SUBCLASS, Type::cell()),
    ] {
        put(flag, ty.is_subtype(cell.get()));
    }
    flags
}

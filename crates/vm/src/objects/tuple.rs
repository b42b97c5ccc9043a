//! `tuple`: immutable sequences. The items lie behind the object.
//!
//! A tuple whose items cannot be part of a cycle (numbers, text, ...) is never tracked by the
//! collector. CPython's counterpart: `Objects/tupleobject.c`.

#![expect(unsafe_code, reason = "items lie behind the object")]

use crate::object::{Obj, Payload, Ref, TypeCell, Visitor, alloc, tracked};
use crate::objects::iterators::TupleIter;
use crate::objects::str_::StrBuilder;
use crate::objects::type_::{Type, TypeFlags};
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::index::{Subscript, subscript, wrap};
use crate::protocol::{iter, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::hash::SequenceHash;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::pymethods;
use smallvec::SmallVec;
use std::sync::atomic::{Ordering, compiler_fence};

/// Built-in immutable sequence.
pub struct Tuple {
    items: *const Value,
    len: u32,
    /// Further values behind the items that are no part of the sequence: the fields of a named
    /// record that only have names.
    hidden: u32,
}

// SAFETY: the cell is this type's own; `traverse` visits each item once.
unsafe impl Payload for Tuple {
    const GC: bool = true;
    const TAIL: bool = true;
    fn tail_bytes(&self) -> usize {
        size_of_val(self.all_items())
    }
    fn cell() -> &'static TypeCell {
        static CELL: TypeCell = TypeCell::of::<Tuple>();
        &CELL
    }
    fn traverse(&self, visit: &mut Visitor<'_>) {
        self.all_items().iter().for_each(visit);
    }
}

impl crate::objects::type_::declare::Declared for Tuple {
    const DECLARATION: crate::objects::type_::declare::Declaration =
        crate::objects::type_::declare::Declaration {
            name: "tuple",
            module: "builtins",
            doc: "Built-in immutable sequence.\n\nIf no argument is given, the constructor returns an empty tuple.\nIf iterable is specified the tuple is initialized from iterable's items.\n\nIf the argument is a tuple, the return value is the same object.",
            signature: Some("(iterable=(), /)"),
            base: || None,
            make_base: || {},
            base_type: true,
            has_dict: false,
            no_new: false,
            flags: TypeFlags::SEQUENCE,
        };
}

impl Drop for Tuple {
    fn drop(&mut self) {
        // SAFETY: the items are owned and dropped once, with their tuple.
        unsafe {
            std::ptr::drop_in_place(std::ptr::slice_from_raw_parts_mut(
                self.items.cast_mut(),
                self.all_items().len(),
            ));
        }
    }
}

/// Tuples of so many items are made without a call to copy them.
const FEW: usize = 8;

#[inline(always)]
fn can_be_in_cycle(item: &Value) -> bool {
    item.head().is_some_and(|h| h.ty().collectable)
}

static EMPTY: crate::object::GilCell<Option<Ref<Tuple>>> = crate::object::GilCell::new(None);

impl Tuple {
    #[inline(always)]
    pub fn items(&self) -> &[Value] {
        // SAFETY: `items` points to `len` values behind the object, which never change.
        unsafe { std::slice::from_raw_parts(self.items, self.len as usize) }
    }
    /// The items and the hidden values behind them.
    pub fn all_items(&self) -> &[Value] {
        // SAFETY: as above, with `hidden` more of the same kind.
        unsafe { std::slice::from_raw_parts(self.items, (self.len + self.hidden) as usize) }
    }
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len as usize
    }
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn empty() -> Ref<Tuple> {
        if let Some(empty) = EMPTY.with(|e| e.clone()) {
            return empty;
        }
        let empty = Tuple::build(Vec::new(), Tuple::cell().get());
        EMPTY.with(|e| *e = Some(empty.clone()));
        empty
    }

    pub fn from_vec(items: Vec<Value>) -> Ref<Tuple> {
        let mut items = items;
        let len = items.len();
        // SAFETY: the values move out of the vector, which forgets them.
        unsafe {
            items.set_len(0);
            Tuple::from_words(items.as_ptr(), len)
        }
    }

    /// A tuple of so many values.
    #[inline]
    pub fn from_array<const N: usize>(items: [Value; N]) -> Ref<Tuple> {
        let items = std::mem::ManuallyDrop::new(items);
        // SAFETY: the values move out of the array, which is not dropped.
        unsafe { Tuple::from_words(items.as_ptr(), N) }
    }

    pub fn from_slice(items: &[Value]) -> Ref<Tuple> {
        // SAFETY: the words are copied as they are, then each counts for its copy.
        let tuple = unsafe { Tuple::from_words(items.as_ptr(), items.len()) };
        items.iter().for_each(|item| std::mem::forget(item.clone()));
        tuple
    }

    /// A tuple of `len` values that move out of where they lie.
    ///
    /// # Safety
    /// The values are there and the caller's to give.
    pub unsafe fn from_words(items: *const Value, len: usize) -> Ref<Tuple> {
        if len == 0 {
            return Tuple::empty();
        }
        if len > FEW {
            // SAFETY: passed on.
            return unsafe { Tuple::from_parts(items, len, 0, Tuple::cell().get()) };
        }
        let payload =
            Tuple { items: std::ptr::NonNull::dangling().as_ptr(), len: len as u32, hidden: 0 };
        let mut start = std::ptr::null();
        let mut track = false;
        // SAFETY: the tail is as long as the items, which move into it bit by bit; `items` is set before
        // anybody else sees the object.
        unsafe {
            let tuple = alloc::new_plain_with_tail(payload, len * size_of::<Value>(), |tail| {
                let to = tail.cast::<Value>();
                for at in 0..len {
                    let item = items.add(at);
                    track |= can_be_in_cycle(&*item);
                    std::ptr::copy_nonoverlapping(item, to.add(at), 1);
                    // No call of `memcpy` for a few words.
                    compiler_fence(Ordering::SeqCst);
                }
                start = to.cast_const();
            });
            let raw = tuple.into_raw();
            (*raw.as_ptr()).payload.items = start;
            let tuple = Ref::from_raw(raw);
            if track {
                tracked::track_new(tuple.head());
            }
            tuple
        }
    }

    /// A tuple of two.
    pub fn pair(first: Value, second: Value) -> Ref<Tuple> {
        Tuple::from_array([first, second])
    }

    /// A tuple of a few values.
    pub fn from_small<const N: usize>(items: SmallVec<[Value; N]>) -> Ref<Tuple>
    where
        [Value; N]: smallvec::Array<Item = Value>,
    {
        let mut items = items;
        let len = items.len();
        // SAFETY: the values move out of the vector, which forgets them.
        unsafe {
            items.set_len(0);
            Tuple::from_words(items.as_ptr(), len)
        }
    }

    /// A tuple of some subclass.
    pub fn build(items: Vec<Value>, ty: &Obj<Type>) -> Ref<Tuple> {
        Tuple::build_hiding(items, 0, ty)
    }

    /// A tuple whose last `hidden` values are no part of the sequence.
    pub fn build_hiding(items: Vec<Value>, hidden: usize, ty: &Obj<Type>) -> Ref<Tuple> {
        let mut items = items;
        let len = items.len();
        // SAFETY: the values move out of the vector, which forgets them.
        unsafe {
            items.set_len(0);
            Tuple::from_parts(items.as_ptr(), len, hidden.min(len), ty)
        }
    }

    /// # Safety
    /// `len` values lie at `items` and move into the tuple.
    unsafe fn from_parts(
        items: *const Value,
        len: usize,
        hidden: usize,
        ty: &Obj<Type>,
    ) -> Ref<Tuple> {
        // 32 GiB of items are more than memory has, in effect.
        if u32::try_from(len).is_err() {
            std::alloc::handle_alloc_error(std::alloc::Layout::new::<Tuple>());
        }
        // SAFETY: the tail is as long as the items, which move into it bit by bit; `items` is set
        // before anybody else sees the object.
        unsafe {
            let track = std::slice::from_raw_parts(items, len).iter().any(can_be_in_cycle);
            let payload = Tuple {
                items: std::ptr::NonNull::dangling().as_ptr(),
                len: (len - hidden) as u32,
                hidden: hidden as u32,
            };
            let mut start = std::ptr::null();
            let tuple = alloc::new_with_tail(payload, ty, len * size_of::<Value>(), |tail| {
                let to = tail.cast::<Value>();
                std::ptr::copy_nonoverlapping(items, to, len);
                start = to.cast_const();
            });
            let raw = tuple.into_raw();
            (*raw.as_ptr()).payload.items = start;
            let tuple = Ref::from_raw(raw);
            if track {
                tracked::track(tuple.head());
            }
            tuple
        }
    }
}

#[pymethods]
impl Tuple {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let exact = ty.same(Tuple::cell().get());
        if args.keyword_count() > 0 && !ty.has_own_init(vm) {
            return Err(vm.type_error("tuple() takes no keyword arguments"));
        }
        let items = match args.args() {
            [] => Vec::new(),
            [one] if exact && one.is_exact::<Tuple>() => return Ok(one.clone()),
            [one] => iter::collect(vm, one)?,
            more => {
                return Err(
                    vm.type_error(format!("tuple expected at most 1 argument, got {}", more.len()))
                );
            }
        };
        vm.need(items.len() * size_of::<Value>())?;
        if exact { Ok(Tuple::from_vec(items).into()) } else { Ok(Tuple::build(items, ty).into()) }
    }

    #[slot]
    fn repr(zelf: &Obj<Tuple>, vm: &Vm) -> PyResult {
        if zelf.is_empty() {
            return Ok(vm.str("()"));
        }
        let text = object::guard_repr(vm, &zelf.to_value(), None, || {
            let mut out = StrBuilder::new();
            out.push_str("(");
            for (i, item) in zelf.items().iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                out.push_obj(&*object::repr(vm, item)?);
            }
            out.push_str(if zelf.len() == 1 { ",)" } else { ")" });
            out.finish_in(vm).map(Some)
        })?;
        Ok(text.map_or_else(|| vm.str("(...)"), Value::from))
    }

    #[slot]
    fn hash(zelf: &Obj<Tuple>, vm: &Vm) -> PyResult<i64> {
        vm.check_stack()?;
        let mut folded = SequenceHash::default();
        for item in zelf.items() {
            folded.add(object::hash(vm, item)?);
        }
        Ok(folded.finish(zelf.items().len()))
    }

    #[slot]
    fn richcompare(zelf: &Obj<Tuple>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<Tuple>() else { return Ok(Value::NOT_IMPLEMENTED) };
        vm.check_stack()?;
        compare::compare_slices(vm, zelf.items(), other.items(), op)
    }

    #[slot]
    fn iter(zelf: &Obj<Tuple>, _vm: &Vm) -> PyResult {
        Ok(TupleIter::new_value(zelf.to_ref()))
    }

    #[slot]
    fn len(zelf: &Obj<Tuple>, _vm: &Vm) -> PyResult<usize> {
        Ok(zelf.payload.len as usize)
    }

    #[slot]
    fn getitem(zelf: &Obj<Tuple>, vm: &Vm, key: &Value) -> PyResult {
        let items = zelf.items();
        match subscript(vm, key, items.len(), "tuple")? {
            Subscript::Index(i) => match wrap(i, items.len()) {
                Some(at) => Ok(items[at].clone()),
                None => Err(vm.index_error("tuple index out of range")),
            },
            Subscript::Slice(s) if s.step == 1 && s.count == items.len() && zelf.is_exact() => {
                Ok(zelf.to_value())
            }
            Subscript::Slice(s) => {
                // The items are copied once more, into the tuple.
                vm.need(2 * s.count * size_of::<Value>())?;
                Ok(Tuple::from_vec(s.positions().map(|i| items[i].clone()).collect()).into())
            }
        }
    }

    #[slot]
    fn contains(zelf: &Obj<Tuple>, vm: &Vm, item: &Value) -> PyResult<bool> {
        for candidate in zelf.items() {
            if compare::equal(vm, candidate, item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    #[slot]
    fn concat(zelf: &Obj<Tuple>, vm: &Vm, other: &Value) -> PyResult {
        let Some(other) = other.downcast::<Tuple>() else {
            return Err(vm.type_error(format!(
                "can only concatenate tuple (not \"{}\") to tuple",
                other.ty().name()
            )));
        };
        if other.is_empty() && zelf.is_exact() {
            return Ok(zelf.to_value());
        }
        // They are copied once more, into the tuple.
        vm.need((zelf.items().len() + other.items().len()) * 2 * size_of::<Value>())?;
        let mut items = zelf.items().to_vec();
        items.extend_from_slice(other.items());
        Ok(Tuple::from_vec(items).into())
    }

    #[slot]
    fn repeat(zelf: &Obj<Tuple>, vm: &Vm, count: isize) -> PyResult {
        if count == 1 && zelf.is_exact() {
            return Ok(zelf.to_value());
        }
        let items = super::list::repeat_items(vm, zelf.items(), count)?;
        vm.need(items.len().saturating_mul(size_of::<Value>()))?;
        Ok(Tuple::from_vec(items).into())
    }

    /// Return number of occurrences of value.
    #[pymethod]
    fn count(zelf: &Obj<Tuple>, vm: &Vm, value: &Value) -> PyResult<usize> {
        let mut n = 0;
        for item in zelf.items() {
            n += compare::equal(vm, item, value)? as usize;
        }
        Ok(n)
    }

    /// Return first index of value.
    ///
    /// Raises ValueError if the value is not present.
    #[pymethod(sig = "($self, value, start=0, stop=sys.maxsize, /)")]
    fn index(
        zelf: &Obj<Tuple>,
        vm: &Vm,
        value: &Value,
        start: Option<&Value>,
        stop: Option<&Value>,
    ) -> PyResult<usize> {
        let range = super::list::search_range(vm, zelf.len(), start, stop)?;
        for i in range {
            if compare::equal(vm, &zelf.items()[i], value)? {
                return Ok(i);
            }
        }
        Err(vm.value_error("tuple.index(x): x not in tuple"))
    }

    #[pymethod]
    fn __getnewargs__(zelf: &Obj<Tuple>, _vm: &Vm) -> Ref<Tuple> {
        Tuple::from_vec(vec![Tuple::from_slice(zelf.items()).into()])
    }

    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        super::generic_alias::make(vm, cls, item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::header::gc_flag;
    use crate::runtime::gc;
    use crate::testing::{Session, owners, token, with_vm};
    use smallvec::smallvec;

    fn is_tracked(tuple: &Obj<Tuple>) -> bool {
        tuple.head().gc_unchecked().has(gc_flag::TRACKED)
    }

    #[test]
    fn items_move_in_and_are_dropped_once() {
        with_vm(|_| {
            for len in [0, 1, 2, FEW - 1, FEW, FEW + 1, 62, 63, 64, 1000] {
                let value = token();
                let items = vec![value.clone(); len];
                let copied = Tuple::from_slice(&items);
                assert_eq!((owners(&value), copied.len()), (1 + 2 * len, len));
                let moved = Tuple::from_vec(items);
                assert_eq!(owners(&value), 1 + 2 * len);
                assert!(moved.items().iter().all(|item| item.is(&value)));
                assert_eq!((moved.tail_bytes(), is_tracked(&moved)), (8 * len, len > 0));
                drop((copied, moved));
                assert_eq!(owners(&value), 1);
            }
        });
    }

    #[test]
    fn small_vectors_move_from_where_they_lie() {
        with_vm(|_| {
            let value = token();
            for len in 0..20 {
                let mut items: SmallVec<[Value; 4]> = smallvec![];
                items.extend((0..len).map(|_| value.clone()));
                let tuple = Tuple::from_small(items);
                assert_eq!((tuple.len(), owners(&value)), (len, 1 + len));
                drop(tuple);
                assert_eq!(owners(&value), 1);
            }
            let pair = Tuple::pair(value.clone(), Value::NONE);
            assert!(pair.items()[0].is(&value) && pair.items()[1].is_none());
            drop(pair);
            assert_eq!(owners(&value), 1);
        });
    }

    #[test]
    fn there_is_one_empty_tuple() {
        with_vm(|_| {
            let empty = [Tuple::empty(), Tuple::from_vec(Vec::new()), Tuple::from_slice(&[])];
            assert!(empty.iter().all(|e| std::ptr::eq::<Obj<Tuple>>(&**e, &*empty[0])));
            assert!(empty[0].is_empty() && empty[0].all_items().is_empty());
        });
    }

    #[test]
    fn hidden_values_are_owned_but_not_shown() {
        with_vm(|vm| {
            let value = token();
            let ty = Tuple::cell().get();
            for (len, hidden) in [(5, 0), (5, 2), (5, 5), (5, 9), (0, 3)] {
                let tuple = Tuple::build_hiding(vec![value.clone(); len], hidden, ty);
                assert_eq!(tuple.len(), len - hidden.min(len));
                assert_eq!((tuple.all_items().len(), owners(&value)), (len, 1 + len));
                let mut seen = 0;
                tuple.traverse(&mut |v| seen += usize::from(v.is(&value)));
                assert_eq!(seen, len);
                drop(tuple);
                assert_eq!(owners(&value), 1);
            }
            let session = Session::new(vm, "class T(tuple): pass");
            let ty = session.get("T");
            let ty = ty.downcast::<Type>().expect("a type");
            let tuple = Tuple::build_hiding(vec![value.clone(); 3], 1, ty);
            session.set("t", tuple.to_value());
            session.exec("t.x = t[0]");
            assert_eq!(
                (session.show("len(t), t, t.x"), owners(&value)),
                ("(2, ([], []), [])".into(), 5)
            );
            session.set("t", Value::NONE);
            drop(tuple);
            assert_eq!(owners(&value), 1);
        });
    }

    #[test]
    fn only_what_may_be_in_a_cycle_is_tracked() {
        with_vm(|vm| {
            for items in [vec![Value::NONE, Value::float(1.0)], vec![vm.str("text"); 20]] {
                assert!(!is_tracked(&Tuple::from_vec(items)));
            }
            let session = Session::new(vm, "l = []\nt = (l,) * 3\nl.append(t)\ndel t");
            let value = token();
            session.set("v", value.clone());
            session.exec("l.append(v)\ndel l, v");
            assert_eq!(owners(&value), 2);
            assert!(gc::collect(vm, 2) >= 2);
            assert_eq!(owners(&value), 1);
        });
    }

    #[test]
    fn an_iterable_that_fails_half_way_leaves_nothing() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
class T(tuple): pass
def some(n):
    for i in range(n): yield t
    1 / 0
",
            );
            let value = token();
            session.set("t", value.clone());
            for source in ["tuple(some(9))", "T(some(20))", "(*some(3), 1)", "tuple([*some(0)])"] {
                let raised = session.raises(source);
                assert_eq!(
                    (&*raised, owners(&value)),
                    ("ZeroDivisionError('division by zero')", 2)
                );
            }
            let raised = session.raises("(t,) * (1 << 62)");
            assert!(raised.starts_with("MemoryError") && owners(&value) == 2, "{raised}");
        });
    }
}

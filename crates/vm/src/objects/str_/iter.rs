//! The iterator over a string's characters.

use super::{Str, intern};
use crate::object::{Guarded, Obj, Ref};
use crate::objects::iterators;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;

/// Iterates over characters; gives the string back at the end.
#[pyclass(name = "str_iterator", no_gc, no_new)]
pub struct StrIter {
    text: Guarded<Option<Ref<Str>>>,
    next: Cell<usize>,
}

impl StrIter {
    pub fn new_value(text: Ref<Str>) -> Value {
        Ref::new(StrIter { text: Guarded::new(Some(text)), next: Cell::new(0) }).into()
    }

    /// The next character as a string, or `None` at the end.
    #[inline]
    pub fn next_value(&self) -> Option<Value> {
        let at = self.next.get();
        let code = self.text.with(|text| {
            let text = text.as_ref()?;
            (at < text.len()).then(|| text.at(at))
        });
        match code {
            Some(code) => {
                self.next.set(at + 1);
                Some(intern::character(code).into())
            }
            None => self.end(),
        }
    }

    /// The same if there is one whose string exists already; else nothing has happened.
    #[inline(always)]
    pub fn quick_value(&self) -> Option<Value> {
        let at = self.next.get();
        let byte = self.text.with(|text| match text {
            Some(text) if text.width() == 1 => text.raw_bytes().get(at).copied(),
            _ => None,
        })?;
        let known = intern::known_character(byte)?;
        self.next.set(at + 1);
        Some(known.into())
    }

    #[cold]
    #[inline(never)]
    fn end(&self) -> Option<Value> {
        drop(self.text.replace(None));
        None
    }
}

#[pymethods]
impl StrIter {
    #[slot]
    fn iter(zelf: &Obj<StrIter>, _vm: &Vm) -> PyResult {
        Ok(zelf.to_value())
    }
    #[slot]
    fn iternext(zelf: &Obj<StrIter>, _vm: &Vm) -> PyResult<Option<Value>> {
        Ok(zelf.next_value())
    }
    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __length_hint__(zelf: &Obj<StrIter>, _vm: &Vm) -> usize {
        let len = zelf.text.with(|t| t.as_ref().map_or(0, |t| t.len()));
        len.saturating_sub(zelf.next.get())
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(zelf: &Obj<StrIter>, vm: &Vm) -> PyResult {
        let state = || Some((zelf.text.get()?.into(), zelf.next.get() as i64));
        iterators::reduce(vm, state, || vm.str(""))
    }
    /// Set state information for unpickling.
    #[pymethod]
    fn __setstate__(zelf: &Obj<StrIter>, _vm: &Vm, state: isize) {
        let len = zelf.text.with(|t| t.as_ref().map_or(0, |t| t.len()));
        zelf.next.set(usize::try_from(state).unwrap_or(0).min(len));
    }
}

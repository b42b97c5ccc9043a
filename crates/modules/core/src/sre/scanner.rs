//! Scanners: one match after the other through a text.

use super::matched::Match;
use super::pattern::Pattern;
use super::subject::{How, Session, Subject};
use adder_derive::{pyclass, pymethods};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

/// Walks through a text. Between matches it keeps two numbers, not the matcher. The text holds no
/// references to other objects, so the collector need not see it.
#[pyclass(name = "_sre.SRE_Scanner", no_new)]
pub struct Scanner {
    pattern: Ref<Pattern>,
    #[notrace]
    subject: Subject,
    #[notrace]
    pos: usize,
    #[notrace]
    end: usize,
    /// Where the next match may begin; `None` when there was no match any more.
    #[notrace]
    next: Cell<Option<usize>>,
    /// The last match was empty, where the next may begin.
    #[notrace]
    after_empty: Cell<bool>,
}

impl Scanner {
    pub fn make(pattern: &Obj<Pattern>, subject: Subject, pos: usize, end: usize) -> Ref<Scanner> {
        Ref::new(Scanner {
            pattern: pattern.to_ref(),
            subject,
            pos,
            end,
            next: Cell::new(Some(pos)),
            after_empty: Cell::new(false),
        })
    }

    fn step(&self, vm: &Vm, how: How) -> PyResult<Option<Value>> {
        let Some(next) = self.next.get() else { return Ok(None) };
        // A signal handler that comes back here finds the scanner at its end.
        self.next.set(None);
        let mut session =
            Session::new(&self.pattern, &self.subject, next, self.end, self.after_empty.get());
        if !session.run(vm, how)? {
            return Ok(None);
        }
        let (start, end) = session.span();
        self.next.set(Some(end));
        self.after_empty.set(start == end);
        Ok(Some(Match::of(&self.pattern, &self.subject, &session, self.pos, self.end)))
    }
}

#[pymethods]
impl Scanner {
    #[pymethod(name = "match")]
    fn match_(zelf: &Obj<Scanner>, vm: &Vm) -> PyResult<Option<Value>> {
        zelf.step(vm, How::Next)
    }
    #[pymethod]
    fn search(zelf: &Obj<Scanner>, vm: &Vm) -> PyResult<Option<Value>> {
        zelf.step(vm, How::Search)
    }
    #[getter(member)]
    fn pattern(zelf: &Obj<Scanner>, _vm: &Vm) -> Ref<Pattern> {
        zelf.pattern.clone()
    }
}

/// The iterator of `finditer`.
#[pyclass(name = "callable_iterator", no_new)]
pub struct FindIter {
    scanner: Ref<Scanner>,
}

impl FindIter {
    pub fn make(scanner: Ref<Scanner>) -> Value {
        Ref::new(FindIter { scanner }).into()
    }
}

#[pymethods]
impl FindIter {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<FindIter>, vm: &Vm) -> PyResult<Option<Value>> {
        zelf.scanner.step(vm, How::Search)
    }
}

//! `re.Match`.

use super::pattern::{self, Pattern};
use super::subject::{Session, Subject, slice_of};
use super::template::Template;
use adder_derive::{pyclass, pymethods};
use adder_vm::objects::dict::Dict;
use adder_vm::objects::str_::Str;
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::object;
use adder_vm::runtime::args::VarArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};

/// The result of re.match() and re.search().
/// Match objects always have a boolean value of True.
#[pyclass(name = "re.Match", no_new)]
pub struct Match {
    string: Value,
    pattern: Ref<Pattern>,
    #[notrace]
    spans: Vec<Option<(usize, usize)>>,
    #[notrace]
    last_index: Option<usize>,
    #[notrace]
    pos: usize,
    #[notrace]
    endpos: usize,
}

fn signed(at: Option<usize>) -> i64 {
    at.map_or(-1, |at| at as i64)
}

impl Match {
    /// The match that a session has just found.
    pub fn of(
        pattern: &Obj<Pattern>,
        subject: &Subject,
        session: &Session<'_>,
        pos: usize,
        endpos: usize,
    ) -> Value {
        let captures = session.captures();
        let (spans, last_index) = captures.map(|c| (c.spans, c.lastindex)).unwrap_or_default();
        let string = subject.value.clone();
        Ref::new(Match { string, pattern: pattern.to_ref(), spans, last_index, pos, endpos }).into()
    }

    fn piece(&self, vm: &Vm, index: usize, default: &Value) -> PyResult {
        match self.spans.get(index).copied().flatten() {
            Some((start, end)) => slice_of(vm, &self.string, start, end),
            None => Ok(default.clone()),
        }
    }

    fn span_of(&self, vm: &Vm, group: Option<&Value>) -> PyResult<Option<(usize, usize)>> {
        let index = match group {
            Some(group) => self.pattern.group_number(vm, group)?,
            None => 0,
        };
        Ok(self.spans.get(index).copied().flatten())
    }
}

#[pymethods]
impl Match {
    /// group([group1, ...]) -> str or tuple.
    /// Return subgroup(s) of the match by indices or names.
    /// For 0 returns the entire match.
    #[pymethod(sig = "(*groups)")]
    fn group(zelf: &Obj<Match>, vm: &Vm, groups: VarArgs) -> PyResult {
        let one = |key: &Value| {
            let index = zelf.pattern.group_number(vm, key)?;
            zelf.piece(vm, index, &Value::NONE)
        };
        match groups.0.items() {
            [] => zelf.piece(vm, 0, &Value::NONE),
            [key] => one(key),
            keys => {
                let items: PyResult<Vec<Value>> = keys.iter().map(one).collect();
                Ok(Tuple::from_vec(items?).into())
            }
        }
    }
    #[slot]
    fn getitem(zelf: &Obj<Match>, vm: &Vm, key: &Value) -> PyResult {
        let index = zelf.pattern.group_number(vm, key)?;
        zelf.piece(vm, index, &Value::NONE)
    }
    /// Return index of the start of the substring matched by group.
    #[pymethod(sig = "($self, group=0, /)")]
    fn start(zelf: &Obj<Match>, vm: &Vm, group: Option<&Value>) -> PyResult<i64> {
        Ok(signed(zelf.span_of(vm, group)?.map(|s| s.0)))
    }
    /// Return index of the end of the substring matched by group.
    #[pymethod(sig = "($self, group=0, /)")]
    fn end(zelf: &Obj<Match>, vm: &Vm, group: Option<&Value>) -> PyResult<i64> {
        Ok(signed(zelf.span_of(vm, group)?.map(|s| s.1)))
    }
    /// For match object m, return the 2-tuple (m.start(group), m.end(group)).
    #[pymethod(sig = "($self, group=0, /)")]
    fn span(zelf: &Obj<Match>, vm: &Vm, group: Option<&Value>) -> PyResult<(i64, i64)> {
        let span = zelf.span_of(vm, group)?;
        Ok((signed(span.map(|s| s.0)), signed(span.map(|s| s.1))))
    }
    /// Return a tuple containing all the subgroups of the match, from 1.
    ///
    ///   default
    ///     Is used for groups that did not participate in the match.
    #[pymethod(sig = "($self, /, default=None)")]
    fn groups(zelf: &Obj<Match>, vm: &Vm, default: Option<Value>) -> PyResult<Ref<Tuple>> {
        let default = default.unwrap_or(Value::NONE);
        let all: PyResult<Vec<Value>> =
            (1..zelf.spans.len()).map(|i| zelf.piece(vm, i, &default)).collect();
        Ok(Tuple::from_vec(all?))
    }
    /// Return a dictionary containing all the named subgroups of the match, keyed by the subgroup name.
    ///
    ///   default
    ///     Is used for groups that did not participate in the match.
    #[pymethod(sig = "($self, /, default=None)")]
    fn groupdict(zelf: &Obj<Match>, vm: &Vm, default: Option<Value>) -> PyResult<Ref<Dict>> {
        let default = default.unwrap_or(Value::NONE);
        let result = Dict::new_ref();
        for (name, index) in zelf.pattern.group_index.items_vec() {
            let index = zelf.pattern.group_number(vm, &index)?;
            result.insert(vm, &name, zelf.piece(vm, index, &default)?)?;
        }
        Ok(result)
    }
    /// Return the string obtained by doing backslash substitution on the string template, as done by the sub() method.
    #[pymethod(sig = "($self, /, template)")]
    fn expand(zelf: &Obj<Match>, vm: &Vm, template: &Value) -> PyResult {
        let made = pattern::template_for(vm, &zelf.pattern.to_value(), template)?;
        match made.downcast::<Template>() {
            Some(template) => {
                let empty = slice_of(vm, &zelf.string, 0, 0)?;
                template.expand(vm, &empty, |group| {
                    let piece = zelf.piece(vm, group, &Value::NONE)?;
                    Ok(Some(piece).filter(|p| !p.is_none()))
                })
            }
            None => Ok(made),
        }
    }
    #[pymethod]
    fn __copy__(zelf: &Obj<Match>, _vm: &Vm) -> Ref<Match> {
        zelf.to_ref()
    }
    #[pymethod]
    fn __deepcopy__(zelf: &Obj<Match>, _vm: &Vm, _memo: &Value) -> Ref<Match> {
        zelf.to_ref()
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, object: &Value) -> PyResult {
        adder_vm::objects::generic_alias::make(vm, cls, object)
    }

    /// The string passed to match() or search().
    #[getter(member)]
    fn string(zelf: &Obj<Match>, _vm: &Vm) -> Value {
        zelf.string.clone()
    }
    /// The regular expression object.
    #[getter(member)]
    fn re(zelf: &Obj<Match>, _vm: &Vm) -> Ref<Pattern> {
        zelf.pattern.clone()
    }
    /// The index into the string at which the RE engine started looking for a match.
    #[getter(member)]
    fn pos(zelf: &Obj<Match>, _vm: &Vm) -> usize {
        zelf.pos
    }
    /// The index into the string beyond which the RE engine will not go.
    #[getter(member)]
    fn endpos(zelf: &Obj<Match>, _vm: &Vm) -> usize {
        zelf.endpos
    }
    /// The integer index of the last matched capturing group.
    #[getter]
    fn lastindex(zelf: &Obj<Match>, _vm: &Vm) -> Option<usize> {
        zelf.last_index
    }
    /// The name of the last matched capturing group.
    #[getter]
    fn lastgroup(zelf: &Obj<Match>, _vm: &Vm) -> Option<Value> {
        zelf.pattern.index_group.items().get(zelf.last_index?).cloned()
    }
    #[getter]
    fn regs(zelf: &Obj<Match>, vm: &Vm) -> Ref<Tuple> {
        use adder_vm::runtime::args::IntoValue;
        let pairs = zelf
            .spans
            .iter()
            .map(|span| (signed(span.map(|s| s.0)), signed(span.map(|s| s.1))).into_value(vm));
        Tuple::from_vec(pairs.collect())
    }

    #[slot]
    fn repr(zelf: &Obj<Match>, vm: &Vm) -> PyResult {
        const SHOWN: usize = 50;
        let whole = zelf.piece(vm, 0, &Value::NONE)?;
        let shown: Ref<Str> = object::repr(vm, &whole)?;
        let shown: String = shown.to_string_lossy().chars().take(SHOWN).collect();
        let (start, end) = zelf.spans.first().copied().flatten().unwrap_or((0, 0));
        Ok(vm.str(&format!("<re.Match object; span=({start}, {end}), match={shown}>")))
    }
}

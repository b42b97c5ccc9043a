//! `re.Pattern`.

use super::matched::Match;
use super::scanner::{FindIter, Scanner};
use super::subject::{How, Session, Subject};
use super::template::Template;
use adder_derive::{pyclass, pymethods};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::list::List;
use adder_vm::objects::mapping_proxy::MappingProxy;
use adder_vm::objects::str_::Str;
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::compare::{self, CmpOp};
use adder_vm::protocol::{buffer, call, number, object};
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::hash::hash_sequence;
use adder_vm::{Obj, Ref, Value, Vm};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Compiled regular expression object.
#[pyclass(name = "re.Pattern", no_new)]
pub struct Pattern {
    pattern: Value,
    #[notrace]
    flags: i32,
    #[notrace]
    code: Vec<u32>,
    #[notrace]
    pub engine: adder_regex::Pattern,
    pub group_index: Ref<Dict>,
    pub index_group: Ref<Tuple>,
    /// For bytes, for str, or (`None`: no pattern text given) for either.
    #[notrace]
    pub is_bytes: Option<bool>,
}

pub fn compile(
    vm: &Vm,
    pattern: Value,
    flags: i32,
    code: &Obj<List>,
    groups: usize,
    group_index: Ref<Dict>,
    index_group: Ref<Tuple>,
) -> PyResult {
    let mut words = Vec::with_capacity(code.len());
    for item in code.to_vec() {
        let word = number::to_i128(vm, &item)?.and_then(|w| u32::try_from(w).ok());
        words.push(
            word.ok_or_else(|| vm.overflow_error("regular expression code size limit exceeded"))?,
        );
    }
    let is_bytes = if pattern.is_none() {
        None
    } else if pattern.downcast::<Str>().is_some() {
        Some(false)
    } else if buffer::has_buffer(&pattern) {
        Some(true)
    } else {
        return Err(vm.type_error(format!(
            "expected string or bytes-like object, got '{}'",
            pattern.ty().name()
        )));
    };
    let engine = adder_regex::Pattern::new(&words, groups, &adder_regex::LocaleTable::default())
        .map_err(|e| vm.runtime_error(e.to_string()))?;
    Ok(Ref::new(Pattern {
        pattern,
        flags,
        code: words,
        engine,
        group_index,
        index_group,
        is_bytes,
    })
    .into())
}

/// Flags in the order in which `repr` names them.
const FLAGS: &[(i32, &str)] = &[
    (2, "re.IGNORECASE"),
    (8, "re.MULTILINE"),
    (16, "re.DOTALL"),
    (64, "re.VERBOSE"),
    (128, "re.DEBUG"),
    (256, "re.ASCII"),
    (4, "re.LOCALE"),
    (32, "re.UNICODE"),
];
const UNICODE: i32 = 32;
const KINDS: i32 = 4 | 32 | 256;

/// What takes the place of a match.
enum Replacement {
    Literal(Value),
    Template(Ref<Template>),
    Function(Value),
}

impl Pattern {
    /// The index of a group given by number or name.
    pub fn group_number(&self, vm: &Vm, key: &Value) -> PyResult<usize> {
        let index = if number::has_index(key) {
            number::to_ssize(vm, key).ok()
        } else {
            match self.group_index.get(vm, key) {
                Ok(Some(index)) => number::to_ssize(vm, &index).ok(),
                Ok(None) => None,
                Err(e) if e.is(&vm.exceptions().type_error) => None,
                Err(e) => return Err(e),
            }
        };
        index
            .and_then(|i| usize::try_from(i).ok())
            .filter(|i| *i <= self.engine.groups())
            .ok_or_else(|| vm.index_error("no such group"))
    }

    fn replacement(zelf: &Obj<Pattern>, vm: &Vm, repl: &Value) -> PyResult<Replacement> {
        if call::is_callable(repl) {
            return Ok(Replacement::Function(repl.clone()));
        }
        let plain = match (repl.downcast::<Str>(), repl.downcast::<Bytes>()) {
            (Some(text), _) => text.code_points().all(|c| c != u32::from('\\')),
            (None, Some(bytes)) => !bytes.as_slice().contains(&b'\\'),
            _ => !buffer::to_vec(vm, repl)?.contains(&b'\\'),
        };
        if plain {
            return Ok(Replacement::Literal(repl.clone()));
        }
        let made = template_for(vm, &zelf.to_value(), repl)?;
        Ok(match made.downcast::<Template>() {
            Some(template) if template.parts.is_empty() => {
                Replacement::Literal(template.literal.clone())
            }
            Some(template) => Replacement::Template(template.to_ref()),
            None => Replacement::Literal(made),
        })
    }

    fn substitute(
        zelf: &Obj<Pattern>,
        vm: &Vm,
        repl: &Value,
        string: &Value,
        count: isize,
    ) -> PyResult<(Value, usize)> {
        let subject = Subject::new(vm, zelf, string)?;
        let replacement = Pattern::replacement(zelf, vm, repl)?;
        let len = subject.len();
        let mut session = Session::new(zelf, &subject, 0, len, false);
        let mut pieces = Vec::new();
        let (mut n, mut done) = (0usize, 0);
        while (count <= 0 || n < count as usize) && session.run(vm, How::Search)? {
            let (start, end) = session.span();
            // Room for two: what lies between, and the replacement.
            vm.room_for(&mut pieces, 2)?;
            if done < start {
                pieces.push(subject.slice(done, start));
            }
            let item = match &replacement {
                Replacement::Literal(text) => text.clone(),
                Replacement::Template(template) => {
                    template.expand(vm, &subject.empty(), |group| {
                        let span =
                            if group == 0 { Some((start, end)) } else { session.group(group) };
                        Ok(span.map(|(a, b)| subject.slice(a, b)))
                    })?
                }
                Replacement::Function(function) => {
                    let found = Match::of(zelf, &subject, &session, 0, len);
                    call::call(vm, function, &[found])?
                }
            };
            if !item.is_none() {
                pieces.push(item);
            }
            done = end;
            n += 1;
        }
        if done < len || pieces.is_empty() {
            pieces.push(subject.slice(done, len));
        }
        Ok((subject.join(vm, pieces)?, n))
    }
}

/// `re._compile_template(pattern, repl)`
pub fn template_for(vm: &Vm, pattern: &Value, repl: &Value) -> PyResult {
    let re = adder_vm::runtime::import_::import_module(vm, "re")?;
    object::call_method(vm, &re, &vm.intern("_compile_template"), &[pattern.clone(), repl.clone()])
}

/// `pos` and `endpos` cut to the text.
fn limits(len: usize, pos: Option<isize>, endpos: Option<isize>) -> (usize, usize) {
    let cut = |i: isize| (i.max(0) as usize).min(len);
    let end = cut(endpos.unwrap_or(isize::MAX));
    (cut(pos.unwrap_or(0)).min(end), end)
}

fn one_match(
    zelf: &Obj<Pattern>,
    vm: &Vm,
    how: How,
    string: &Value,
    pos: Option<isize>,
    endpos: Option<isize>,
) -> PyResult<Option<Value>> {
    let subject = Subject::new(vm, zelf, string)?;
    let (pos, end) = limits(subject.len(), pos, endpos);
    let mut session = Session::new(zelf, &subject, pos, end, false);
    let found = session.run(vm, how)?;
    Ok(found.then(|| Match::of(zelf, &subject, &session, pos, end)))
}

#[pymethods]
impl Pattern {
    /// Matches zero or more characters at the beginning of the string.
    #[pymethod(name = "match", sig = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn match_(
        zelf: &Obj<Pattern>,
        vm: &Vm,
        string: &Value,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Option<Value>> {
        one_match(zelf, vm, How::Match, string, pos, endpos)
    }
    /// Matches against all of the string.
    #[pymethod(sig = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn fullmatch(
        zelf: &Obj<Pattern>,
        vm: &Vm,
        string: &Value,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Option<Value>> {
        one_match(zelf, vm, How::FullMatch, string, pos, endpos)
    }
    /// Scan through string looking for a match, and return a corresponding match object instance.
    ///
    /// Return None if no position in the string matches.
    #[pymethod(sig = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn search(
        zelf: &Obj<Pattern>,
        vm: &Vm,
        string: &Value,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Option<Value>> {
        one_match(zelf, vm, How::Search, string, pos, endpos)
    }
    /// Return a list of all non-overlapping matches of pattern in string.
    #[pymethod(sig = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn findall(
        zelf: &Obj<Pattern>,
        vm: &Vm,
        string: &Value,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Vec<Value>> {
        let subject = Subject::new(vm, zelf, string)?;
        let (pos, end) = limits(subject.len(), pos, endpos);
        let mut session = Session::new(zelf, &subject, pos, end, false);
        let groups = zelf.engine.groups();
        let mut all = Vec::new();
        while session.run(vm, How::Search)? {
            let group = |i: usize| match session.group(i) {
                Some((a, b)) => subject.slice(a, b),
                None => subject.empty(),
            };
            vm.room_for_one(&mut all)?;
            all.push(match groups {
                0 => {
                    let (a, b) = session.span();
                    subject.slice(a, b)
                }
                1 => group(1),
                n => Tuple::from_vec((1..=n).map(group).collect()).into(),
            });
        }
        Ok(all)
    }
    /// Return an iterator over all non-overlapping matches for the RE pattern in string.
    ///
    /// For each match, the iterator returns a match object.
    #[pymethod(sig = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn finditer(
        zelf: &Obj<Pattern>,
        vm: &Vm,
        string: &Value,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult {
        let subject = Subject::new(vm, zelf, string)?;
        let (pos, end) = limits(subject.len(), pos, endpos);
        Ok(FindIter::make(Scanner::make(zelf, subject, pos, end)))
    }
    #[pymethod(sig = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn scanner(
        zelf: &Obj<Pattern>,
        vm: &Vm,
        string: &Value,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Ref<Scanner>> {
        let subject = Subject::new(vm, zelf, string)?;
        let (pos, end) = limits(subject.len(), pos, endpos);
        Ok(Scanner::make(zelf, subject, pos, end))
    }
    /// Split string by the occurrences of pattern.
    #[pymethod(sig = "($self, /, string, maxsplit=0)")]
    fn split(
        zelf: &Obj<Pattern>,
        vm: &Vm,
        string: &Value,
        maxsplit: Option<isize>,
    ) -> PyResult<Vec<Value>> {
        let subject = Subject::new(vm, zelf, string)?;
        let len = subject.len();
        let max = maxsplit.unwrap_or(0);
        let mut session = Session::new(zelf, &subject, 0, len, false);
        let (mut pieces, mut n, mut done) = (Vec::new(), 0, 0);
        while (max <= 0 || n < max) && session.run(vm, How::Search)? {
            let (start, end) = session.span();
            vm.room_for(&mut pieces, 1 + zelf.engine.groups())?;
            pieces.push(subject.slice(done, start));
            for group in 1..=zelf.engine.groups() {
                let span = session.group(group);
                pieces.push(span.map_or(Value::NONE, |(a, b)| subject.slice(a, b)));
            }
            n += 1;
            done = end;
        }
        pieces.push(subject.slice(done, len));
        Ok(pieces)
    }
    /// Return the string obtained by replacing the leftmost non-overlapping occurrences of pattern in string by the replacement repl.
    #[pymethod(sig = "($self, /, repl, string, count=0)")]
    fn sub(
        zelf: &Obj<Pattern>,
        vm: &Vm,
        repl: &Value,
        string: &Value,
        count: Option<isize>,
    ) -> PyResult {
        Ok(Pattern::substitute(zelf, vm, repl, string, count.unwrap_or(0))?.0)
    }
    /// Return the tuple (new_string, number_of_subs_made) found by replacing the leftmost non-overlapping occurrences of pattern with the replacement repl.
    #[pymethod(sig = "($self, /, repl, string, count=0)")]
    fn subn(
        zelf: &Obj<Pattern>,
        vm: &Vm,
        repl: &Value,
        string: &Value,
        count: Option<isize>,
    ) -> PyResult<(Value, usize)> {
        Pattern::substitute(zelf, vm, repl, string, count.unwrap_or(0))
    }
    #[pymethod]
    fn __copy__(zelf: &Obj<Pattern>, _vm: &Vm) -> Ref<Pattern> {
        zelf.to_ref()
    }
    #[pymethod]
    fn __deepcopy__(zelf: &Obj<Pattern>, _vm: &Vm, _memo: &Value) -> Ref<Pattern> {
        zelf.to_ref()
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, object: &Value) -> PyResult {
        adder_vm::objects::generic_alias::make(vm, cls, object)
    }

    /// The pattern string from which the RE object was compiled.
    #[getter(member)]
    fn pattern(zelf: &Obj<Pattern>, _vm: &Vm) -> Value {
        zelf.pattern.clone()
    }
    /// The regex matching flags.
    #[getter(member)]
    fn flags(zelf: &Obj<Pattern>, _vm: &Vm) -> i32 {
        zelf.flags
    }
    /// The number of capturing groups in the pattern.
    #[getter(member)]
    fn groups(zelf: &Obj<Pattern>, _vm: &Vm) -> usize {
        zelf.engine.groups()
    }
    /// A dictionary mapping group names to group numbers.
    #[getter]
    fn groupindex(zelf: &Obj<Pattern>, _vm: &Vm) -> Value {
        MappingProxy::new_value(zelf.group_index.to_value())
    }

    #[slot]
    fn repr(zelf: &Obj<Pattern>, vm: &Vm) -> PyResult {
        const SHOWN: usize = 200;
        let mut flags = zelf.flags;
        // A str pattern is for Unicode unless it says otherwise.
        if zelf.is_bytes == Some(false) && flags & KINDS == UNICODE {
            flags &= !UNICODE;
        }
        let mut words = Vec::new();
        for (bit, name) in FLAGS {
            if flags & bit != 0 {
                words.push((*name).to_string());
                flags &= !bit;
            }
        }
        if flags != 0 {
            words.push(format!("{flags:#x}"));
        }
        let shown: String = object::repr(vm, &zelf.pattern)?.to_string_lossy();
        let mut text = format!("re.compile({}", shown.chars().take(SHOWN).collect::<String>());
        if !words.is_empty() {
            text.push_str(", ");
            text.push_str(&words.join("|"));
        }
        text.push(')');
        Ok(vm.str(&text))
    }
    #[slot]
    fn hash(zelf: &Obj<Pattern>, vm: &Vm) -> PyResult<i64> {
        let mut hasher = DefaultHasher::new();
        zelf.code.hash(&mut hasher);
        let parts = [
            object::hash(vm, &zelf.pattern)?,
            hasher.finish() as i64,
            zelf.flags.into(),
            zelf.engine.groups() as i64,
        ];
        Ok(hash_sequence(parts.into_iter()))
    }
    #[slot]
    fn richcompare(zelf: &Obj<Pattern>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<Pattern>() else { return Ok(Value::NOT_IMPLEMENTED) };
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let equal = std::ptr::eq(zelf, other)
            || (zelf.flags == other.flags
                && zelf.is_bytes == other.is_bytes
                && zelf.code == other.code
                && compare::equal(vm, &zelf.pattern, &other.pattern)?);
        Ok(Value::bool(equal == (op == CmpOp::Eq)))
    }
}

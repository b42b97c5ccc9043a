//! `Dialect`: how rows are written as text.

use super::{Quoting, known_dialect};
use adder_derive::{pyclass, pymethods};
use adder_vm::objects::int;
use adder_vm::objects::str_::Str;
use adder_vm::objects::str_::intern::character;
use adder_vm::objects::type_::{Type, methods::full_name};
use adder_vm::protocol::object;
use adder_vm::runtime::args::{CallArgs, VarArgs};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};

/// CSV dialect
///
/// The Dialect type records CSV parsing and generation options.
#[pyclass(name = "_csv.Dialect", base_type)]
pub struct Dialect {
    pub(super) delimiter: u32,
    #[notrace]
    pub(super) quotechar: Option<u32>,
    #[notrace]
    pub(super) escapechar: Option<u32>,
    pub(super) lineterminator: Ref<Str>,
    #[notrace]
    pub(super) quoting: Quoting,
    pub(super) doublequote: bool,
    pub(super) skipinitialspace: bool,
    pub(super) strict: bool,
}

/// The parameters, in the order in which they can be given.
const NAMES: [&str; 9] = [
    "dialect",
    "delimiter",
    "doublequote",
    "escapechar",
    "lineterminator",
    "quotechar",
    "quoting",
    "skipinitialspace",
    "strict",
];

fn bind(vm: &Vm, args: CallArgs<'_>) -> PyResult<[Option<Value>; 9]> {
    let mut bound = [const { None }; 9];
    let given = args.args().len();
    if given > NAMES.len() {
        return Err(vm.type_error(format!(
            "this function takes at most {} arguments ({given} given)",
            NAMES.len()
        )));
    }
    for (place, value) in bound.iter_mut().zip(args.args()) {
        *place = Some(value.clone());
    }
    for (name, value) in args.keywords() {
        let text = object::str(vm, name)?;
        let Some(at) = NAMES.iter().position(|known| text.is_str(known)) else {
            return Err(
                vm.type_error(format!("this function got an unexpected keyword argument '{text}'"))
            );
        };
        if bound[at].replace(value.clone()).is_some() {
            return Err(vm.type_error(format!(
                "argument for function given by name ('{text}') and position ({})",
                at + 1
            )));
        }
    }
    Ok(bound)
}

fn character_of(vm: &Vm, name: &str, value: &Value, or_none: &str) -> PyResult<u32> {
    let given = match value.downcast::<Str>() {
        Some(text) if text.len() == 1 => return Ok(text.at(0)),
        Some(text) => format!("a string of length {}", text.len()),
        None => full_name(vm, value.ty()),
    };
    let what = format!("\"{name}\" must be a unicode character{or_none}, not {given}");
    Err(vm.type_error(what))
}

fn character_or_none(
    vm: &Vm,
    name: &str,
    value: Option<&Value>,
    default: Option<u32>,
) -> PyResult<Option<u32>> {
    match value {
        None => Ok(default),
        Some(none) if none.is_none() => Ok(None),
        Some(value) => character_of(vm, name, value, " or None").map(Some),
    }
}

fn truth(vm: &Vm, value: Option<&Value>, default: bool) -> PyResult<bool> {
    value.map_or(Ok(default), |value| object::is_true(vm, value))
}

fn quoting_of(vm: &Vm, value: Option<&Value>) -> PyResult<Quoting> {
    let Some(value) = value else { return Ok(Quoting::Minimal) };
    if !int::is_int(value) || value.is_bool() {
        let given = full_name(vm, value.ty());
        return Err(vm.type_error(format!("\"quoting\" must be an integer, not {given}")));
    }
    let number = int::to_i64_exact(value).and_then(|n| usize::try_from(n).ok());
    let known = number.and_then(|n| Quoting::ALL.get(n).copied());
    known.ok_or_else(|| vm.type_error("bad \"quoting\" value"))
}

impl Dialect {
    /// Each special character must be told from the others and from the ends of lines.
    fn check(&self, vm: &Vm) -> PyResult<()> {
        let spaces = !self.skipinitialspace;
        let delimiter = ("delimiter", Some(self.delimiter));
        let escapechar = ("escapechar", self.escapechar);
        let quotechar = ("quotechar", self.quotechar);
        for ((name, c), may_be_space) in
            [(delimiter, true), (escapechar, spaces), (quotechar, spaces)]
        {
            let Some(c) = c else { continue };
            if matches!(c, 0x0a | 0x0d) || c == 0x20 && !may_be_space {
                return Err(vm.value_error(format!("bad {name} value")));
            }
            if self.lineterminator.code_points().any(|other| other == c) {
                return Err(vm.value_error(format!("bad {name} or lineterminator value")));
            }
        }
        for ((name, c), (other_name, other)) in
            [(delimiter, escapechar), (delimiter, quotechar), (escapechar, quotechar)]
        {
            if c.is_some() && c == other {
                return Err(vm.value_error(format!("bad {name} or {other_name} value")));
            }
        }
        Ok(())
    }
}

#[pymethods]
impl Dialect {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let [base, mut given @ ..] = bind(vm, args)?;
        let base = match base {
            Some(name) if name.downcast::<Str>().is_some() => Some(known_dialect(vm, &name)?),
            other => other,
        };
        if let Some(base) = base {
            if base.downcast::<Dialect>().is_some() && given.iter().all(Option::is_none) {
                return Ok(base);
            }
            for (place, name) in given.iter_mut().zip(&NAMES[1..]) {
                if place.is_none() {
                    // Whatever goes wrong, the attribute counts as missing.
                    *place = object::get_attr_str(vm, &base, name).ok();
                }
            }
        }
        let [
            delimiter,
            doublequote,
            escapechar,
            lineterminator,
            quotechar,
            quoting,
            skipinitialspace,
            strict,
        ] = given.each_ref().map(Option::as_ref);
        let delimiter = match delimiter {
            None => u32::from(b','),
            Some(value) => character_of(vm, "delimiter", value, "")?,
        };
        let doublequote = truth(vm, doublequote, true)?;
        let escapechar = character_or_none(vm, "escapechar", escapechar, None)?;
        let lineterminator = match lineterminator {
            None => Ref::from_str("\r\n"),
            Some(value) => match value.downcast::<Str>() {
                Some(text) => text.to_ref(),
                None => {
                    let given = full_name(vm, value.ty());
                    return Err(
                        vm.type_error(format!("\"lineterminator\" must be a string, not {given}"))
                    );
                }
            },
        };
        let has_no_quotes = quotechar.is_some_and(Value::is_none) && quoting.is_none();
        let quotechar = character_or_none(vm, "quotechar", quotechar, Some(u32::from(b'"')))?;
        let quoting = if has_no_quotes { Quoting::None } else { quoting_of(vm, quoting)? };
        let dialect = Dialect {
            delimiter,
            quotechar,
            escapechar,
            lineterminator,
            quoting,
            doublequote,
            skipinitialspace: truth(vm, skipinitialspace, false)?,
            strict: truth(vm, strict, false)?,
        };
        if dialect.quoting != Quoting::None && dialect.quotechar.is_none() {
            return Err(vm.type_error("quotechar must be set if quoting enabled"));
        }
        dialect.check(vm)?;
        Ok(Ref::with_type(dialect, ty).into())
    }
    #[getter]
    fn delimiter(zelf: &Obj<Dialect>, _vm: &Vm) -> Ref<Str> {
        character(zelf.delimiter)
    }
    #[getter]
    fn quotechar(zelf: &Obj<Dialect>, _vm: &Vm) -> Option<Ref<Str>> {
        zelf.quotechar.map(character)
    }
    #[getter]
    fn escapechar(zelf: &Obj<Dialect>, _vm: &Vm) -> Option<Ref<Str>> {
        zelf.escapechar.map(character)
    }
    #[getter]
    fn lineterminator(zelf: &Obj<Dialect>, _vm: &Vm) -> Ref<Str> {
        zelf.lineterminator.clone()
    }
    #[getter]
    fn quoting(zelf: &Obj<Dialect>, _vm: &Vm) -> i64 {
        zelf.quoting as i64
    }
    #[getter(member)]
    fn doublequote(zelf: &Obj<Dialect>, _vm: &Vm) -> bool {
        zelf.doublequote
    }
    #[getter(member)]
    fn skipinitialspace(zelf: &Obj<Dialect>, _vm: &Vm) -> bool {
        zelf.skipinitialspace
    }
    #[getter(member)]
    fn strict(zelf: &Obj<Dialect>, _vm: &Vm) -> bool {
        zelf.strict
    }
    /// raises an exception to avoid pickling
    #[pymethod(sig = "($self, /, *args)")]
    fn __reduce__(zelf: &Obj<Dialect>, vm: &Vm, _args: VarArgs) -> PyResult {
        let name = zelf.ty().short_name();
        Err(vm.type_error(format!("cannot pickle '{name}' instances")))
    }
    /// raises an exception to avoid pickling
    #[pymethod(sig = "($self, /, *args)")]
    fn __reduce_ex__(zelf: &Obj<Dialect>, vm: &Vm, args: VarArgs) -> PyResult {
        Dialect::__reduce__(zelf, vm, args)
    }
}

//! `code`: a code object as Python sees it, with its prepared form.
//!
//! CPython's counterpart: `Objects/codeobject.c`.

use crate::object::{GilCell, Obj, Ref, Visitor, tracked};
use crate::objects::bytes::Bytes;
use crate::objects::complex::ComplexObj;
use crate::objects::set::Set;
use crate::objects::str_::{Str, builder, intern};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::compare::CmpOp;
use crate::protocol::iter;
use crate::runtime::args::{CallArgs, KwArgs};
use crate::runtime::errors::PyResult;
use crate::runtime::monitoring::CodeEvents;
use crate::runtime::prepared::{Prepared, prepare};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bigint::Int;
use adder_bytecode::code::{CodeObject, Const, Head, Position, PyStrBuf, SharedCode, flags};
use adder_bytecode::stored::StoredModule;
use adder_derive::{pyclass, pymethods};
use std::cell::{Cell, OnceCell};

/// Create a code object.  Not for mere mortals.
#[pyclass(name = "code")]
pub struct Code {
    #[notrace]
    pub source: SharedCode,
    #[notrace]
    prepared: OnceCell<Prepared>,
    #[notrace]
    name: OnceCell<Ref<Str>>,
    #[notrace]
    qualname: OnceCell<Ref<Str>>,
    #[notrace]
    doc: OnceCell<Option<Value>>,
    #[notrace]
    names: OnceCell<Box<[Ref<Str>]>>,
    #[notrace]
    cells: OnceCell<Box<[Option<u32>]>>,
    #[notrace]
    hides: OnceCell<bool>,
    #[notrace]
    slots: u32,
    #[notrace]
    argcount: u32,
    #[notrace]
    simple: bool,
    #[notrace]
    positional: bool,
    #[notrace]
    has_cells: bool,
    /// So many arguments as they lie become the locals of prepared code; `u32::MAX` if it is not so easy.
    #[notrace]
    exact: Cell<u32>,
    #[notrace]
    lines: OnceCell<Box<[u32]>>,
    #[notrace]
    monitoring: OnceCell<Box<CodeEvents>>,
}

/// A string of the compiler's as a str.
pub fn text(text: &PyStrBuf) -> Ref<Str> {
    builder::from_wtf8(text.as_bytes())
}

/// A name of the compiler's as an interned str.
pub fn interned(name: &PyStrBuf) -> Ref<Str> {
    let intern = |name: &PyStrBuf| {
        intern::intern_ascii(name.as_bytes()).unwrap_or_else(|| intern::intern(&text(name)))
    };
    let Some(bytes) = name.as_static() else { return intern(name) };
    let place = (bytes.as_ptr() as usize ^ bytes.as_ptr() as usize >> 9) % RECENT_SIZE;
    let known = RECENT.with(|recent| {
        let (known, string) = recent[place].as_ref()?;
        std::ptr::eq(*known, bytes).then(|| string.clone())
    });
    known.unwrap_or_else(|| {
        let made = intern(name);
        let entry = Some((bytes, made.clone()));
        drop(RECENT.with(|recent| std::mem::replace(&mut recent[place], entry)));
        made
    })
}

/// Names of the library's code that were interned lately, by where they lie in the binary: a module has
/// each of its names in one place, and says it in many functions.
static RECENT: GilCell<[Option<(&'static [u8], Ref<Str>)>; RECENT_SIZE]> =
    GilCell::new([const { None }; RECENT_SIZE]);

const RECENT_SIZE: usize = 512;

/// Gives them up.
pub(crate) fn forget_names() {
    for place in 0..RECENT_SIZE {
        drop(RECENT.with(|recent| recent[place].take()));
    }
}

/// A constant as a value.
pub fn const_value(vm: &Vm, constant: &Const) -> Value {
    match constant {
        Const::None => Value::NONE,
        Const::True => Value::TRUE,
        Const::False => Value::FALSE,
        Const::Ellipsis => Value::ELLIPSIS,
        Const::Int(i) => super::int::from_int(i.clone()),
        Const::Float(f) => Value::float(*f),
        Const::Complex(re, im) => ComplexObj::new_value(*re, *im),
        Const::Str(s) => {
            let bytes = s.as_bytes();
            if let [one] = bytes {
                return intern::character(u32::from(*one)).into();
            }
            let identifier = bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
            if identifier { interned(s).into() } else { text(s).into() }
        }
        Const::Bytes(b) => Bytes::from_slice(b).into(),
        Const::Tuple(items) => {
            Tuple::from_vec(items.iter().map(|c| const_value(vm, c)).collect()).into()
        }
        Const::FrozenSet(items) => {
            let items: Vec<Value> = items.iter().map(|c| const_value(vm, c)).collect();
            Set::frozen_from(vm, &items)
        }
        Const::Code(code) => Code::new_ref(code.clone()).into(),
    }
}

/// A value as a constant, for `marshal` and `code.replace`.
pub fn value_const(vm: &Vm, value: &Value) -> PyResult<Const> {
    vm.check_stack()?;
    if value.is_none() {
        return Ok(Const::None);
    }
    if let Some(b) = value.as_bool() {
        return Ok(if b { Const::True } else { Const::False });
    }
    if value.is_ellipsis() {
        return Ok(Const::Ellipsis);
    }
    if let Some(i) = value.as_small_int() {
        return Ok(Const::Int(Int::from(i)));
    }
    if let Some(f) = value.as_float_word() {
        return Ok(Const::Float(f));
    }
    if super::int::is_int(value) {
        return Ok(Const::Int(super::int::to_int(value)));
    }
    if let Some(c) = value.downcast::<ComplexObj>() {
        return Ok(Const::Complex(c.real, c.imag));
    }
    if let Some(s) = value.downcast::<Str>() {
        return match PyStrBuf::from_wtf8(&s.to_wtf8()) {
            Some(text) => Ok(Const::Str(text)),
            None => Err(vm.value_error("bad string")),
        };
    }
    if let Some(b) = value.downcast::<Bytes>() {
        return Ok(Const::Bytes(b.as_slice().into()));
    }
    if let Some(t) = value.downcast::<Tuple>() {
        let items: PyResult<Vec<Const>> = t.items().iter().map(|v| value_const(vm, v)).collect();
        return Ok(Const::Tuple(items?.into()));
    }
    if let Some(s) = value.downcast::<Set>() {
        let items: PyResult<Vec<Const>> = s.to_vec().iter().map(|v| value_const(vm, v)).collect();
        return Ok(Const::FrozenSet(items?.into()));
    }
    if let Some(c) = value.downcast::<Code>() {
        return Ok(Const::Code(c.source.clone()));
    }
    Err(vm.value_error("unmarshallable object"))
}

impl Code {
    pub fn new_ref(source: SharedCode) -> Ref<Code> {
        let head = source.head();
        let special = flags::VARARGS
            | flags::VARKEYWORDS
            | flags::GENERATOR
            | flags::COROUTINE
            | flags::ASYNC_GENERATOR;
        let cells = head.cells + head.frees;
        let code = Ref::new(Code {
            prepared: OnceCell::new(),
            name: OnceCell::new(),
            qualname: OnceCell::new(),
            doc: OnceCell::new(),
            names: OnceCell::new(),
            cells: OnceCell::new(),
            hides: OnceCell::new(),
            slots: head.nlocals + cells,
            argcount: head.argcount,
            simple: head.flags & special == 0 && head.kwonlyargcount == 0,
            positional: head.flags & (flags::VARARGS | flags::VARKEYWORDS) == 0
                && head.kwonlyargcount == 0,
            has_cells: cells > 0,
            exact: Cell::new(u32::MAX),
            source,
            lines: OnceCell::new(),
            monitoring: OnceCell::new(),
        });
        // It can be referred to weakly, but is in no cycle.
        tracked::untrack(code.head());
        code
    }

    /// A code object of the library's, as `adder_bytecode::stored` keeps it.
    pub fn of_library(
        vm: &Vm,
        stored: StoredModule<'static>,
        filename: &str,
    ) -> PyResult<Ref<Code>> {
        match adder_bytecode::stored::read(stored, filename) {
            Some(code) => Ok(Code::new_ref(code)),
            None => Err(vm.value_error("the library's code cannot be read")),
        }
    }

    /// The same code, and all code within it, under another file name.
    pub fn with_filename(&self, filename: &PyStrBuf) -> Ref<Code> {
        fn renamed(code: &CodeObject, filename: &PyStrBuf) -> SharedCode {
            let mut made = code.clone();
            made.filename = filename.clone();
            for constant in &mut made.consts {
                if let Const::Code(inner) = constant {
                    *inner = renamed(inner, filename);
                }
            }
            made.into()
        }
        Code::new_ref(renamed(&self.source, filename))
    }

    /// Only positional parameters, not a generator.
    #[inline(always)]
    pub fn is_simple(&self) -> bool {
        self.simple
    }
    #[inline(always)]
    pub fn prepared(&self) -> Option<&Prepared> {
        self.prepared.get()
    }
    /// The prepared form, made on the first call.
    pub fn prepare(&self, vm: &Vm) -> PyResult<&Prepared> {
        if let Some(prepared) = self.prepared.get() {
            return Ok(prepared);
        }
        let made = prepare::prepare(vm, self)?;
        if self.simple && self.source.head().cells == 0 {
            self.exact.set(self.argcount);
        }
        Ok(self.prepared.get_or_init(|| made))
    }
    /// The prepared form, if `n` positional arguments are the code's first locals, and nothing has to be
    /// bound but the closure.
    #[inline(always)]
    pub fn exactly(&self, n: usize) -> Option<&Prepared> {
        if self.exact.get() as usize == n { self.prepared.get() } else { None }
    }
    /// Words for variables, cells and free variables.
    #[inline(always)]
    pub fn local_slots(&self) -> usize {
        self.slots as usize
    }
    /// Only positional parameters; it may be a generator.
    #[inline(always)]
    pub fn is_positional(&self) -> bool {
        self.positional
    }
    #[inline(always)]
    pub fn argcount(&self) -> usize {
        self.argcount as usize
    }
    /// Are there cell or free variables?
    #[inline(always)]
    pub fn has_cells(&self) -> bool {
        self.has_cells
    }
    pub fn makes_generator(&self) -> bool {
        self.source.head().flags & (flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR)
            != 0
    }
    pub fn has_flag(&self, flag: u32) -> bool {
        self.source.head().flags & flag != 0
    }
    /// Shows what this object has made so far and holds: constants, names, texts.
    pub(crate) fn for_each_value(&self, visit: &mut Visitor<'_>) {
        let names = [&self.name, &self.qualname].into_iter().filter_map(OnceCell::get);
        names.for_each(|name| visit(&name.to_value()));
        self.names.get().into_iter().flatten().for_each(|name| visit(&name.to_value()));
        self.doc.get().into_iter().flatten().for_each(&mut *visit);
        if let Some(prepared) = self.prepared.get() {
            prepared.consts.iter().for_each(&mut *visit);
            prepared.names.iter().for_each(|name| visit(&name.to_value()));
        }
    }
    pub fn name(&self) -> Ref<Str> {
        self.name.get_or_init(|| interned(&self.source.head().name)).clone()
    }
    pub fn qualname(&self) -> Ref<Str> {
        self.qualname.get_or_init(|| text(&self.source.qualname)).clone()
    }
    pub fn filename(&self) -> String {
        self.source.filename.to_string_lossy()
    }
    /// A variable's interned name.
    pub fn varname(&self, index: usize) -> Ref<Str> {
        self.varnames().get(index).cloned().unwrap_or_else(intern::empty)
    }
    /// The variables' interned names.
    pub fn varnames(&self) -> &[Ref<Str>] {
        self.names.get_or_init(|| self.source.varnames.iter().map(interned).collect())
    }
    /// For each cell variable, the parameter it starts from.
    pub fn cell_parameters(&self) -> &[Option<u32>] {
        self.cells.get_or_init(|| {
            let parameters = self.source.parameter_count() as usize;
            let of = |cell: &PyStrBuf| {
                self.source.varnames[..parameters].iter().position(|v| v == cell).map(|i| i as u32)
            };
            self.source.cellvars.iter().map(of).collect()
        })
    }
    /// Some variables have the same name: those of comprehensions (PEP 709), and parameters that live in
    /// cells.
    pub fn hides_variables(&self) -> bool {
        *self.hides.get_or_init(|| {
            let s = &self.source;
            let names = s.varnames.iter().chain(s.cellvars.iter()).chain(s.freevars.iter());
            let mut names: Vec<&[u8]> = names.map(|name| name.as_bytes()).collect();
            names.sort_unstable();
            !names.is_sorted_by(|a, b| a < b)
        })
    }
    /// The first constant, if it is a docstring.
    pub fn docstring(&self) -> Option<Value> {
        let make = || {
            if self.source.head().extended && !self.has_flag(flags::HAS_DOCSTRING) {
                return None;
            }
            match self.source.consts.first() {
                Some(Const::Str(s)) => Some(text(s).into()),
                _ => None,
            }
        };
        self.doc.get_or_init(make).clone()
    }

    /// What monitoring tools ask for here.
    pub fn monitoring(&self) -> &CodeEvents {
        self.monitoring.get_or_init(Box::default)
    }

    /// The line of each code unit, 0 for what nothing in the source stands for.
    pub fn lines(&self) -> &[u32] {
        // What is asked for meanwhile may itself want to know lines (`runtime/tracemalloc.rs`).
        let made = self.lines.get().is_none().then(|| {
            let units = self.source.code.len() / 2;
            let mut lines = Vec::with_capacity(units);
            for (count, position) in self.source.positions.runs() {
                let line = position.map_or(0, |p| p.line);
                let room = units - lines.len();
                lines.extend(std::iter::repeat_n(line, room.min(count as usize)));
            }
            if self.source.positions.is_empty() {
                for (offset, line) in adder_bytecode::lnotab::line_starts(&self.source) {
                    let before = lines.last().copied().unwrap_or(self.source.firstlineno);
                    lines.resize((offset as usize / 2).clamp(lines.len(), units), before);
                    if lines.len() < units {
                        lines.push(line);
                    }
                }
            }
            let last = if self.source.positions.is_empty() { lines.last().copied() } else { None };
            lines.resize(units, last.unwrap_or(0));
            lines.into()
        });
        self.lines.get_or_init(|| made.unwrap_or_default())
    }

    /// The line of the instruction at a byte offset, or of the last one before it that has one.
    pub fn line_at(&self, offset: u32) -> u32 {
        if let Some(position) = self.source.positions.at(offset)
            && position.line > 0
        {
            return position.line;
        }
        adder_bytecode::lnotab::line_at(&self.source, offset)
    }
    /// The line of the instruction at a byte offset; `None` for what nothing in the source stands for.
    pub fn own_line_at(&self, offset: u32) -> Option<u32> {
        if self.source.positions.is_empty() {
            return Some(adder_bytecode::lnotab::line_at(&self.source, offset));
        }
        self.source.positions.at(offset).map(|p| p.line)
    }
    /// Does the code begin on the line of its head, as functions of today's language do? Then that is
    /// where a frame stands before its first instruction.
    pub fn begins_at_head(&self) -> bool {
        self.own_line_at(0) == Some(self.source.firstlineno) && !self.source.positions.is_empty()
    }
    /// Where the instruction at a byte offset comes from, if known.
    pub fn position_at(&self, offset: u32) -> Option<Position> {
        self.source.positions.at(offset)
    }
}

fn text_tuple(texts: &[PyStrBuf]) -> Ref<Tuple> {
    Tuple::from_vec(texts.iter().map(|t| interned(t).into()).collect())
}

fn buf(vm: &Vm, value: &Value, what: &str) -> PyResult<PyStrBuf> {
    match value.downcast::<Str>().and_then(|s| PyStrBuf::from_wtf8(&s.to_wtf8())) {
        Some(text) => Ok(text),
        None => Err(vm.type_error(format!(
            "code() argument '{what}' must be str, not {}",
            value.ty().name()
        ))),
    }
}

fn bufs(vm: &Vm, value: &Value, what: &str) -> PyResult<Box<[PyStrBuf]>> {
    if value.downcast::<Tuple>().is_none() {
        return Err(vm.type_error(format!(
            "code() argument '{what}' must be tuple, not {}",
            value.ty().name()
        )));
    }
    let items = iter::collect(vm, value)?;
    items
        .iter()
        .map(|v| {
            v.downcast::<Str>().and_then(|s| PyStrBuf::from_wtf8(&s.to_wtf8())).ok_or_else(|| {
                vm.type_error(format!(
                    "name tuples must contain only strings, not '{}'",
                    v.ty().name()
                ))
            })
        })
        .collect()
}

/// Sets one field from its Python name.
fn set_field(vm: &Vm, code: &mut CodeObject, name: &str, value: &Value) -> PyResult<()> {
    let number = || {
        let n = crate::protocol::number::to_ssize(vm, value)?;
        u32::try_from(n).map_err(|_| vm.value_error(format!("code: {name} must not be negative")))
    };
    match name {
        "co_argcount" => code.argcount = number()?,
        "co_posonlyargcount" => code.posonlyargcount = number()?,
        "co_kwonlyargcount" => code.kwonlyargcount = number()?,
        "co_nlocals" => code.nlocals = number()?,
        "co_stacksize" => code.stacksize = number()?,
        "co_flags" => code.flags = number()?,
        "co_firstlineno" => code.firstlineno = number()?,
        "co_code" => {
            code.code = crate::protocol::buffer::to_vec(vm, value)?.into();
        }
        "co_lnotab" | "co_linetable" => {
            code.lnotab = crate::protocol::buffer::to_vec(vm, value)?.into();
        }
        "co_consts" => {
            let items = iter::collect(vm, value)?;
            let items: PyResult<Vec<Const>> = items.iter().map(|v| value_const(vm, v)).collect();
            code.consts = items?.into();
        }
        "co_names" => code.names = bufs(vm, value, "names")?,
        "co_varnames" => code.varnames = bufs(vm, value, "varnames")?,
        "co_freevars" => code.freevars = bufs(vm, value, "freevars")?,
        "co_cellvars" => code.cellvars = bufs(vm, value, "cellvars")?,
        "co_filename" => code.filename = buf(vm, value, "filename")?,
        "co_name" => code.name = buf(vm, value, "name")?,
        "co_qualname" => code.qualname = buf(vm, value, "qualname")?,
        "co_exceptiontable" => {}
        _ => {
            return Err(vm.type_error(format!(
                "code.replace() got an unexpected keyword argument '{name}'"
            )));
        }
    }
    Ok(())
}

fn checked(vm: &Vm, code: CodeObject) -> PyResult<Ref<Code>> {
    match adder_bytecode::verify::analyze(&code) {
        Ok(_) => Ok(Code::new_ref(code.into())),
        Err(error) => Err(vm.value_error(format!("code: {error}"))),
    }
}

#[pymethods]
impl Code {
    /// code(argcount, [posonlyargcount,] kwonlyargcount, nlocals, stacksize, flags, code, consts,
    /// names, varnames, filename, name, [qualname,] firstlineno, lnotab[, freevars[, cellvars]])
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        // 3.6's order: fifteen fields; today's: with co_posonlyargcount, co_qualname and a table.
        const OLD: [&str; 15] = [
            "co_argcount",
            "co_kwonlyargcount",
            "co_nlocals",
            "co_stacksize",
            "co_flags",
            "co_code",
            "co_consts",
            "co_names",
            "co_varnames",
            "co_filename",
            "co_name",
            "co_firstlineno",
            "co_lnotab",
            "co_freevars",
            "co_cellvars",
        ];
        const NEW: [&str; 18] = [
            "co_argcount",
            "co_posonlyargcount",
            "co_kwonlyargcount",
            "co_nlocals",
            "co_stacksize",
            "co_flags",
            "co_code",
            "co_consts",
            "co_names",
            "co_varnames",
            "co_filename",
            "co_name",
            "co_qualname",
            "co_firstlineno",
            "co_linetable",
            "co_exceptiontable",
            "co_freevars",
            "co_cellvars",
        ];
        let given = args.args();
        let names: &[&str] = match given.len() {
            13..=15 => &OLD,
            16..=18 => &NEW,
            n => {
                return Err(vm.type_error(format!(
                    "code() takes from 13 to 18 positional arguments but {n} were given"
                )));
            }
        };
        let mut code = CodeObject { firstlineno: 1, ..CodeObject::empty(&Head::default()) };
        for (name, value) in names.iter().zip(given) {
            set_field(vm, &mut code, name, value)?;
        }
        if code.qualname.is_empty() {
            code.qualname = code.name.clone();
        }
        Ok(checked(vm, code)?.into())
    }

    /// Return a copy of the code object with new values for the specified fields.
    #[pymethod(also = "__replace__", sig = "($self, /, **changes)")]
    fn replace(zelf: &Obj<Code>, vm: &Vm, changes: KwArgs) -> PyResult<Ref<Code>> {
        let mut code = (*zelf.source).clone();
        for (name, value) in changes.0.items_vec() {
            let name = name.downcast::<Str>().map(|n| n.to_string()).unwrap_or_default();
            set_field(vm, &mut code, &name, &value)?;
        }
        checked(vm, code)
    }

    /// Three tuples for each instruction: start offset, end offset, line.
    #[pymethod]
    fn co_lines(zelf: &Obj<Code>, vm: &Vm) -> PyResult {
        let mut rows = Vec::new();
        let mut offset = 0;
        for run in Code::lines(zelf).chunk_by(|a, b| a == b) {
            let end = offset + 2 * run.len() as i64;
            let line = match run[0] {
                0 => Value::NONE,
                line => Value::int_unchecked(line.into()),
            };
            let row = vec![Value::int_unchecked(offset), Value::int_unchecked(end), line];
            rows.push(Tuple::from_vec(row).into());
            offset = end;
        }
        iter::iter(vm, &super::list::List::from_vec(rows).into())
    }

    /// A tuple (line, end line, column, end column) for each instruction.
    #[pymethod]
    fn co_positions(zelf: &Obj<Code>, vm: &Vm) -> PyResult {
        let mut rows = Vec::new();
        for offset in (0..zelf.source.code.len() as u32).step_by(2) {
            let parts = match zelf.position_at(offset) {
                Some(p) => [p.line, p.end_line, p.column, p.end_column]
                    .map(|n| Value::int_unchecked(n.into()))
                    .to_vec(),
                None => vec![
                    zelf.own_line_at(offset)
                        .map_or(Value::NONE, |line| Value::int_unchecked(line.into())),
                    Value::NONE,
                    Value::NONE,
                    Value::NONE,
                ],
            };
            rows.push(Tuple::from_vec(parts).into());
        }
        iter::iter(vm, &super::list::List::from_vec(rows).into())
    }

    #[slot]
    fn repr(zelf: &Obj<Code>, vm: &Vm) -> PyResult {
        Ok(vm.str(&format!(
            "<code object {} at {:#x}, file \"{}\", line {}>",
            zelf.source.name.to_string_lossy(),
            zelf.head().address(),
            Code::filename(zelf),
            zelf.source.firstlineno
        )))
    }

    #[slot]
    fn richcompare(zelf: &Obj<Code>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<Code>() else { return Ok(Value::NOT_IMPLEMENTED) };
        let (a, b) = (&zelf.source, &other.source);
        let same = a.is(b)
            || (a.name == b.name
                && a.code == b.code
                && a.argcount == b.argcount
                && a.posonlyargcount == b.posonlyargcount
                && a.kwonlyargcount == b.kwonlyargcount
                && a.flags == b.flags
                && a.firstlineno == b.firstlineno
                && a.lnotab == b.lnotab
                && a.names == b.names
                && a.varnames == b.varnames
                && a.freevars == b.freevars
                && a.cellvars == b.cellvars
                && a.consts.len() == b.consts.len()
                && {
                    let mut all = true;
                    for (x, y) in a.consts.iter().zip(b.consts.iter()) {
                        let same = x.is_same(y) || {
                            let (x, y) = (const_value(vm, x), const_value(vm, y));
                            x.ty().same(y.ty()) && crate::protocol::compare::equal(vm, &x, &y)?
                        };
                        all &= same;
                    }
                    all
                });
        Ok(match op {
            CmpOp::Eq => Value::bool(same),
            CmpOp::Ne => Value::bool(!same),
            _ => Value::NOT_IMPLEMENTED,
        })
    }

    #[slot]
    fn hash(zelf: &Obj<Code>, _vm: &Vm) -> PyResult<i64> {
        let s = &zelf.source;
        let name = text(&s.name).hash();
        let code = crate::runtime::hash::hash_bytes(&s.code);
        let mixed = name ^ code ^ i64::from(s.argcount) ^ i64::from(s.firstlineno) << 8;
        Ok(if mixed == -1 { -2 } else { mixed })
    }

    #[getter(member)]
    fn co_argcount(zelf: &Obj<Code>, _vm: &Vm) -> u32 {
        zelf.source.argcount
    }
    #[getter(member)]
    fn co_posonlyargcount(zelf: &Obj<Code>, _vm: &Vm) -> u32 {
        zelf.source.posonlyargcount
    }
    #[getter(member)]
    fn co_kwonlyargcount(zelf: &Obj<Code>, _vm: &Vm) -> u32 {
        zelf.source.kwonlyargcount
    }
    #[getter(member)]
    fn co_nlocals(zelf: &Obj<Code>, _vm: &Vm) -> u32 {
        zelf.source.nlocals
    }
    #[getter(member)]
    fn co_stacksize(zelf: &Obj<Code>, _vm: &Vm) -> u32 {
        zelf.source.stacksize
    }
    #[getter(member)]
    fn co_flags(zelf: &Obj<Code>, _vm: &Vm) -> u32 {
        zelf.source.flags
    }
    #[getter(member)]
    fn co_firstlineno(zelf: &Obj<Code>, _vm: &Vm) -> u32 {
        zelf.source.firstlineno
    }
    #[getter]
    fn co_code(zelf: &Obj<Code>, _vm: &Vm) -> Ref<Bytes> {
        Bytes::from_slice(&zelf.source.code)
    }
    #[getter]
    fn co_lnotab(zelf: &Obj<Code>, _vm: &Vm) -> Ref<Bytes> {
        Bytes::from_slice(&zelf.source.lnotab)
    }
    #[getter(member)]
    fn co_linetable(zelf: &Obj<Code>, _vm: &Vm) -> Ref<Bytes> {
        Bytes::from_slice(&zelf.source.lnotab)
    }
    #[getter(member)]
    fn co_exceptiontable(_zelf: &Obj<Code>, _vm: &Vm) -> Ref<Bytes> {
        Bytes::from_slice(&[])
    }
    #[getter(member)]
    fn co_consts(zelf: &Obj<Code>, vm: &Vm) -> Ref<Tuple> {
        if let Some(prepared) = Code::prepared(zelf) {
            return Tuple::from_slice(&prepared.consts);
        }
        Tuple::from_vec(zelf.source.consts.iter().map(|c| const_value(vm, c)).collect())
    }
    #[getter(member)]
    fn co_names(zelf: &Obj<Code>, _vm: &Vm) -> Ref<Tuple> {
        text_tuple(&zelf.source.names)
    }
    #[getter]
    fn co_varnames(zelf: &Obj<Code>, _vm: &Vm) -> Ref<Tuple> {
        text_tuple(&zelf.source.varnames)
    }
    #[getter]
    fn co_freevars(zelf: &Obj<Code>, _vm: &Vm) -> Ref<Tuple> {
        text_tuple(&zelf.source.freevars)
    }
    #[getter]
    fn co_cellvars(zelf: &Obj<Code>, _vm: &Vm) -> Ref<Tuple> {
        text_tuple(&zelf.source.cellvars)
    }
    #[getter(member)]
    fn co_filename(zelf: &Obj<Code>, _vm: &Vm) -> Ref<Str> {
        text(&zelf.source.filename)
    }
    #[getter(member)]
    fn co_name(zelf: &Obj<Code>, _vm: &Vm) -> Ref<Str> {
        Code::name(zelf)
    }
    #[getter(member)]
    fn co_qualname(zelf: &Obj<Code>, _vm: &Vm) -> Ref<Str> {
        Code::qualname(zelf)
    }
}

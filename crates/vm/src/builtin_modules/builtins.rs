//! `builtins`: the functions that need no import. CPython's counterpart: `Python/bltinmodule.c`.

use crate::object::{Obj, Ref};
use crate::objects::cell::CellObj;
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::objects::frame;
use crate::objects::function::Function;
use crate::objects::iterators::CallableIter;
use crate::objects::list::sort_values;
use crate::objects::module::Module;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::{Type, TypeFlags, build};
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::number::{self, BinOp};
use crate::protocol::{buffer, call, iter, object};
use crate::runtime::args::{Keywords, KwArgs, Rest, VarArgs};
use crate::runtime::compile::{Mode, Request, source_bytes};
use crate::runtime::enter;
use crate::runtime::errors::PyResult;
use crate::runtime::import_;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bigint::room;
use adder_derive::pymodule;

pub(super) fn make(vm: &Vm) {
    if let Ok(module) = Module::from_def(vm, &builtins::MODULE) {
        // The module's dict is the one that frames know as the built-ins.
        for (name, value) in module.dict().items_vec() {
            if let Some(name) = name.downcast::<Str>() {
                drop(vm.builtins().insert_str(&name.to_ref(), value));
            }
        }
        let shown = Module::with_dict(vm.builtins().clone());
        super::enter(vm, "builtins", &shown);
        let _ = vm.interp().builtins_module.set(shown);
    }
}

/// `dir(object)`, sorted.
pub fn dir_of(vm: &Vm, object: &Value) -> PyResult<Vec<Value>> {
    let names = match object::call_special(vm, object, &vm.names().__dir__, &[])? {
        Some(names) => iter::collect(vm, &names)?,
        None => return Err(vm.type_error("object does not provide __dir__")),
    };
    let (sorted, result) = sort_values(vm, names, None, false);
    result?;
    Ok(sorted)
}

/// A file name for `compile`: str, bytes or path.
fn filename_text(vm: &Vm, filename: &Value) -> PyResult<String> {
    let path = match object::call_special(vm, filename, &vm.names().__fspath__, &[])? {
        Some(path) => path,
        None => filename.clone(),
    };
    if let Some(text) = path.downcast::<Str>() {
        return Ok(text.to_string_lossy());
    }
    if buffer::has_buffer(&path) {
        return Ok(String::from_utf8_lossy(&buffer::to_vec(vm, &path)?).into_owned());
    }
    Err(vm
        .type_error(format!("expected str, bytes or os.PathLike object, not {}", path.ty().name())))
}

/// The `__future__` features of the code that calls: what it compiles has them too.
fn inherited_flags(vm: &Vm) -> u32 {
    frame::current(vm).map_or(0, |f| f.code().source.flags & FUTURE_FLAGS)
}

const FUTURE_FLAGS: u32 = 0x1FF_E000;

fn minmax(vm: &Vm, name: &str, args: &[Value], keywords: Option<&Dict>, op: CmpOp) -> PyResult {
    let mut key = None;
    let mut default = None;
    for (k, v) in keywords.map(Dict::items_vec).unwrap_or_default() {
        match k.downcast::<Str>().and_then(|k| k.as_ascii()) {
            Some("key") => key = Some(v).filter(|v| !v.is_none()),
            Some("default") => default = Some(v),
            _ => {
                return Err(vm.type_error(format!(
                    "{name}() got an unexpected keyword argument '{}'",
                    object::str(vm, &k)?
                )));
            }
        }
    }
    // The best item, and its rank if that is another value.
    let mut best: Option<(Value, Option<Value>)> = None;
    let mut take = |item: Value| {
        let rank = match &key {
            Some(key) => Some(call::call(vm, key, std::slice::from_ref(&item))?),
            None => None,
        };
        let better = match &best {
            None => true,
            Some((top, top_rank)) => {
                let (a, b) = (rank.as_ref().unwrap_or(&item), top_rank.as_ref().unwrap_or(top));
                match (a.as_small_int(), b.as_small_int()) {
                    (Some(a), Some(b)) => op.holds(a.cmp(&b)),
                    _ => compare::compare_bool(vm, a, b, op)?,
                }
            }
        };
        if better {
            best = Some((item, rank));
        }
        Ok(true)
    };
    match args {
        [] => return Err(vm.type_error(format!("{name} expected at least 1 argument, got 0"))),
        [one] => iter::for_each(vm, one, take)?,
        many => {
            if default.is_some() {
                return Err(vm.type_error(format!(
                    "Cannot specify a default for {name}() with multiple positional arguments"
                )));
            }
            for item in many {
                take(item.clone())?;
            }
        }
    }
    match best.map(|(item, _)| item).or(default) {
        Some(value) => Ok(value),
        None => Err(vm.value_error(format!("{name}() iterable argument is empty"))),
    }
}

/// The globals and the namespace for `exec` and `eval`.
fn namespaces(
    vm: &Vm,
    name: &str,
    globals: Option<Value>,
    locals: Option<Value>,
) -> PyResult<(Ref<Dict>, Value)> {
    let globals = globals.filter(|g| !g.is_none());
    let locals = locals.filter(|l| !l.is_none());
    let dict = match globals {
        Some(globals) => globals.into_ref::<Dict>().map_err(|g| {
            vm.type_error(format!("{name}() globals must be a dict, not {}", g.ty().name()))
        })?,
        None => {
            let own = match frame::current_globals(vm) {
                Some(globals) => globals,
                None => return Err(vm.system_error("globals and locals cannot be NULL")),
            };
            let locals = match locals {
                Some(locals) => locals,
                None => frame::current_locals(vm)?,
            };
            return Ok((own, locals));
        }
    };
    if dict.get_str(&vm.names().__builtins__).is_none() {
        drop(dict.insert_str(&vm.names().__builtins__, vm.builtins().to_value()));
    }
    let locals = match locals {
        Some(locals) if locals.ty().slots.getitem.get().is_none() => {
            return Err(vm.type_error("locals must be a mapping"));
        }
        Some(locals) => locals,
        None => dict.to_value(),
    };
    Ok((dict, locals))
}

/// Built-in functions, types, exceptions, and other objects.
///
/// This module provides direct access to all 'built-in'
/// identifiers of Python; for example, builtins.len is
/// the full name for the built-in function len().
#[pymodule(name = "builtins")]
pub mod builtins {
    use super::*;

    /// Return the absolute value of the argument.
    #[pyfunction]
    fn abs(vm: &Vm, number: &Value) -> PyResult {
        number::absolute(vm, number)
    }

    /// Return True if bool(x) is True for all values x in the iterable.
    ///
    /// If the iterable is empty, return True.
    #[pyfunction]
    fn all(vm: &Vm, iterable: &Value) -> PyResult<bool> {
        let mut all = true;
        iter::for_each(vm, iterable, |item| {
            all = object::is_true(vm, &item)?;
            Ok(all)
        })?;
        Ok(all)
    }

    /// Return True if bool(x) is True for any x in the iterable.
    ///
    /// If the iterable is empty, return False.
    #[pyfunction]
    fn any(vm: &Vm, iterable: &Value) -> PyResult<bool> {
        let mut any = false;
        iter::for_each(vm, iterable, |item| {
            any = object::is_true(vm, &item)?;
            Ok(!any)
        })?;
        Ok(any)
    }

    /// Return an ASCII-only representation of an object.
    #[pyfunction]
    fn ascii(vm: &Vm, object: &Value) -> PyResult<Ref<Str>> {
        object::ascii(vm, object)
    }

    fn radix(vm: &Vm, number: &Value, radix: u32, prefix: &str) -> PyResult<String> {
        let value = number::to_int(vm, number)?;
        let sign = if value.is_negative() { "-" } else { "" };
        // The digits, with the prefix, and as a string.
        let copies = room::digits(&value, radix).saturating_mul(2);
        vm.need(room::text(&value, radix).saturating_add(copies))?;
        Ok(format!("{sign}{prefix}{}", value.abs().to_string_radix(radix)))
    }

    /// Return the binary representation of an integer.
    ///
    /// >>> bin(-10)
    /// '-0b1010'
    #[pyfunction]
    fn bin(vm: &Vm, number: &Value) -> PyResult<String> {
        radix(vm, number, 2, "0b")
    }
    /// Return the hexadecimal representation of an integer.
    ///
    /// >>> hex(255)
    /// '0xff'
    #[pyfunction]
    fn hex(vm: &Vm, number: &Value) -> PyResult<String> {
        radix(vm, number, 16, "0x")
    }
    /// Return the octal representation of an integer.
    ///
    /// >>> oct(8)
    /// '0o10'
    #[pyfunction]
    fn oct(vm: &Vm, number: &Value) -> PyResult<String> {
        radix(vm, number, 8, "0o")
    }

    /// Call sys.breakpointhook(*args, **kws).
    #[pyfunction(sig = "(*args, **kws)")]
    fn breakpoint(vm: &Vm, args: VarArgs, kws: KwArgs) -> PyResult {
        let Some(hook) = vm.sys_get(&vm.intern("breakpointhook")) else {
            return Err(vm.runtime_error("lost sys.breakpointhook"));
        };
        call::call_with_dict(vm, &hook, args.0.items(), Some(&kws.0))
    }

    /// Return whether the object is callable (i.e., some kind of function).
    #[pyfunction]
    fn callable(_vm: &Vm, object: &Value) -> bool {
        call::is_callable(object)
    }

    /// Return a Unicode string of one character with ordinal i; 0 <= i <= 0x10ffff.
    #[pyfunction]
    fn chr(vm: &Vm, i: &Value) -> PyResult<Ref<Str>> {
        let i = number::index(vm, i)?;
        match i.as_small_int().and_then(|i| u32::try_from(i).ok()).ok_or(()) {
            Ok(c) if c <= 0x10_ffff => Ok(crate::objects::str_::intern::character(c)),
            _ => Err(vm.value_error("chr() arg not in range(0x110000)")),
        }
    }

    /// Compile source into a code object that can be executed by exec() or eval().
    #[pyfunction(
        sig = "(source, filename, mode, flags=0, dont_inherit=False, optimize=-1, *, _feature_version=-1)"
    )]
    fn compile(
        vm: &Vm,
        source: &Value,
        filename: &Value,
        mode: &Value,
        flags: Option<isize>,
        dont_inherit: Option<&Value>,
        optimize: Option<isize>,
        feature_version: Option<isize>,
    ) -> PyResult {
        const DONT_IMPLY_DEDENT: isize = 0x200;
        const ONLY_AST: isize = 0x400;
        const OPTIMIZED_AST: isize = 0x8400;
        const TYPE_COMMENTS: isize = 0x1000;
        const TOP_LEVEL_AWAIT: isize = 0x2000;
        const ALLOW_INCOMPLETE: isize = 0x4000;
        const KNOWN: isize = 0x1FF_FE00;
        let filename = filename_text(vm, filename)?;
        let flags = flags.unwrap_or(0);
        if flags & !KNOWN & !0x50 != 0 {
            return Err(vm.value_error("compile(): unrecognised flags"));
        }
        let optimize = match optimize.unwrap_or(-1) {
            -1 => vm.config().optimize,
            n @ 0..=2 => n as u8,
            _ => return Err(vm.value_error("compile(): invalid optimize value")),
        };
        let only_tree = flags & ONLY_AST != 0;
        let mode = match mode.downcast::<Str>().and_then(|m| m.as_ascii()) {
            Some("exec") => Mode::Exec,
            Some("eval") => Mode::Eval,
            Some("single") => Mode::Single,
            Some("func_type") if only_tree => Mode::FuncType,
            Some("func_type") => {
                return Err(
                    vm.value_error("compile() mode 'func_type' requires flag PyCF_ONLY_AST")
                );
            }
            Some(_) if only_tree => {
                return Err(vm.value_error(
                    "compile() mode must be 'exec', 'eval', 'single' or 'func_type'",
                ));
            }
            _ => {
                return Err(vm.value_error("compile() mode must be 'exec', 'eval' or 'single'"));
            }
        };
        let inherit = match dont_inherit {
            Some(flag) => !object::is_true(vm, flag)?,
            None => true,
        };
        let request = Request {
            filename: &filename,
            mode,
            level: vm.config().level,
            optimize,
            flags: flags as u32 | if inherit { inherited_flags(vm) } else { 0 },
            is_text: true,
            dont_imply_dedent: flags & DONT_IMPLY_DEDENT != 0,
            top_level_await: flags & TOP_LEVEL_AWAIT != 0,
            allow_incomplete: flags & ALLOW_INCOMPLETE != 0,
            type_comments: flags & TYPE_COMMENTS != 0,
            optimized_tree: flags & OPTIMIZED_AST == OPTIMIZED_AST,
            feature_version: match feature_version {
                Some(version) if only_tree => u8::try_from(version).unwrap_or(0),
                _ => 0,
            },
        };
        if only_tree && vm.is_tree(source) {
            return vm.tree_again(source, &request);
        }
        if let Some(compiled) = vm.compile_nodes(source, &request) {
            return compiled.map(Value::from);
        }
        if source.downcast::<Code>().is_some() && !only_tree {
            return Ok(source.clone());
        }
        let (bytes, is_text) = source_bytes(vm, source, "compile() arg 1", "string, bytes or AST")?;
        let request = Request { is_text, ..request };
        if only_tree {
            // Without its module there are no node types.
            import_::import_module(vm, "_ast")?;
            return vm.parse_to_nodes(&bytes, &request);
        }
        vm.compile(&bytes, &request).map(Value::from)
    }

    /// Deletes the named attribute from the given object.
    #[pyfunction]
    fn delattr(vm: &Vm, obj: &Value, name: &Value) -> PyResult<()> {
        object::del_attr(vm, obj, &object::attribute_name(vm, name)?)
    }

    /// dir([object]) -> list of strings
    #[pyfunction]
    fn dir(vm: &Vm, object: Option<&Value>) -> PyResult<Vec<Value>> {
        match object {
            Some(object) => super::dir_of(vm, object),
            None => {
                let locals = frame::current_locals(vm)?;
                let keys = object::call_method(vm, &locals, &vm.names().keys, &[])?;
                let (sorted, result) = sort_values(vm, iter::collect(vm, &keys)?, None, false);
                result?;
                Ok(sorted)
            }
        }
    }

    /// Return the tuple (x//y, x%y).  Invariant: div*y + mod == x.
    #[pyfunction]
    fn divmod(vm: &Vm, x: &Value, y: &Value) -> PyResult {
        number::binary(vm, x, y, BinOp::DivMod)
    }

    /// Evaluate the given source in the context of globals and locals.
    #[pyfunction(sig = "(source, /, globals=None, locals=None)")]
    fn eval(vm: &Vm, source: &Value, globals: Option<Value>, locals: Option<Value>) -> PyResult {
        let (globals, locals) = namespaces(vm, "eval", globals, locals)?;
        let code = match source.downcast::<Code>() {
            Some(code) => code.to_ref(),
            None => {
                let (bytes, is_text) =
                    source_bytes(vm, source, "eval() arg 1", "string, bytes or code")?;
                let start = bytes.iter().position(|b| !matches!(b, b' ' | b'\t'));
                let request = Request {
                    mode: Mode::Eval,
                    is_text,
                    flags: inherited_flags(vm),
                    ..Request::file(vm, "<string>")
                };
                vm.compile(&bytes[start.unwrap_or(0)..], &request)?
            }
        };
        if code.source.head().frees > 0 {
            return Err(
                vm.type_error("code object passed to eval() may not contain free variables")
            );
        }
        enter::run_code(vm, &code, &globals, locals, None)
    }

    /// Execute the given source in the context of globals and locals.
    #[pyfunction(sig = "(source, /, globals=None, locals=None, *, closure=None)")]
    fn exec(
        vm: &Vm,
        source: &Value,
        globals: Option<Value>,
        locals: Option<Value>,
        closure: Option<&Value>,
    ) -> PyResult<()> {
        let (globals, locals) = namespaces(vm, "exec", globals, locals)?;
        let closure = closure.filter(|c| !c.is_none()).and_then(|c| c.downcast::<Tuple>());
        let code = match source.downcast::<Code>() {
            Some(code) => code.to_ref(),
            None => {
                let (bytes, is_text) =
                    source_bytes(vm, source, "exec() arg 1", "string, bytes or code")?;
                let flags = inherited_flags(vm);
                let request = Request { is_text, flags, ..Request::file(vm, "<string>") };
                vm.compile(&bytes, &request)?
            }
        };
        let want = code.source.head().frees as usize;
        match closure {
            None if want > 0 => {
                return Err(
                    vm.type_error("code object passed to exec() may not contain free variables")
                );
            }
            Some(cells)
                if cells.len() != want
                    || cells.items().iter().any(|c| c.downcast::<CellObj>().is_none()) =>
            {
                return Err(vm.type_error(format!(
                    "code object requires a closure of exactly length {want}"
                )));
            }
            _ => {}
        }
        enter::run_code(vm, &code, &globals, locals, closure).map(drop)
    }

    /// Return type(value).__format__(value, format_spec).
    #[pyfunction(sig = "(value, format_spec='', /)")]
    fn format(vm: &Vm, value: &Value, format_spec: Option<&Value>) -> PyResult<Ref<Str>> {
        let spec = match format_spec {
            None => crate::objects::str_::intern::empty(),
            Some(spec) => match spec.downcast::<Str>() {
                Some(spec) => spec.to_ref(),
                None => {
                    return Err(vm.type_error(format!(
                        "format() argument 2 must be str, not {}",
                        object::type_name_or_none(spec)
                    )));
                }
            },
        };
        object::format(vm, value, &spec)
    }

    /// getattr(object, name[, default]) -> value
    #[pyfunction]
    fn getattr(vm: &Vm, object: &Value, name: &Value, default: Option<Value>) -> PyResult {
        let name = object::attribute_name(vm, name)?;
        match default {
            None => object::get_attr(vm, object, &name),
            Some(default) => Ok(object::lookup_attr(vm, object, &name)?.unwrap_or(default)),
        }
    }

    /// Return the dictionary containing the current scope's global variables.
    #[pyfunction]
    fn globals(vm: &Vm) -> Option<Ref<Dict>> {
        frame::current_globals(vm)
    }

    /// Return whether the object has an attribute with the given name.
    #[pyfunction]
    fn hasattr(vm: &Vm, obj: &Value, name: &Value) -> PyResult<bool> {
        let name = object::attribute_name(vm, name)?;
        Ok(object::lookup_attr(vm, obj, &name)?.is_some())
    }

    /// Return the hash value for the given object.
    #[pyfunction]
    fn hash(vm: &Vm, obj: &Value) -> PyResult<i64> {
        object::hash(vm, obj)
    }

    /// Return the identity of an object.
    #[pyfunction]
    fn id(_vm: &Vm, obj: &Value) -> u64 {
        object::address(obj)
    }

    /// Read a string from standard input.  The trailing newline is stripped.
    #[pyfunction(sig = "(prompt='', /)")]
    fn input(vm: &Vm, prompt: Option<&Value>) -> PyResult<Ref<Str>> {
        let names = vm.names();
        let stream = |name: &Ref<Str>| {
            vm.sys_get(name)
                .filter(|f| !f.is_none())
                .ok_or_else(|| vm.runtime_error(format!("input(): lost sys.{name}")))
        };
        let (stdin, stdout) = (stream(&names.stdin)?, stream(&names.stdout)?);
        if let Some(prompt) = prompt {
            let text = object::str(vm, prompt)?;
            object::call_method(vm, &stdout, &names.write, &[text.into()])?;
        }
        // A stream that cannot is none of our business.
        let _ = object::call_method(vm, &stdout, &names.flush, &[]);
        let line = object::call_method(vm, &stdin, &names.readline, &[])?;
        let Some(line) = line.downcast::<Str>() else {
            return Err(vm.type_error("object.readline() returned non-string"));
        };
        if line.is_empty() {
            return Err(vm.eof_error("EOF when reading a line"));
        }
        let end = line.len() - usize::from(line.at(line.len() - 1) == u32::from(b'\n'));
        Ok(line.substring(0, end))
    }

    /// Return whether an object is an instance of a class or of a subclass thereof.
    #[pyfunction]
    fn isinstance(vm: &Vm, obj: &Value, class_or_tuple: &Value) -> PyResult<bool> {
        object::is_instance(vm, obj, class_or_tuple)
    }

    /// Return whether 'cls' is derived from another class or is the same class.
    #[pyfunction]
    fn issubclass(vm: &Vm, cls: &Value, class_or_tuple: &Value) -> PyResult<bool> {
        object::is_subclass(vm, cls, class_or_tuple)
    }

    /// iter(iterable) -> iterator
    /// iter(callable, sentinel) -> iterator
    #[pyfunction]
    fn iter(vm: &Vm, object: &Value, sentinel: Option<Value>) -> PyResult {
        match sentinel {
            None => iter::iter(vm, object),
            Some(sentinel) => {
                if !call::is_callable(object) {
                    return Err(vm.type_error("iter(v, w): v must be callable"));
                }
                Ok(CallableIter::new_value(object.clone(), sentinel))
            }
        }
    }

    /// Return an AsyncIterator for an AsyncIterable object.
    #[pyfunction]
    fn aiter(vm: &Vm, async_iterable: &Value) -> PyResult {
        match async_iterable.ty().slots.aiter.get() {
            Some(aiter) => aiter(vm, async_iterable),
            None => Err(vm.type_error(format!(
                "'{}' object is not an async iterable",
                async_iterable.ty().name()
            ))),
        }
    }

    /// Return the next item from the async iterator.
    #[pyfunction(sig = "(aiterator, default=<unrepresentable>, /)")]
    fn anext(vm: &Vm, aiterator: &Value, default: Option<Value>) -> PyResult {
        match aiterator.ty().slots.anext.get() {
            Some(anext) => {
                let awaitable = anext(vm, aiterator)?;
                Ok(match default {
                    Some(default) => {
                        crate::objects::coroutine::AnextAwaitable::new_value(awaitable, default)
                    }
                    None => awaitable,
                })
            }
            None => Err(vm.type_error(format!(
                "'{}' object is not an async iterator",
                aiterator.ty().name()
            ))),
        }
    }

    /// Return the number of items in a container.
    #[pyfunction]
    fn len(vm: &Vm, obj: &Value) -> PyResult<usize> {
        object::len(vm, obj)
    }

    /// Return a dictionary containing the current scope's local variables.
    #[pyfunction]
    fn locals(vm: &Vm) -> PyResult {
        frame::current_locals(vm)
    }

    /// max(iterable, *[, default=obj, key=func]) -> value
    /// max(arg1, arg2, *args, *[, key=func]) -> value
    #[pyfunction(sig = "(*args, **kwargs)")]
    fn max(vm: &Vm, args: Rest<'_>, kwargs: Keywords) -> PyResult {
        super::minmax(vm, "max", args.0, kwargs.0.as_deref().map(|dict| &**dict), CmpOp::Gt)
    }

    /// min(iterable, *[, default=obj, key=func]) -> value
    /// min(arg1, arg2, *args, *[, key=func]) -> value
    #[pyfunction(sig = "(*args, **kwargs)")]
    fn min(vm: &Vm, args: Rest<'_>, kwargs: Keywords) -> PyResult {
        super::minmax(vm, "min", args.0, kwargs.0.as_deref().map(|dict| &**dict), CmpOp::Lt)
    }

    /// next(iterator[, default])
    #[pyfunction]
    fn next(vm: &Vm, iterator: &Value, default: Option<Value>) -> PyResult {
        match iter::step(vm, iterator) {
            Ok(Some(item)) => Ok(item),
            Ok(None) => default.ok_or_else(|| vm.stop_iteration(None)),
            Err(e) if e.is(&vm.exceptions().stop_iteration) => default.ok_or(e),
            Err(e) => Err(e),
        }
    }

    /// Open file and return a stream.
    #[pyfunction(
        sig = "(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)"
    )]
    fn open(
        vm: &Vm,
        file: &Value,
        mode: Option<Value>,
        buffering: Option<Value>,
        encoding: Option<Value>,
        errors: Option<Value>,
        newline: Option<Value>,
        closefd: Option<Value>,
        opener: Option<Value>,
    ) -> PyResult {
        let io = import_::import_module(vm, "_io")?;
        let open = object::get_attr_str(vm, &io, "open")?;
        let args = [
            file.clone(),
            mode.unwrap_or_else(|| vm.str("r")),
            buffering.unwrap_or(Value::int_unchecked(-1)),
            encoding.unwrap_or(Value::NONE),
            errors.unwrap_or(Value::NONE),
            newline.unwrap_or(Value::NONE),
            closefd.unwrap_or(Value::TRUE),
            opener.unwrap_or(Value::NONE),
        ];
        call::call(vm, &open, &args)
    }

    /// Return the Unicode code point for a one-character string.
    #[pyfunction]
    fn ord(vm: &Vm, c: &Value) -> PyResult<i64> {
        if let Some(text) = c.downcast::<Str>() {
            if text.len() == 1 {
                return Ok(i64::from(text.at(0)));
            }
            return Err(vm.type_error(format!(
                "ord() expected a character, but string of length {} found",
                text.len()
            )));
        }
        if buffer::has_buffer(c) {
            let bytes = buffer::to_vec(vm, c)?;
            if let [one] = bytes.as_slice() {
                return Ok(i64::from(*one));
            }
            return Err(vm.type_error(format!(
                "ord() expected a character, but string of length {} found",
                bytes.len()
            )));
        }
        Err(vm
            .type_error(format!("ord() expected string of length 1, but {} found", c.ty().name())))
    }

    /// Equivalent to base**exp with 2 arguments or base**exp % mod with 3 arguments.
    #[pyfunction(sig = "(base, exp, mod=None)")]
    fn pow(vm: &Vm, base: &Value, exp: &Value, modulus: Option<&Value>) -> PyResult {
        number::power(vm, base, exp, modulus.filter(|m| !m.is_none()))
    }

    /// Prints the values to a stream, or to sys.stdout by default.
    #[pyfunction(sig = "(*args, sep=' ', end='\\n', file=None, flush=False)")]
    fn print(
        vm: &Vm,
        args: VarArgs,
        sep: Option<&Value>,
        end: Option<&Value>,
        file: Option<&Value>,
        flush: Option<&Value>,
    ) -> PyResult<()> {
        let names = vm.names();
        let file = match file.filter(|f| !f.is_none()) {
            Some(file) => file.clone(),
            None => match vm.sys_get(&names.stdout) {
                None => return Err(vm.runtime_error("lost sys.stdout")),
                Some(file) if file.is_none() => return Ok(()),
                Some(file) => file,
            },
        };
        let piece = |v: Option<&Value>, what: &str, default: &str| -> PyResult {
            match v.filter(|v| !v.is_none()) {
                None => Ok(vm.str(default)),
                Some(v) if v.downcast::<Str>().is_some() => Ok(v.clone()),
                Some(v) => Err(vm
                    .type_error(format!("{what} must be None or a string, not {}", v.ty().name()))),
            }
        };
        let sep = piece(sep, "sep", " ")?;
        let end = piece(end, "end", "\n")?;
        let write = object::get_attr(vm, &file, &names.write)?;
        for (i, value) in args.0.items().iter().enumerate() {
            if i > 0 {
                call::call(vm, &write, std::slice::from_ref(&sep))?;
            }
            let text = object::str(vm, value)?;
            call::call(vm, &write, &[text.into()])?;
        }
        call::call(vm, &write, &[end])?;
        if let Some(flush) = flush
            && object::is_true(vm, flush)?
        {
            object::call_method(vm, &file, &names.flush, &[])?;
        }
        Ok(())
    }

    /// Return the canonical string representation of the object.
    #[pyfunction]
    fn repr(vm: &Vm, obj: &Value) -> PyResult<Ref<Str>> {
        object::repr(vm, obj)
    }

    /// Round a number to a given precision in decimal digits.
    #[pyfunction(sig = "(number, ndigits=None)")]
    fn round(vm: &Vm, number: &Value, ndigits: Option<&Value>) -> PyResult {
        let args: &[Value] = match ndigits.filter(|n| !n.is_none()) {
            Some(n) => std::slice::from_ref(n),
            None => &[],
        };
        match object::call_special(vm, number, &vm.names().__round__, args)? {
            Some(result) => Ok(result),
            None => Err(vm.type_error(format!(
                "type {} doesn't define __round__ method",
                number.ty().name()
            ))),
        }
    }

    /// Sets the named attribute on the given object to the specified value.
    #[pyfunction]
    fn setattr(vm: &Vm, obj: &Value, name: &Value, value: Value) -> PyResult<()> {
        object::set_attr(vm, obj, &object::attribute_name(vm, name)?, value)
    }

    /// Return a new list containing all items from the iterable in ascending order.
    #[pyfunction(sig = "(iterable, /, *, key=None, reverse=False)")]
    fn sorted(
        vm: &Vm,
        iterable: &Value,
        key: Option<&Value>,
        reverse: Option<bool>,
    ) -> PyResult<Vec<Value>> {
        let items = iter::collect(vm, iterable)?;
        let key = key.filter(|k| !k.is_none());
        let (sorted, result) = sort_values(vm, items, key, reverse.unwrap_or(false));
        result?;
        Ok(sorted)
    }

    /// Return the sum of a 'start' value (default: 0) plus an iterable of numbers
    #[pyfunction(sig = "(iterable, /, start=0)")]
    fn sum(vm: &Vm, iterable: &Value, start: Option<Value>) -> PyResult {
        let start = start.unwrap_or(Value::int_unchecked(0));
        if start.downcast::<Str>().is_some() {
            return Err(vm.type_error("sum() can't sum strings [use ''.join(seq) instead]"));
        }
        if start.downcast::<crate::objects::bytes::Bytes>().is_some() {
            return Err(vm.type_error("sum() can't sum bytes [use b''.join(seq) instead]"));
        }
        if start.downcast::<crate::objects::bytearray::ByteArray>().is_some() {
            return Err(vm.type_error("sum() can't sum bytearray [use b''.join(seq) instead]"));
        }
        let mut total = super::Sum::new(start);
        iter::for_each(vm, iterable, |item| {
            total.add(vm, item)?;
            Ok(true)
        })?;
        Ok(total.total())
    }

    /// Return the __dict__ attribute of an object, or the local variables.
    #[pyfunction]
    fn vars(vm: &Vm, object: Option<&Value>) -> PyResult {
        match object {
            None => frame::current_locals(vm),
            Some(object) => match object::lookup_attr(vm, object, &vm.names().__dict__)? {
                Some(dict) => Ok(dict),
                None => Err(vm.type_error("vars() argument must have __dict__ attribute")),
            },
        }
    }

    /// Import a module. (Most programs want importlib.import_module.)
    #[pyfunction(sig = "(name, globals=None, locals=None, fromlist=(), level=0)")]
    fn __import__(
        vm: &Vm,
        name: &Value,
        globals: Option<&Value>,
        _locals: Option<&Value>,
        fromlist: Option<&Value>,
        level: Option<isize>,
    ) -> PyResult {
        let Some(name) = name.downcast::<Str>() else {
            return Err(vm.type_error(format!(
                "__import__() argument 1 must be str, not {}",
                object::type_name_or_none(name)
            )));
        };
        import_::import(vm, name, globals, fromlist.unwrap_or(&Value::NONE), level.unwrap_or(0))
    }

    /// __build_class__(func, name, /, *bases, [metaclass], **kwds) -> class
    #[pyfunction(sig = "(func, name, /, *bases, **kwds)")]
    fn __build_class__(
        vm: &Vm,
        func: &Value,
        name: &Value,
        bases: VarArgs,
        kwds: KwArgs,
    ) -> PyResult {
        super::build_class(vm, func, name, &bases.0, &kwds.0)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        const SHOWN: [&str; 25] = [
            "object",
            "type",
            "str",
            "dict",
            "tuple",
            "int",
            "bool",
            "float",
            "complex",
            "list",
            "set",
            "slice",
            "range",
            "bytes",
            "bytearray",
            "memoryview",
            "property",
            "super",
            "enumerate",
            "reversed",
            "zip",
            "map",
            "filter",
            "staticmethod",
            "classmethod",
        ];
        for ty in crate::runtime::boot::builtin_types() {
            if SHOWN.contains(&&*ty.name()) && !ty.has_flag(TypeFlags::NO_NEW) {
                module.add_type(vm, ty);
            }
        }
        module.set(vm, "frozenset", crate::objects::set::frozenset_type().to_value());
        for (name, ty) in vm.exceptions().all() {
            module.set(vm, name, ty.to_value());
        }
        let group = crate::objects::exception_group::make_types(vm);
        module.set(vm, "ExceptionGroup", group.into());
        for alias in ["EnvironmentError", "IOError"] {
            module.set(vm, alias, vm.exceptions().os_error.to_value());
        }
        module.set(vm, "None", Value::NONE);
        module.set(vm, "True", Value::TRUE);
        module.set(vm, "False", Value::FALSE);
        module.set(vm, "Ellipsis", Value::ELLIPSIS);
        module.set(vm, "NotImplemented", Value::NOT_IMPLEMENTED);
        module.set(vm, "__debug__", Value::bool(vm.config().optimize == 0));
        Ok(())
    }
}

/// The running total of `sum()`: ints and floats without objects, floats compensated (Neumaier), as
/// CPython since 3.12.
enum Sum {
    Int(i64),
    Float { sum: f64, compensation: f64 },
    Other(Value),
}

impl Sum {
    fn new(total: Value) -> Sum {
        match (total.as_small_int(), total.as_float_word()) {
            (Some(i), _) => Sum::Int(i),
            (_, Some(sum)) => Sum::Float { sum, compensation: 0.0 },
            _ => Sum::Other(total),
        }
    }

    #[inline]
    fn add(&mut self, vm: &Vm, item: Value) -> PyResult<()> {
        match self {
            Sum::Int(total) => {
                if let Some(sum) = item.as_small_int().and_then(|i| total.checked_add(i)) {
                    *total = sum;
                    return Ok(());
                }
                if let Some(x) = item.as_float_word() {
                    *self = Sum::Float { sum: *total as f64 + x, compensation: 0.0 };
                    return Ok(());
                }
            }
            Sum::Float { sum, compensation } => {
                if let Some(x) = item.as_float_word() {
                    let t = *sum + x;
                    *compensation +=
                        if sum.abs() >= x.abs() { (*sum - t) + x } else { (x - t) + *sum };
                    *sum = t;
                    return Ok(());
                }
                if let Some(i) = item.as_small_int() {
                    *sum += i as f64;
                    return Ok(());
                }
            }
            Sum::Other(_) => {}
        }
        self.add_other(vm, item)
    }

    #[inline(never)]
    fn add_other(&mut self, vm: &Vm, item: Value) -> PyResult<()> {
        let total = number::binary(vm, &self.total(), &item, BinOp::Add)?;
        *self = Sum::new(total);
        Ok(())
    }

    fn total(&self) -> Value {
        match self {
            Sum::Int(total) => crate::objects::int::from_i64(*total),
            Sum::Float { sum, compensation: c } if *c != 0.0 && c.is_finite() => {
                Value::float(sum + c)
            }
            Sum::Float { sum, .. } => Value::float(*sum),
            Sum::Other(total) => total.clone(),
        }
    }
}

/// A `class` statement: resolves bases and metaclass, runs the body, calls the metaclass.
fn build_class(
    vm: &Vm,
    func: &Value,
    name: &Value,
    orig_bases: &Obj<Tuple>,
    kwds: &Obj<Dict>,
) -> PyResult {
    let names = vm.names();
    let Some(function) = func.downcast::<Function>() else {
        return Err(vm.type_error("__build_class__: func must be a function"));
    };
    if name.downcast::<Str>().is_none() {
        return Err(vm.type_error("__build_class__: name is not a string"));
    }
    let mut bases: Vec<Value> = Vec::new();
    let mut replaced = false;
    for base in orig_bases.items() {
        if base.downcast::<Type>().is_none()
            && let Some(hook) = object::lookup_attr(vm, base, &names.__mro_entries__)?
        {
            let entries = call::call(vm, &hook, &[orig_bases.to_value()])?;
            let Some(entries) = entries.downcast::<Tuple>() else {
                return Err(vm.type_error("__mro_entries__ must return a tuple"));
            };
            bases.extend_from_slice(entries.items());
            replaced = true;
            continue;
        }
        bases.push(base.clone());
    }
    let kwds = kwds.copy();
    let metaclass = match kwds.remove_str(&names.metaclass) {
        Some(metaclass) => metaclass,
        None => match bases.first() {
            Some(base) => base.ty().to_value(),
            None => Type::type_object().to_value(),
        },
    };
    let metaclass = match metaclass.downcast::<Type>() {
        Some(meta) => build::metaclass_of(vm, meta, &bases)?.into(),
        None => metaclass,
    };
    let bases_tuple: Value = Tuple::from_vec(bases).into();
    let namespace = match object::lookup_attr(vm, &metaclass, &names.__prepare__)? {
        Some(prepare) => {
            let args = [name.clone(), bases_tuple.clone()];
            call::call_with_dict(vm, &prepare, &args, Some(&kwds))?
        }
        None => Dict::new_ref().into(),
    };
    if namespace.ty().slots.getitem.get().is_none() {
        let shown = match metaclass.downcast::<Type>() {
            Some(meta) => meta.name().into(),
            None => "<metaclass>".to_string(),
        };
        return Err(vm.type_error(format!(
            "{shown}.__prepare__() must return a mapping, not {}",
            namespace.ty().name()
        )));
    }
    let closure = function.closure();
    let cell = enter::run_code(
        vm,
        function.code(),
        function.globals(),
        namespace.clone(),
        closure.as_deref(),
    )?;
    if replaced {
        let original = vm.intern("__orig_bases__");
        object::set_item(vm, &namespace, &original.into(), orig_bases.to_value())?;
    }
    let args = [name.clone(), bases_tuple, namespace];
    let class = call::call_with_dict(vm, &metaclass, &args, Some(&kwds))?;
    if let (Some(cell), true) = (cell.downcast::<CellObj>(), class.downcast::<Type>().is_some()) {
        match cell.get() {
            None => {
                return Err(vm.runtime_error(format!(
                    "__class__ not set defining {} as {}. Was __classcell__ propagated to type.__new__?",
                    object::repr(vm, name)?,
                    object::repr(vm, &class)?
                )));
            }
            Some(set) if !set.is(&class) => {
                return Err(vm.type_error(format!(
                    "__class__ set to {} defining {} as {}",
                    object::repr(vm, &set)?,
                    object::repr(vm, name)?,
                    object::repr(vm, &class)?
                )));
            }
            Some(_) => {}
        }
    }
    Ok(class)
}

//! `_tokenize`: the lexer's tokens one by one. The work is done in `adder_syntax::tokenize`.
//! CPython's counterpart: `Python/Python-tokenize.c`.

use adder_derive::{pyclass, pymethods, pymodule};
use adder_syntax::ErrorKind;
use adder_syntax::tokenize::{Failure, Tokenizer};
use adder_vm::object::{Guarded, ValueCell};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::int;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::{Str, codec};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{call, object};
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

/// Tokens of the source that a `readline` gives.
#[pyclass(name = "_tokenize.TokenizerIter")]
pub struct TokenizerIter {
    readline: ValueCell,
    encoding: Option<Value>,
    #[notrace]
    extra: bool,
    /// Made when the first token is asked for.
    #[notrace]
    tokenizer: Guarded<Option<Tokenizer>>,
    /// The text of the last token's lines: most tokens share it with their neighbour.
    #[notrace]
    line: Guarded<Option<((u32, u32), Value)>>,
    done: Cell<bool>,
}

impl TokenizerIter {
    /// All lines, up to the empty one or the end of iteration.
    fn read(&self, vm: &Vm, readline: &Value) -> PyResult<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            let line = match call::call(vm, readline, &[]) {
                Ok(line) => line,
                Err(e) if e.is(&vm.exceptions().stop_iteration) => return Ok(lines),
                Err(e) => return Err(e),
            };
            let text = match &self.encoding {
                None => match line.downcast::<Str>() {
                    Some(text) => text.to_ref(),
                    None => {
                        return Err(vm.type_error("readline() returned a non-string object"));
                    }
                },
                Some(encoding) => {
                    if line.downcast::<Bytes>().is_none() {
                        return Err(vm.type_error("readline() returned a non-bytes object"));
                    }
                    let name = object::str(vm, encoding)?;
                    codec::decode_object(vm, &line, &name.to_string(), "replace")?
                }
            };
            if text.is_empty() {
                return Ok(lines);
            }
            lines.push(text.to_string_lossy());
        }
    }

    /// The text of lines, as the same object while they stay the same.
    fn line(&self, vm: &Vm, tokenizer: &Tokenizer, lines: (u32, u32)) -> Value {
        let known = self.line.with(|l| match l {
            Some((known, text)) if *known == lines => Some(text.clone()),
            _ => None,
        });
        known.unwrap_or_else(|| {
            let text = vm.str(&tokenizer.lines(lines));
            drop(self.line.replace(Some((lines, text.clone()))));
            text
        })
    }
}

fn error(vm: &Vm, failure: Failure) -> Exc {
    let ty = match failure.kind {
        ErrorKind::Indentation => vm.exception_type("IndentationError"),
        ErrorKind::Tab => vm.exception_type("TabError"),
        _ => vm.exception_type("SyntaxError"),
    };
    let int = |i: i64| int::from_i64(i);
    let filename = vm.str("<string>");
    let Some(text) = failure.text else {
        let exc = vm.exception(ty, failure.message);
        let lineno = int(failure.lineno.into());
        for (name, value) in [
            ("filename", filename),
            ("lineno", lineno.clone()),
            ("offset", int(failure.offset.into())),
            ("end_lineno", lineno),
        ] {
            exc.0.set_field(vm, name, value);
        }
        return exc;
    };
    let (end_line, end_offset) = match failure.end {
        Some((line, offset)) => (int(line.into()), int(offset.into())),
        None => (Value::NONE, Value::NONE),
    };
    let place = vec![
        filename,
        int(failure.lineno.into()),
        int(failure.offset.into()),
        vm.str(&text),
        end_line,
        end_offset,
    ];
    let args = [vm.str(&failure.message), Tuple::from_vec(place).into()];
    match call::call(vm, &ty.to_value(), &args).map(Value::into_ref) {
        Ok(Ok(exc)) => Exc(exc),
        Ok(Err(_)) => vm.syntax_error(failure.message),
        Err(e) => e,
    }
}

#[pymethods]
impl TokenizerIter {
    #[slot(name = "tokenizeriter", sig = "(readline, /, *, encoding=None, extra_tokens)")]
    fn new(
        vm: &Vm,
        ty: &Obj<Type>,
        readline: &Value,
        encoding: Option<&Value>,
        extra_tokens: bool,
    ) -> PyResult {
        if let Some(encoding) = encoding.filter(|e| e.downcast::<Str>().is_none()) {
            return Err(vm.type_error(format!(
                "tokenizeriter() argument 'encoding' must be str, not {}",
                object::type_name_or_none(encoding)
            )));
        }
        let payload = TokenizerIter {
            readline: readline.clone().into(),
            encoding: encoding.cloned(),
            extra: extra_tokens,
            tokenizer: Guarded::new(None),
            line: Guarded::new(None),
            done: Cell::new(false),
        };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<TokenizerIter>, vm: &Vm) -> PyResult<Option<Value>> {
        if zelf.done.get() {
            return Ok(None);
        }
        if let Some(readline) = zelf.readline.take() {
            let lines = zelf.read(vm, &readline).inspect_err(|_| zelf.done.set(true))?;
            zelf.tokenizer.replace(Some(Tokenizer::new(&lines, zelf.extra)));
        }
        let Some(mut tokenizer) = zelf.tokenizer.replace(None) else { return Ok(None) };
        let item = match tokenizer.step() {
            Ok(Some(item)) => item,
            Ok(None) => {
                zelf.done.set(true);
                return Ok(None);
            }
            Err(failure) => {
                zelf.done.set(true);
                return Err(error(vm, failure));
            }
        };
        let line = zelf.line(vm, &tokenizer, item.lines);
        zelf.tokenizer.replace(Some(tokenizer));
        let place = |(line, col): (u32, i32)| {
            let parts = vec![Value::int_unchecked(line.into()), Value::int_unchecked(col.into())];
            Value::from(Tuple::from_vec(parts))
        };
        let kind = Value::int_unchecked(item.kind.into());
        let parts = vec![kind, vm.str(&item.text), place(item.start), place(item.end), line];
        Ok(Some(Tuple::from_vec(parts).into()))
    }
}

#[pymodule(name = "_tokenize")]
pub mod tokenize {
    use super::*;

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, vm.type_object::<TokenizerIter>());
        Ok(())
    }
}

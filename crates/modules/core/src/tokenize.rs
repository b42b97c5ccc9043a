//! `_tokenize`: source lines to tokens. CPython's counterpart: `Python/Python-tokenize.c`.
//!
//! The tokens are those of `adder_syntax::tokens`; here lines are gathered, and columns counted in
//! characters.

use adder_derive::{pyclass, pymethods, pymodule};
use adder_syntax::tokens::{SourceToken, Tokens, number, tokenize as read_tokens};
use adder_vm::object::Guarded;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::{Str, builder};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{buffer, call, object};
use adder_vm::runtime::args::{CallArgs, NativeDef, Param, ParamKind, with_bound};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

/// An iterator over the tokens of lines that a function gives one by one.
#[pyclass(
    name = "_tokenize.TokenizerIter",
    sig = "(readline, /, *, encoding=None, extra_tokens=False)"
)]
pub struct TokenizerIter {
    readline: Value,
    #[notrace]
    encoding: Guarded<Option<String>>,
    #[notrace]
    extra: bool,
    /// Read when the first token is asked for.
    #[notrace]
    tokens: Guarded<Option<std::rc::Rc<Tokens>>>,
    #[notrace]
    next: Cell<usize>,
}

const NEW: NativeDef = NativeDef::constructor(
    "tokenizeriter",
    &[
        Param { name: "readline", kind: ParamKind::PositionalOnly, required: true },
        Param { name: "encoding", kind: ParamKind::KeywordOnly, required: false },
        Param { name: "extra_tokens", kind: ParamKind::KeywordOnly, required: true },
    ],
);

impl TokenizerIter {
    /// All that the function gives, as UTF-8.
    fn read_all(&self, vm: &Vm) -> PyResult<Vec<u8>> {
        let mut source = Vec::new();
        loop {
            let line = match call::call(vm, &self.readline, &[]) {
                Ok(line) => line,
                Err(exc) if exc.is(&vm.exceptions().stop_iteration) => break,
                Err(exc) => return Err(exc),
            };
            let before = source.len();
            match (line.downcast::<Str>(), self.encoding.get()) {
                (Some(text), None) => source.extend_from_slice(&text.to_wtf8()),
                (Some(_), Some(_)) => {
                    return Err(vm.type_error("readline() returned a non-bytes object"));
                }
                (None, Some(encoding)) if buffer::has_buffer(&line) => {
                    let decoded = call::call(
                        vm,
                        &decoder(vm)?,
                        &[line, vm.str(&encoding), vm.str("replace")],
                    )?;
                    if let Some(text) = decoded.downcast::<Str>() {
                        source.extend_from_slice(&text.to_wtf8());
                    }
                }
                (None, Some(_)) => {
                    return Err(vm.type_error("readline() returned a non-bytes object"));
                }
                (None, None) => {
                    return Err(vm.type_error("readline() returned a non-string object"));
                }
            }
            if source.len() == before {
                break;
            }
        }
        Ok(source)
    }

    fn tokens(&self, vm: &Vm) -> PyResult<std::rc::Rc<Tokens>> {
        if let Some(tokens) = self.tokens.get() {
            return Ok(tokens);
        }
        let source = self.read_all(vm)?;
        let tokens = std::rc::Rc::new(read_tokens(&source, self.extra));
        self.tokens.replace(Some(tokens.clone()));
        Ok(tokens)
    }
}

fn decoder(vm: &Vm) -> PyResult {
    let codecs = adder_vm::runtime::import_::import_module(vm, "_codecs")?;
    object::get_attr_str(vm, &codecs, "decode")
}

/// The lines from one to another, as they are in the source.
fn lines(tokens: &Tokens, token: &SourceToken) -> std::ops::Range<usize> {
    let text = &tokens.text[..tokens.text.len() - 2];
    let at = token.text.start.min(text.len());
    let start = text[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let last = token.text.end.max(at).min(text.len());
    // A token that is the newline itself ends its line.
    let from = if last > at && text[last - 1] == b'\n' { last - 1 } else { last };
    let end =
        text[from..].iter().position(|&byte| byte == b'\n').map_or(text.len(), |n| from + n + 1);
    start..end.max(start)
}

/// Characters in the first bytes of a line.
fn column(line: &[u8], bytes: usize) -> i64 {
    let head = line.get(..bytes).unwrap_or(line);
    let beyond = bytes.saturating_sub(line.len());
    (head.iter().filter(|&&byte| byte & 0xc0 != 0x80).count() + beyond) as i64
}

/// The five parts of `tokenize.TokenInfo`.
fn info(tokens: &Tokens, token: &SourceToken, extra: bool) -> Value {
    let text = &tokens.text;
    let shown = &text[token.text.clone()];
    let whole = lines(tokens, token);
    let line = if token.number == number::ENDMARKER { &[][..] } else { &text[whole.clone()] };
    let last_line = line
        .strip_suffix(b"\n")
        .unwrap_or(line)
        .rsplit(|&byte| byte == b'\n')
        .next()
        .unwrap_or(line);
    let first_line = line.split(|&byte| byte == b'\n').next().unwrap_or(line);
    let place = |line_number: u32, column: i64| -> Value {
        let parts = vec![Value::int_unchecked(line_number.into()), Value::int_unchecked(column)];
        Tuple::from_vec(parts).into()
    };
    let start = place(token.start.line, column(first_line, token.start.col as usize));
    let end_line = if token.start.line == token.end.line { first_line } else { last_line };
    let end = place(token.end.line, column(end_line, token.end.col as usize));
    let operator = (7..number::OP).contains(&token.number);
    let kind = if extra && operator { number::OP } else { token.number };
    Tuple::from_vec(vec![
        Value::int_unchecked(kind.into()),
        builder::from_wtf8(shown).into(),
        start,
        end,
        builder::from_wtf8(line).into(),
    ])
    .into()
}

#[pymethods]
impl TokenizerIter {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        with_bound(vm, &NEW, args, |bound| {
            let given = |at: usize| bound.get(at).cloned().flatten();
            let encoding = match given(1).filter(|e| !e.is_none()) {
                Some(encoding) => Some(object::str(vm, &encoding)?.to_string_lossy()),
                None => None,
            };
            let extra = match given(2) {
                Some(extra) => object::is_true(vm, &extra)?,
                None => false,
            };
            let made = TokenizerIter {
                readline: given(0).unwrap_or(Value::NONE),
                encoding: Guarded::new(encoding),
                extra,
                tokens: Guarded::new(None),
                next: Cell::new(0),
            };
            Ok(Ref::with_type(made, ty).into())
        })
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<TokenizerIter>, vm: &Vm) -> PyResult<Option<Value>> {
        let tokens = zelf.tokens(vm)?;
        let at = zelf.next.get();
        zelf.next.set(at + 1);
        match (tokens.tokens.get(at), &tokens.error) {
            (Some(token), _) => Ok(Some(info(&tokens, token, zelf.extra))),
            (None, Some(error)) if at == tokens.tokens.len() => {
                Err(vm.syntax_error_from(error, "<string>"))
            }
            (None, _) => Ok(None),
        }
    }
}

/// Tokens of Python source.
#[pymodule(name = "_tokenize")]
pub mod tokenize {
    use super::*;

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, vm.type_object::<TokenizerIter>());
        Ok(())
    }
}

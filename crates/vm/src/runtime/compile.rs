//! From source text to a code object: `compile()`, and everything that compiles on the way.

use crate::object::{Obj, Ref};
use crate::objects::code::Code;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::buffer;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_compiler::{CompileError, Options};
use adder_syntax::{Arena, Level, Parsed, SyntaxError, Warning, WarningKind};

pub use adder_compiler::{ListedKind, ListedScope};
pub use adder_syntax::Mode;

/// What a compilation needs besides the source.
pub struct Request<'a> {
    pub filename: &'a str,
    pub mode: Mode,
    pub level: Level,
    pub optimize: u8,
    /// Flags of `__future__` features to inherit.
    pub flags: u32,
    /// The source is text already: an encoding declaration in it means nothing.
    pub is_text: bool,
    pub dont_imply_dedent: bool,
    pub top_level_await: bool,
    /// Tell unfinished input by `_IncompleteInputError` (`codeop`).
    pub allow_incomplete: bool,
    /// See `adder_syntax::Options`.
    pub feature_version: u8,
    /// Keep the `# type: ignore` comments in the tree.
    pub type_comments: bool,
    /// Constants that the tree does not have yet are put into it (`PyCF_OPTIMIZED_AST`).
    pub optimized_tree: bool,
}

impl<'a> Request<'a> {
    /// A whole file at the runtime's level.
    pub fn file(vm: &Vm, filename: &'a str) -> Request<'a> {
        Request {
            filename,
            mode: Mode::Exec,
            level: vm.config().level,
            optimize: vm.config().optimize,
            flags: 0,
            is_text: false,
            dont_imply_dedent: false,
            top_level_await: false,
            allow_incomplete: false,
            feature_version: 0,
            type_comments: false,
            optimized_tree: false,
        }
    }
}

/// What the compiler is told of a request.
fn compiling<'a>(source: Option<&'a [u8]>, request: &Request<'_>) -> Options<'a> {
    Options {
        optimize: request.optimize,
        flags: request.flags,
        top_level_await: request.top_level_await,
        source,
        ..Options::new(request.level, request.filename)
    }
}

/// Source for the compiler. An ASCII string, which has the bytes already, is only held.
pub enum Source {
    Ascii(Ref<Str>),
    Bytes(Vec<u8>),
}

impl std::ops::Deref for Source {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Source::Ascii(text) => text.as_ascii().unwrap_or_default().as_bytes(),
            Source::Bytes(bytes) => bytes,
        }
    }
}

/// Source text or bytes, and whether it is text. `what` begins the sentence for what is neither, `wanted`
/// ends it.
pub fn source_bytes(vm: &Vm, source: &Value, what: &str, wanted: &str) -> PyResult<(Source, bool)> {
    let (bytes, is_text) = if let Some(text) = source.downcast::<Str>() {
        match text.as_ascii() {
            Some(_) => (Source::Ascii(text.to_ref()), true),
            None => (Source::Bytes(text.to_wtf8()), true),
        }
    } else if buffer::has_buffer(source) {
        (Source::Bytes(buffer::to_vec(vm, source)?), false)
    } else {
        return Err(vm.type_error(format!("{what} must be a {wanted} object")));
    };
    if memchr::memchr(0, &bytes).is_some() {
        return Err(vm.syntax_error("source code string cannot contain null bytes"));
    }
    Ok((bytes, is_text))
}

/// The way between the parser's tree and Python's `ast` nodes, which live in a module.
pub struct TreeBridge {
    pub is_tree: fn(&Value) -> bool,
    /// ... with the value of `__debug__`, if that is to be put in.
    pub to_python: fn(&Vm, &Parsed, Option<bool>) -> PyResult,
    /// A tree that a program made, checked.
    pub from_python: for<'a> fn(&'a Vm, &Value, Mode, &'a Arena) -> PyResult<Parsed<'a>>,
}

/// How much room for the next tree is kept: enough for a module of some thousand lines.
const ROOM: usize = 2 << 20;

impl Vm {
    /// Runs with room for trees. What was there for the last one is used again: its pages are the
    /// process's already.
    fn with_arena<T>(&self, run: impl FnOnce(&Arena) -> T) -> T {
        let mut arena = self.interp().arena.take();
        let result = run(&arena);
        arena.clear(ROOM);
        self.interp().arena.set(arena);
        result
    }

    /// Compiles source bytes (with an encoding declaration) or text.
    pub fn compile(&self, source: &[u8], request: &Request<'_>) -> PyResult<Ref<Code>> {
        self.with_arena(|arena| {
            let parsed = self.parse(source, request, arena)?;
            // Instructions and code objects take about as much as the tree, or a few times that.
            const LONG: usize = 1 << 14;
            if source.len() >= LONG {
                self.need(arena.size().saturating_mul(3))?;
            }
            self.compile_tree(parsed, Some(source), request)
        })
    }

    /// Parses source bytes or text to `ast` nodes.
    pub fn parse_to_nodes(&self, source: &[u8], request: &Request<'_>) -> PyResult {
        self.with_arena(|arena| {
            let parsed = self.parse(source, request, arena)?;
            match self.interp().trees.get() {
                Some(bridge) => {
                    let debug = request.optimized_tree.then_some(request.optimize == 0);
                    (bridge.to_python)(self, &parsed, debug)
                }
                None => Err(self.not_implemented_error("this machine has no _ast")),
            }
        })
    }

    /// Compiles an `ast` node; `None` if the value is none.
    pub fn compile_nodes(
        &self,
        tree: &Value,
        request: &Request<'_>,
    ) -> Option<PyResult<Ref<Code>>> {
        let bridge = self.interp().trees.get().filter(|bridge| (bridge.is_tree)(tree))?;
        Some(self.with_arena(|arena| {
            let parsed = (bridge.from_python)(self, tree, request.mode, arena)?;
            self.compile_tree(parsed, None, request)
        }))
    }

    /// A tree as `compile()` gives it back: itself, unless something is to be put into it.
    pub fn tree_again(&self, tree: &Value, request: &Request<'_>) -> PyResult {
        match self.interp().trees.get() {
            Some(bridge) if request.optimized_tree => self.with_arena(|arena| {
                let parsed = (bridge.from_python)(self, tree, request.mode, arena)?;
                (bridge.to_python)(self, &parsed, Some(request.optimize == 0))
            }),
            _ => Ok(tree.clone()),
        }
    }

    /// Is it an `ast` node?
    pub fn is_tree(&self, value: &Value) -> bool {
        self.interp().trees.get().is_some_and(|bridge| (bridge.is_tree)(value))
    }

    /// Source in an encoding that the parser does not know: asks the codecs.
    fn decode_source(&self, name: &str, bytes: &[u8]) -> Result<String, String> {
        let bytes = crate::objects::bytes::Bytes::from_slice(bytes).into();
        match crate::builtin_modules::codecs::decode_text(self, &bytes, name, "strict") {
            Ok(text) => match text.downcast::<Str>() {
                Some(text) => Ok(text.to_string_lossy()),
                None => Err(format!("encoding problem: {name}")),
            },
            Err(e) => Err(crate::protocol::object::str(self, &e.value()).map_or_else(
                |_| format!("unknown encoding: {name}"),
                |text| text.to_string_lossy(),
            )),
        }
    }

    fn parse<'a>(
        &self,
        source: &[u8],
        request: &Request<'_>,
        arena: &'a Arena,
    ) -> PyResult<Parsed<'a>> {
        // What a tree of the densest source takes, in blocks each twice as large as the one before; the parser
        // cannot ask.
        const PER_BYTE: usize = 96;
        self.need(source.len().saturating_mul(PER_BYTE))?;
        let decode = |name: &str, bytes: &[u8]| self.decode_source(name, bytes);
        let parsing = adder_syntax::Options {
            decoder: Some(&decode),
            mode: request.mode,
            dont_imply_dedent: request.dont_imply_dedent,
            feature_version: request.feature_version,
            type_ignores: request.type_comments,
            max_int_digits: self.interp().int_max_str_digits.get(),
            ..adder_syntax::Options::new(request.level)
        };
        let parsed = if request.is_text {
            adder_syntax::parse_text(source, parsing, arena)
        } else {
            adder_syntax::parse_module(source, parsing, arena)
        };
        let parsed = parsed.map_err(|e| {
            if e.incomplete && request.allow_incomplete {
                let message = self.str("incomplete input");
                let ty = &self.exceptions().incomplete_input_error;
                return self.exception_with_args(ty, vec![message]);
            }
            self.syntax_error_from(&e, request.filename)
        })?;
        self.report_warnings(&parsed.warnings, request.filename)?;
        Ok(parsed)
    }

    fn compile_tree(
        &self,
        parsed: Parsed,
        source: Option<&[u8]>,
        request: &Request<'_>,
    ) -> PyResult<Ref<Code>> {
        let mut workspace = self.interp().workspace.take();
        let compiled =
            adder_compiler::compile_in(&mut workspace, parsed, &compiling(source, request));
        self.interp().workspace.set(workspace);
        let compiled = compiled.map_err(|error| self.compile_error(error, request))?;
        self.report_warnings(&compiled.warnings, request.filename)?;
        Ok(Code::new_ref(compiled.code.into()))
    }

    /// The scopes of a source and their names, for `symtable`.
    pub fn symbol_table(&self, source: &[u8], request: &Request<'_>) -> PyResult<Vec<ListedScope>> {
        self.with_arena(|arena| {
            let parsed = self.parse(source, request, arena)?;
            adder_compiler::symbol_table(parsed, &compiling(Some(source), request))
                .map_err(|error| self.compile_error(error, request))
        })
    }

    fn compile_error(&self, error: CompileError, request: &Request<'_>) -> Exc {
        match error {
            CompileError::Syntax(error) => self.syntax_error_from(&error, request.filename),
            CompileError::Recursion => {
                self.recursion_error("maximum recursion depth exceeded during compilation")
            }
            CompileError::Overflow(message) => self.overflow_error(message),
        }
    }

    fn report_warnings(&self, warnings: &[Warning], filename: &str) -> PyResult<()> {
        for warning in warnings {
            let category: &Obj<Type> = match warning.kind {
                WarningKind::Syntax => &self.exceptions().syntax_warning,
                WarningKind::Deprecation => &self.exceptions().deprecation_warning,
            };
            let line = warning.span.start.line;
            crate::builtin_modules::warnings::warn_explicit(
                self,
                category,
                &warning.message,
                filename,
                line,
            )?;
        }
        Ok(())
    }

    /// A `SyntaxError` of the parser or compiler as an exception.
    pub fn syntax_error_from(&self, error: &SyntaxError, filename: &str) -> Exc {
        use adder_syntax::ErrorKind;
        let e = self.exceptions();
        let ty: &Obj<Type> = match error.kind {
            ErrorKind::Memory => return self.memory_error(error.message.clone()),
            ErrorKind::Syntax => &e.syntax_error,
            ErrorKind::Indentation => &e.indentation_error,
            ErrorKind::Tab => &e.tab_error,
        };
        let place = |n: i64| if error.lineno == 0 { Value::NONE } else { Value::int_unchecked(n) };
        let text = match &error.text {
            Some(text) => Ref::<Str>::from_str(text).into(),
            None => Value::NONE,
        };
        let details = vec![
            self.str(filename),
            place(i64::from(error.lineno)),
            place(i64::from(error.offset)),
            text,
            place(i64::from(error.end_lineno)),
            place(i64::from(error.end_offset)),
        ];
        let details = Tuple::from_vec(details).into();
        self.exception_with_args(ty, vec![self.str(&error.message), details])
    }
}

//! The parser: tokens to tree, by recursive descent with binding strengths for operators.
//!
//! One token is looked at; where Python's grammar needs more (`match` as a statement, brackets
//! after `with`), the parser tries one reading and goes back to a [`Checkpoint`]. A failed parse
//! is run once more with `diagnose` set: only then are the (costly) questions asked that lead to
//! CPython's specific messages.
//!
//! Lists are collected on scratch stacks (`exprs`, `stmts`) and then copied to the tree's arena.

mod args;
mod diagnose;
mod display;
mod expr;
mod fstring;
mod fstring36;
mod import;
mod literal;
mod pattern;
mod stmt;
mod suite;
mod target;

use crate::arena::Arena;
use crate::ast::{Arg, CmpOp, Expr, ExprKind, Keyword, List, Mod, Pos, Span, Stmt};
use crate::error::{End, ErrorKind, Rank, RawError};
use crate::level::Level;
use crate::lexer::Lexer;
use crate::lexer::token::{Tok, Token};
use crate::pool::{Pool, Symbol};
use crate::{Mode, Options, Parsed};

/// Nesting of expressions and statements beyond which the parser gives up. Brackets and
/// indentation have smaller limits of their own; this one bounds what nests without them
/// (`lambda: lambda: ...`, `a if b else c if d else ...`, `x ** y ** ...`).
const MAX_DEPTH: u32 = 900;

/// Longest run of prefix operators (`- - - x`); they are read in a loop, but make a deep tree.
const MAX_PREFIXES: usize = 3000;

/// The parse failed; the error is in the parser.
#[derive(Debug)]
pub(crate) struct Failed;

pub(crate) type Parse<T> = Result<T, Failed>;

/// Where a node starts, and the line level 3.6 gives it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pos: Pos,
    lineno: u32,
}

/// What to go back to after an attempt.
pub(crate) struct Checkpoint<'s> {
    lexer: Lexer<'s>,
    tok: Token,
    prev_end: Pos,
    depth: u32,
    exprs: usize,
    stmts: usize,
    ops: usize,
    args: usize,
    keywords: usize,
    warnings: usize,
}

pub(crate) struct Parser<'s, 'a> {
    arena: &'a Arena,
    lexer: Lexer<'s>,
    tok: Token,
    /// End of the last token that was not layout.
    prev_end: Pos,
    level: Level,
    feature_version: u8,
    max_int_digits: usize,
    dont_imply_dedent: bool,
    /// The text's last newline is not the source's, and CPython's tokenizer makes no NEWLINE of
    /// it.
    implicit_newline: bool,
    /// This is the second pass, which looks for specific errors.
    diagnose: bool,
    /// In it, an attempt that asks nothing.
    quiet: bool,
    /// How many bytes of source attempts may still read, so that hostile source cannot make the
    /// second pass take exponential time.
    budget: usize,
    /// The furthest token before an attempt was given up.
    furthest: Option<Token>,
    /// The NEWLINE that ended the last statement.
    newline: Token,
    pub(crate) pool: Pool,
    pub(crate) error: Option<Box<RawError>>,
    depth: u32,
    /// Added to the lines that level 3.6 reports, inside a replacement field.
    line_shift: i32,
    exprs: Vec<Expr<'a>>,
    stmts: Vec<Stmt<'a>>,
    ops: Vec<CmpOp>,
    args: Vec<Arg<'a>>,
    keywords: Vec<Keyword<'a>>,
    /// Contents of a string under construction.
    buf: Vec<u8>,
}

impl<'s, 'a> Parser<'s, 'a> {
    pub(crate) fn new(arena: &'a Arena, lexer: Lexer<'s>, options: &Options, pool: Pool) -> Self {
        let start = Token {
            kind: Tok::EndMarker,
            start: Pos::default(),
            end: Pos::default(),
            lo: 0,
            hi: 0,
        };
        let mut parser = Self {
            arena,
            lexer,
            tok: start,
            prev_end: Pos::default(),
            level: options.level,
            feature_version: options.feature_version,
            max_int_digits: options.max_int_digits,
            dont_imply_dedent: options.dont_imply_dedent,
            implicit_newline: false,
            diagnose: false,
            quiet: false,
            budget: 0,
            furthest: None,
            newline: start,
            pool,
            error: None,
            depth: 0,
            line_shift: 0,
            exprs: Vec::new(),
            stmts: Vec::new(),
            ops: Vec::new(),
            args: Vec::new(),
            keywords: Vec::new(),
            buf: Vec::new(),
        };
        parser.tok = parser.lexer.next();
        parser
    }

    pub(crate) fn into_pool(self) -> (Pool, Vec<crate::Warning>) {
        (self.pool, self.lexer.warnings)
    }

    /// What was parsed, with what else was found.
    pub(crate) fn into_parsed(self, module: Mod<'a>) -> Parsed<'a> {
        let Lexer { warnings, type_ignores, .. } = self.lexer;
        Parsed { module, pool: self.pool, warnings, type_ignores: type_ignores.unwrap_or_default() }
    }

    /// Makes this the second pass over a text that has an error.
    pub(crate) fn diagnosing(mut self) -> Self {
        self.diagnose = true;
        self.budget = 1_000_000 + 20 * self.lexer.text().len();
        self
    }

    /// Says that the text's last newline is not the source's.
    pub(crate) fn with_implicit_newline(mut self, implicit: bool) -> Self {
        self.implicit_newline = implicit;
        self
    }

    /// The error of a parse that failed.
    pub(crate) fn take_error(&mut self) -> Box<RawError> {
        let (start, end) = (self.tok.start, self.tok.end);
        self.error.take().unwrap_or_else(|| RawError::syntax("invalid syntax", start, end))
    }

    /// True if the first pass has read the source to its end: with more source it might have gone
    /// on. CPython asks no more than this (`_is_end_of_source`).
    pub(crate) fn is_incomplete(&self) -> bool {
        if let Some(error) = &self.lexer.error {
            return error.incomplete;
        }
        // Without a newline at the end, the last token is not known to end there.
        let end = self.lexer.text().len().saturating_sub(2 + usize::from(self.implicit_newline));
        let at_end = |token: &Token| {
            token.kind == Tok::EndMarker
                || self.implicit_newline && token.kind != Tok::String && token.hi as usize >= end
        };
        at_end(&self.tok) || self.furthest.as_ref().is_some_and(at_end)
    }

    /// An error further on that goes before one of the parser.
    pub(crate) fn error_in_rest(self) -> Option<Box<RawError>> {
        let (last, line) = (self.tok, self.furthest_line());
        self.lexer.error_in_rest(&last, line)
    }

    /// The last line that was read.
    pub(crate) fn furthest_line(&self) -> u32 {
        let line = self.tok.end.line;
        self.furthest.map_or(line, |furthest| furthest.end.line.max(line))
    }

    /// Parses the whole text as what `mode` says.
    pub(crate) fn parse(&mut self, mode: Mode) -> Parse<Mod<'a>> {
        match mode {
            Mode::Exec => self.file(),
            Mode::Eval => {
                let body = self.eval_input()?;
                Ok(Mod::Expression(self.arena.node(body)))
            }
            Mode::Single => self.interactive(),
            Mode::FuncType => self.func_type(),
        }
    }

    fn file(&mut self) -> Parse<Mod<'a>> {
        while self.tok.kind != Tok::EndMarker {
            if !self.level.is_modern() && self.at(Tok::Newline) {
                // A backslash alone before the end of the text.
                self.skip_layout();
                continue;
            }
            self.statement()?;
        }
        Ok(Mod::Module(self.take_stmts(0)))
    }

    fn eval_input(&mut self) -> Parse<Expr<'a>> {
        let body = self.expressions()?;
        while self.tok.kind == Tok::Newline {
            self.skip_layout();
        }
        self.check_at(Tok::EndMarker)?;
        Ok(body)
    }

    fn interactive(&mut self) -> Parse<Mod<'a>> {
        let compound = self.statement()?;
        let body = self.take_stmts(0);
        if !compound {
            return if self.only_blanks_after(self.newline.hi) {
                Ok(Mod::Interactive(body))
            } else {
                self.tok = self.newline;
                self.lexer.error = None;
                let message = "multiple statements found while compiling a single statement";
                self.fail_at(message, self.tok.start, self.tok.end)
            };
        }
        // Without a newline at its end, a block on its own line lacks one of the two it needs;
        // of an indented block CPython makes up the end, if it may.
        let lacking =
            self.implicit_newline && (self.newline.kind != Tok::Dedent || self.dont_imply_dedent);
        if self.at(Tok::EndMarker) && !lacking {
            return Ok(Mod::Interactive(body));
        }
        self.unexpected()
    }

    /// True if nothing but blanks and comments follows from this offset on.
    fn only_blanks_after(&self, offset: u32) -> bool {
        let rest = &self.lexer.text()[offset as usize..];
        rest.split(|&byte| byte == b'\n').all(|line| {
            let code = line.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\x0c' | 0));
            matches!(code, None | Some(b'#'))
        })
    }

    // -----------------------------------------------------------------------------------------
    // Tokens

    /// Goes to the next token.
    #[inline]
    fn advance(&mut self) {
        self.prev_end = self.tok.end;
        self.tok = self.lexer.next();
    }

    /// Passes NEWLINE, INDENT or DEDENT, which are no part of a node.
    #[inline]
    fn skip_layout(&mut self) {
        self.newline = self.tok;
        self.tok = self.lexer.next();
    }

    #[inline]
    fn at(&self, kind: Tok) -> bool {
        self.tok.kind == kind
    }

    /// Passes a token of this kind, if it is the next.
    #[inline]
    fn eat(&mut self, kind: Tok) -> bool {
        let found = self.tok.kind == kind;
        if found {
            self.advance();
        }
        found
    }

    /// Passes a token of this kind; any other is a syntax error.
    #[inline]
    fn expect(&mut self, kind: Tok) -> Parse<()> {
        if self.eat(kind) { Ok(()) } else { self.unexpected() }
    }

    /// Any token but this kind is a syntax error; it is not passed.
    fn check_at(&mut self, kind: Tok) -> Parse<()> {
        if self.at(kind) { Ok(()) } else { self.unexpected() }
    }

    /// The token after the current one.
    fn peek(&mut self) -> Token {
        self.lexer.fork().next()
    }

    /// True if the current token is this name (a soft keyword).
    fn at_word(&self, word: &[u8]) -> bool {
        self.tok.kind == Tok::Name && self.lexer.slice(&self.tok) == word
    }

    /// Passes a name and gives its symbol.
    #[inline]
    fn name(&mut self) -> Parse<Symbol> {
        if self.tok.kind != Tok::Name {
            return self.unexpected();
        }
        let symbol = self.symbol(&self.tok.clone());
        self.advance();
        Ok(symbol)
    }

    #[inline]
    fn symbol(&mut self, token: &Token) -> Symbol {
        let source = self.lexer.text();
        self.pool.intern_source(source, (token.lo, token.hi), || self.lexer.name_text(token))
    }

    // -----------------------------------------------------------------------------------------
    // Nodes

    /// The place where a node that begins with the current token starts.
    #[inline]
    fn mark(&self) -> Mark {
        let pos = self.tok.start;
        // In 3.6 the line of a string token is the one it ends on.
        let line = if !self.level.is_modern() && self.tok.kind == Tok::String {
            self.tok.end.line
        } else {
            pos.line
        };
        Mark { pos, lineno: self.line36(line) }
    }

    /// A line as level 3.6 counts it in a replacement field; elsewhere the line itself.
    #[inline]
    fn line36(&self, line: u32) -> u32 {
        line.wrapping_add_signed(self.line_shift)
    }

    /// A node from `mark` to the last token passed.
    #[inline]
    fn expr(&self, mark: Mark, kind: ExprKind<'a>) -> Expr<'a> {
        Expr { span: self.span(mark.pos), lineno: mark.lineno, kind }
    }

    #[inline]
    fn span(&self, start: Pos) -> Span {
        Span { start, end: self.prev_end }
    }

    /// The expressions above `base` on the scratch stack, as a list.
    #[inline]
    fn take_exprs(&mut self, base: usize) -> List<'a, Expr<'a>> {
        take(self.arena, &mut self.exprs, base)
    }

    #[inline]
    fn take_stmts(&mut self, base: usize) -> List<'a, Stmt<'a>> {
        take(self.arena, &mut self.stmts, base)
    }

    /// Notes one level of nesting; every way out that does not fail must `leave`.
    #[inline]
    fn enter(&mut self) -> Parse<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { self.too_deep() } else { Ok(()) }
    }

    #[inline]
    fn leave(&mut self) {
        self.depth -= 1;
    }

    // -----------------------------------------------------------------------------------------
    // Attempts

    fn checkpoint(&mut self) -> Checkpoint<'s> {
        Checkpoint {
            warnings: self.lexer.warnings.len(),
            lexer: self.lexer.fork(),
            tok: self.tok,
            prev_end: self.prev_end,
            depth: self.depth,
            exprs: self.exprs.len(),
            stmts: self.stmts.len(),
            ops: self.ops.len(),
            args: self.args.len(),
            keywords: self.keywords.len(),
        }
    }

    /// Notes a token that was read in an attempt, or looked at.
    fn note_furthest(&mut self, token: Token) {
        if self.furthest.is_none_or(|furthest| furthest.lo < token.lo) {
            self.furthest = Some(token);
        }
    }

    /// Goes back to a checkpoint and forgets the error.
    fn rewind(&mut self, to: Checkpoint<'s>) {
        self.note_furthest(self.tok);
        let mut warnings = std::mem::take(&mut self.lexer.warnings);
        warnings.truncate(to.warnings);
        self.lexer = to.lexer;
        self.lexer.warnings = warnings;
        self.tok = to.tok;
        self.prev_end = to.prev_end;
        self.depth = to.depth;
        self.exprs.truncate(to.exprs);
        self.stmts.truncate(to.stmts);
        self.ops.truncate(to.ops);
        self.args.truncate(to.args);
        self.keywords.truncate(to.keywords);
        self.error = None;
    }

    // -----------------------------------------------------------------------------------------
    // Errors

    /// The error for a token that fits nowhere.
    #[cold]
    fn unexpected<T>(&mut self) -> Parse<T> {
        if let Some(error) = &self.lexer.error {
            if self.error.is_none() {
                self.error = Some(error.clone());
            }
            return Err(Failed);
        }
        if self.error.is_some() {
            return Err(Failed);
        }
        // CPython's furthest token counts, also if it was read in an attempt.
        let token = self.furthest.filter(|token| token.lo > self.tok.lo).unwrap_or(self.tok);
        let result = match token.kind {
            Tok::Indent => self.fail_indentation("unexpected indent"),
            Tok::Dedent => self.fail_indentation("unexpected unindent"),
            _ => self.fail_at("invalid syntax", token.start, token.end),
        };
        let end = self.end_of_file();
        // Where the source lacks its last newline, CPython meets its end instead.
        let at_end = token.kind == Tok::EndMarker
            || token.kind == Tok::Newline
                && self.implicit_newline
                && token.hi as usize + 2 >= self.lexer.text().len();
        if let Some(error) = &mut self.error {
            error.rank = Rank::Generic;
            error.incomplete = at_end;
            if at_end {
                error.start = end;
                error.end = End::OfSource;
                error.newline = true;
            }
        }
        result
    }

    /// The end of the source as CPython's tokenizer sees it: on the last line, behind its
    /// newline.
    fn end_of_file(&self) -> Pos {
        let text = self.lexer.text();
        let mut end = text.len().saturating_sub(2);
        let line = memchr::memchr_iter(b'\n', &text[..end]).count().max(1) as u32;
        if self.implicit_newline {
            end = end.saturating_sub(1);
        }
        let before = &text[..end.saturating_sub(1)];
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        Pos { line, col: (end - start) as u32 }
    }

    /// A `SyntaxError` over a stretch of source. The first error stays.
    #[cold]
    fn fail_at<T>(&mut self, message: impl Into<String>, start: Pos, end: Pos) -> Parse<T> {
        if self.error.is_none() {
            let mut error = RawError::syntax(message, start, end);
            error.newline = self.shows_newline(start);
            self.error = Some(error);
        }
        Err(Failed)
    }

    /// A `SyntaxError` over an expression.
    #[cold]
    fn fail_expr<T>(&mut self, message: impl Into<String>, expr: &Expr) -> Parse<T> {
        self.fail_at(message, expr.span.start, expr.span.end)
    }

    /// Refuses what only came with a later version than is asked for.
    fn since(&mut self, minor: u8, what: &str) -> Parse<()> {
        if self.feature_version == 0 || self.feature_version >= minor {
            return Ok(());
        }
        self.fail_here(format!("{what} only supported in Python 3.{minor} and greater"))
    }

    /// A `SyntaxError` at the current token.
    #[cold]
    fn fail_here<T>(&mut self, message: impl Into<String>) -> Parse<T> {
        self.fail_at_token(ErrorKind::Syntax, message)
    }

    #[cold]
    fn fail_indentation<T>(&mut self, message: impl Into<String>) -> Parse<T> {
        self.fail_at_token(ErrorKind::Indentation, message)
    }

    /// An error at the current token, CPython's usual place.
    #[cold]
    fn fail_at_token<T>(&mut self, kind: ErrorKind, message: impl Into<String>) -> Parse<T> {
        if self.at(Tok::Error) || self.error.is_some() {
            return self.unexpected();
        }
        // Tokens without width have no columns in CPython; it reports where its tokenizer stands.
        let text_end = self.lexer.text().len().saturating_sub(2);
        let missing_newline =
            self.at(Tok::Newline) && self.implicit_newline && self.tok.hi as usize >= text_end;
        let wide = !missing_newline
            && !matches!(self.tok.kind, Tok::Indent | Tok::Dedent | Tok::EndMarker);
        let at_end = missing_newline || self.tok.lo as usize >= text_end;
        let start = if at_end { self.end_of_file() } else { self.tok.start };
        let end = if wide { End::At(self.tok.end) } else { End::Behind };
        let newline = at_end || self.shows_newline(start);
        let message = message.into();
        let rank = Rank::Specific;
        let error = RawError { kind, message, start, end, newline, incomplete: at_end, rank };
        self.error = Some(Box::new(error));
        Err(Failed)
    }

    /// CPython shows the line its tokenizer is on with its newline, lines before without.
    fn shows_newline(&self, start: Pos) -> bool {
        let line = self.furthest_line();
        start.line >= line || self.tok.kind == Tok::EndMarker && start.line + 1 >= line
    }

    #[cold]
    fn too_deep<T>(&mut self) -> Parse<T> {
        self.error.get_or_insert_with(|| {
            Box::new(RawError {
                kind: ErrorKind::Memory,
                message: "Parser stack overflowed - Memory Error".into(),
                start: Pos::default(),
                end: End::Unknown(0),
                newline: false,
                incomplete: false,
                rank: Rank::Lexer,
            })
        });
        Err(Failed)
    }
}

/// What lies above `base` on a scratch stack, as a list.
#[inline]
fn take<'a, T: Copy>(arena: &'a Arena, stack: &mut Vec<T>, base: usize) -> List<'a, T> {
    let list = arena.list(&stack[base..]);
    stack.truncate(base);
    list
}

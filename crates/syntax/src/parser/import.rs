//! `import` and `from ... import`.

use super::{Parse, Parser};
use crate::ast::{Alias, Import, ImportFrom, List, StmtKind};
use crate::lexer::token::Tok;
use crate::pool::Symbol;

impl<'a> Parser<'_, 'a> {
    /// `import a.b as c, d`
    pub(super) fn import_stmt(&mut self) -> Parse<StmtKind<'a>> {
        let keyword = self.tok.start;
        self.advance();
        let mut names = Vec::with_capacity(1);
        loop {
            if !self.at(Tok::Name) {
                return self.import_name_error(names.is_empty());
            }
            let start = self.tok.start;
            let name = self.dotted_name()?;
            let asname = self.as_name()?;
            names.push(Alias { span: self.span(start), name, asname });
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        if self.asks() && self.at(Tok::From) {
            self.import_from_error(keyword)?;
        }
        Ok(StmtKind::Import(self.arena.node(Import { names: self.arena.list(&names) })))
    }

    /// `from ..a import (b as c, d)`
    pub(super) fn import_from_stmt(&mut self) -> Parse<StmtKind<'a>> {
        self.advance();
        let mut level = 0;
        loop {
            match self.tok.kind {
                Tok::Dot => level += 1,
                Tok::Ellipsis => level += 3,
                _ => break,
            }
            self.advance();
        }
        let module =
            if level > 0 && self.at(Tok::Import) { None } else { Some(self.dotted_name()?) };
        self.expect(Tok::Import)?;
        let names = self.imported_names()?;
        if level == 0 && module.is_some_and(|module| self.pool.name_bytes(module) == b"__future__")
        {
            // Since 3.14 the import itself counts, wherever it stands.
            let flufl = self.pool.intern("barry_as_FLUFL");
            self.lexer.flufl |=
                self.level.is_modern() && names.iter().any(|alias| alias.name == flufl);
        }
        Ok(StmtKind::ImportFrom(self.arena.node(ImportFrom { module, names, level })))
    }

    fn imported_names(&mut self) -> Parse<List<'a, Alias>> {
        if self.at(Tok::Star) {
            let start = self.tok.start;
            self.advance();
            let name = self.pool.intern("*");
            return Ok(self.arena.node([Alias { span: self.span(start), name, asname: None }]));
        }
        let brackets = self.eat(Tok::LParen);
        let mut names = Vec::new();
        loop {
            let start = self.tok.start;
            if !self.at(Tok::Name) {
                return self.imported_name_error(names.is_empty(), brackets);
            }
            if !self.level.is_modern() && self.peek().kind != Tok::As {
                self.check_assignable_name()?;
            }
            let name = self.name()?;
            let asname = self.as_name()?;
            names.push(Alias { span: self.span(start), name, asname });
            if !self.eat(Tok::Comma) || (brackets && self.at(Tok::RParen)) {
                break;
            }
        }
        if brackets {
            self.expect(Tok::RParen)?;
        }
        Ok(self.arena.list(&names))
    }

    fn as_name(&mut self) -> Parse<Option<Symbol>> {
        if !self.eat(Tok::As) {
            return Ok(None);
        }
        self.check_assignable_name()?;
        if !self.at(Tok::Name) || self.asks() && !self.name_ends_alias() {
            self.import_as_target()?;
        }
        self.name().map(Some)
    }

    /// `a.b.c` as one symbol.
    pub(super) fn dotted_name(&mut self) -> Parse<Symbol> {
        let first = self.tok;
        let symbol = self.name()?;
        if !self.at(Tok::Dot) {
            return Ok(symbol);
        }
        let mut text = self.lexer.name_text(&first).into_owned();
        while self.eat(Tok::Dot) {
            let token = self.tok;
            self.name()?;
            text.push('.');
            text.push_str(&self.lexer.name_text(&token));
        }
        Ok(self.pool.intern(&text))
    }

    #[cold]
    fn import_name_error<T>(&mut self, first: bool) -> Parse<T> {
        if first && self.at(Tok::Newline) && self.level.is_modern() {
            return self.fail_from("Expected one or more names after 'import'", self.tok.start);
        }
        self.unexpected()
    }

    /// `import a from b`.
    #[cold]
    fn import_from_error(&mut self, start: crate::ast::Pos) -> Parse<()> {
        let module = self.attempt(true, |parser| {
            parser.advance();
            parser.dotted_name()
        })?;
        match module {
            Some(_) => {
                let message = "Did you mean to use 'from ... import ...' instead?";
                self.fail_from(message, start)
            }
            None => Ok(()),
        }
    }

    #[cold]
    fn imported_name_error<T>(&mut self, first: bool, brackets: bool) -> Parse<T> {
        if self.at(Tok::Newline) && !brackets {
            if first && self.level.is_modern() {
                return self.fail_from("Expected one or more names after 'import'", self.tok.start);
            }
            if !first {
                let message = "trailing comma not allowed without surrounding parentheses";
                return self.fail_here(message);
            }
        }
        self.unexpected()
    }

    fn name_ends_alias(&mut self) -> bool {
        matches!(self.peek().kind, Tok::Comma | Tok::RParen | Tok::Semi | Tok::Newline)
    }

    /// Only a name can follow `as`; CPython says so if another expression does.
    #[cold]
    fn import_as_target(&mut self) -> Parse<()> {
        self.bad_as_target(|what| format!("cannot use {what} as import target"))
    }
}

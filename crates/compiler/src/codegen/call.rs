//! Calls, and the arguments of class definitions (`compiler_call_helper`).

use adder_bytecode::code::Const;
use adder_bytecode::opcode::Op;
use adder_syntax::Symbol;
use adder_syntax::ast::*;

use super::Compiler;
use crate::error::Result;

impl<'a> Compiler<'a> {
    /// A call of what is on the stack.
    pub(super) fn call(&mut self, expr: &Expr, node: &'a Call) -> Result<()> {
        let mut span = expr.span;
        // A method call spread over lines: its line is that of the method's name.
        if let ExprKind::Attribute(func) = &node.func.kind
            && node.func.span.start.line != node.func.span.end.line
        {
            let len = self.names.name_bytes(func.attr).len() as u32;
            span.start = node.func.span.end;
            span.start.col = span.start.col.saturating_sub(len);
        }
        self.at(span, |c| c.arguments(0, node.args, None, node.keywords))
    }

    /// Arguments and the call; `pushed` positional arguments are on the stack already, and
    /// `last` is the name of one more.
    pub(super) fn arguments(
        &mut self,
        pushed: usize,
        args: &'a [Expr],
        last: Option<Symbol>,
        keywords: &'a [Keyword],
    ) -> Result<()> {
        if self.modern {
            self.check_keywords(keywords)?;
        }
        // Sequences on the stack, and single arguments above them.
        let mut sequences = 0;
        let mut single = pushed;
        for (i, arg) in args.iter().enumerate() {
            match &arg.kind {
                ExprKind::Starred(starred) => {
                    if single > 0 {
                        self.emit_arg(Op::BUILD_TUPLE, single)?;
                        single = 0;
                        sequences += 1;
                    }
                    self.expr(&starred.value)?;
                    let op = if sequences == 0 {
                        Op::BUILD_TUPLE_UNPACK_WITH_CALL
                    } else {
                        Op::BUILD_TUPLE_UNPACK
                    };
                    self.take_now(&args[i + 1..], op);
                    sequences += 1;
                }
                _ => {
                    self.expr(arg)?;
                    single += 1;
                }
            }
        }
        if let Some(name) = last {
            self.load_name(name)?;
            single += 1;
        }
        if sequences == 0 && keywords.iter().all(|keyword| keyword.arg.is_some()) {
            return self.plain_call(single, keywords);
        }
        if single > 0 {
            self.emit_arg(Op::BUILD_TUPLE, single)?;
            sequences += 1;
        }
        match sequences {
            0 => self.emit_arg(Op::BUILD_TUPLE, 0)?,
            1 => {}
            n => self.emit_arg(Op::BUILD_TUPLE_UNPACK_WITH_CALL, n)?,
        }
        let mut mappings = 0;
        let mut named = 0;
        for (i, keyword) in keywords.iter().enumerate() {
            if keyword.arg.is_some() {
                named += 1;
                continue;
            }
            if named > 0 {
                self.named_arguments(&keywords[i - named..i])?;
                mappings += 1;
                named = 0;
            }
            self.expr(&keyword.value)?;
            mappings += 1;
        }
        if named > 0 {
            self.named_arguments(&keywords[keywords.len() - named..])?;
            mappings += 1;
        }
        if mappings > 1 {
            self.emit_arg(Op::BUILD_MAP_UNPACK_WITH_CALL, mappings)?;
        }
        self.emit_arg(Op::CALL_FUNCTION_EX, usize::from(mappings > 0))
    }

    fn plain_call(&mut self, positional: usize, keywords: &'a [Keyword]) -> Result<()> {
        if keywords.is_empty() {
            return self.emit_arg(Op::CALL_FUNCTION, positional);
        }
        for keyword in keywords {
            self.expr(&keyword.value)?;
        }
        let names: Vec<Symbol> = keywords.iter().filter_map(|keyword| keyword.arg).collect();
        let names = self.names_tuple(&names);
        self.load_const(names);
        self.emit_arg(Op::CALL_FUNCTION_KW, positional + keywords.len())
    }

    /// Named arguments as a dict.
    fn named_arguments(&mut self, keywords: &'a [Keyword]) -> Result<()> {
        let names: Vec<Symbol> = keywords.iter().filter_map(|keyword| keyword.arg).collect();
        if let ([keyword], [name]) = (keywords, &names[..]) {
            let name = self.names.shared(*name);
            self.load_const(Const::Str(name));
            self.expr(&keyword.value)?;
            return self.emit_arg(Op::BUILD_MAP, 1);
        }
        for keyword in keywords {
            self.expr(&keyword.value)?;
        }
        let names = self.names_tuple(&names);
        self.load_const(names);
        self.emit_arg(Op::BUILD_CONST_KEY_MAP, keywords.len())
    }

    fn check_keywords(&self, keywords: &[Keyword]) -> Result<()> {
        for (i, keyword) in keywords.iter().enumerate() {
            let repeated =
                keyword.arg.is_some() && keywords[..i].iter().any(|other| other.arg == keyword.arg);
            if let Some(name) = keyword.arg.filter(|_| repeated) {
                let message = format!("keyword argument repeated: {}", self.names.name(name));
                return crate::error::error(message, keyword.span);
            }
        }
        Ok(())
    }
}

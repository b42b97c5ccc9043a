//! Source text to tree: lexer, parser, AST.

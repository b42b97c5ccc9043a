//! From a Rust function and its optional `sig = "(...)"` to a parameter list.
//!
//! The text is what CPython shows as `__text_signature__`: `($self, index=-1, /)`. Without it, the
//! parameters are positional-only, named as in Rust, optional where the Rust type is `Option<_>`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Error, Expr, ExprLit, FnArg, Lit, Meta, Pat, Result, Signature, Type};

/// One Python parameter.
pub struct Param {
    name: String,
    kind: Kind,
    required: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    PositionalOnly,
    PositionalOrKeyword,
    KeywordOnly,
    VarPositional,
    Rest,
    VarKeyword,
}

impl Param {
    fn tokens(&self) -> TokenStream {
        let (name, required) = (&self.name, self.required);
        let kind = match self.kind {
            Kind::PositionalOnly => quote!(PositionalOnly),
            Kind::PositionalOrKeyword => quote!(PositionalOrKeyword),
            Kind::KeywordOnly => quote!(KeywordOnly),
            Kind::VarPositional => quote!(VarPositional),
            Kind::Rest => quote!(Rest),
            Kind::VarKeyword => quote!(VarKeyword),
        };
        quote!(::adder_vm::runtime::args::Param {
            name: #name,
            kind: ::adder_vm::runtime::args::ParamKind::#kind,
            required: #required,
        })
    }
}

pub fn params_tokens(params: &[Param]) -> TokenStream {
    let rows = params.iter().map(Param::tokens);
    quote!(&[#(#rows),*])
}

/// What fetches each bound argument, `offset` places behind the first entry, as its Rust type; the
/// names are for error texts.
pub fn extract_tokens(params: &[Param], offset: usize, function: &TokenStream) -> Vec<TokenStream> {
    let alone = params.len() == 1;
    let fetch = |(i, param): (usize, &Param)| {
        let at = i + offset;
        let argument = match param.kind {
            Kind::PositionalOnly if alone => String::new(),
            Kind::PositionalOnly => format!(" {}", i + 1),
            _ => format!(" '{}'", param.name),
        };
        quote!(::adder_vm::runtime::args::extract(vm, args, #at, #function, #argument)?)
    };
    params.iter().enumerate().map(fetch).collect()
}

/// What a table or a slot points to: a function with the machine's own signature around the declared
/// one. It has a name rather than being a closure, so that profiles and the linker (`crates/cli/link`)
/// can tell it from the others.
pub fn shim(
    name: &str,
    arguments: &TokenStream,
    result: &TokenStream,
    body: &TokenStream,
) -> TokenStream {
    let name = quote::format_ident!("native_{name}");
    quote!({
        fn #name(vm: &::adder_vm::runtime::vm::Vm, #arguments) -> #result {
            #body
        }
        #name
    })
}

/// The docstring: the doc comment's lines, without the leading blank of each.
pub fn doc(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            let line = text.value();
            lines.push(line.strip_prefix(' ').unwrap_or(&line).to_string());
        }
    }
    lines.join("\n")
}

fn is_option(ty: &Type) -> bool {
    matches!(ty, Type::Path(p) if p.path.segments.last().is_some_and(|s| s.ident == "Option"))
}

fn type_ends_with(ty: &Type, name: &str) -> bool {
    match ty {
        Type::Reference(r) => type_ends_with(&r.elem, name),
        Type::Path(p) => p.path.segments.last().is_some_and(|s| s.ident == name),
        _ => false,
    }
}

/// The parameters after the first `skip` (receiver and `vm`).
pub fn params(signature: &Signature, skip: usize, text: Option<&str>) -> Result<Vec<Param>> {
    let rust: Vec<&syn::PatType> = signature
        .inputs
        .iter()
        .skip(skip)
        .map(|arg| match arg {
            FnArg::Typed(typed) => Ok(typed),
            FnArg::Receiver(r) => {
                Err(Error::new_spanned(r, "take the receiver as `zelf: &Obj<Self>`"))
            }
        })
        .collect::<Result<_>>()?;
    let params = match text {
        Some(text) => {
            let mut params = parse_text(signature, text)?;
            for (param, typed) in params.iter_mut().zip(&rust) {
                if param.kind == Kind::VarPositional && type_ends_with(&typed.ty, "Rest") {
                    param.kind = Kind::Rest;
                }
            }
            params
        }
        None => rust
            .iter()
            .map(|typed| {
                let name = match &*typed.pat {
                    Pat::Ident(ident) => {
                        ident.ident.to_string().trim_start_matches('_').to_string()
                    }
                    other => return Err(Error::new_spanned(other, "a plain name is needed here")),
                };
                let (kind, required) = if type_ends_with(&typed.ty, "VarArgs") {
                    (Kind::VarPositional, false)
                } else if type_ends_with(&typed.ty, "Rest") {
                    (Kind::Rest, false)
                } else if type_ends_with(&typed.ty, "KwArgs") {
                    (Kind::VarKeyword, false)
                } else {
                    (Kind::PositionalOnly, !is_option(&typed.ty))
                };
                Ok(Param { name: name.trim_end_matches('_').to_string(), kind, required })
            })
            .collect::<Result<_>>()?,
    };
    if params.len() != rust.len() {
        return Err(Error::new_spanned(
            signature,
            format!(
                "the signature names {} parameters, the function takes {}",
                params.len(),
                rust.len()
            ),
        ));
    }
    Ok(params)
}

fn parse_text(signature: &Signature, text: &str) -> Result<Vec<Param>> {
    let bad = || Error::new_spanned(signature, format!("cannot read the signature {text:?}"));
    let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).ok_or_else(bad)?;
    let mut params: Vec<Param> = Vec::new();
    let mut keyword_only = false;
    for part in split_commas(inner) {
        let part = part.trim();
        match part {
            "" | "$self" | "$type" | "$module" | "$cls" => continue,
            "/" => params.iter_mut().for_each(|p| p.kind = Kind::PositionalOnly),
            "*" => keyword_only = true,
            _ => {
                let (name, default) = match part.split_once('=') {
                    Some((name, _)) => (name.trim(), true),
                    None => (part, false),
                };
                let (name, kind) = if let Some(name) = name.strip_prefix("**") {
                    (name, Kind::VarKeyword)
                } else if let Some(name) = name.strip_prefix('*') {
                    keyword_only = true;
                    (name, Kind::VarPositional)
                } else if keyword_only {
                    (name, Kind::KeywordOnly)
                } else {
                    (name, Kind::PositionalOrKeyword)
                };
                let required = !default && !matches!(kind, Kind::VarKeyword | Kind::VarPositional);
                params.push(Param { name: name.to_string(), kind, required });
            }
        }
    }
    Ok(params)
}

/// Splits at commas outside brackets and quotes.
fn split_commas(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut quote, mut start) = (Vec::new(), 0, None, 0);
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// `name = "..."` and bare words inside an attribute's brackets.
#[derive(Default)]
pub struct Options {
    pub pairs: Vec<(String, Expr)>,
    pub words: Vec<String>,
}

impl Options {
    pub fn read(meta: &Meta) -> Result<Options> {
        match meta {
            Meta::List(list) => Options::parse(list.tokens.clone()),
            _ => Ok(Options::default()),
        }
    }

    pub fn parse(tokens: TokenStream) -> Result<Options> {
        use syn::parse::Parser;
        use syn::punctuated::Punctuated;
        let metas = Punctuated::<Meta, syn::Token![,]>::parse_terminated.parse2(tokens)?;
        let mut options = Options::default();
        for meta in metas {
            match meta {
                Meta::Path(path) => {
                    let word = path.get_ident().map(ToString::to_string).unwrap_or_default();
                    options.words.push(word);
                }
                Meta::NameValue(pair) => {
                    let name = pair.path.get_ident().map(ToString::to_string).unwrap_or_default();
                    options.pairs.push((name, pair.value));
                }
                Meta::List(list) => {
                    return Err(Error::new_spanned(list, "name = value, or a word"));
                }
            }
        }
        Ok(options)
    }

    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|w| w == word)
    }
    pub fn expr(&self, name: &str) -> Option<&Expr> {
        self.pairs.iter().find(|(n, _)| n == name).map(|(_, e)| e)
    }
    pub fn text(&self, name: &str) -> Option<String> {
        // A literal handed on by a `macro_rules!` arrives inside an invisible group.
        let mut expr = self.expr(name)?;
        while let Expr::Group(group) = expr {
            expr = &group.expr;
        }
        match expr {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        }
    }
}

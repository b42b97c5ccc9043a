//! `#[pymodule]`: a native module from an inline `mod`.
//!
//! Functions with `#[pyfunction]` take `vm: &Vm` first. A function named `init(vm, module)` with
//! `#[init]` runs when the module is imported and adds constants and types. The inner doc comment
//! of the `mod` is the module's docstring.

use crate::signature::{Options, doc, extract_tokens, params, params_tokens, shim};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Item, ItemMod, Result};

pub fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let options = Options::parse(attribute)?;
    let mut module: ItemMod = syn::parse2(item)?;
    let Some(name) = options.text("name") else {
        return Err(Error::new_spanned(&module.ident, "#[pymodule] needs name = \"...\""));
    };
    let docs = doc(&module.attrs);
    let Some((brace, items)) = module.content.take() else {
        return Err(Error::new_spanned(&module.ident, "#[pymodule] needs an inline mod"));
    };
    let mut items = items;
    let mut defs = Vec::new();
    let mut init = quote!(None);
    for item in &mut items {
        let Item::Fn(function) = item else { continue };
        let mut declared = None;
        let mut is_init = false;
        function.attrs.retain(|attribute| {
            if attribute.path().is_ident("pyfunction") {
                declared = Some(attribute.meta.clone());
                return false;
            }
            if attribute.path().is_ident("init") {
                is_init = true;
                return false;
            }
            true
        });
        let ident = &function.sig.ident;
        if is_init {
            init = quote!(Some(#ident));
        }
        let Some(meta) = declared else { continue };
        let options = Options::read(&meta)?;
        let plain = ident.to_string();
        let plain = plain.trim_start_matches("r#");
        let plain = if plain.starts_with("__") { plain } else { plain.trim_end_matches('_') };
        let name = options.text("name").unwrap_or_else(|| plain.to_string());
        let docs = doc(&function.attrs);
        let text = options.text("sig");
        let list = params(&function.sig, 1, text.as_deref())?;
        let extract = extract_tokens(&list, 0, &quote!(#name));
        let list = params_tokens(&list);
        let sig = match text {
            Some(text) => quote!(Some(#text)),
            None => quote!(None),
        };
        let function = shim(
            plain,
            &quote!(args: &[Option<::adder_vm::value::Value>]),
            &quote!(::adder_vm::runtime::errors::PyResult),
            &quote! {
                let _ = args;
                ::adder_vm::runtime::args::IntoResult::into_result(#ident(vm, #(#extract),*), vm)
            },
        );
        defs.push(quote!(::adder_vm::runtime::args::NativeDef {
            name: #name,
            doc: #docs,
            signature: #sig,
            params: #list,
            arity: ::adder_vm::runtime::args::Arity::of(
                #list,
                ::adder_vm::runtime::args::Flavour::Function,
            ),
            flavour: ::adder_vm::runtime::args::Flavour::Function,
            function: #function,
        }));
    }
    let definition: Item = syn::parse2(quote! {
        /// What the importer needs to make this module.
        pub static MODULE: ::adder_vm::objects::module::ModuleDef =
            ::adder_vm::objects::module::ModuleDef {
                name: #name,
                doc: #docs,
                functions: &[#(#defs),*],
                init: #init,
            };
    })?;
    items.push(definition);
    module.content = Some((brace, items));
    Ok(quote!(#module))
}

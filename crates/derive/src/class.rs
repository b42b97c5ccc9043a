//! `#[pyclass]`: the type cell, the traversal and the description of a type.
//!
//! Options: `name = "list"` (with the module in front if not `builtins`: `"collections.deque"`),
//! `base = Path` (default `object`), words `base_type` (may be subclassed), `has_dict`, `no_gc`
//! (instances cannot be part of a cycle), `no_new` (cannot be made by calling the type), `sequence`,
//! `mapping` (pattern matching, PEP 634), `vectorcall` (calls are handed on as they are, PEP 590),
//! `method_descriptor` (a method need not be bound to be called). The doc comment is the type's docstring. Fields are traversed through `Trace`;
//! `#[notrace]` leaves one out (a field that owns no Python value).

use crate::signature::{Options, doc};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Fields, ItemStruct, Result};

pub fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let options = Options::parse(attribute)?;
    let mut item: ItemStruct = syn::parse2(item)?;
    let this = item.ident.clone();
    let Some(full) = options.text("name") else {
        return Err(Error::new_spanned(&this, "#[pyclass] needs name = \"...\""));
    };
    let docs = doc(&item.attrs);
    let (module, name) = match full.rsplit_once('.') {
        Some((module, name)) => (module.to_string(), name.to_string()),
        None => ("builtins".to_string(), full),
    };
    let gc = !options.has("no_gc");
    let mut visits = Vec::new();
    let mut clears = Vec::new();
    if let Fields::Named(fields) = &mut item.fields {
        for field in &mut fields.named {
            let before = field.attrs.len();
            field.attrs.retain(|a| !a.path().is_ident("notrace"));
            if field.attrs.len() != before || !gc {
                continue;
            }
            let name = &field.ident;
            visits.push(quote!(::adder_vm::object::trace::Trace::trace(&self.#name, visit);));
            clears.push(quote!(::adder_vm::object::trace::Trace::clear(&self.#name, bag);));
        }
    }
    let tail = match options.expr("tail") {
        Some(method) => quote! {
            const TAIL: bool = true;
            fn tail_bytes(&self) -> usize { self.#method() }
        },
        None => quote!(),
    };
    let (base, make_base) = match options.expr("base") {
        Some(path) => (
            quote!(Some(<#path as ::adder_vm::object::Payload>::cell())),
            quote!(::adder_vm::objects::type_::declare::type_object::<#path>();),
        ),
        None => (quote!(None), quote!()),
    };
    let flag = |word: &str| options.has(word);
    let (base_type, has_dict, no_new) = (flag("base_type"), flag("has_dict"), flag("no_new"));
    let words = ["sequence", "mapping", "vectorcall", "method_descriptor"];
    let flags = words.iter().filter(|word| flag(word)).map(|word| {
        let name = quote::format_ident!("{}", word.to_uppercase());
        quote!(.union(::adder_vm::objects::type_::TypeFlags::#name))
    });
    let signature = match options.text("sig") {
        Some(text) => quote!(Some(#text)),
        None => quote!(None),
    };
    Ok(quote! {
        #item

        #[expect(unsafe_code, reason = "the traversal is generated from the fields")]
        // SAFETY: the cell is this type's own; every field is visited once.
        unsafe impl ::adder_vm::object::Payload for #this {
            const GC: bool = #gc;
            #tail
            fn cell() -> &'static ::adder_vm::object::TypeCell {
                static CELL: ::adder_vm::object::TypeCell = ::adder_vm::object::TypeCell::of::<#this>();
                &CELL
            }
            fn traverse(&self, visit: &mut ::adder_vm::object::Visitor<'_>) {
                let _ = &visit;
                #(#visits)*
            }
            fn clear(&self, bag: &mut ::std::vec::Vec<::adder_vm::value::Value>) {
                let _ = &bag;
                #(#clears)*
            }
        }

        impl ::adder_vm::objects::type_::declare::Declared for #this {
            const DECLARATION: ::adder_vm::objects::type_::declare::Declaration =
                ::adder_vm::objects::type_::declare::Declaration {
                    name: #name,
                    module: #module,
                    doc: #docs,
                    signature: #signature,
                    base: || #base,
                    make_base: || { #make_base },
                    base_type: #base_type,
                    has_dict: #has_dict,
                    no_new: #no_new,
                    flags: ::adder_vm::objects::type_::TypeFlags::empty() #(#flags)*,
                };
        }
    })
}

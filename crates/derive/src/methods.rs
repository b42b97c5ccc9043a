//! `#[pymethods]`: the methods, properties and slots of a type.
//!
//! Inside the `impl`, each function carries one of
//! - `#[pymethod]`, `#[classmethod]`, `#[staticmethod]` with optional `name = "..."`, `sig = "..."`;
//!   the receiver is `zelf: &Obj<Self>` (or `&Value`), for class methods `cls: &Value`;
//! - `#[getter]`, `#[setter]` with optional `name = "..."` (a setter gets `Option<Value>`, `None` to
//!   delete); a getter with the word `member` gives what the instance holds, and shows as such;
//! - `#[slot]`: fills the type slot of the function's name; the function becomes `slot_<name>`. The
//!   slots `new` and `init` may carry `sig = "..."`, and `name = "..."` for error texts: then they
//!   take their parameters as methods do, instead of `CallArgs`.

use crate::signature::{Options, doc, extract_tokens, params, params_tokens, shim};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{FnArg, ImplItem, ItemImpl, Result, ReturnType, Signature, Type};

pub fn expand(item: TokenStream) -> Result<TokenStream> {
    let mut block: ItemImpl = syn::parse2(item)?;
    let this = block.self_ty.clone();
    let mut defs = Vec::new();
    let mut getset = Vec::new();
    let mut setters = Vec::new();
    let mut slots = Vec::new();
    for item in &mut block.items {
        let ImplItem::Fn(function) = item else { continue };
        let mut declared = None;
        function.attrs.retain(|attribute| {
            let kind = attribute.path().get_ident().map(ToString::to_string).unwrap_or_default();
            let ours = matches!(
                kind.as_str(),
                "pymethod" | "classmethod" | "staticmethod" | "getter" | "setter" | "slot"
            );
            if ours {
                declared = Some((kind, attribute.meta.clone()));
            }
            !ours
        });
        let Some((kind, meta)) = declared else { continue };
        let options = Options::read(&meta)?;
        let rust_name = function.sig.ident.to_string();
        if kind == "slot" {
            // A type's own `len` and its slot `len` live in one namespace: the slot gives way.
            function.sig.ident =
                quote::format_ident!("slot_{}", rust_name.trim_start_matches("r#"));
        }
        let ident = &function.sig.ident;
        let plain = rust_name.trim_start_matches("r#").trim_end_matches('_').to_string();
        let name = options.text("name").unwrap_or(if rust_name.starts_with("__") {
            rust_name.clone()
        } else {
            plain.clone()
        });
        let docs = doc(&function.attrs);
        match kind.as_str() {
            "pymethod" | "classmethod" | "staticmethod" => {
                let is_static = kind == "staticmethod";
                let skip = if is_static { 1 } else { 2 };
                let text = options.text("sig");
                let params = params(&function.sig, skip, text.as_deref())?;
                let offset = if is_static { 0usize } else { 1usize };
                let list = params_tokens(&params);
                let receiver = if is_static { quote!() } else { receiver(&function.sig, &this) };
                let fetch = if is_static {
                    quote!()
                } else {
                    quote!(let zelf = ::adder_vm::runtime::args::receiver(vm, args)?; #receiver)
                };
                let flavour = match kind.as_str() {
                    "classmethod" => quote!(Class),
                    "staticmethod" => quote!(Static),
                    _ => quote!(Method),
                };
                let sig = match text {
                    Some(text) => quote!(Some(#text)),
                    None => quote!(None),
                };
                for name in std::iter::once(name).chain(options.text("also")) {
                    let extract = extract_tokens(&params, offset, &quote!(#name));
                    let call = if is_static {
                        quote!(<#this>::#ident(vm, #(#extract),*))
                    } else {
                        quote!(<#this>::#ident(zelf, vm, #(#extract),*))
                    };
                    let function = shim(
                        &plain,
                        &quote!(args: &[Option<::adder_vm::value::Value>]),
                        &quote!(::adder_vm::runtime::errors::PyResult),
                        &quote! {
                            #fetch
                            ::adder_vm::runtime::args::IntoResult::into_result(#call, vm)
                        },
                    );
                    defs.push(quote!(::adder_vm::runtime::args::NativeDef {
                        name: #name,
                        doc: #docs,
                        signature: #sig,
                        params: #list,
                        arity: ::adder_vm::runtime::args::Arity::of(
                            #list,
                            ::adder_vm::runtime::args::Flavour::#flavour,
                        ),
                        flavour: ::adder_vm::runtime::args::Flavour::#flavour,
                        function: #function,
                    }));
                }
            }
            "getter" => {
                let receiver = receiver(&function.sig, &this);
                let get = shim(
                    &plain,
                    &quote!(zelf: &::adder_vm::value::Value),
                    &quote!(::adder_vm::runtime::errors::PyResult),
                    &quote! {
                        #receiver
                        let found = <#this>::#ident(zelf, vm);
                        ::adder_vm::runtime::args::IntoResult::into_result(found, vm)
                    },
                );
                getset.push((name, docs, options.has("member"), get));
            }
            "setter" => {
                let receiver = receiver(&function.sig, &this);
                let name = options
                    .text("name")
                    .unwrap_or_else(|| plain.trim_start_matches("set_").to_string());
                let set = shim(
                    &plain,
                    &quote! {
                        zelf: &::adder_vm::value::Value,
                        value: Option<::adder_vm::value::Value>
                    },
                    &quote!(::adder_vm::runtime::errors::PyResult<()>),
                    &quote! {
                        #receiver
                        <#this>::#ident(zelf, vm, value)
                    },
                );
                setters.push((name, set));
            }
            _ => {
                let setter = quote::format_ident!("set_{}", plain);
                if let Some(text) = options.text("sig") {
                    slots.push(constructor(function, &this, &plain, &options, &text)?);
                } else if plain == "finalize" {
                    slots.push(quote!(slots.set_finalize(<#this>::#ident);));
                } else if plain == "new" {
                    slots.push(quote!(slots.set_new(<#this>::#ident);));
                } else {
                    let receiver = receiver(&function.sig, &this);
                    let (rest, types): (Vec<_>, Vec<_>) = function
                        .sig
                        .inputs
                        .iter()
                        .skip(2)
                        .enumerate()
                        .filter_map(|(i, argument)| match argument {
                            FnArg::Typed(typed) => Some((quote::format_ident!("a{i}"), &typed.ty)),
                            FnArg::Receiver(_) => None,
                        })
                        .unzip();
                    let result = match &function.sig.output {
                        ReturnType::Type(_, result) => quote!(#result),
                        ReturnType::Default => quote!(()),
                    };
                    let fill = shim(
                        &plain,
                        &quote!(zelf: &::adder_vm::value::Value, #(#rest: #types),*),
                        &result,
                        &quote! {
                            #receiver
                            <#this>::#ident(zelf, vm, #(#rest),*)
                        },
                    );
                    slots.push(quote!(slots.#setter(#fill);));
                }
            }
        }
    }
    let rows = getset.iter().map(|(name, docs, member, get)| {
        let set = match setters.iter().find(|(n, _)| n == name) {
            Some((_, set)) => quote!(Some(#set)),
            None => quote!(None),
        };
        quote!(::adder_vm::runtime::args::GetSetDef {
            name: #name,
            doc: #docs,
            member: #member,
            get: #get,
            set: #set,
        })
    });
    Ok(quote! {
        #block
        impl ::adder_vm::objects::type_::declare::Methods for #this {
            const METHODS: &'static [::adder_vm::runtime::args::NativeDef] = &[#(#defs),*];
            const GETSET: &'static [::adder_vm::runtime::args::GetSetDef] = &[#(#rows),*];
            fn fill_slots(slots: &::adder_vm::objects::type_::slots::Slots) {
                let _ = slots;
                #(#slots)*
            }
        }
    })
}

/// A `new` or `init` slot whose arguments are bound by a signature.
fn constructor(
    function: &syn::ImplItemFn,
    this: &Type,
    slot: &str,
    options: &Options,
    text: &str,
) -> Result<TokenStream> {
    let (setter, ident) = (quote::format_ident!("set_{slot}"), &function.sig.ident);
    let name = match options.text("name") {
        Some(name) => quote!(#name),
        None => {
            quote!(<#this as ::adder_vm::objects::type_::declare::Declared>::DECLARATION.name)
        }
    };
    let list = params(&function.sig, 2, Some(text))?;
    let extract = extract_tokens(&list, 0, &name);
    let list = params_tokens(&list);
    let (first, result, fetch) = match slot {
        "new" => (
            quote!(ty: &::adder_vm::object::Obj<::adder_vm::objects::type_::Type>),
            quote!(::adder_vm::runtime::errors::PyResult),
            quote!(),
        ),
        _ => (
            quote!(zelf: &::adder_vm::value::Value),
            quote!(::adder_vm::runtime::errors::PyResult<()>),
            receiver(&function.sig, this),
        ),
    };
    let call = match slot {
        "new" => quote!(<#this>::#ident(vm, ty, #(#extract),*)),
        _ => quote!(<#this>::#ident(zelf, vm, #(#extract),*)),
    };
    let fill = shim(
        slot,
        &quote!(#first, args: ::adder_vm::runtime::args::CallArgs<'_>),
        &result,
        &quote! {
            const DEF: ::adder_vm::runtime::args::NativeDef =
                ::adder_vm::runtime::args::NativeDef::constructor(#name, #list);
            #fetch
            ::adder_vm::runtime::args::with_bound(vm, &DEF, args, |args| #call)
        },
    );
    Ok(quote!(slots.#setter(#fill);))
}

/// The line that turns `zelf: &Value` into what the function's first parameter asks for.
fn receiver(signature: &Signature, this: &Type) -> TokenStream {
    let wants_value = match signature.inputs.first() {
        Some(FnArg::Typed(typed)) => match &*typed.ty {
            Type::Reference(reference) => matches!(
                &*reference.elem,
                Type::Path(p) if p.path.segments.last().is_some_and(|s| s.ident == "Value")
            ),
            _ => false,
        },
        _ => false,
    };
    if wants_value {
        quote!()
    } else {
        quote!(let zelf = match zelf.downcast::<#this>() {
            Some(object) => object,
            None => return Err(vm.wrong_receiver::<#this>(zelf)),
        };)
    }
}

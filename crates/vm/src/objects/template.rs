//! `string.templatelib.Template` and `Interpolation`: what a t-string makes (PEP 750).
//!
//! A template has one string more than it has interpolations. CPython's counterparts:
//! `Objects/templateobject.c`, `Objects/interpolationobject.c`.

use crate::object::{Obj, Ref};
use crate::objects::str_::{Str, StrBuilder, intern};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::{iter, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::import_::import_module;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;

/// Interpolation object
#[pyclass(name = "string.templatelib.Interpolation")]
pub struct Interpolation {
    value: Value,
    expression: Value,
    conversion: Value,
    format_spec: Value,
}

/// An interpolation of a t-string.
pub fn interpolation(
    vm: &Vm,
    value: Value,
    expression: Value,
    conversion: Value,
    format_spec: Value,
) -> Value {
    let ty = interpolation_type(vm);
    Ref::with_type(Interpolation { value, expression, conversion, format_spec }, ty).into()
}

/// A str argument, or the empty string.
fn text_or_empty(text: Option<Ref<Str>>) -> Value {
    text.unwrap_or_else(intern::empty).into()
}

#[pymethods]
impl Interpolation {
    #[slot(sig = "(value, expression='', conversion=None, format_spec='')")]
    fn new(
        vm: &Vm,
        ty: &Obj<Type>,
        value: Value,
        expression: Option<Ref<Str>>,
        conversion: Option<&Value>,
        format_spec: Option<Ref<Str>>,
    ) -> PyResult {
        let conversion = match conversion.filter(|c| !c.is_none()) {
            None => Value::NONE,
            Some(given) => match given.downcast::<Str>().map(|c| c.as_ascii()) {
                Some(Some("s" | "r" | "a")) => given.clone(),
                Some(_) => {
                    return Err(vm.value_error(
                        "Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'",
                    ));
                }
                None => {
                    return Err(vm.type_error(format!(
                        "Interpolation() argument 'conversion' must be str, not {}",
                        object::type_name_or_none(given)
                    )));
                }
            },
        };
        let (expression, format_spec) = (text_or_empty(expression), text_or_empty(format_spec));
        Ok(Ref::with_type(Interpolation { value, expression, conversion, format_spec }, ty).into())
    }
    #[slot]
    fn repr(zelf: &Obj<Interpolation>, vm: &Vm) -> PyResult {
        let mut out = StrBuilder::new();
        let parts = [&zelf.value, &zelf.expression, &zelf.conversion, &zelf.format_spec];
        for (i, part) in parts.into_iter().enumerate() {
            out.push_str(if i == 0 { "Interpolation(" } else { ", " });
            out.push_obj(&*object::repr(vm, part)?);
        }
        out.push_str(")");
        Ok(out.finish_in(vm)?.into())
    }
    /// Value
    #[getter]
    fn value(zelf: &Obj<Interpolation>, _vm: &Vm) -> Value {
        zelf.value.clone()
    }
    /// Expression
    #[getter]
    fn expression(zelf: &Obj<Interpolation>, _vm: &Vm) -> Value {
        zelf.expression.clone()
    }
    /// Conversion
    #[getter]
    fn conversion(zelf: &Obj<Interpolation>, _vm: &Vm) -> Value {
        zelf.conversion.clone()
    }
    /// Format specifier
    #[getter]
    fn format_spec(zelf: &Obj<Interpolation>, _vm: &Vm) -> Value {
        zelf.format_spec.clone()
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<Interpolation>, _vm: &Vm) -> (Value, Ref<Tuple>) {
        let parts = [&zelf.value, &zelf.expression, &zelf.conversion, &zelf.format_spec];
        let parts = parts.into_iter().cloned().collect();
        (zelf.ty().to_value(), Tuple::from_vec(parts))
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        super::generic_alias::make(vm, cls, item)
    }
}

/// Template object
#[pyclass(name = "string.templatelib.Template", sig = "(*args)")]
pub struct Template {
    strings: Ref<Tuple>,
    interpolations: Ref<Tuple>,
}

/// The template of a t-string, from its parts.
pub fn template(vm: &Vm, strings: &Value, interpolations: &Value) -> PyResult {
    let strings = Tuple::from_vec(iter::collect(vm, strings)?);
    let interpolations = Tuple::from_vec(iter::collect(vm, interpolations)?);
    let ty = vm.type_object::<Template>();
    Ok(Ref::with_type(Template { strings, interpolations }, ty).into())
}

fn wrong_operand(vm: &Vm, other: &Value) -> Exc {
    let name = super::type_::methods::full_name(vm, other.ty());
    vm.type_error(format!(
        "can only concatenate string.templatelib.Template (not \"{name}\") to string.templatelib.Template"
    ))
}

#[pymethods]
impl Template {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        if args.keyword_count() > 0 {
            return Err(vm.type_error("Template.__new__ only accepts *args arguments"));
        }
        let (mut strings, mut interpolations) = (Vec::new(), Vec::new());
        let mut text = StrBuilder::new();
        for arg in args.args() {
            if let Some(part) = arg.downcast::<Str>() {
                text.push_obj(part);
            } else if arg.downcast::<Interpolation>().is_some() {
                strings.push(std::mem::take(&mut text).finish_in(vm)?.into());
                interpolations.push(arg.clone());
            } else {
                return Err(vm.type_error(format!(
                    "Template.__new__ *args need to be of type 'str' or 'Interpolation', got {}",
                    arg.ty().name()
                )));
            }
        }
        strings.push(text.finish_in(vm)?.into());
        let payload = Template {
            strings: Tuple::from_vec(strings),
            interpolations: Tuple::from_vec(interpolations),
        };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot]
    fn repr(zelf: &Obj<Template>, vm: &Vm) -> PyResult {
        let mut out = StrBuilder::new();
        out.push_str("Template(strings=");
        out.push_obj(&*object::repr(vm, &zelf.strings.to_value())?);
        out.push_str(", interpolations=");
        out.push_obj(&*object::repr(vm, &zelf.interpolations.to_value())?);
        out.push_str(")");
        Ok(out.finish_in(vm)?.into())
    }
    #[slot]
    fn iter(zelf: &Obj<Template>, vm: &Vm) -> PyResult {
        let ty = vm.type_object::<TemplateIter>();
        Ok(Ref::with_type(TemplateIter { template: zelf.to_ref(), next: Cell::new(0) }, ty).into())
    }
    #[slot]
    fn concat(zelf: &Obj<Template>, vm: &Vm, other: &Value) -> PyResult {
        let Some(other) = other.downcast::<Template>() else {
            return Err(wrong_operand(vm, other));
        };
        // The last string of one and the first of the other become one.
        let (left, right) = (zelf.strings.items(), other.strings.items());
        let mut strings = left[..left.len() - 1].to_vec();
        let mut text = StrBuilder::new();
        for part in [left.last(), right.first()].into_iter().flatten() {
            if let Some(part) = part.downcast::<Str>() {
                text.push_obj(part);
            }
        }
        strings.push(text.finish_in(vm)?.into());
        strings.extend_from_slice(&right[1..]);
        let mut interpolations = zelf.interpolations.items().to_vec();
        interpolations.extend_from_slice(other.interpolations.items());
        let payload = Template {
            strings: Tuple::from_vec(strings),
            interpolations: Tuple::from_vec(interpolations),
        };
        Ok(Ref::with_type(payload, vm.type_object::<Template>()).into())
    }
    /// Strings
    #[getter]
    fn strings(zelf: &Obj<Template>, _vm: &Vm) -> Ref<Tuple> {
        zelf.strings.clone()
    }
    /// Interpolations
    #[getter]
    fn interpolations(zelf: &Obj<Template>, _vm: &Vm) -> Ref<Tuple> {
        zelf.interpolations.clone()
    }
    /// Values of interpolations
    #[getter]
    fn values(zelf: &Obj<Template>, _vm: &Vm) -> Ref<Tuple> {
        let values = zelf.interpolations.items().iter();
        let values = values.filter_map(|i| i.downcast::<Interpolation>()).map(|i| i.value.clone());
        Tuple::from_vec(values.collect())
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<Template>, vm: &Vm) -> PyResult<(Value, (Ref<Tuple>, Ref<Tuple>))> {
        let library = import_module(vm, "string.templatelib")?;
        let unpickle = object::get_attr_str(vm, &library, "_template_unpickle")?;
        Ok((unpickle, (zelf.strings.clone(), zelf.interpolations.clone())))
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        super::generic_alias::make(vm, cls, item)
    }
}

/// Walks through strings and interpolations in turn; empty strings are left out.
#[pyclass(name = "string.templatelib.TemplateIter", no_new)]
pub struct TemplateIter {
    template: Ref<Template>,
    /// Even numbers are strings, odd ones interpolations.
    next: Cell<usize>,
}

#[pymethods]
impl TemplateIter {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<TemplateIter>, _vm: &Vm) -> PyResult<Option<Value>> {
        loop {
            let at = zelf.next.get();
            let from = if at.is_multiple_of(2) {
                &zelf.template.strings
            } else {
                &zelf.template.interpolations
            };
            let Some(part) = from.items().get(at / 2) else { return Ok(None) };
            zelf.next.set(at + 1);
            if !part.downcast::<Str>().is_some_and(|s| s.is_empty()) {
                return Ok(Some(part.clone()));
            }
        }
    }
}

/// Gives `Interpolation` its `__match_args__`, once.
fn interpolation_type(vm: &Vm) -> &'static Obj<Type> {
    let ty = vm.type_object::<Interpolation>();
    let name = &vm.names().__match_args__;
    if ty.dict().get_str(name).is_none() {
        let names = ["value", "expression", "conversion", "format_spec"].map(|n| vm.str(n));
        drop(ty.dict().insert_str(name, Tuple::from_vec(names.to_vec()).into()));
    }
    ty
}

//! Template strings: `string.templatelib.Template`, `Interpolation`, and the iterator over a template
//! (PEP 750). CPython's counterpart: `Objects/templateobject.c`, `Objects/interpolationobject.c`.

use crate::object::{Guarded, Obj, Ref};
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::object;
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::import_;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// Template object
#[pyclass(name = "string.templatelib.Template")]
pub struct Template {
    /// One more than there are interpolations.
    strings: Ref<Tuple>,
    interpolations: Ref<Tuple>,
}

/// Interpolation object
#[pyclass(
    name = "string.templatelib.Interpolation",
    sig = "(value, expression='', conversion=None, format_spec='')"
)]
pub struct Interpolation {
    value: Value,
    expression: Value,
    conversion: Value,
    format_spec: Value,
}

/// Iterator for Template objects
#[pyclass(name = "string.templatelib.TemplateIter", no_new)]
pub struct TemplateIter {
    template: Guarded<Option<Ref<Template>>>,
    #[notrace]
    at: std::cell::Cell<usize>,
}

impl Template {
    /// What `BUILD_TEMPLATE` makes; there is one string more than interpolations.
    pub fn new_ref(strings: Ref<Tuple>, interpolations: Ref<Tuple>) -> Ref<Template> {
        Ref::new(Template { strings, interpolations })
    }

    /// The parts in order, empty strings among them.
    fn part(&self, at: usize) -> Option<Value> {
        let list = if at.is_multiple_of(2) { &self.strings } else { &self.interpolations };
        list.items().get(at / 2).cloned()
    }
}

impl Interpolation {
    pub fn new_value(
        value: Value,
        expression: Value,
        conversion: Value,
        format_spec: Value,
    ) -> Value {
        Ref::new(Interpolation { value, expression, conversion, format_spec }).into()
    }
}

fn joined(a: &Str, b: &Str) -> Value {
    let mut text = a.to_wtf8();
    text.extend_from_slice(&b.to_wtf8());
    crate::objects::str_::builder::from_wtf8(&text).into()
}

#[pymethods]
impl Template {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        if args.keyword_count() > 0 {
            return Err(vm.type_error("Template.__new__ only accepts *args arguments"));
        }
        let empty: Value = crate::objects::str_::intern::empty().into();
        let (mut strings, mut interpolations) = (vec![empty.clone()], Vec::new());
        for part in args.args() {
            if let Some(text) = part.downcast::<Str>() {
                // Strings side by side become one.
                if let Some(last) = strings.last_mut()
                    && let Some(before) = last.downcast::<Str>()
                {
                    let made = if before.is_empty() { part.clone() } else { joined(before, text) };
                    *last = made;
                }
            } else if part.downcast::<Interpolation>().is_some() {
                interpolations.push(part.clone());
                strings.push(empty.clone());
            } else {
                return Err(vm.type_error(format!(
                    "Template.__new__ *args need to be of type 'str' or 'Interpolation', got {}",
                    part.ty().name()
                )));
            }
        }
        let (strings, interpolations) = (Tuple::from_vec(strings), Tuple::from_vec(interpolations));
        Ok(Template::new_ref(strings, interpolations).into())
    }
    #[slot]
    fn repr(zelf: &Obj<Template>, vm: &Vm) -> PyResult {
        let strings = object::repr(vm, &zelf.strings.to_value())?.to_string_lossy();
        let interpolations = object::repr(vm, &zelf.interpolations.to_value())?.to_string_lossy();
        Ok(vm.str(&format!("Template(strings={strings}, interpolations={interpolations})")))
    }
    #[slot]
    fn add(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        const NAME: &str = "string.templatelib.Template";
        let (Some(a), Some(b)) = (zelf.downcast::<Template>(), other.downcast::<Template>()) else {
            if zelf.downcast::<Template>().is_none() {
                return Ok(Value::NOT_IMPLEMENTED);
            }
            return Err(vm.type_error(format!(
                "can only concatenate {NAME} (not \"{}\") to {NAME}",
                other.ty().name()
            )));
        };
        let mut strings = a.strings.items().to_vec();
        let mut rest = b.strings.items().iter();
        if let (Some(last), Some(first)) = (strings.pop(), rest.next())
            && let (Some(last), Some(first)) = (last.downcast::<Str>(), first.downcast::<Str>())
        {
            strings.push(joined(last, first));
        }
        strings.extend(rest.cloned());
        let both = a.interpolations.items().iter().chain(b.interpolations.items());
        let both = Tuple::from_vec(both.cloned().collect());
        Ok(Template::new_ref(Tuple::from_vec(strings), both).into())
    }
    #[slot]
    fn iter(zelf: &Obj<Template>, _vm: &Vm) -> PyResult {
        let template = Guarded::new(Some(zelf.to_ref()));
        Ok(Ref::new(TemplateIter { template, at: std::cell::Cell::new(0) }).into())
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
        let values = zelf
            .interpolations
            .items()
            .iter()
            .filter_map(|part| part.downcast::<Interpolation>().map(|part| part.value.clone()));
        Tuple::from_vec(values.collect())
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<Template>, vm: &Vm) -> PyResult {
        let module = import_::import_module(vm, "string.templatelib")?;
        let function = object::get_attr_str(vm, &module, "_template_unpickle")?;
        let parts = vec![zelf.strings.to_value(), zelf.interpolations.to_value()];
        Ok(Tuple::from_vec(vec![function, Tuple::from_vec(parts).into()]).into())
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(class: &Value, vm: &Vm, item: &Value) -> PyResult {
        crate::objects::generic_alias::make(vm, class, item)
    }
}

#[pymethods]
impl Interpolation {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const NAMES: [&str; 4] = ["value", "expression", "conversion", "format_spec"];
        let mut parts: [Option<Value>; 4] = [const { None }; 4];
        let given = args.args();
        if given.len() > 4 {
            return Err(vm.type_error(format!(
                "Interpolation() takes at most 4 arguments ({} given)",
                given.len()
            )));
        }
        for (part, value) in parts.iter_mut().zip(given) {
            *part = Some(value.clone());
        }
        for (key, value) in args.keywords() {
            let at = key.downcast::<Str>().and_then(|k| NAMES.iter().position(|n| k.is_str(n)));
            match at {
                Some(at) if at >= given.len() => parts[at] = Some(value.clone()),
                Some(at) => {
                    return Err(vm.type_error(format!(
                        "argument for Interpolation() given by name ('{}') and position ({})",
                        NAMES[at],
                        at + 1
                    )));
                }
                None => {
                    return Err(vm.type_error(format!(
                        "Interpolation() got an unexpected keyword argument {}",
                        object::repr(vm, key)?.to_string_lossy()
                    )));
                }
            }
        }
        let [value, expression, conversion, format_spec] = parts;
        let Some(value) = value else {
            return Err(vm.type_error("Interpolation() missing required argument 'value' (pos 1)"));
        };
        let empty = || Value::from(crate::objects::str_::intern::empty());
        let text = |part: Option<Value>, name: &str| match part {
            None => Ok(empty()),
            Some(part) if part.downcast::<Str>().is_some() => Ok(part),
            Some(part) => Err(vm.type_error(format!(
                "Interpolation() argument '{name}' must be str, not {}",
                object::type_name_or_none(&part)
            ))),
        };
        let expression = text(expression, "expression")?;
        let conversion = conversion.unwrap_or(Value::NONE);
        if !conversion.is_none() {
            let conversion = text(Some(conversion.clone()), "conversion")?;
            let known = conversion.downcast::<Str>().and_then(|c| c.as_ascii());
            if !matches!(known, Some("s" | "r" | "a")) {
                return Err(vm.value_error(
                    "Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'",
                ));
            }
        }
        let format_spec = text(format_spec, "format_spec")?;
        Ok(Interpolation::new_value(value, expression, conversion, format_spec))
    }
    #[slot]
    fn repr(zelf: &Obj<Interpolation>, vm: &Vm) -> PyResult {
        let mut shown = Vec::new();
        for part in [&zelf.value, &zelf.expression, &zelf.conversion, &zelf.format_spec] {
            shown.push(object::repr(vm, part)?.to_string_lossy());
        }
        Ok(vm.str(&format!("Interpolation({})", shown.join(", "))))
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
    fn __reduce__(zelf: &Obj<Interpolation>, _vm: &Vm) -> Value {
        let parts = [&zelf.value, &zelf.expression, &zelf.conversion, &zelf.format_spec];
        let parts = Tuple::from_vec(parts.into_iter().cloned().collect());
        Tuple::from_vec(vec![zelf.ty().to_value(), parts.into()]).into()
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(class: &Value, vm: &Vm, item: &Value) -> PyResult {
        crate::objects::generic_alias::make(vm, class, item)
    }
}

#[pymethods]
impl TemplateIter {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<TemplateIter>, _vm: &Vm) -> PyResult<Option<Value>> {
        let Some(template) = zelf.template.get() else { return Ok(None) };
        loop {
            let at = zelf.at.get();
            zelf.at.set(at + 1);
            match template.part(at) {
                Some(part) if part.downcast::<Str>().is_some_and(|text| text.is_empty()) => {}
                Some(part) => return Ok(Some(part)),
                None => {
                    drop(zelf.template.replace(None));
                    return Ok(None);
                }
            }
        }
    }
    #[pymethod]
    fn __reduce_ex__(_zelf: &Obj<TemplateIter>, vm: &Vm, _protocol: Option<&Value>) -> PyResult {
        Err(vm.type_error("cannot pickle 'TemplateIter' object"))
    }
}

/// The types, with `Interpolation`'s match arguments.
pub fn ready(vm: &Vm) {
    let ty = vm.type_object::<Interpolation>();
    let names = ["value", "expression", "conversion", "format_spec"];
    let names = Tuple::from_vec(names.iter().map(|name| vm.intern(name).into()).collect());
    drop(ty.dict().insert_str(&vm.names().__match_args__, names.into()));
    vm.type_object::<Template>();
    vm.type_object::<TemplateIter>();
}

/// For the instructions: the types exist from the first template on.
pub fn build(vm: &Vm, strings: Vec<Value>, interpolations: Vec<Value>) -> Value {
    ready(vm);
    Template::new_ref(Tuple::from_vec(strings), Tuple::from_vec(interpolations)).into()
}

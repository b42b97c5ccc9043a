//! `BaseExceptionGroup` and `ExceptionGroup` (PEP 654).

use crate::object::{GilCell, Obj, Ref};
use crate::objects::exceptions::{ExcObj, matches};
use crate::objects::list::List;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::{Type, declare};
use crate::protocol::{call, iter, object};
use crate::runtime::args::{Arity, CallArgs, Flavour, NativeDef, Param, ParamKind};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;

static EXCEPTION_GROUP: GilCell<Option<Ref<Type>>> = GilCell::new(None);

/// `ExceptionGroup`, made with its methods at start-up.
pub(crate) fn make_types(vm: &Vm) -> Ref<Type> {
    if let Some(ty) = EXCEPTION_GROUP.with(|t| t.clone()) {
        return ty;
    }
    let e = vm.exceptions();
    let base = &e.exception_group_base;
    for def in METHODS {
        let descr = super::descr::native_method(def, base);
        drop(base.dict().insert_str(&vm.intern(def.name), descr));
    }
    base.slots.set_str(|vm, zelf| {
        let Some(exc) = zelf.downcast::<ExcObj>() else { return Ok(vm.str("")) };
        let count = members(vm, exc).len();
        let message = exc.field(vm, "message").unwrap_or(Value::NONE);
        Ok(vm.str(&format!(
            "{} ({count} sub-exception{})",
            object::str(vm, &message)?,
            if count == 1 { "" } else { "s" }
        )))
    });
    base.slots.set_repr(|vm, zelf| {
        let Some(exc) = zelf.downcast::<ExcObj>() else { return Ok(vm.str("")) };
        let message = object::repr(vm, &exc.field(vm, "message").unwrap_or(Value::NONE))?;
        let list = List::from_vec(members(vm, exc)).into();
        let shown = object::repr(vm, &list)?;
        Ok(vm.str(&format!("{}({message}, {shown})", exc.ty().short_name())))
    });
    let ty = declare::derive_type(
        "ExceptionGroup",
        "builtins",
        "",
        base,
        vec![base.clone(), e.exception.clone()],
        &[],
    );
    ty.slots.inherit(&base.slots);
    EXCEPTION_GROUP.with(|t| *t = Some(ty.clone()));
    ty
}

/// The exceptions in a group.
pub fn members(vm: &Vm, group: &Obj<ExcObj>) -> Vec<Value> {
    match group.field(vm, "exceptions") {
        Some(all) => all.downcast::<Tuple>().map(|t| t.items().to_vec()).unwrap_or_default(),
        None => Vec::new(),
    }
}

/// Is it a group?
pub fn is_group(vm: &Vm, exc: &Obj<ExcObj>) -> bool {
    exc.ty().is_subtype(&vm.exceptions().exception_group_base)
}

/// `BaseExceptionGroup(message, exceptions)`
pub(crate) fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
    let [message, exceptions] = args.args() else {
        return Err(vm.type_error(format!(
            "BaseExceptionGroup.__new__() takes exactly 2 arguments ({} given)",
            args.args().len()
        )));
    };
    if message.downcast::<Str>().is_none() {
        return Err(vm.type_error(format!(
            "argument 1 must be str, not {}",
            object::type_name_or_none(message)
        )));
    }
    if !object::is_sequence(exceptions) {
        return Err(vm.type_error("second argument (exceptions) must be a sequence"));
    }
    let items = iter::collect(vm, exceptions)?;
    if items.is_empty() {
        return Err(vm.value_error("second argument (exceptions) must be a non-empty sequence"));
    }
    let e = vm.exceptions();
    let mut plain = true;
    for (i, item) in items.iter().enumerate() {
        let Some(exc) = item.downcast::<ExcObj>() else {
            return Err(vm.value_error(format!(
                "Item {i} of second argument (exceptions) is not an exception"
            )));
        };
        plain &= exc.ty().is_subtype(&e.exception);
    }
    let mut made = ty.to_ref();
    let group = EXCEPTION_GROUP.with(|t| t.clone());
    if let Some(group) = &group {
        if ty.same(&e.exception_group_base) && plain {
            made = group.clone();
        } else if ty.same(group) && !plain {
            return Err(vm.type_error("Cannot nest BaseExceptions in an ExceptionGroup"));
        } else if !plain && ty.is_subtype(&e.exception) {
            return Err(vm.type_error(format!("Cannot nest BaseExceptions in '{}'", ty.name())));
        }
    }
    let exc = ExcObj::make(&made, Tuple::from_slice(args.args()));
    exc.set_field(vm, "message", message.clone());
    exc.set_field(vm, "exceptions", Tuple::from_vec(items).into());
    Ok(exc.into())
}

/// What `split` and `subgroup` select by.
enum Condition {
    Types(Value),
    Function(Value),
}

fn condition(vm: &Vm, value: &Value) -> PyResult<Condition> {
    let exception_type = |v: &Value| {
        v.downcast::<Type>().is_some_and(|t| t.is_subtype(&vm.exceptions().base_exception))
    };
    let types = exception_type(value)
        || value.downcast::<Tuple>().is_some_and(|t| t.items().iter().all(exception_type));
    if types {
        Ok(Condition::Types(value.clone()))
    } else if call::is_callable(value) && value.downcast::<Type>().is_none() {
        Ok(Condition::Function(value.clone()))
    } else {
        Err(vm.type_error("expected a function, exception type or tuple of exception types"))
    }
}

impl Condition {
    fn holds(&self, vm: &Vm, exc: &Value) -> PyResult<bool> {
        match self {
            Condition::Types(types) => matches(vm, exc, types),
            Condition::Function(f) => {
                let answer = call::call(vm, f, std::slice::from_ref(exc))?;
                object::is_true(vm, &answer)
            }
        }
    }
}

/// A group like `group` with other members; `None` for none.
pub fn derive(vm: &Vm, group: &Obj<ExcObj>, items: Vec<Value>) -> PyResult<Option<Value>> {
    if items.is_empty() {
        return Ok(None);
    }
    let list: Value = List::from_vec(items).into();
    let made = object::call_method(vm, &group.to_value(), &vm.intern("derive"), &[list])?;
    let Some(new) = made.downcast::<ExcObj>().filter(|e| is_group(vm, e)) else {
        return Err(vm.type_error("derive must return an instance of BaseExceptionGroup"));
    };
    new.set_traceback(group.traceback());
    new.set_context(group.context());
    if group.cause().is_some() {
        new.set_cause(group.cause());
    }
    let name = &vm.names().__notes__;
    if let Some(notes) = object::lookup_attr(vm, &group.to_value(), name)?
        && object::is_sequence(&notes)
    {
        let copy = List::from_vec(iter::collect(vm, &notes)?);
        object::set_attr(vm, &new.to_value(), name, copy.into())?;
    }
    Ok(Some(made))
}

/// The matching part and the rest of an exception; either may be missing.
fn split_by(
    vm: &Vm,
    exc: &Value,
    condition: &Condition,
) -> PyResult<(Option<Value>, Option<Value>)> {
    vm.check_stack()?;
    if condition.holds(vm, exc)? {
        return Ok((Some(exc.clone()), None));
    }
    let Some(group) = exc.downcast::<ExcObj>().filter(|e| is_group(vm, e)) else {
        return Ok((None, Some(exc.clone())));
    };
    let (mut yes, mut no) = (Vec::new(), Vec::new());
    for member in members(vm, group) {
        let (a, b) = split_by(vm, &member, condition)?;
        yes.extend(a);
        no.extend(b);
    }
    Ok((derive(vm, group, yes)?, derive(vm, group, no)?))
}

/// Splits by types, for `except*`.
pub fn split(vm: &Vm, exc: &Value, types: &Value) -> PyResult<(Option<Value>, Option<Value>)> {
    split_by(vm, exc, &Condition::Types(types.clone()))
}

const ONE: &[Param] =
    &[Param { name: "condition", kind: ParamKind::PositionalOnly, required: true }];

fn receiver<'a>(vm: &Vm, args: &'a [Option<Value>]) -> PyResult<(&'a Value, &'a Value)> {
    match args {
        [Some(zelf), Some(argument), ..] => Ok((zelf, argument)),
        _ => Err(vm.system_error("a required argument is missing")),
    }
}

static METHODS: &[NativeDef] = &[
    NativeDef {
        name: "split",
        doc: "Split the group by a condition into the matching part and the rest.",
        signature: None,
        params: ONE,
        arity: Arity::of(ONE, Flavour::Method),
        flavour: Flavour::Method,
        function: |vm, args| {
            let (zelf, by) = receiver(vm, args)?;
            let (yes, no) = split_by(vm, zelf, &condition(vm, by)?)?;
            let parts = [yes, no].map(|p| p.unwrap_or(Value::NONE)).to_vec();
            Ok(Tuple::from_vec(parts).into())
        },
    },
    NativeDef {
        name: "subgroup",
        doc: "The part of the group that a condition selects, or None.",
        signature: None,
        params: ONE,
        arity: Arity::of(ONE, Flavour::Method),
        flavour: Flavour::Method,
        function: |vm, args| {
            let (zelf, by) = receiver(vm, args)?;
            Ok(split_by(vm, zelf, &condition(vm, by)?)?.0.unwrap_or(Value::NONE))
        },
    },
    NativeDef {
        name: "derive",
        doc: "A group of the same kind with other exceptions.",
        signature: None,
        params: &[Param { name: "excs", kind: ParamKind::PositionalOnly, required: true }],
        arity: Arity::of(
            &[Param { name: "excs", kind: ParamKind::PositionalOnly, required: true }],
            Flavour::Method,
        ),
        flavour: Flavour::Method,
        function: |vm, args| {
            let (zelf, items) = receiver(vm, args)?;
            let message = match zelf.downcast::<ExcObj>() {
                Some(exc) => exc.field(vm, "message").unwrap_or(Value::NONE),
                None => Value::NONE,
            };
            let base = vm.exceptions().exception_group_base.to_value();
            call::call(vm, &base, &[message, items.clone()])
        },
    },
    NativeDef {
        name: "__class_getitem__",
        doc: "See PEP 585",
        signature: None,
        params: &[Param { name: "item", kind: ParamKind::PositionalOnly, required: true }],
        arity: Arity::of(
            &[Param { name: "item", kind: ParamKind::PositionalOnly, required: true }],
            Flavour::Class,
        ),
        flavour: Flavour::Class,
        function: |vm, args| {
            let (class, item) = receiver(vm, args)?;
            super::generic_alias::make(vm, class, item)
        },
    },
];

//! Named records: tuples whose items have names (`sys.version_info`, `os.stat_result`).
//!
//! CPython's counterpart: `Objects/structseq.c`.

use crate::object::{GilCell, Obj, Payload, Ref};
use crate::objects::descr::MemberDescr;
use crate::objects::dict::Dict;
use crate::objects::str_::{Str, StrBuilder};
use crate::objects::tuple::Tuple;
use crate::objects::type_::declare::Methods;
use crate::objects::type_::{Type, TypeFlags, declare};
use crate::protocol::object;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::pymethods;
use std::collections::HashMap;

/// Record types by name, with their fields' names.
static TYPES: GilCell<Option<HashMap<String, Ref<Type>>>> = GilCell::new(None);

/// Types whose one instance is all there is: programs cannot make another.
const ONLY_ONE: [&str; 2] = ["sys.flags", "sys.version_info"];

/// A record; its type is made on first use. `name` is `module.type`.
pub fn make(vm: &Vm, name: &'static str, fields: &[(&str, Value)]) -> Value {
    make_hiding(vm, name, fields, &[])
}

/// A record with further fields that are no items of the sequence.
pub fn make_hiding(
    vm: &Vm,
    name: &'static str,
    fields: &[(&str, Value)],
    hidden: &[(&str, Value)],
) -> Value {
    let visible: Vec<&str> = fields.iter().map(|(n, _)| *n).collect();
    let extra: Vec<&str> = hidden.iter().map(|(n, _)| *n).collect();
    let ty = record_type_hiding(vm, name, &visible, &extra);
    let all = fields.iter().chain(hidden).map(|(_, v)| v.clone()).collect();
    Tuple::build_hiding(all, hidden.len(), &ty).into()
}

/// The type of a record.
pub fn record_type(vm: &Vm, name: &'static str, fields: &[&str]) -> Ref<Type> {
    record_type_hiding(vm, name, fields, &[])
}

/// The type of a record with hidden fields. A hidden field's name may be that of an item: then the
/// attribute is the hidden one (`st_atime`, a float, where the item is whole seconds).
pub fn record_type_hiding(
    vm: &Vm,
    name: &'static str,
    fields: &[&str],
    hidden: &[&str],
) -> Ref<Type> {
    if let Some(known) = TYPES.with(|t| t.as_ref().and_then(|t| t.get(name).cloned())) {
        return known;
    }
    let (module, short) = name.rsplit_once('.').unwrap_or(("builtins", name));
    let base = Tuple::cell().get();
    let ty = declare::derive_type(short, module, "", base, vec![base.to_ref()], &[]);
    for (i, field) in fields.iter().chain(hidden).enumerate() {
        let field = vm.intern(field);
        drop(ty.dict().insert_str(&field, MemberDescr::item(&field, &ty, i)));
    }
    let int = |n: usize| Value::int_unchecked(n as i64);
    let unnamed = fields.iter().filter(|f| hidden.contains(f)).count();
    for (field, value) in [
        ("n_fields", int(fields.len() + hidden.len())),
        ("n_sequence_fields", int(fields.len())),
        ("n_unnamed_fields", int(unnamed)),
    ] {
        drop(ty.dict().insert_str(&vm.intern(field), value));
    }
    let names: Vec<Value> = fields.iter().map(|f| vm.str(f)).collect();
    drop(ty.dict().insert_str(&vm.names().__match_args__, Tuple::from_vec(names).into()));
    ty.slots.set_repr(|vm, zelf| {
        let Some(tuple) = zelf.downcast::<Tuple>() else { return Ok(vm.str("")) };
        let names = field_names(vm, zelf.ty());
        let mut out = StrBuilder::new();
        out.push_str(&format!("{}(", super::type_::methods::full_name(vm, zelf.ty())));
        for (i, (field, item)) in names.iter().zip(tuple.items()).enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            out.push_str(&format!("{field}="));
            out.push_obj(&*object::repr(vm, item)?);
        }
        out.push_str(")");
        Ok(out.finish_in(vm)?.into())
    });
    ty.slots.set_new(|vm, ty, args| {
        let [items, ..] = args.args() else {
            return Err(vm.type_error(format!(
                "{}() missing required argument 'sequence' (pos 1)",
                ty.name()
            )));
        };
        let mut items = crate::protocol::iter::collect(vm, items)?;
        let want = field_names(vm, ty).len();
        let most = ty.lookup(&vm.intern("n_fields")).and_then(|n| n.as_small_int());
        let most = most.map_or(want, |n| n as usize);
        let given = items.len();
        if !(want..=most).contains(&given) {
            let (word, limit) = match (want == most, given < want) {
                (true, _) => ("a", want),
                (false, true) => ("an at least", want),
                (false, false) => ("an at most", most),
            };
            return Err(vm.type_error(format!(
                "{}() takes {word} {limit}-sequence ({given}-sequence given)",
                super::type_::methods::full_name(vm, ty),
            )));
        }
        if let Some(hidden) = args.args().get(1) {
            let Some(hidden) = hidden.downcast::<Dict>() else {
                let name = super::type_::methods::full_name(vm, ty);
                return Err(vm.type_error(format!("{name}() takes a dict as second arg, if any")));
            };
            for name in hidden_names(ty).iter().skip(given - want) {
                items.push(hidden.get_str(name).unwrap_or(Value::NONE));
            }
        }
        items.resize(most, Value::NONE);
        Ok(Tuple::build_hiding(items, most - want, ty).into())
    });
    if ONLY_ONE.contains(&name) {
        ty.slots.new.set(None);
        ty.set_flag(TypeFlags::NO_NEW, true);
    }
    ty.set_flag(TypeFlags::SEQUENCE, true);
    declare::add_methods(crate::object::reference::leak(ty.clone()), Record::METHODS);
    TYPES.with(|t| t.get_or_insert_default().insert(name.to_string(), ty.clone()));
    ty
}

/// The names of the hidden fields, in order.
fn hidden_names(ty: &Obj<Type>) -> Vec<Ref<Str>> {
    let shown = ty.lookup(&crate::objects::str_::intern::intern_str("n_sequence_fields"));
    let shown = shown.and_then(|n| n.as_small_int()).unwrap_or(0) as usize;
    let mut hidden: Vec<(usize, Ref<Str>)> = Vec::new();
    for (name, value) in ty.dict().items_vec() {
        if let Some(index) = value.downcast::<MemberDescr>().and_then(|m| m.item_index())
            && index >= shown
            && let Ok(name) = name.into_ref::<Str>()
        {
            hidden.push((index, name));
        }
    }
    hidden.sort_by_key(|(index, _)| *index);
    hidden.into_iter().map(|(_, name)| name).collect()
}

/// The methods of records.
struct Record;

#[pymethods]
impl Record {
    #[pymethod]
    fn __reduce__(zelf: &Value, vm: &Vm) -> PyResult<(Value, (Value, Value))> {
        let Some(zelf) = zelf.downcast::<Tuple>() else {
            return Err(vm.wrong_receiver::<Tuple>(zelf));
        };
        let hidden = Dict::new_ref();
        let values = zelf.all_items().get(zelf.len()..).unwrap_or_default();
        for (name, value) in hidden_names(zelf.ty()).iter().zip(values) {
            drop(hidden.insert_str(name, value.clone()));
        }
        let items = Tuple::from_slice(zelf.items());
        Ok((zelf.ty().to_value(), (items.into(), hidden.into())))
    }
}

fn field_names(vm: &Vm, ty: &Obj<Type>) -> Vec<String> {
    let found = ty.lookup(&vm.names().__match_args__);
    let names = found.as_ref().and_then(|f| f.downcast::<Tuple>());
    names.map(|t| t.items().iter().map(text_of).collect()).unwrap_or_default()
}

fn text_of(value: &Value) -> String {
    value.downcast::<super::str_::Str>().map(|s| s.to_string()).unwrap_or_default()
}

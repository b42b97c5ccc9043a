//! `tzinfo`, the abstract base of time zones, and `timezone`, a fixed offset; and how the methods of
//! any time zone are called.

use super::args;
use super::calendar::{DAY_MICROS, MICROS};
use super::date_time::{DateTime, plus};
use super::delta::Delta;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::GilCell;
use adder_vm::objects::str_::Str;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::compare::CmpOp;
use adder_vm::protocol::{call, object};
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::runtime::names::StaticName;
use adder_vm::{Obj, Ref, Value, Vm};

/// Abstract base class for time zone info objects.
#[pyclass(name = "datetime.tzinfo", base_type, no_gc)]
pub struct TzInfo {}

fn abstract_method(vm: &Vm, name: &str) -> Exc {
    vm.not_implemented_error(format!("a tzinfo subclass must implement {name}()"))
}

/// The argument of `fromutc`: a datetime in this very zone.
fn own_datetime<'a>(vm: &Vm, zelf: &Value, dt: &'a Value) -> PyResult<&'a Obj<DateTime>> {
    let Some(dt) = dt.downcast::<DateTime>() else {
        return Err(vm.type_error("fromutc: argument must be a datetime"));
    };
    if !dt.tz.as_ref().is_some_and(|tz| tz.is(zelf)) {
        return Err(vm.value_error("fromutc: dt.tzinfo is not self"));
    }
    Ok(dt)
}

#[pymethods]
impl TzInfo {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: adder_vm::runtime::args::CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(TzInfo {}, ty).into())
    }
    /// datetime -> string name of time zone.
    #[pymethod]
    fn tzname(_zelf: &Value, vm: &Vm, _dt: &Value) -> PyResult {
        Err(abstract_method(vm, "tzname"))
    }
    /// datetime -> timedelta showing offset from UTC, negative values indicating West of UTC
    #[pymethod]
    fn utcoffset(_zelf: &Value, vm: &Vm, _dt: &Value) -> PyResult {
        Err(abstract_method(vm, "utcoffset"))
    }
    /// datetime -> DST offset as timedelta positive east of UTC.
    #[pymethod]
    fn dst(_zelf: &Value, vm: &Vm, _dt: &Value) -> PyResult {
        Err(abstract_method(vm, "dst"))
    }
    /// datetime in UTC -> datetime in local time.
    #[pymethod]
    fn fromutc(zelf: &Value, vm: &Vm, dt: &Value) -> PyResult {
        let own = own_datetime(vm, zelf, dt)?;
        let Some(offset) = offset(vm, Some(zelf), &args::UTCOFFSET, dt)? else {
            return Err(vm.value_error("fromutc: non-None utcoffset() result required"));
        };
        let Some(dst) = offset_of(vm, zelf, &args::DST, dt)? else {
            return Err(vm.value_error("fromutc: non-None dst() result required"));
        };
        // What the zone has without summer time; its summer time may be another there.
        let standard = plus(vm, own, offset.total() - dst.total())?;
        let Some(dst) = offset_of(vm, zelf, &args::DST, &standard)? else {
            return Err(
                vm.value_error("fromutc: tz.dst() gave inconsistent results; cannot convert")
            );
        };
        match standard.downcast::<DateTime>() {
            Some(standard) if dst.total() != 0 => plus(vm, standard, dst.total()),
            _ => Ok(standard),
        }
    }
    /// -> (cls, state)
    #[pymethod]
    fn __reduce__(zelf: &Value, vm: &Vm) -> PyResult<Ref<Tuple>> {
        let args = match object::lookup_attr(vm, zelf, &args::GETINITARGS.get())? {
            Some(getinitargs) => call::call(vm, &getinitargs, &[])?,
            None => Tuple::empty().into(),
        };
        let state = object::call_method(vm, zelf, &vm.names().__getstate__, &[])?;
        Ok(Tuple::from_vec(vec![zelf.ty().to_value(), args, state]))
    }
}

/// What a zone's `utcoffset` or `dst` says, checked.
pub fn offset(
    vm: &Vm,
    tz: Option<&Value>,
    method: &StaticName,
    dt: &Value,
) -> PyResult<Option<Ref<Delta>>> {
    tz.map_or(Ok(None), |tz| offset_of(vm, tz, method, dt))
}

fn offset_of(vm: &Vm, tz: &Value, method: &StaticName, dt: &Value) -> PyResult<Option<Ref<Delta>>> {
    if let Some(fixed) = tz.downcast::<TimeZone>() {
        let is_dst = std::ptr::eq(method, &args::DST);
        return Ok((!is_dst).then(|| fixed.offset.clone()));
    }
    let found = object::call_method(vm, tz, &method.get(), std::slice::from_ref(dt))?;
    if found.is_none() {
        return Ok(None);
    }
    match found.into_ref::<Delta>() {
        Ok(delta) => {
            check_offset(vm, &delta)?;
            Ok(Some(delta))
        }
        Err(other) => Err(vm.type_error(format!(
            "tzinfo.{}() must return None or timedelta, not '{}'",
            method.get(),
            other.ty().name()
        ))),
    }
}

/// What a zone's `tzname` says, checked.
pub fn name(vm: &Vm, tz: Option<&Value>, dt: &Value) -> PyResult {
    let Some(tz) = tz else { return Ok(Value::NONE) };
    let found = object::call_method(vm, tz, &args::TZNAME.get(), std::slice::from_ref(dt))?;
    if found.is_none() || found.downcast::<Str>().is_some() {
        return Ok(found);
    }
    Err(vm.type_error(format!(
        "tzinfo.tzname() must return None or a string, not '{}'",
        found.ty().name()
    )))
}

fn check_offset(vm: &Vm, offset: &Ref<Delta>) -> PyResult<()> {
    if offset.total().abs() < DAY_MICROS.into() {
        return Ok(());
    }
    let shown = object::repr(vm, &offset.to_value())?;
    Err(vm.value_error(format!(
        "offset must be a timedelta strictly between -timedelta(hours=24) and \
         timedelta(hours=24), not {shown}"
    )))
}

/// An offset as text: `+HH:MM[:SS[.ffffff]]`, with another or no separator.
pub fn offset_text(offset: &Delta, separator: &str) -> String {
    let total = offset.total() as i64;
    let sign = if total < 0 { '-' } else { '+' };
    let (seconds, micros) = (total.abs() / MICROS, total.abs() % MICROS);
    let (minutes, second) = (seconds / 60, seconds % 60);
    let mut text = format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60);
    if second != 0 || micros != 0 {
        text += &format!("{separator}{second:02}");
    }
    if micros != 0 {
        text += &format!(".{micros:06}");
    }
    text
}

/// Fixed offset from UTC implementation of tzinfo.
#[pyclass(name = "datetime.timezone", base = TzInfo, no_gc)]
pub struct TimeZone {
    pub offset: Ref<Delta>,
    name: Option<Ref<Str>>,
}

static UTC: GilCell<Option<Value>> = GilCell::new(None);

/// `timezone.utc`
pub fn utc(vm: &Vm) -> PyResult {
    if let Some(known) = UTC.with(|utc| utc.clone()) {
        return Ok(known);
    }
    let made = TimeZone { offset: Delta::from_micros(vm, 0)?, name: None };
    let made = Value::from(Ref::with_type(made, vm.type_object::<TimeZone>()));
    Ok(UTC.with(|utc| utc.get_or_insert(made).clone()))
}

/// A zone with this offset; the one without offset and name is `utc` itself.
pub fn fixed(vm: &Vm, offset: Ref<Delta>, name: Option<Ref<Str>>) -> PyResult {
    if name.is_none() && offset.total() == 0 {
        return utc(vm);
    }
    check_offset(vm, &offset)?;
    Ok(Ref::with_type(TimeZone { offset, name }, vm.type_object::<TimeZone>()).into())
}

/// The argument of a zone's methods.
fn check_argument(vm: &Vm, dt: &Value, method: &str) -> PyResult<()> {
    if dt.is_none() || dt.downcast::<DateTime>().is_some() {
        return Ok(());
    }
    Err(vm.type_error(format!(
        "{method}(dt) argument must be a datetime instance or None, not {}",
        dt.ty().name()
    )))
}

impl TimeZone {
    fn text(&self) -> Ref<Str> {
        match &self.name {
            Some(name) => name.clone(),
            None if self.offset.total() == 0 => Ref::from_str("UTC"),
            None => Ref::from_str(&format!("UTC{}", offset_text(&self.offset, ":"))),
        }
    }
}

#[pymethods]
impl TimeZone {
    #[slot(name = "timezone", sig = "(offset, name=None)")]
    fn new(vm: &Vm, _ty: &Obj<Type>, offset: &Value, name: Option<&Value>) -> PyResult {
        let Some(offset) = offset.downcast::<Delta>() else {
            return Err(vm.type_error(format!(
                "timezone() argument 1 must be datetime.timedelta, not {}",
                object::type_name_or_none(offset)
            )));
        };
        let name = match name {
            None => None,
            Some(name) => match name.downcast::<Str>() {
                Some(name) => Some(name.to_ref()),
                None => {
                    return Err(vm.type_error(format!(
                        "timezone() argument 2 must be str, not {}",
                        object::type_name_or_none(name)
                    )));
                }
            },
        };
        fixed(vm, offset.to_ref(), name)
    }
    /// If name is specified when timezone is created, returns the name.  Otherwise returns offset as 'UTC(+|-)HH:MM'.
    #[pymethod]
    fn tzname(zelf: &Obj<TimeZone>, vm: &Vm, dt: &Value) -> PyResult<Ref<Str>> {
        check_argument(vm, dt, "tzname")?;
        Ok(zelf.text())
    }
    /// Return fixed offset.
    #[pymethod]
    fn utcoffset(zelf: &Obj<TimeZone>, vm: &Vm, dt: &Value) -> PyResult<Ref<Delta>> {
        check_argument(vm, dt, "utcoffset")?;
        Ok(zelf.offset.clone())
    }
    /// Return None.
    #[pymethod]
    fn dst(_zelf: &Obj<TimeZone>, vm: &Vm, dt: &Value) -> PyResult<()> {
        check_argument(vm, dt, "dst")
    }
    /// datetime in UTC -> datetime in local time.
    #[pymethod]
    fn fromutc(zelf: &Obj<TimeZone>, vm: &Vm, dt: &Value) -> PyResult {
        plus(vm, own_datetime(vm, &zelf.to_value(), dt)?, zelf.offset.total())
    }
    /// pickle support
    #[pymethod]
    fn __getinitargs__(zelf: &Obj<TimeZone>, _vm: &Vm) -> Ref<Tuple> {
        let mut args = vec![zelf.offset.to_value()];
        args.extend(zelf.name.as_ref().map(|name| name.to_value()));
        Tuple::from_vec(args)
    }
    #[slot]
    fn repr(zelf: &Obj<TimeZone>, vm: &Vm) -> PyResult {
        if zelf.is(&utc(vm)?) {
            return Ok(vm.str("datetime.timezone.utc"));
        }
        let mut text = adder_vm::objects::str_::StrBuilder::new();
        text.push_str(&zelf.ty().name());
        text.push_str("(");
        text.push_obj(&*object::repr(vm, &zelf.offset.to_value())?);
        if let Some(name) = &zelf.name {
            text.push_str(", ");
            text.push_obj(&*object::repr(vm, &name.to_value())?);
        }
        text.push_str(")");
        Ok(text.finish_in(vm)?.into())
    }
    #[slot]
    fn str(zelf: &Obj<TimeZone>, _vm: &Vm) -> PyResult {
        Ok(zelf.text().into())
    }
    #[slot]
    fn hash(zelf: &Obj<TimeZone>, vm: &Vm) -> PyResult<i64> {
        object::hash(vm, &zelf.offset.to_value())
    }
    #[slot]
    fn richcompare(zelf: &Obj<TimeZone>, _vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<TimeZone>() else { return Ok(Value::NOT_IMPLEMENTED) };
        let same = zelf.offset.total() == other.offset.total();
        Ok(match op {
            CmpOp::Eq => Value::bool(same),
            CmpOp::Ne => Value::bool(!same),
            _ => Value::NOT_IMPLEMENTED,
        })
    }
}

/// The class's constants.
pub fn add_constants(vm: &Vm) -> PyResult<()> {
    let ty = vm.type_object::<TimeZone>();
    let most = DAY_MICROS - 60 * MICROS;
    for (name, zone) in [
        ("utc", utc(vm)?),
        ("min", fixed(vm, Delta::from_micros(vm, (-most).into())?, None)?),
        ("max", fixed(vm, Delta::from_micros(vm, most.into())?, None)?),
    ] {
        drop(ty.dict().insert_str(&vm.intern(name), zone));
    }
    Ok(())
}

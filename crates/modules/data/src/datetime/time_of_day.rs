//! `time`: a time of day, with or without a time zone.

use super::calendar::{Clock, DAY_MICROS};
use super::date::class_of;
use super::delta::Delta;
use super::format::{self, Timespec, clock_text};
use super::{args, parse, pickle, tz};
use adder_derive::{pyclass, pymethods};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::int;
use adder_vm::objects::str_::{Str, StrBuilder};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::compare::CmpOp;
use adder_vm::protocol::{call, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::hash::hash_bytes;
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

/// time([hour[, minute[, second[, microsecond[, tzinfo]]]]]) --> a time object
///
/// All arguments are optional. tzinfo may be None, or an instance of
/// a tzinfo subclass. The remaining arguments may be ints.
// Like CPython's, it is not seen by the collector.
#[pyclass(name = "datetime.time", base_type, no_gc)]
pub struct Time {
    pub clock: Clock,
    pub fold: Cell<bool>,
    pub tz: Option<Value>,
}

/// A time of a class: subclasses are called.
pub fn make(vm: &Vm, class: &Obj<Type>, clock: Clock, tz: Option<Value>, fold: bool) -> PyResult {
    if class.same(vm.type_object::<Time>()) {
        return Ok(Ref::with_type(Time { clock, fold: Cell::new(fold), tz }, class).into());
    }
    let parts =
        [i64::from(clock.hour), clock.minute.into(), clock.second.into(), clock.micro.into()];
    let mut args: Vec<Value> = parts.map(int::from_i64).into();
    args.push(tz.unwrap_or(Value::NONE));
    let made = call::call(vm, &class.to_value(), &args)?;
    if fold && let Some(time) = made.downcast::<Time>() {
        time.fold.set(true);
    }
    Ok(made)
}

pub fn state(clock: Clock) -> [u8; 6] {
    let [_, high, middle, low] = clock.micro.to_be_bytes();
    [clock.hour, clock.minute, clock.second, high, middle, low]
}

pub fn clock_of(state: [u8; 6]) -> Clock {
    let [hour, minute, second, high, middle, low] = state;
    Clock { hour, minute, second, micro: u32::from_be_bytes([0, high, middle, low]) }
}

/// The state of something that folds, with its zone: what `__reduce__` returns.
pub fn reduced(object: &Value, state: &[u8], tz: Option<&Value>) -> Ref<Tuple> {
    let mut args = vec![Bytes::from_slice(state).into()];
    args.extend(tz.cloned());
    Tuple::pair(object.ty().to_value(), Tuple::from_vec(args).into())
}

/// The zone that a pickle names.
pub fn pickled_tz(vm: &Vm, args: CallArgs<'_>) -> PyResult<Option<Value>> {
    let tz = args.all().get(1);
    args::tzinfo(vm, tz).map_err(|_| vm.type_error("bad tzinfo state arg"))
}

impl Time {
    fn offset(&self, vm: &Vm) -> PyResult<Option<Ref<Delta>>> {
        tz::offset(vm, self.tz.as_ref(), &args::UTCOFFSET, &Value::NONE)
    }
}

#[pymethods]
impl Time {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        if let Some(mut state) = pickle::state(vm, args, 2, "time", |s| s[0] & 0x7f < 24)? {
            let (tz, fold) = (pickled_tz(vm, args)?, state[0] >= 0x80);
            state[0] &= 0x7f;
            let time = Time { clock: clock_of(state), fold: Cell::new(fold), tz };
            return Ok(Ref::with_type(time, ty).into());
        }
        const NAMES: [&str; 6] = ["hour", "minute", "second", "microsecond", "tzinfo", "fold"];
        let [hour, minute, second, micro, tz, fold] = args::bind(vm, NAMES, 0, 5, args)?;
        let [hour, minute, second, micro] =
            [hour, minute, second, micro].map(|v| args::c_int_or(vm, v, 0));
        let (hour, minute, second, micro) = (hour?, minute?, second?, micro?);
        let fold = args::c_int_or(vm, fold, 0)?;
        let tz = args::tzinfo(vm, tz)?;
        let clock = args::clock(vm, hour, minute, second, micro)?;
        let fold = Cell::new(args::fold(vm, fold)?);
        Ok(Ref::with_type(Time { clock, fold, tz }, ty).into())
    }
    /// string -> time from a string in ISO 8601 format
    #[classmethod]
    fn fromisoformat(cls: &Value, vm: &Vm, string: &Value) -> PyResult {
        let (clock, tz) = parse::time(vm, string)?;
        make(vm, class_of(vm, cls)?, clock, tz, false)
    }
    /// string, format -> new time parsed from a string (like time.strptime()).
    #[classmethod]
    fn strptime(cls: &Value, vm: &Vm, string: &Obj<Str>, format: &Obj<Str>) -> PyResult {
        format::strptime(vm, cls, "_strptime_datetime_time", string, format)
    }

    #[getter]
    fn hour(zelf: &Obj<Time>, _vm: &Vm) -> i64 {
        zelf.clock.hour.into()
    }
    #[getter]
    fn minute(zelf: &Obj<Time>, _vm: &Vm) -> i64 {
        zelf.clock.minute.into()
    }
    #[getter]
    fn second(zelf: &Obj<Time>, _vm: &Vm) -> i64 {
        zelf.clock.second.into()
    }
    #[getter]
    fn microsecond(zelf: &Obj<Time>, _vm: &Vm) -> i64 {
        zelf.clock.micro.into()
    }
    #[getter]
    fn tzinfo(zelf: &Obj<Time>, _vm: &Vm) -> Option<Value> {
        zelf.tz.clone()
    }
    #[getter]
    fn fold(zelf: &Obj<Time>, _vm: &Vm) -> i64 {
        zelf.fold.get().into()
    }
    /// Return time with new specified fields.
    #[pymethod(
        also = "__replace__",
        sig = "($self, /, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)"
    )]
    fn replace(
        zelf: &Obj<Time>,
        vm: &Vm,
        hour: Option<&Value>,
        minute: Option<&Value>,
        second: Option<&Value>,
        microsecond: Option<&Value>,
        tzinfo: Option<&Value>,
        fold: Option<&Value>,
    ) -> PyResult {
        let hour = args::c_int_or(vm, hour, zelf.clock.hour.into())?;
        let minute = args::c_int_or(vm, minute, zelf.clock.minute.into())?;
        let second = args::c_int_or(vm, second, zelf.clock.second.into())?;
        let micro = args::c_int_or(vm, microsecond, zelf.clock.micro.into())?;
        let fold = args::c_int_or(vm, fold, zelf.fold.get().into())?;
        let tz = match tzinfo {
            None => zelf.tz.clone(),
            given => args::tzinfo(vm, given)?,
        };
        let clock = args::clock(vm, hour, minute, second, micro)?;
        make(vm, zelf.ty(), clock, tz, args::fold(vm, fold)?)
    }
    /// Return self.tzinfo.utcoffset(self).
    #[pymethod]
    fn utcoffset(zelf: &Obj<Time>, vm: &Vm) -> PyResult<Option<Ref<Delta>>> {
        zelf.offset(vm)
    }
    /// Return self.tzinfo.tzname(self).
    #[pymethod]
    fn tzname(zelf: &Obj<Time>, vm: &Vm) -> PyResult {
        tz::name(vm, zelf.tz.as_ref(), &Value::NONE)
    }
    /// Return self.tzinfo.dst(self).
    #[pymethod]
    fn dst(zelf: &Obj<Time>, vm: &Vm) -> PyResult<Option<Ref<Delta>>> {
        tz::offset(vm, zelf.tz.as_ref(), &args::DST, &Value::NONE)
    }

    /// Return the time formatted according to ISO.
    ///
    /// The full format is 'HH:MM:SS.mmmmmm+zz:zz'. By default, the fractional
    /// part is omitted if self.microsecond == 0.
    ///
    /// The optional argument timespec specifies the number of additional
    /// terms of the time to include. Valid options are 'auto', 'hours',
    /// 'minutes', 'seconds', 'milliseconds' and 'microseconds'.
    #[pymethod(sig = "($self, /, timespec='auto')")]
    fn isoformat(zelf: &Obj<Time>, vm: &Vm, timespec: Option<&Value>) -> PyResult<Ref<Str>> {
        let mut text = clock_text(zelf.clock, Timespec::read(vm, timespec, 1)?);
        if let Some(offset) = zelf.offset(vm)? {
            text += &tz::offset_text(&offset, ":");
        }
        Ok(format::ascii(&text))
    }
    /// Format using strftime().
    ///
    /// The date part of the timestamp passed to underlying strftime should not be used.
    #[pymethod(sig = "($self, /, format)")]
    fn strftime(zelf: &Obj<Time>, vm: &Vm, format: &Value) -> PyResult {
        let format = format::text_argument(vm, "strftime", format, 1)?;
        let Clock { hour, minute, second, .. } = zelf.clock;
        let parts = [1900, 1, 1, hour.into(), minute.into(), second.into(), 0, 1, -1];
        let tuple = Tuple::from_vec(parts.map(int::from_i64).into());
        format::strftime(vm, &zelf.to_value(), format, &tuple.into(), &Value::NONE)
    }
    /// Formats self with strftime.
    #[pymethod]
    fn __format__(zelf: &Value, vm: &Vm, format: &Value) -> PyResult {
        format::format(vm, zelf, format)
    }
    #[slot]
    fn repr(zelf: &Obj<Time>, vm: &Vm) -> PyResult {
        let Clock { hour, minute, second, micro } = zelf.clock;
        let mut text = StrBuilder::new();
        text.push_str(&format!("{}({hour}, {minute}", zelf.ty().name()));
        if second != 0 || micro != 0 {
            text.push_str(&format!(", {second}"));
        }
        if micro != 0 {
            text.push_str(&format!(", {micro}"));
        }
        if let Some(tz) = &zelf.tz {
            text.push_str(", tzinfo=");
            text.push_obj(&*object::repr(vm, tz)?);
        }
        text.push_str(if zelf.fold.get() { ", fold=1)" } else { ")" });
        Ok(text.finish_in(vm)?.into())
    }
    #[slot]
    fn str(zelf: &Value, vm: &Vm) -> PyResult {
        object::call_method(vm, zelf, &args::ISOFORMAT.get(), &[])
    }

    /// __reduce_ex__(proto) -> (cls, state)
    #[pymethod]
    fn __reduce_ex__(zelf: &Obj<Time>, vm: &Vm, proto: &Value) -> PyResult<Ref<Tuple>> {
        let mut state = state(zelf.clock);
        if zelf.fold.get() && args::c_int(vm, proto)? > 3 {
            state[0] |= 0x80;
        }
        Ok(reduced(&zelf.to_value(), &state, zelf.tz.as_ref()))
    }
    /// __reduce__() -> (cls, state)
    #[pymethod]
    fn __reduce__(zelf: &Obj<Time>, _vm: &Vm) -> Ref<Tuple> {
        reduced(&zelf.to_value(), &state(zelf.clock), zelf.tz.as_ref())
    }
    #[slot]
    fn hash(zelf: &Obj<Time>, vm: &Vm) -> PyResult<i64> {
        match zelf.offset(vm)? {
            None => Ok(hash_bytes(&state(zelf.clock))),
            Some(offset) => {
                let utc = i128::from(zelf.clock.micros()) - offset.total();
                object::hash(vm, &Delta::from_micros(vm, utc)?.into())
            }
        }
    }
    #[slot]
    fn richcompare(zelf: &Obj<Time>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<Time>() else { return Ok(Value::NOT_IMPLEMENTED) };
        let same_zone = match (&zelf.tz, &other.tz) {
            (None, None) => true,
            (Some(a), Some(b)) => a.is(b),
            _ => false,
        };
        if same_zone {
            return Ok(Value::bool(op.holds(zelf.clock.cmp(&other.clock))));
        }
        match (zelf.offset(vm)?, other.offset(vm)?) {
            (None, None) => Ok(Value::bool(op.holds(zelf.clock.cmp(&other.clock)))),
            (Some(a), Some(b)) => {
                let a = i128::from(zelf.clock.micros()) - a.total();
                let b = i128::from(other.clock.micros()) - b.total();
                Ok(Value::bool(op.holds(a.cmp(&b))))
            }
            _ => match op {
                CmpOp::Eq => Ok(Value::FALSE),
                CmpOp::Ne => Ok(Value::TRUE),
                _ => Err(vm.type_error("can't compare offset-naive and offset-aware times")),
            },
        }
    }
}

/// The class's constants.
pub fn add_constants(vm: &Vm) -> PyResult<()> {
    let ty = vm.type_object::<Time>();
    for (name, value) in [
        ("min", make(vm, ty, Clock::MIDNIGHT, None, false)?),
        ("max", make(vm, ty, Clock::from_micros(DAY_MICROS - 1), None, false)?),
        ("resolution", Delta::from_micros(vm, 1)?.into()),
    ] {
        drop(ty.dict().insert_str(&vm.intern(name), value));
    }
    Ok(())
}

//! `datetime`: a date and a time of day, with or without a time zone. Its methods are in
//! `date_time_methods.rs`; this file holds the object, its arithmetic and its comparison.

use super::calendar::{Clock, DAY_MICROS, EPOCH, MAX_ORDINAL, MICROS, Ymd};
use super::date;
use super::delta::Delta;
use super::format::{self, struct_time};
use super::time_of_day;
use super::{args, local, tz};
use adder_derive::pyclass;
use adder_vm::objects::int;
use adder_vm::objects::str_::Str;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::call;
use adder_vm::protocol::compare::CmpOp;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

/// datetime(year, month, day[, hour[, minute[, second[, microsecond[,tzinfo]]]]])
///
/// The year, month and day arguments are required. tzinfo may be None, or an
/// instance of a tzinfo subclass. The remaining arguments may be ints.
// Like CPython's, it is not seen by the collector.
#[pyclass(name = "datetime.datetime", base = date::Date, base_type, no_gc)]
pub struct DateTime {
    pub date: Ymd,
    pub clock: Clock,
    pub fold: Cell<bool>,
    pub tz: Option<Value>,
    /// -1 until it is asked for.
    pub hash: Cell<i64>,
}

/// A datetime of a class: subclasses are called.
pub fn make(
    vm: &Vm,
    class: &Obj<Type>,
    date: Ymd,
    clock: Clock,
    tz: Option<Value>,
    fold: bool,
) -> PyResult {
    if class.same(vm.type_object::<DateTime>()) {
        return Ok(build(class, date, clock, tz, fold).into());
    }
    let parts = [
        i64::from(date.year),
        date.month.into(),
        date.day.into(),
        clock.hour.into(),
        clock.minute.into(),
        clock.second.into(),
        clock.micro.into(),
    ];
    let mut args: Vec<Value> = parts.map(int::from_i64).into();
    args.push(tz.unwrap_or(Value::NONE));
    let made = call::call(vm, &class.to_value(), &args)?;
    if fold && let Some(dt) = made.downcast::<DateTime>() {
        dt.fold.set(true);
    }
    Ok(made)
}

/// A datetime of a class, without calling it.
pub fn build(
    class: &Obj<Type>,
    date: Ymd,
    clock: Clock,
    tz: Option<Value>,
    fold: bool,
) -> Ref<DateTime> {
    let (fold, hash) = (Cell::new(fold), Cell::new(-1));
    Ref::with_type(DateTime { date, clock, fold, tz, hash }, class)
}

pub fn state(date: Ymd, clock: Clock) -> [u8; 10] {
    let mut state = [0; 10];
    state[..4].copy_from_slice(&date::state(date));
    state[4..].copy_from_slice(&time_of_day::state(clock));
    state
}

pub fn time_tuple(vm: &Vm, date: Ymd, clock: Clock, dst: i64) -> PyResult {
    let parts = [
        date.year.into(),
        date.month.into(),
        date.day.into(),
        clock.hour.into(),
        clock.minute.into(),
        clock.second.into(),
        date.weekday(),
        date.day_of_year(),
        dst,
    ];
    struct_time(vm, parts)
}

pub fn ctime(date: Ymd, clock: Clock) -> Ref<Str> {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Clock { hour, minute, second, .. } = clock;
    let day = DAYS.get(date.weekday() as usize).unwrap_or(&"???");
    let month = MONTHS.get(usize::from(date.month).wrapping_sub(1)).unwrap_or(&"???");
    format::ascii(&format!(
        "{day} {month} {:2} {hour:02}:{minute:02}:{second:02} {:04}",
        date.day, date.year
    ))
}

#[cold]
pub fn out_of_range(vm: &Vm) -> Exc {
    vm.overflow_error("date value out of range")
}

/// Date and time of microseconds since the beginning of the calendar.
pub fn fields(vm: &Vm, micros: i128) -> PyResult<(Ymd, Clock)> {
    let ordinal = micros.div_euclid(DAY_MICROS.into());
    if !(1..=i128::from(MAX_ORDINAL)).contains(&ordinal) {
        return Err(out_of_range(vm));
    }
    let rest = micros.rem_euclid(DAY_MICROS.into()) as i64;
    Ok((Ymd::from_ordinal(ordinal as i64), Clock::from_micros(rest)))
}

impl DateTime {
    /// Microseconds since the beginning of the calendar, by the clock on the wall.
    pub fn micros(&self) -> i64 {
        self.date.ordinal() * DAY_MICROS + self.clock.micros()
    }
    fn same_zone(&self, other: &DateTime) -> bool {
        match (&self.tz, &other.tz) {
            (None, None) => true,
            (Some(a), Some(b)) => a.is(b),
            _ => false,
        }
    }
}

/// What a datetime's zone says of its offset from UTC.
pub fn utc_offset(vm: &Vm, dt: &Obj<DateTime>) -> PyResult<Option<Ref<Delta>>> {
    match &dt.tz {
        None => Ok(None),
        tz => tz::offset(vm, tz.as_ref(), &args::UTCOFFSET, &dt.to_value()),
    }
}

/// The same for the other of the two moments that a repeated hour means.
fn folded_offset(vm: &Vm, dt: &Obj<DateTime>) -> PyResult<Option<Ref<Delta>>> {
    let tz = dt.tz.clone();
    let other = build(vm.type_object::<DateTime>(), dt.date, dt.clock, tz, !dt.fold.get());
    utc_offset(vm, &other)
}

/// Does the offset depend on the fold? Then the datetime is equal to none in another zone.
fn is_problematic(vm: &Vm, dt: &Obj<DateTime>, offset: Option<&Ref<Delta>>) -> PyResult<bool> {
    let other = folded_offset(vm, dt)?;
    Ok(offset.map(|o| o.total()) != other.map(|o| o.total()))
}

/// A datetime moved by microseconds, by the clock on the wall.
pub fn plus(vm: &Vm, dt: &Obj<DateTime>, micros: i128) -> PyResult {
    let (date, clock) = fields(vm, i128::from(dt.micros()) + micros)?;
    make(vm, dt.ty(), date, clock, dt.tz.clone(), false)
}

/// The microseconds between two datetimes.
pub fn difference(vm: &Vm, a: &Obj<DateTime>, b: &Obj<DateTime>) -> PyResult<i128> {
    let naive = i128::from(a.micros()) - i128::from(b.micros());
    if a.same_zone(b) {
        return Ok(naive);
    }
    match (utc_offset(vm, a)?, utc_offset(vm, b)?) {
        (None, None) => Ok(naive),
        (Some(a), Some(b)) => Ok(naive - a.total() + b.total()),
        _ => Err(vm.type_error("can't subtract offset-naive and offset-aware datetimes")),
    }
}

pub fn compare(vm: &Vm, a: &Obj<DateTime>, b: &Obj<DateTime>, op: CmpOp) -> PyResult<bool> {
    let naive = (a.date, a.clock).cmp(&(b.date, b.clock));
    if a.same_zone(b) {
        return Ok(op.holds(naive));
    }
    let is_equality = matches!(op, CmpOp::Eq | CmpOp::Ne);
    let (ours, theirs) = (utc_offset(vm, a)?, utc_offset(vm, b)?);
    let ordering = match (&ours, &theirs) {
        (None, None) => naive,
        (Some(ours), Some(theirs)) => {
            let ours = i128::from(a.micros()) - ours.total();
            ours.cmp(&(i128::from(b.micros()) - theirs.total()))
        }
        _ if is_equality => return Ok(op == CmpOp::Ne),
        _ => return Err(vm.type_error("can't compare offset-naive and offset-aware datetimes")),
    };
    if is_equality
        && ordering.is_eq()
        && (is_problematic(vm, a, ours.as_ref())? || is_problematic(vm, b, theirs.as_ref())?)
    {
        return Ok(op == CmpOp::Ne);
    }
    Ok(op.holds(ordering))
}

/// Seconds since 1970 of a datetime, whole ones, that its zone or the process's gives it.
pub fn moment(vm: &Vm, dt: &Obj<DateTime>) -> PyResult<i64> {
    local::moment(vm, local::wall_seconds(dt.date, dt.clock), dt.fold.get())
}

/// Microseconds of the epoch since the beginning of the calendar.
pub const EPOCH_MICROS: i64 = EPOCH * DAY_MICROS;

/// The moment of seconds and microseconds in UTC or in the process's zone.
pub fn from_moment(
    vm: &Vm,
    class: &Obj<Type>,
    (seconds, micros): (i64, i64),
    is_local: bool,
    tz: Option<Value>,
) -> PyResult {
    let (date, clock, fold) = if is_local {
        local::local(vm, seconds)?
    } else {
        let (date, clock) = local::utc(vm, seconds)?;
        (date, clock, false)
    };
    let clock = Clock { micro: micros.clamp(0, MICROS - 1) as u32, ..clock };
    make(vm, class, date, clock, tz, fold)
}

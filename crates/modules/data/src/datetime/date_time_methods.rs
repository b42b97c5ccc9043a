//! The methods of `datetime`.

use super::calendar::{Clock, DAY_MICROS, MAX_ORDINAL, MICROS, Ymd};
use super::date::class_of;
use super::date_time::{
    DateTime, EPOCH_MICROS, build, compare, ctime, difference, fields, from_moment, make, moment,
    plus, state, time_tuple, utc_offset,
};
use super::delta::Delta;
use super::format::{self, Timespec, clock_text};
use super::time_of_day::{Time, clock_of, pickled_tz, reduced};
use super::{args, date, local, parse, pickle, time_of_day, tz};
use adder_derive::pymethods;
use adder_modules_core::time::now_nanos;
use adder_vm::objects::str_::{Str, StrBuilder};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::compare::CmpOp;
use adder_vm::protocol::object;
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::hash::hash_bytes;
use adder_vm::{Obj, Ref, Value, Vm};

/// Seconds and microseconds since 1970, now.
fn now_micros(vm: &Vm) -> PyResult<(i64, i64)> {
    let micros = (now_nanos(vm)? / 1000) as i64;
    Ok((micros.div_euclid(MICROS), micros.rem_euclid(MICROS)))
}

/// A moment in a zone, or in the process's.
fn in_zone(vm: &Vm, cls: &Value, moment: (i64, i64), tz: Option<&Value>) -> PyResult {
    let class = class_of(vm, cls)?;
    let Some(tz) = args::tzinfo(vm, tz)? else {
        return from_moment(vm, class, moment, true, None);
    };
    let utc = from_moment(vm, class, moment, false, Some(tz.clone()))?;
    object::call_method(vm, &tz, &args::FROMUTC.get(), &[utc])
}

fn deprecated(vm: &Vm, function: &str, instead: &str) -> PyResult<()> {
    let message = format!(
        "datetime.datetime.{function}() is deprecated and scheduled for removal in a future \
         version. Use timezone-aware objects to represent datetimes in UTC: {instead}."
    );
    vm.warn(vm.exception_type("DeprecationWarning"), &message, 1)
}

/// The separator of `isoformat`.
fn separator(vm: &Vm, sep: Option<&Value>) -> PyResult<u32> {
    let Some(sep) = sep else { return Ok('T'.into()) };
    let what = match sep.downcast::<Str>() {
        Some(text) if text.len() == 1 => return Ok(text.at(0)),
        Some(text) => format!("a string of length {}", text.len()),
        None => object::type_name_or_none(sep),
    };
    Err(vm.type_error(format!("isoformat() argument 1 must be a unicode character, not {what}")))
}

#[pymethods]
impl DateTime {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let sane = |s: &[u8; 10]| (1..=12).contains(&(s[2] & 0x7f));
        if let Some(state) = pickle::state(vm, args, 2, "datetime", sane)? {
            let tz = pickled_tz(vm, args)?;
            let [century, year, month, day, clock @ ..] = state;
            let year = u16::from_be_bytes([century, year]);
            let date = Ymd { year, month: month & 0x7f, day };
            return Ok(build(ty, date, clock_of(clock), tz, month >= 0x80).into());
        }
        const NAMES: [&str; 9] =
            ["year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo", "fold"];
        let [year, month, day, hour, minute, second, micro, tz, fold] =
            args::bind(vm, NAMES, 3, 8, args)?;
        let [year, month, day, hour, minute, second, micro] =
            [year, month, day, hour, minute, second, micro].map(|v| args::c_int_or(vm, v, 0));
        let (year, month, day) = (year?, month?, day?);
        let (hour, minute, second, micro) = (hour?, minute?, second?, micro?);
        let fold = args::c_int_or(vm, fold, 0)?;
        let tz = args::tzinfo(vm, tz)?;
        let date = args::date(vm, year, month, day)?;
        let clock = args::clock(vm, hour, minute, second, micro)?;
        Ok(build(ty, date, clock, tz, args::fold(vm, fold)?).into())
    }

    // ---- constructors ----

    /// Returns new datetime object representing current time local to tz.
    ///
    ///   tz
    ///     Timezone object.
    ///
    /// If no tz is specified, uses local timezone.
    #[classmethod(sig = "($type, /, tz=None)")]
    fn now(cls: &Value, vm: &Vm, tz: Option<&Value>) -> PyResult {
        in_zone(vm, cls, now_micros(vm)?, tz)
    }
    /// Return a new datetime representing UTC day and time.
    #[classmethod]
    fn utcnow(cls: &Value, vm: &Vm) -> PyResult {
        deprecated(vm, "utcnow", "datetime.datetime.now(datetime.UTC)")?;
        from_moment(vm, class_of(vm, cls)?, now_micros(vm)?, false, None)
    }
    /// timestamp[, tz] -> tz's local time from POSIX timestamp.
    #[classmethod(sig = "($type, /, timestamp, tz=None)")]
    fn fromtimestamp(cls: &Value, vm: &Vm, timestamp: &Value, tz: Option<&Value>) -> PyResult {
        args::tzinfo(vm, tz)?;
        in_zone(vm, cls, local::seconds_and_micros(vm, timestamp)?, tz)
    }
    /// Construct a naive UTC datetime from a POSIX timestamp.
    #[classmethod]
    fn utcfromtimestamp(cls: &Value, vm: &Vm, timestamp: &Value) -> PyResult {
        let instead = "datetime.datetime.fromtimestamp(timestamp, datetime.UTC)";
        deprecated(vm, "utcfromtimestamp", instead)?;
        let moment = local::seconds_and_micros(vm, timestamp)?;
        from_moment(vm, class_of(vm, cls)?, moment, false, None)
    }
    /// string, format -> new datetime parsed from a string (like time.strptime()).
    #[classmethod]
    fn strptime(cls: &Value, vm: &Vm, string: &Obj<Str>, format: &Obj<Str>) -> PyResult {
        format::strptime(vm, cls, "_strptime_datetime_datetime", string, format)
    }
    /// date, time -> datetime with same date and time fields
    #[classmethod(sig = "($type, /, date, time, tzinfo=unchanged)")]
    fn combine(
        cls: &Value,
        vm: &Vm,
        date: &Value,
        time: &Value,
        tzinfo: Option<&Value>,
    ) -> PyResult {
        let wrong = |at, expected, value| {
            let found = object::type_name_or_none(value);
            vm.type_error(format!("combine() argument {at} must be {expected}, not {found}"))
        };
        let day = date::ymd(date).ok_or_else(|| wrong(1, "datetime.date", date))?;
        let time = time.downcast::<Time>().ok_or_else(|| wrong(2, "datetime.time", time))?;
        let tz = match tzinfo {
            None => time.tz.clone(),
            given => args::tzinfo(vm, given)?,
        };
        make(vm, class_of(vm, cls)?, day, time.clock, tz, time.fold.get())
    }
    /// string -> datetime from a string in most ISO 8601 formats
    #[classmethod]
    fn fromisoformat(cls: &Value, vm: &Vm, string: &Value) -> PyResult {
        let (date, clock, tz) = parse::date_time(vm, string)?;
        make(vm, class_of(vm, cls)?, date, clock, tz, false)
    }

    // ---- fields ----

    #[getter]
    fn hour(zelf: &Obj<DateTime>, _vm: &Vm) -> i64 {
        zelf.clock.hour.into()
    }
    #[getter]
    fn minute(zelf: &Obj<DateTime>, _vm: &Vm) -> i64 {
        zelf.clock.minute.into()
    }
    #[getter]
    fn second(zelf: &Obj<DateTime>, _vm: &Vm) -> i64 {
        zelf.clock.second.into()
    }
    #[getter]
    fn microsecond(zelf: &Obj<DateTime>, _vm: &Vm) -> i64 {
        zelf.clock.micro.into()
    }
    #[getter]
    fn tzinfo(zelf: &Obj<DateTime>, _vm: &Vm) -> Option<Value> {
        zelf.tz.clone()
    }
    #[getter]
    fn fold(zelf: &Obj<DateTime>, _vm: &Vm) -> i64 {
        zelf.fold.get().into()
    }
    /// Return date object with same year, month and day.
    #[pymethod]
    fn date(zelf: &Obj<DateTime>, vm: &Vm) -> PyResult {
        date::make(vm, vm.type_object::<date::Date>(), zelf.date)
    }
    /// Return time object with same time but with tzinfo=None.
    #[pymethod]
    fn time(zelf: &Obj<DateTime>, vm: &Vm) -> PyResult {
        time_of_day::make(vm, vm.type_object::<Time>(), zelf.clock, None, zelf.fold.get())
    }
    /// Return time object with same time and tzinfo.
    #[pymethod]
    fn timetz(zelf: &Obj<DateTime>, vm: &Vm) -> PyResult {
        let (tz, fold) = (zelf.tz.clone(), zelf.fold.get());
        time_of_day::make(vm, vm.type_object::<Time>(), zelf.clock, tz, fold)
    }
    /// Return datetime with new specified fields.
    #[pymethod(
        also = "__replace__",
        sig = "($self, /, year=unchanged, month=unchanged, day=unchanged, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)"
    )]
    fn replace(
        zelf: &Obj<DateTime>,
        vm: &Vm,
        year: Option<&Value>,
        month: Option<&Value>,
        day: Option<&Value>,
        hour: Option<&Value>,
        minute: Option<&Value>,
        second: Option<&Value>,
        microsecond: Option<&Value>,
        tzinfo: Option<&Value>,
        fold: Option<&Value>,
    ) -> PyResult {
        let year = args::c_int_or(vm, year, zelf.date.year.into())?;
        let month = args::c_int_or(vm, month, zelf.date.month.into())?;
        let day = args::c_int_or(vm, day, zelf.date.day.into())?;
        let hour = args::c_int_or(vm, hour, zelf.clock.hour.into())?;
        let minute = args::c_int_or(vm, minute, zelf.clock.minute.into())?;
        let second = args::c_int_or(vm, second, zelf.clock.second.into())?;
        let micro = args::c_int_or(vm, microsecond, zelf.clock.micro.into())?;
        let fold = args::c_int_or(vm, fold, zelf.fold.get().into())?;
        let tz = match tzinfo {
            None => zelf.tz.clone(),
            given => args::tzinfo(vm, given)?,
        };
        let date = args::date(vm, year, month, day)?;
        let clock = args::clock(vm, hour, minute, second, micro)?;
        make(vm, zelf.ty(), date, clock, tz, args::fold(vm, fold)?)
    }

    /// Return self.tzinfo.utcoffset(self).
    #[pymethod]
    fn utcoffset(zelf: &Obj<DateTime>, vm: &Vm) -> PyResult<Option<Ref<Delta>>> {
        utc_offset(vm, zelf)
    }
    /// Return self.tzinfo.tzname(self).
    #[pymethod]
    fn tzname(zelf: &Obj<DateTime>, vm: &Vm) -> PyResult {
        tz::name(vm, zelf.tz.as_ref(), &zelf.to_value())
    }
    /// Return self.tzinfo.dst(self).
    #[pymethod]
    fn dst(zelf: &Obj<DateTime>, vm: &Vm) -> PyResult<Option<Ref<Delta>>> {
        tz::offset(vm, zelf.tz.as_ref(), &args::DST, &zelf.to_value())
    }
    /// tz -> convert to local time in new timezone tz
    #[pymethod(sig = "($self, /, tz=None)")]
    fn astimezone(zelf: &Obj<DateTime>, vm: &Vm, tz: Option<&Value>) -> PyResult {
        let target = args::tzinfo(vm, tz)?;
        if let (Some(own), Some(target)) = (&zelf.tz, &target)
            && own.is(target)
        {
            return Ok(zelf.to_value());
        }
        let offset = match utc_offset(vm, zelf)? {
            Some(offset) => offset.total(),
            // A naive one is read in the process's zone.
            None => {
                let shown = local::wall_seconds(zelf.date, zelf.clock);
                i128::from(shown - moment(vm, zelf)?) * i128::from(MICROS)
            }
        };
        let utc = i128::from(zelf.micros()) - offset;
        let (date, clock) = fields(vm, utc)?;
        let target = match target {
            Some(target) => target,
            None => {
                let seconds = (utc - i128::from(EPOCH_MICROS)).div_euclid(MICROS.into());
                local::zone(vm, seconds as i64)?
            }
        };
        let utc = make(vm, zelf.ty(), date, clock, Some(target.clone()), false)?;
        object::call_method(vm, &target, &args::FROMUTC.get(), &[utc])
    }
    /// Return POSIX timestamp as float.
    #[pymethod]
    fn timestamp(zelf: &Obj<DateTime>, vm: &Vm) -> PyResult {
        if zelf.tz.is_some()
            && let Some(offset) = utc_offset(vm, zelf)?
        {
            let micros = i128::from(zelf.micros() - EPOCH_MICROS) - offset.total();
            return Delta::seconds_value(vm, micros);
        }
        if zelf.tz.is_some() {
            return Err(vm.type_error("can't subtract offset-naive and offset-aware datetimes"));
        }
        let seconds = moment(vm, zelf)?;
        Ok(Value::float(seconds as f64 + f64::from(zelf.clock.micro) / 1e6))
    }
    /// Return time tuple, compatible with time.localtime().
    #[pymethod]
    fn timetuple(zelf: &Obj<DateTime>, vm: &Vm) -> PyResult {
        let dst = tz::offset(vm, zelf.tz.as_ref(), &args::DST, &zelf.to_value())?;
        let dst = dst.map_or(-1, |dst| i64::from(dst.total() != 0));
        time_tuple(vm, zelf.date, zelf.clock, dst)
    }
    /// Return UTC time tuple, compatible with time.localtime().
    #[pymethod]
    fn utctimetuple(zelf: &Obj<DateTime>, vm: &Vm) -> PyResult {
        let offset = utc_offset(vm, zelf)?.map_or(0, |offset| offset.total());
        let (date, clock) = fields(vm, i128::from(zelf.micros()) - offset)?;
        time_tuple(vm, date, clock, 0)
    }

    // ---- text ----

    /// Return ctime() style string.
    #[pymethod]
    fn ctime(zelf: &Obj<DateTime>, _vm: &Vm) -> Ref<Str> {
        ctime(zelf.date, zelf.clock)
    }
    /// Return the time formatted according to ISO.
    ///
    /// The full format looks like 'YYYY-MM-DD HH:MM:SS.mmmmmm'.
    /// By default, the fractional part is omitted if self.microsecond == 0.
    ///
    /// If self.tzinfo is not None, the UTC offset is also attached, giving
    /// a full format of 'YYYY-MM-DD HH:MM:SS.mmmmmm+HH:MM'.
    ///
    /// Optional argument sep specifies the separator between date and
    /// time, default 'T'.
    ///
    /// The optional argument timespec specifies the number of additional
    /// terms of the time to include. Valid options are 'auto', 'hours',
    /// 'minutes', 'seconds', 'milliseconds' and 'microseconds'.
    #[pymethod(sig = "($self, /, sep='T', timespec='auto')")]
    fn isoformat(
        zelf: &Obj<DateTime>,
        vm: &Vm,
        sep: Option<&Value>,
        timespec: Option<&Value>,
    ) -> PyResult<Ref<Str>> {
        let sep = separator(vm, sep)?;
        let timespec = Timespec::read(vm, timespec, 2)?;
        let mut text = StrBuilder::with_capacity(32);
        let Ymd { year, month, day } = zelf.date;
        text.push_str(&format!("{year:04}-{month:02}-{day:02}"));
        text.push(sep);
        text.push_str(&clock_text(zelf.clock, timespec));
        if let Some(offset) = utc_offset(vm, zelf)? {
            text.push_str(&tz::offset_text(&offset, ":"));
        }
        text.finish_in(vm)
    }
    #[slot]
    fn repr(zelf: &Obj<DateTime>, vm: &Vm) -> PyResult {
        let (Ymd { year, month, day }, Clock { hour, minute, second, micro }) =
            (zelf.date, zelf.clock);
        let mut text = StrBuilder::new();
        let ty = zelf.ty().name();
        text.push_str(&format!("{ty}({year}, {month}, {day}, {hour}, {minute}"));
        if second != 0 || micro != 0 {
            text.push_str(&format!(", {second}"));
        }
        if micro != 0 {
            text.push_str(&format!(", {micro}"));
        }
        if zelf.fold.get() {
            text.push_str(", fold=1");
        }
        if let Some(tz) = &zelf.tz {
            text.push_str(", tzinfo=");
            text.push_obj(&*object::repr(vm, tz)?);
        }
        text.push_str(")");
        Ok(text.finish_in(vm)?.into())
    }
    #[slot]
    fn str(zelf: &Value, vm: &Vm) -> PyResult {
        object::call_method(vm, zelf, &args::ISOFORMAT.get(), &[vm.str(" ")])
    }

    // ---- operators ----

    /// __reduce_ex__(proto) -> (cls, state)
    #[pymethod]
    fn __reduce_ex__(zelf: &Obj<DateTime>, vm: &Vm, proto: &Value) -> PyResult<Ref<Tuple>> {
        let mut state = state(zelf.date, zelf.clock);
        if args::c_int(vm, proto)? > 3 && zelf.fold.get() {
            state[2] |= 0x80;
        }
        Ok(reduced(&zelf.to_value(), &state, zelf.tz.as_ref()))
    }
    /// __reduce__() -> (cls, state)
    #[pymethod]
    fn __reduce__(zelf: &Obj<DateTime>, _vm: &Vm) -> Ref<Tuple> {
        reduced(&zelf.to_value(), &state(zelf.date, zelf.clock), zelf.tz.as_ref())
    }
    #[slot]
    fn hash(zelf: &Obj<DateTime>, vm: &Vm) -> PyResult<i64> {
        if zelf.hash.get() != -1 {
            return Ok(zelf.hash.get());
        }
        // Both moments of a repeated hour have the same hash.
        let offset = if zelf.tz.is_some() && zelf.fold.get() {
            let first = make(vm, zelf.ty(), zelf.date, zelf.clock, zelf.tz.clone(), false)?;
            tz::offset(vm, zelf.tz.as_ref(), &args::UTCOFFSET, &first)?
        } else {
            utc_offset(vm, zelf)?
        };
        let hash = match offset {
            None => hash_bytes(&state(zelf.date, zelf.clock)),
            Some(offset) => {
                let utc = i128::from(zelf.micros()) - offset.total();
                object::hash(vm, &Delta::from_micros(vm, utc)?.into())?
            }
        };
        zelf.hash.set(hash);
        Ok(hash)
    }
    #[slot]
    fn richcompare(zelf: &Obj<DateTime>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        match other.downcast::<DateTime>() {
            Some(other) => Ok(Value::bool(compare(vm, zelf, other, op)?)),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }
    #[slot]
    fn add(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        match (a.downcast::<DateTime>(), b.downcast::<DateTime>()) {
            (Some(dt), None) => match b.downcast::<Delta>() {
                Some(delta) => plus(vm, dt, delta.total()),
                None => Ok(Value::NOT_IMPLEMENTED),
            },
            (None, Some(dt)) => match a.downcast::<Delta>() {
                Some(delta) => plus(vm, dt, delta.total()),
                None => Ok(Value::NOT_IMPLEMENTED),
            },
            _ => Ok(Value::NOT_IMPLEMENTED),
        }
    }
    #[slot]
    fn sub(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        let Some(dt) = a.downcast::<DateTime>() else { return Ok(Value::NOT_IMPLEMENTED) };
        if let Some(other) = b.downcast::<DateTime>() {
            return Ok(Delta::from_micros(vm, difference(vm, dt, other)?)?.into());
        }
        match b.downcast::<Delta>() {
            Some(delta) => plus(vm, dt, -delta.total()),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }
}

/// The class's constants.
pub fn add_constants(vm: &Vm) -> PyResult<()> {
    let ty = vm.type_object::<DateTime>();
    let (first, last) = (Ymd::from_ordinal(1), Ymd::from_ordinal(MAX_ORDINAL));
    for (name, value) in [
        ("min", make(vm, ty, first, Clock::MIDNIGHT, None, false)?),
        ("max", make(vm, ty, last, Clock::from_micros(DAY_MICROS - 1), None, false)?),
        ("resolution", Delta::from_micros(vm, 1)?.into()),
    ] {
        drop(ty.dict().insert_str(&vm.intern(name), value));
    }
    Ok(())
}

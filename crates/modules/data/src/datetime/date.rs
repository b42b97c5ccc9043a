//! `date`: a day of the calendar; and `IsoCalendarDate`, the record of an ISO week date.
//!
//! Its methods are `datetime`'s too, whose instances hold their date elsewhere: `ymd` finds it.

use super::calendar::{Clock, DAY_MICROS, MAX_ORDINAL, Ymd, civil, iso_start, iso_weeks};
use super::date_time::{self, DateTime};
use super::delta::Delta;
use super::{args, format, local, parse, pickle};
use adder_derive::{pyclass, pymethods};
use adder_modules_core::time::now_nanos;
use adder_vm::object::{GilCell, Payload};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::int;
use adder_vm::objects::str_::Str;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::declare::{self, Declaration};
use adder_vm::objects::type_::{Type, TypeFlags};
use adder_vm::protocol::compare::CmpOp;
use adder_vm::protocol::{call, number, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::hash::hash_bytes;
use adder_vm::{Obj, Ref, Value, Vm};

/// date(year, month, day) --> date object
#[pyclass(name = "datetime.date", base_type, no_gc)]
pub struct Date {
    pub date: Ymd,
}

/// The date of a `date` or `datetime`.
pub fn ymd(object: &Value) -> Option<Ymd> {
    match object.downcast::<Date>() {
        Some(date) => Some(date.date),
        None => object.downcast::<DateTime>().map(|dt| dt.date),
    }
}

fn own(vm: &Vm, zelf: &Value) -> PyResult<Ymd> {
    ymd(zelf).ok_or_else(|| vm.wrong_receiver::<Date>(zelf))
}

/// A date of a class: subclasses are called.
pub fn make(vm: &Vm, class: &Obj<Type>, date: Ymd) -> PyResult {
    if class.same(vm.type_object::<Date>()) {
        return Ok(Ref::with_type(Date { date }, class).into());
    }
    if class.same(vm.type_object::<DateTime>()) {
        return date_time::make(vm, class, date, Clock::MIDNIGHT, None, false);
    }
    let parts = [i64::from(date.year), date.month.into(), date.day.into()];
    call::call(vm, &class.to_value(), &parts.map(int::from_i64))
}

/// The class that a class method was called on.
pub fn class_of<'a>(vm: &Vm, class: &'a Value) -> PyResult<&'a Obj<Type>> {
    class.downcast::<Type>().ok_or_else(|| vm.type_error("a type is needed"))
}

/// What comes `days` after a date.
fn shifted(vm: &Vm, object: &Value, days: i64) -> PyResult {
    let ordinal = own(vm, object)?.ordinal() + days;
    if !(1..=MAX_ORDINAL).contains(&ordinal) {
        return Err(vm.overflow_error("date value out of range"));
    }
    make(vm, object.ty(), Ymd::from_ordinal(ordinal))
}

pub fn state(date: Ymd) -> [u8; 4] {
    let [century, year] = date.year.to_be_bytes();
    [century, year, date.month, date.day]
}

#[pymethods]
impl Date {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        if let Some([century, year, month, day]) =
            pickle::state(vm, args, 1, "date", |s| (1..=12).contains(&s[2]))?
        {
            let date = Ymd { year: u16::from_be_bytes([century, year]), month, day };
            return Ok(Ref::with_type(Date { date }, ty).into());
        }
        let [year, month, day] =
            args::bind(vm, ["year", "month", "day"], 3, 3, args)?.map(|v| args::c_int_or(vm, v, 0));
        let date = args::date(vm, year?, month?, day?)?;
        Ok(Ref::with_type(Date { date }, ty).into())
    }

    // ---- constructors ----

    /// Create a date from a POSIX timestamp.
    ///
    /// The timestamp is a number, e.g. created via time.time(), that is interpreted
    /// as local time.
    #[classmethod(sig = "($type, timestamp, /)")]
    fn fromtimestamp(cls: &Value, vm: &Vm, timestamp: &Value) -> PyResult {
        let (date, ..) = local::local(vm, local::seconds(vm, timestamp)?)?;
        make(vm, class_of(vm, cls)?, date)
    }
    /// Current date or datetime:  same as self.__class__.fromtimestamp(time.time()).
    #[classmethod]
    fn today(cls: &Value, vm: &Vm) -> PyResult {
        let now = Value::float(now_nanos(vm)? as f64 / 1e9);
        object::call_method(vm, cls, &args::FROMTIMESTAMP.get(), &[now])
    }
    /// int -> date corresponding to a proleptic Gregorian ordinal.
    #[classmethod]
    fn fromordinal(cls: &Value, vm: &Vm, ordinal: &Value) -> PyResult {
        let ordinal = args::c_int(vm, ordinal)?;
        if ordinal < 1 {
            return Err(vm.value_error("ordinal must be >= 1"));
        }
        let (year, month, day) = civil(ordinal);
        make(vm, class_of(vm, cls)?, args::date(vm, year, month, day)?)
    }
    /// str -> Construct a date from a string in ISO 8601 format.
    #[classmethod]
    fn fromisoformat(cls: &Value, vm: &Vm, string: &Value) -> PyResult {
        make(vm, class_of(vm, cls)?, parse::date(vm, string)?)
    }
    /// int, int, int -> Construct a date from the ISO year, week number and weekday.
    ///
    /// This is the inverse of the function date.isocalendar()
    #[classmethod(sig = "($type, /, year, week, day)")]
    fn fromisocalendar(cls: &Value, vm: &Vm, year: &Value, week: &Value, day: &Value) -> PyResult {
        let component = |value: &Value| {
            args::c_int(vm, value).map_err(|exc| {
                if exc.is(&vm.exceptions().overflow_error) {
                    return vm.value_error("ISO calendar component out of range");
                }
                exc
            })
        };
        let (year, week, day) = (component(year)?, component(week)?, component(day)?);
        args::date(vm, year, 1, 1)?;
        if week < 1 || week > iso_weeks(year) {
            return Err(vm.value_error(format!("Invalid week: {week}")));
        }
        if !(1..=7).contains(&day) {
            return Err(vm.value_error(format!("Invalid weekday: {day} (range is [1, 7])")));
        }
        let (year, month, day) = civil(iso_start(year) + (week - 1) * 7 + day - 1);
        make(vm, class_of(vm, cls)?, args::date(vm, year, month, day)?)
    }
    /// string, format -> new date parsed from a string (like time.strptime()).
    #[classmethod]
    fn strptime(cls: &Value, vm: &Vm, string: &Obj<Str>, format: &Obj<Str>) -> PyResult {
        format::strptime(vm, cls, "_strptime_datetime_date", string, format)
    }

    // ---- fields ----

    #[getter]
    fn year(zelf: &Value, vm: &Vm) -> PyResult<i64> {
        Ok(own(vm, zelf)?.year.into())
    }
    #[getter]
    fn month(zelf: &Value, vm: &Vm) -> PyResult<i64> {
        Ok(own(vm, zelf)?.month.into())
    }
    #[getter]
    fn day(zelf: &Value, vm: &Vm) -> PyResult<i64> {
        Ok(own(vm, zelf)?.day.into())
    }
    /// Return date with new specified fields.
    #[pymethod(
        also = "__replace__",
        sig = "($self, /, year=unchanged, month=unchanged, day=unchanged)"
    )]
    fn replace(
        zelf: &Value,
        vm: &Vm,
        year: Option<&Value>,
        month: Option<&Value>,
        day: Option<&Value>,
    ) -> PyResult {
        let date = own(vm, zelf)?;
        let year = args::c_int_or(vm, year, date.year.into())?;
        let month = args::c_int_or(vm, month, date.month.into())?;
        let day = args::c_int_or(vm, day, date.day.into())?;
        make(vm, zelf.ty(), args::date(vm, year, month, day)?)
    }
    /// Return proleptic Gregorian ordinal.  January 1 of year 1 is day 1.
    #[pymethod]
    fn toordinal(zelf: &Value, vm: &Vm) -> PyResult<i64> {
        Ok(own(vm, zelf)?.ordinal())
    }
    /// Return the day of the week represented by the date.
    /// Monday == 0 ... Sunday == 6
    #[pymethod]
    fn weekday(zelf: &Value, vm: &Vm) -> PyResult<i64> {
        Ok(own(vm, zelf)?.weekday())
    }
    /// Return the day of the week represented by the date.
    /// Monday == 1 ... Sunday == 7
    #[pymethod]
    fn isoweekday(zelf: &Value, vm: &Vm) -> PyResult<i64> {
        Ok(own(vm, zelf)?.weekday() + 1)
    }
    /// Return a named tuple containing ISO year, week number, and weekday.
    #[pymethod]
    fn isocalendar(zelf: &Value, vm: &Vm) -> PyResult {
        let (year, week, weekday) = own(vm, zelf)?.iso();
        let parts = [year, week, weekday].map(int::from_i64).into();
        Ok(Tuple::build(parts, iso_calendar_date()).into())
    }
    /// Return time tuple, compatible with time.localtime().
    #[pymethod]
    fn timetuple(zelf: &Value, vm: &Vm) -> PyResult {
        date_time::time_tuple(vm, own(vm, zelf)?, Clock::MIDNIGHT, -1)
    }

    // ---- text ----

    /// Return ctime() style string.
    #[pymethod]
    fn ctime(zelf: &Value, vm: &Vm) -> PyResult<Ref<Str>> {
        Ok(date_time::ctime(own(vm, zelf)?, Clock::MIDNIGHT))
    }
    /// Return string in ISO 8601 format, YYYY-MM-DD.
    #[pymethod]
    fn isoformat(zelf: &Value, vm: &Vm) -> PyResult<Ref<Str>> {
        let Ymd { year, month, day } = own(vm, zelf)?;
        Ok(format::ascii(&format!("{year:04}-{month:02}-{day:02}")))
    }
    /// Format using strftime().
    ///
    /// Example: "%d/%m/%Y, %H:%M:%S"
    #[pymethod(sig = "($self, /, format)")]
    fn strftime(zelf: &Value, vm: &Vm, format: &Value) -> PyResult {
        own(vm, zelf)?;
        let format = format::text_argument(vm, "strftime", format, 1)?;
        let tuple = object::call_method(vm, zelf, &vm.intern("timetuple"), &[])?;
        format::strftime(vm, zelf, format, &tuple, zelf)
    }
    /// Formats self with strftime.
    #[pymethod]
    fn __format__(zelf: &Value, vm: &Vm, format: &Value) -> PyResult {
        format::format(vm, zelf, format)
    }
    #[slot]
    fn repr(zelf: &Obj<Date>, _vm: &Vm) -> PyResult {
        let Ymd { year, month, day } = zelf.date;
        Ok(Ref::from_str(&format!("{}({year}, {month}, {day})", zelf.ty().name())).into())
    }
    #[slot]
    fn str(zelf: &Value, vm: &Vm) -> PyResult {
        object::call_method(vm, zelf, &args::ISOFORMAT.get(), &[])
    }

    // ---- operators ----

    /// __reduce__() -> (cls, state)
    #[pymethod]
    fn __reduce__(zelf: &Value, vm: &Vm) -> PyResult<Ref<Tuple>> {
        let state = Bytes::from_slice(&state(own(vm, zelf)?));
        let args = Tuple::from_vec(vec![state.into()]);
        Ok(Tuple::pair(zelf.ty().to_value(), args.into()))
    }
    #[slot]
    fn hash(zelf: &Obj<Date>, _vm: &Vm) -> PyResult<i64> {
        Ok(hash_bytes(&state(zelf.date)))
    }
    /// A `datetime` is no `date` for comparison, though its class is a subclass.
    #[slot]
    fn richcompare(zelf: &Obj<Date>, _vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        Ok(match other.downcast::<Date>() {
            Some(other) => Value::bool(op.holds(zelf.date.cmp(&other.date))),
            None => Value::NOT_IMPLEMENTED,
        })
    }
    #[slot]
    fn add(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        match (a.downcast::<Delta>(), b.downcast::<Delta>()) {
            (None, Some(delta)) => shifted(vm, a, delta.days.into()),
            (Some(delta), None) => shifted(vm, b, delta.days.into()),
            _ => Ok(Value::NOT_IMPLEMENTED),
        }
    }
    #[slot]
    fn sub(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        let Some(own) = a.downcast::<Date>() else { return Ok(Value::NOT_IMPLEMENTED) };
        if let Some(other) = b.downcast::<Date>() {
            let days = own.date.ordinal() - other.date.ordinal();
            return Ok(Delta::from_micros(vm, i128::from(days) * i128::from(DAY_MICROS))?.into());
        }
        match b.downcast::<Delta>() {
            Some(delta) => shifted(vm, a, -i64::from(delta.days)),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }
}

/// The class's constants.
pub fn add_constants(vm: &Vm) -> PyResult<()> {
    let ty = vm.type_object::<Date>();
    for (name, value) in [
        ("min", make(vm, ty, Ymd::from_ordinal(1))?),
        ("max", make(vm, ty, Ymd::from_ordinal(MAX_ORDINAL))?),
        ("resolution", Delta::from_micros(vm, DAY_MICROS.into())?.into()),
    ] {
        drop(ty.dict().insert_str(&vm.intern(name), value));
    }
    Ok(())
}

// ---- IsoCalendarDate ----

struct IsoCalendarDate;

fn part(vm: &Vm, zelf: &Value, at: usize) -> PyResult {
    let item = zelf.downcast::<Tuple>().and_then(|tuple| tuple.items().get(at).cloned());
    item.ok_or_else(|| vm.wrong_receiver::<Tuple>(zelf))
}

#[pymethods]
impl IsoCalendarDate {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let [year, week, weekday] = args::bind(vm, ["year", "week", "weekday"], 3, 3, args)?
            .map(|v| args::c_int_or(vm, v, 0));
        let parts = [year?, week?, weekday?].map(int::from_i64).into();
        Ok(Tuple::build(parts, ty).into())
    }
    #[getter]
    fn year(zelf: &Value, vm: &Vm) -> PyResult {
        part(vm, zelf, 0)
    }
    #[getter]
    fn week(zelf: &Value, vm: &Vm) -> PyResult {
        part(vm, zelf, 1)
    }
    #[getter]
    fn weekday(zelf: &Value, vm: &Vm) -> PyResult {
        part(vm, zelf, 2)
    }
    #[slot]
    fn repr(zelf: &Value, vm: &Vm) -> PyResult {
        let mut parts = [0; 3];
        for (i, shown) in parts.iter_mut().enumerate() {
            *shown = number::to_ssize(vm, &part(vm, zelf, i)?)?;
        }
        let ([year, week, weekday], ty) = (parts, zelf.ty().name());
        Ok(vm.str(&format!("{ty}(year={year}, week={week}, weekday={weekday})")))
    }
    #[pymethod]
    fn __reduce__(zelf: &Value, vm: &Vm) -> PyResult<Ref<Tuple>> {
        let parts = [part(vm, zelf, 0)?, part(vm, zelf, 1)?, part(vm, zelf, 2)?];
        let args = Tuple::from_vec(vec![Tuple::from_vec(parts.into()).into()]);
        Ok(Tuple::pair(Tuple::cell().get().to_value(), args.into()))
    }
}

static ISO_CALENDAR_DATE: GilCell<Option<&'static Obj<Type>>> = GilCell::new(None);

fn iso_calendar_date() -> &'static Obj<Type> {
    if let Some(known) = ISO_CALENDAR_DATE.get() {
        return known;
    }
    let declaration = Declaration {
        name: "IsoCalendarDate",
        module: "datetime",
        doc: "The result of date.isocalendar() or datetime.isocalendar()\n\n\
              This object may be accessed either as a tuple of\n  ((year, week, weekday))\n\
              or via the object attributes as named in the above tuple.",
        signature: None,
        base: || Some(Tuple::cell()),
        make_base: || {},
        base_type: false,
        has_dict: false,
        no_new: false,
        flags: TypeFlags::SEQUENCE,
    };
    let ty = declare::extend_type::<IsoCalendarDate>(declaration, Tuple::cell().get(), &[]);
    ISO_CALENDAR_DATE.set(Some(ty));
    ty
}

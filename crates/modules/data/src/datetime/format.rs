//! Dates and times as text: ISO 8601, and `strftime`, which the `time` module does but for what it
//! cannot know.

use super::args;
use super::calendar::Clock;
use super::date;
use super::date_time::DateTime;
use super::time_of_day::Time;
use super::tz;
use adder_vm::objects::int;
use adder_vm::objects::str_::{Str, StrBuilder};
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::{call, object};
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::import_;
use adder_vm::{Obj, Ref, Value, Vm};

/// How much of a time of day is shown.
#[derive(Clone, Copy, PartialEq)]
pub enum Timespec {
    Auto,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
    Microseconds,
}

impl Timespec {
    /// From the argument of `isoformat`, which is its `at`th.
    pub fn read(vm: &Vm, name: Option<&Value>, at: usize) -> PyResult<Timespec> {
        let Some(name) = name else { return Ok(Timespec::Auto) };
        Ok(match text_argument(vm, "isoformat", name, at)?.as_ascii() {
            Some("auto") => Timespec::Auto,
            Some("hours") => Timespec::Hours,
            Some("minutes") => Timespec::Minutes,
            Some("seconds") => Timespec::Seconds,
            Some("milliseconds") => Timespec::Milliseconds,
            Some("microseconds") => Timespec::Microseconds,
            _ => return Err(vm.value_error("Unknown timespec value")),
        })
    }
}

pub fn clock_text(clock: Clock, spec: Timespec) -> String {
    let Clock { hour, minute, second, micro } = clock;
    match spec {
        Timespec::Hours => format!("{hour:02}"),
        Timespec::Minutes => format!("{hour:02}:{minute:02}"),
        Timespec::Milliseconds => {
            format!("{hour:02}:{minute:02}:{second:02}.{:03}", micro / 1000)
        }
        Timespec::Auto if micro == 0 => format!("{hour:02}:{minute:02}:{second:02}"),
        Timespec::Seconds => format!("{hour:02}:{minute:02}:{second:02}"),
        Timespec::Auto | Timespec::Microseconds => {
            format!("{hour:02}:{minute:02}:{second:02}.{micro:06}")
        }
    }
}

/// `time.struct_time` of nine numbers.
pub fn struct_time(vm: &Vm, parts: [i64; 9]) -> PyResult {
    let time = import_::import_module(vm, "time")?;
    let make = object::get_attr_str(vm, &time, "struct_time")?;
    call::call(vm, &make, &[Tuple::from_vec(parts.map(int::from_i64).into()).into()])
}

/// The parts of a date or time that `time.strftime` does not find in a tuple of nine.
struct Subject<'a> {
    vm: &'a Vm,
    object: &'a Value,
    tz: Option<Value>,
    /// What the time zone's methods are called with.
    tz_argument: &'a Value,
}

impl Subject<'_> {
    fn micro(&self) -> u32 {
        let date_time = self.object.downcast::<DateTime>().map(|dt| dt.clock.micro);
        date_time.or(self.object.downcast::<Time>().map(|t| t.clock.micro)).unwrap_or(0)
    }
    fn offset(&self, separator: &str) -> PyResult<String> {
        let offset = tz::offset(self.vm, self.tz.as_ref(), &args::UTCOFFSET, self.tz_argument)?;
        Ok(offset.map_or(String::new(), |offset| tz::offset_text(&offset, separator)))
    }
    /// The zone's name, to be read as a format again.
    fn push_name(&self, out: &mut StrBuilder) -> PyResult<()> {
        let name = tz::name(self.vm, self.tz.as_ref(), self.tz_argument)?;
        let Some(name) = name.downcast::<Str>() else { return Ok(()) };
        if !name.is_exact() {
            let (vm, replace) = (self.vm, self.vm.intern("replace"));
            let doubled = [vm.str("%"), vm.str("%%")];
            let name = object::call_method(vm, &name.to_value(), &replace, &doubled)?;
            let Some(name) = name.downcast::<Str>() else {
                return Err(vm.type_error("tzname.replace() did not return a string"));
            };
            out.push_obj(name);
            return Ok(());
        }
        for c in name.code_points() {
            out.push(c);
            if c == u32::from(b'%') {
                out.push(c);
            }
        }
        Ok(())
    }
}

/// `object.strftime(format)`, where `tuple` has the object's fields.
pub fn strftime(
    vm: &Vm,
    object: &Value,
    format: &Obj<Str>,
    tuple: &Value,
    tz_argument: &Value,
) -> PyResult {
    let tz = match (object.downcast::<DateTime>(), object.downcast::<Time>()) {
        (Some(dt), _) => dt.tz.clone(),
        (_, Some(time)) => time.tz.clone(),
        _ => None,
    };
    let subject = Subject { vm, object, tz, tz_argument };
    let time = import_::import_module(vm, "time")?;
    let strftime = object::get_attr(vm, &time, &args::STRFTIME.get())?;
    // The C library shows years before 1000 with fewer than four digits.
    let early = date::ymd(object).filter(|date| date.year < 1000);
    let mut out = StrBuilder::with_capacity(format.len());
    let mut codes = format.code_points().peekable();
    while let Some(c) = codes.next() {
        if c != u32::from(b'%') {
            out.push(c);
            continue;
        }
        let directive = codes.next();
        match (directive.and_then(char::from_u32), early) {
            (Some('z'), _) => out.push_str(&subject.offset("")?),
            (Some(':'), _) if codes.peek() == Some(&u32::from(b'z')) => {
                codes.next();
                out.push_str(&subject.offset(":")?);
            }
            (Some('Z'), _) => subject.push_name(&mut out)?,
            (Some('f'), _) => out.push_str(&format!("{:06}", subject.micro())),
            (Some('Y'), Some(date)) => out.push_str(&format!("{:04}", date.year)),
            (Some('G'), Some(date)) => out.push_str(&format!("{:04}", date.iso().0)),
            (Some('C'), Some(date)) => out.push_str(&format!("{:02}", date.year / 100)),
            (Some('F'), Some(date)) => {
                out.push_str(&format!("{:04}-{:02}-{:02}", date.year, date.month, date.day));
            }
            _ => {
                out.push(c);
                if let Some(directive) = directive {
                    out.push(directive);
                }
            }
        }
    }
    call::call(vm, &strftime, &[out.finish_in(vm)?.into(), tuple.clone()])
}

/// `object.__format__(spec)`
pub fn format(vm: &Vm, object: &Value, spec: &Value) -> PyResult {
    let spec = text_argument(vm, "__format__", spec, 1)?;
    if spec.is_empty() {
        return Ok(object::str(vm, object)?.into());
    }
    object::call_method(vm, object, &args::STRFTIME.get(), &[spec.to_value()])
}

/// Text of ASCII.
pub fn ascii(text: &str) -> Ref<Str> {
    Str::from_ascii(text.as_bytes())
}

/// `_strptime.function(class, text, format)`
pub fn strptime(
    vm: &Vm,
    class: &Value,
    function: &str,
    text: &Obj<Str>,
    format: &Obj<Str>,
) -> PyResult {
    let module = import_::import_module(vm, "_strptime")?;
    let function = object::get_attr_str(vm, &module, function)?;
    call::call(vm, &function, &[class.clone(), text.to_value(), format.to_value()])
}

/// A `str` argument, the `at`th of a function.
pub fn text_argument<'a>(
    vm: &Vm,
    function: &str,
    argument: &'a Value,
    at: usize,
) -> PyResult<&'a Obj<Str>> {
    argument.downcast::<Str>().ok_or_else(|| {
        vm.type_error(format!(
            "{function}() argument {at} must be str, not {}",
            object::type_name_or_none(argument)
        ))
    })
}

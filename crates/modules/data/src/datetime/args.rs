//! Arguments: the constructors' own binder, C ints, ranges of fields, names.

use super::calendar::{Clock, MAX_YEAR, MIN_YEAR, Ymd, days_in_month};
use super::tz::TzInfo;
use adder_vm::objects::int;
use adder_vm::objects::str_::Str;
use adder_vm::protocol::number;
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::names::StaticName;
use adder_vm::{Value, Vm};

/// Interned names of what is called on Python objects.
pub static UTCOFFSET: StaticName = StaticName::new("utcoffset");
pub static DST: StaticName = StaticName::new("dst");
pub static TZNAME: StaticName = StaticName::new("tzname");
pub static FROMUTC: StaticName = StaticName::new("fromutc");
pub static STRFTIME: StaticName = StaticName::new("strftime");
pub static ISOFORMAT: StaticName = StaticName::new("isoformat");
pub static FROMTIMESTAMP: StaticName = StaticName::new("fromtimestamp");
pub static GETINITARGS: StaticName = StaticName::new("__getinitargs__");

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// Puts the arguments of a constructor to its parameters, of which the first `required` must be
/// given and the first `positional` may be given by position. The errors call it just "function".
pub fn bind<'a, const N: usize>(
    vm: &Vm,
    names: [&str; N],
    required: usize,
    positional: usize,
    args: CallArgs<'a>,
) -> PyResult<[Option<&'a Value>; N]> {
    let (given, all) = (args.args(), args.all().len());
    if all > N {
        let kind = if given.is_empty() { "keyword " } else { "" };
        return Err(vm.type_error(format!(
            "function takes at most {N} {kind}argument{} ({all} given)",
            plural(N)
        )));
    }
    if given.len() > positional {
        return Err(vm.type_error(format!(
            "function takes at most {positional} positional argument{} ({} given)",
            plural(positional),
            given.len()
        )));
    }
    let mut bound = [None; N];
    for (place, value) in bound.iter_mut().zip(given) {
        *place = Some(value);
    }
    let mut unknown = None;
    for (name, value) in args.keywords() {
        let Some(text) = name.downcast::<Str>() else {
            return Err(vm.type_error("keywords must be strings"));
        };
        match names.iter().position(|n| text.is_str(n)) {
            Some(at) if bound[at].is_some() => {
                return Err(vm.type_error(format!(
                    "argument for function given by name ('{text}') and position ({})",
                    at + 1
                )));
            }
            Some(at) => bound[at] = Some(value),
            None => unknown = unknown.or(Some(text)),
        }
    }
    if let Some(at) = bound.iter().take(required).position(Option::is_none) {
        return Err(vm.type_error(format!(
            "function missing required argument '{}' (pos {})",
            names[at],
            at + 1
        )));
    }
    match unknown {
        Some(text) => {
            Err(vm.type_error(format!("this function got an unexpected keyword argument '{text}'")))
        }
        None => Ok(bound),
    }
}

/// An argument as a C int.
pub fn c_int(vm: &Vm, value: &Value) -> PyResult<i64> {
    let wide = match value.as_small_int() {
        Some(small) => small,
        None => match int::to_i64_exact(&number::index(vm, value)?) {
            Some(wide) => wide,
            None => return Err(vm.overflow_error("Python int too large to convert to C long")),
        },
    };
    if wide > i32::MAX.into() {
        return Err(vm.overflow_error("signed integer is greater than maximum"));
    }
    if wide < i32::MIN.into() {
        return Err(vm.overflow_error("signed integer is less than minimum"));
    }
    Ok(wide)
}

/// An optional argument as a C int.
pub fn c_int_or(vm: &Vm, value: Option<&Value>, default: i64) -> PyResult<i64> {
    value.map_or(Ok(default), |value| c_int(vm, value))
}

/// A date of three numbers.
pub fn date(vm: &Vm, year: i64, month: i64, day: i64) -> PyResult<Ymd> {
    if !(MIN_YEAR..=MAX_YEAR).contains(&year) {
        return Err(vm.value_error(format!("year must be in {MIN_YEAR}..{MAX_YEAR}, not {year}")));
    }
    if !(1..=12).contains(&month) {
        return Err(vm.value_error(format!("month must be in 1..12, not {month}")));
    }
    let last = days_in_month(year, month);
    if !(1..=last).contains(&day) {
        return Err(vm.value_error(format!(
            "day {day} must be in range 1..{last} for month {month} in year {year}"
        )));
    }
    Ok(Ymd { year: year as u16, month: month as u8, day: day as u8 })
}

/// A time of day of four numbers.
pub fn clock(vm: &Vm, hour: i64, minute: i64, second: i64, micro: i64) -> PyResult<Clock> {
    for (name, value, last) in [
        ("hour", hour, 23),
        ("minute", minute, 59),
        ("second", second, 59),
        ("microsecond", micro, 999_999),
    ] {
        if !(0..=last).contains(&value) {
            return Err(vm.value_error(format!("{name} must be in 0..{last}, not {value}")));
        }
    }
    Ok(Clock { hour: hour as u8, minute: minute as u8, second: second as u8, micro: micro as u32 })
}

pub fn fold(vm: &Vm, fold: i64) -> PyResult<bool> {
    match fold {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(vm.value_error(format!("fold must be either 0 or 1, not {fold}"))),
    }
}

/// A time zone argument.
pub fn tzinfo(vm: &Vm, value: Option<&Value>) -> PyResult<Option<Value>> {
    match value {
        None => Ok(None),
        Some(value) if value.is_none() => Ok(None),
        Some(value) if value.ty().is_subtype(vm.type_object::<TzInfo>()) => Ok(Some(value.clone())),
        Some(value) => Err(vm.type_error(format!(
            "tzinfo argument must be None or of a tzinfo subclass, not type '{}'",
            value.ty().name()
        ))),
    }
}

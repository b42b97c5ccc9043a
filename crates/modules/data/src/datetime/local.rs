//! Moments (seconds since 1970 in UTC) and the process's own time zone.
//!
//! The C library only converts moments to wall clocks. The way back tries both offsets that are
//! around: PEP 495 says which of two moments a repeated hour means, and what one that is skipped.

use super::args;
use super::calendar::{Clock, DAY_SECONDS, EPOCH, MICROS, Ymd, civil};
use super::delta::Delta;
use super::tz;
use adder_modules_core::time::{Local, local_time, local_zone};
use adder_vm::objects::{float, int};
use adder_vm::protocol::number;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Ref, Value, Vm};

/// No zone's clocks were ever moved by more than a day.
const MAX_FOLD: i64 = DAY_SECONDS;

#[cold]
fn out_of_range(vm: &Vm) -> Exc {
    vm.overflow_error("timestamp out of range for platform time_t")
}

fn seconds_of(vm: &Vm, value: f64) -> PyResult<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&value) { Ok(value as i64) } else { Err(out_of_range(vm)) }
}

fn no_nan(vm: &Vm, value: f64) -> PyResult<f64> {
    if value.is_nan() {
        return Err(vm.value_error("Invalid value NaN (not a number)"));
    }
    Ok(value)
}

fn whole_seconds(vm: &Vm, value: &Value) -> PyResult<i64> {
    int::to_i64_exact(&number::index(vm, value)?).ok_or_else(|| out_of_range(vm))
}

/// A timestamp in whole seconds, rounded down.
pub fn seconds(vm: &Vm, timestamp: &Value) -> PyResult<i64> {
    match float::as_f64(timestamp) {
        Some(x) => seconds_of(vm, no_nan(vm, x)?.floor()),
        None => whole_seconds(vm, timestamp),
    }
}

/// A timestamp in seconds and microseconds, rounded to the nearest, or even, microsecond.
pub fn seconds_and_micros(vm: &Vm, timestamp: &Value) -> PyResult<(i64, i64)> {
    let Some(x) = float::as_f64(timestamp) else {
        if !number::has_index(timestamp) {
            return Err(vm.type_error(format!(
                "argument must be int or float, not {}",
                timestamp.ty().name()
            )));
        }
        return Ok((whole_seconds(vm, timestamp)?, 0));
    };
    let whole = no_nan(vm, x)?.trunc();
    let micros = ((x - whole) * 1e6).round_ties_even() as i64;
    let seconds = seconds_of(vm, whole)?;
    match seconds.checked_add(micros.div_euclid(MICROS)) {
        Some(seconds) => Ok((seconds, micros.rem_euclid(MICROS))),
        None => Err(out_of_range(vm)),
    }
}

/// A moment's date and time in UTC.
pub fn utc(vm: &Vm, moment: i64) -> PyResult<(Ymd, Clock)> {
    let (year, month, day) = civil(moment.div_euclid(DAY_SECONDS) + EPOCH);
    if i32::try_from(year - 1900).is_err() {
        let error = std::io::Error::from_raw_os_error(libc::EOVERFLOW);
        return Err(vm.os_error(&error, None));
    }
    let date = args::date(vm, year, month, day)?;
    Ok((date, Clock::from_micros(moment.rem_euclid(DAY_SECONDS) * MICROS)))
}

fn fields(vm: &Vm, local: &Local) -> PyResult<(Ymd, Clock)> {
    let date = args::date(vm, local.year, local.month, local.day)?;
    // A leap second is shown as the last one.
    Ok((date, args::clock(vm, local.hour, local.minute, local.second.min(59), 0)?))
}

/// What the clock on the wall shows at a moment, in seconds since 1970.
fn wall(vm: &Vm, moment: i64) -> PyResult<i64> {
    let (date, clock) = fields(vm, &local_time(vm, moment)?)?;
    Ok(wall_seconds(date, clock))
}

pub fn wall_seconds(date: Ymd, clock: Clock) -> i64 {
    (date.ordinal() - EPOCH) * DAY_SECONDS + clock.seconds()
}

/// A moment's local date and time, and whether the clock shows it for the second time.
pub fn local(vm: &Vm, moment: i64) -> PyResult<(Ymd, Clock, bool)> {
    let (date, clock) = fields(vm, &local_time(vm, moment)?)?;
    let shown = wall_seconds(date, clock);
    // If the clock was set back during the last day, by as much did it show this time before.
    let Ok(earlier) = wall(vm, moment - MAX_FOLD) else { return Ok((date, clock, false)) };
    let moved = shown - earlier - MAX_FOLD;
    let again = moved < 0 && wall(vm, moment + moved)? == shown;
    Ok((date, clock, again))
}

/// The moment at which the clock on the wall shows this.
pub fn moment(vm: &Vm, shown: i64, fold: bool) -> PyResult<i64> {
    let offset = wall(vm, shown)? - shown;
    let first = shown - offset;
    let shown_first = wall(vm, first)?;
    let other = if shown_first == shown {
        // One answer. Another offset holds on the other side, or this is the only one.
        let beside = if fold { first + MAX_FOLD } else { first - MAX_FOLD };
        let other = wall(vm, beside)? - beside;
        if other == offset {
            return Ok(first);
        }
        other
    } else {
        shown_first - first
    };
    let second = shown - other;
    if wall(vm, second)? == shown {
        return Ok(second);
    }
    if shown_first == shown {
        return Ok(first);
    }
    // The clock never showed this: it is read with the offset from before or after the gap.
    Ok(if fold { first.min(second) } else { first.max(second) })
}

/// The zone of the process at a moment, with its offset and name of then.
pub fn zone(vm: &Vm, moment: i64) -> PyResult {
    let local = local_time(vm, moment)?;
    let offset = Delta::from_micros(vm, i128::from(local.offset) * i128::from(MICROS))?;
    tz::fixed(vm, offset, Some(Ref::from_str(&local_zone(vm, moment)?)))
}

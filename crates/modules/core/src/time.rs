//! `time`: clocks, sleeping, calendar time. CPython's counterpart: `Modules/timemodule.c`.

#![expect(unsafe_code, reason = "calls the C library's clocks and calendar")]

use adder_derive::pymodule;
use adder_vm::objects::module::Module;
use adder_vm::objects::namespace::Namespace;
use adder_vm::objects::str_::Str;
use adder_vm::objects::struct_sequence;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::{float, int};
use adder_vm::protocol::number;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Value, Vm};

const NANOS: i128 = 1_000_000_000;

const FIELDS: [&str; 9] = [
    "tm_year", "tm_mon", "tm_mday", "tm_hour", "tm_min", "tm_sec", "tm_wday", "tm_yday", "tm_isdst",
];
const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn zeroed_tm() -> libc::tm {
    // SAFETY: all fields are numbers and a pointer that may be null.
    unsafe { std::mem::zeroed() }
}

/// Nanoseconds that a clock shows.
fn read_clock(vm: &Vm, clock: libc::clockid_t) -> PyResult<i128> {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is alive and filled by the call.
    if unsafe { libc::clock_gettime(clock, &mut now) } != 0 {
        return Err(vm.os_error(&std::io::Error::last_os_error(), None));
    }
    Ok(now.tv_sec as i128 * NANOS + now.tv_nsec as i128)
}

/// Sets a clock to nanoseconds that fit into 64 bits.
fn set_clock(vm: &Vm, clock: libc::clockid_t, nanos: i128) -> PyResult<()> {
    let time = libc::timespec {
        tv_sec: nanos.div_euclid(NANOS) as libc::time_t,
        tv_nsec: nanos.rem_euclid(NANOS) as i64,
    };
    // SAFETY: the structure is alive.
    if unsafe { libc::clock_settime(clock, &time) } != 0 {
        return Err(vm.os_error(&std::io::Error::last_os_error(), None));
    }
    Ok(())
}

fn resolution(vm: &Vm, clock: libc::clockid_t) -> PyResult<f64> {
    let mut step = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: as above.
    if unsafe { libc::clock_getres(clock, &mut step) } != 0 {
        return Err(vm.os_error(&std::io::Error::last_os_error(), None));
    }
    Ok(step.tv_sec as f64 + step.tv_nsec as f64 * 1e-9)
}

/// Nanoseconds as seconds, rounded once.
fn seconds(nanos: i128) -> f64 {
    // Whole seconds first where they are exact, as CPython divides.
    if let Ok(nanos) = i64::try_from(nanos) {
        const NANOS: i64 = self::NANOS as i64;
        return if nanos % NANOS == 0 { (nanos / NANOS) as f64 } else { nanos as f64 / 1e9 };
    }
    if nanos % NANOS == 0 { (nanos / NANOS) as f64 } else { nanos as f64 / 1e9 }
}

/// Seconds (an int or a float) as nanoseconds, rounded up.
fn to_nanos(vm: &Vm, value: &Value) -> PyResult<i128> {
    let too_large = || vm.overflow_error("timestamp too large to convert to C PyTime_t");
    if let Some(x) = float::as_f64(value) {
        if x.is_nan() {
            return Err(vm.value_error("Invalid value NaN (not a number)"));
        }
        let nanos = (x * 1e9).ceil();
        if nanos.abs() >= 9.223372036854775e18 {
            return Err(too_large());
        }
        return Ok(nanos as i128);
    }
    let whole = number::to_i128(vm, value)?;
    whole
        .and_then(|s| s.checked_mul(NANOS))
        .filter(|n| i64::try_from(*n).is_ok())
        .ok_or_else(too_large)
}

/// Seconds since the epoch as a `time_t`, rounded down; now if there are none.
fn moment(vm: &Vm, seconds: Option<&Value>) -> PyResult<libc::time_t> {
    let Some(value) = seconds.filter(|s| !s.is_none()) else {
        return Ok((read_clock(vm, libc::CLOCK_REALTIME)? / NANOS) as libc::time_t);
    };
    let too_large = || vm.overflow_error("timestamp out of range for platform time_t");
    if let Some(x) = float::as_f64(value) {
        if x.is_nan() {
            return Err(vm.value_error("Invalid value NaN (not a number)"));
        }
        let x = x.floor();
        if x.abs() >= 9.3e18 {
            return Err(too_large());
        }
        return Ok(x as libc::time_t);
    }
    number::to_i128(vm, value)?.and_then(|s| i64::try_from(s).ok()).ok_or_else(too_large)
}

fn broken_down(vm: &Vm, moment: libc::time_t, local: bool) -> PyResult<libc::tm> {
    let mut tm = zeroed_tm();
    // SAFETY: both pointers are those of live local variables.
    let done = unsafe {
        if local { libc::localtime_r(&moment, &mut tm) } else { libc::gmtime_r(&moment, &mut tm) }
    };
    if done.is_null() {
        return Err(vm.os_error(&std::io::Error::from_raw_os_error(libc::EOVERFLOW), None));
    }
    Ok(tm)
}

fn record(vm: &Vm, tm: &libc::tm) -> Value {
    let values = [
        tm.tm_year as i64 + 1900,
        tm.tm_mon as i64 + 1,
        tm.tm_mday as i64,
        tm.tm_hour as i64,
        tm.tm_min as i64,
        tm.tm_sec as i64,
        (tm.tm_wday as i64 + 6) % 7,
        tm.tm_yday as i64 + 1,
        tm.tm_isdst as i64,
    ];
    let fields: Vec<(&str, Value)> =
        FIELDS.into_iter().zip(values.map(Value::int_unchecked)).collect();
    struct_sequence::make_hiding(
        vm,
        "time.struct_time",
        &fields,
        &[("tm_zone", vm.str(&zone_name(tm))), ("tm_gmtoff", Value::int_unchecked(tm.tm_gmtoff))],
    )
}

/// A `struct_time` or tuple of nine as C has it.
fn from_record(vm: &Vm, value: &Value, function: &str) -> PyResult<libc::tm> {
    let Some(tuple) = value.downcast::<Tuple>() else {
        return Err(vm.type_error("Tuple or struct_time argument required"));
    };
    let items = tuple.items();
    if items.len() != 9 {
        return Err(vm.type_error(format!("{function}(): illegal time tuple argument")));
    }
    let mut numbers = [0i32; 9];
    for (place, item) in numbers.iter_mut().zip(items) {
        let wide = number::to_i128(vm, item)?;
        *place = wide
            .and_then(|w| i32::try_from(w).ok())
            .ok_or_else(|| vm.overflow_error("Python int too large to convert to C int"))?;
    }
    let Some(year) = numbers[0].checked_sub(1900) else {
        return Err(vm.overflow_error("year out of range"));
    };
    let mut tm = zeroed_tm();
    tm.tm_year = year;
    tm.tm_mon = numbers[1].wrapping_sub(1);
    tm.tm_mday = numbers[2];
    tm.tm_hour = numbers[3];
    tm.tm_min = numbers[4];
    tm.tm_sec = numbers[5];
    tm.tm_wday = numbers[6].wrapping_add(1) % 7;
    tm.tm_yday = numbers[7].wrapping_sub(1);
    tm.tm_isdst = numbers[8];
    Ok(tm)
}

/// The ranges that `strftime` and `asctime` insist on; a zero month, day or day of the year
/// counts as one.
fn check_ranges(vm: &Vm, tm: &mut libc::tm) -> PyResult<()> {
    if tm.tm_mon == -1 {
        tm.tm_mon = 0;
    }
    if tm.tm_mday == 0 {
        tm.tm_mday = 1;
    }
    if tm.tm_yday == -1 {
        tm.tm_yday = 0;
    }
    let wrong = if !(0..=11).contains(&tm.tm_mon) {
        "month out of range"
    } else if !(0..=31).contains(&tm.tm_mday) {
        "day of month out of range"
    } else if !(0..=23).contains(&tm.tm_hour) {
        "hour out of range"
    } else if !(0..=59).contains(&tm.tm_min) {
        "minute out of range"
    } else if !(0..=61).contains(&tm.tm_sec) {
        "seconds out of range"
    } else if tm.tm_wday < 0 {
        "day of week out of range"
    } else if !(0..=365).contains(&tm.tm_yday) {
        "day of year out of range"
    } else {
        tm.tm_isdst = tm.tm_isdst.clamp(-1, 1);
        return Ok(());
    };
    Err(vm.value_error(wrong))
}

/// `strftime` of one piece of format without NUL.
fn format_piece(vm: &Vm, piece: &str, tm: &libc::tm) -> PyResult<Vec<u8>> {
    let Ok(format) = std::ffi::CString::new(piece) else { return Ok(Vec::new()) };
    let mut room = 1024.max(piece.len() * 4);
    loop {
        // It is copied twice more, to text and into the object.
        vm.need(room.saturating_mul(3))?;
        let mut out = vec![0u8; room];
        // SAFETY: the buffer has `room` bytes; the format ends with NUL.
        let n = unsafe { libc::strftime(out.as_mut_ptr().cast(), room, format.as_ptr(), tm) };
        if n > 0 || room > 256 * piece.len().max(4) {
            out.truncate(n);
            return Ok(out);
        }
        room *= 2;
    }
}

fn asctime_text(tm: &libc::tm) -> String {
    let name =
        |table: &'static [&'static str], at: i32| table.get(at as usize).copied().unwrap_or("???");
    format!(
        "{} {} {:2} {:02}:{:02}:{:02} {}",
        name(&DAYS, tm.tm_wday),
        name(&MONTHS, tm.tm_mon),
        tm.tm_mday,
        tm.tm_hour,
        tm.tm_min,
        tm.tm_sec,
        tm.tm_year as i64 + 1900
    )
}

fn zone_name(tm: &libc::tm) -> String {
    if tm.tm_zone.is_null() {
        return String::new();
    }
    // SAFETY: the C library points to a static or cached zone name.
    unsafe { std::ffi::CStr::from_ptr(tm.tm_zone) }.to_string_lossy().into_owned()
}

/// Nanoseconds since the epoch, now.
pub fn now_nanos(vm: &Vm) -> PyResult<i128> {
    read_clock(vm, libc::CLOCK_REALTIME)
}

/// What the clock on the wall shows in the process's time zone.
pub struct Local {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    /// Seconds east of UTC.
    pub offset: i64,
}

/// A moment (seconds since the epoch) in the process's time zone.
pub fn local_time(vm: &Vm, moment: i64) -> PyResult<Local> {
    let tm = broken_down(vm, moment, true)?;
    Ok(Local {
        year: i64::from(tm.tm_year) + 1900,
        month: i64::from(tm.tm_mon) + 1,
        day: tm.tm_mday.into(),
        hour: tm.tm_hour.into(),
        minute: tm.tm_min.into(),
        second: tm.tm_sec.into(),
        offset: tm.tm_gmtoff,
    })
}

/// The name of the process's time zone at a moment.
pub fn local_zone(vm: &Vm, moment: i64) -> PyResult<String> {
    Ok(zone_name(&broken_down(vm, moment, true)?))
}

/// `timezone`, `altzone`, `daylight`, `tzname`, from two moments of a year half a year apart.
fn set_zone(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
    const YEAR: i64 = (365 * 24 + 6) * 3600;
    let now = (read_clock(vm, libc::CLOCK_REALTIME)? / NANOS) as i64;
    let january = now / YEAR * YEAR;
    let winter = broken_down(vm, january, true)?;
    let summer = broken_down(vm, january + YEAR / 2, true)?;
    let zone = |tm: &libc::tm| (-tm.tm_gmtoff, zone_name(tm));
    let ((mut west, mut name), (mut other, mut other_name)) = (zone(&winter), zone(&summer));
    // South of the equator January has daylight time.
    if west < other {
        std::mem::swap(&mut west, &mut other);
        std::mem::swap(&mut name, &mut other_name);
    }
    module.set(vm, "timezone", int::from_i64(west));
    module.set(vm, "altzone", int::from_i64(other));
    module.set(vm, "daylight", Value::int_unchecked((west != other).into()));
    let names = vec![vm.str(&name), vm.str(&other_name)];
    module.set(vm, "tzname", Tuple::from_vec(names).into());
    Ok(())
}

unsafe extern "C" {
    fn tzset();
}

/// This module provides various functions to manipulate time values.
///
/// There are two standard representations of time.  One is the number
/// of seconds since the Epoch, in UTC (a.k.a. GMT).  It may be an integer
/// or a floating-point number (to represent fractions of seconds).
/// The epoch is the point where the time starts, the return value of time.gmtime(0).
/// It is January 1, 1970, 00:00:00 (UTC) on all platforms.
///
/// The other representation is a tuple of 9 integers giving local time.
#[pymodule(name = "time")]
pub mod time {
    use super::*;

    /// Return the current time in seconds since the Epoch.
    ///
    /// Fractions of a second may be present if the system clock provides them.
    #[pyfunction(name = "time")]
    fn now(vm: &Vm) -> PyResult<f64> {
        Ok(seconds(read_clock(vm, libc::CLOCK_REALTIME)?))
    }
    /// Return the current time in nanoseconds since the Epoch.
    #[pyfunction]
    fn time_ns(vm: &Vm) -> PyResult<i128> {
        read_clock(vm, libc::CLOCK_REALTIME)
    }
    /// Monotonic clock, cannot go backward.
    #[pyfunction]
    fn monotonic(vm: &Vm) -> PyResult<f64> {
        Ok(seconds(read_clock(vm, libc::CLOCK_MONOTONIC)?))
    }
    /// Monotonic clock, cannot go backward, as nanoseconds.
    #[pyfunction]
    fn monotonic_ns(vm: &Vm) -> PyResult<i128> {
        read_clock(vm, libc::CLOCK_MONOTONIC)
    }
    /// Performance counter for benchmarking.
    #[pyfunction]
    fn perf_counter(vm: &Vm) -> PyResult<f64> {
        Ok(seconds(read_clock(vm, libc::CLOCK_MONOTONIC)?))
    }
    /// Performance counter for benchmarking as nanoseconds.
    #[pyfunction]
    fn perf_counter_ns(vm: &Vm) -> PyResult<i128> {
        read_clock(vm, libc::CLOCK_MONOTONIC)
    }
    /// Process time for profiling: sum of the kernel and user-space CPU time.
    #[pyfunction]
    fn process_time(vm: &Vm) -> PyResult<f64> {
        Ok(seconds(read_clock(vm, libc::CLOCK_PROCESS_CPUTIME_ID)?))
    }
    /// Process time for profiling as nanoseconds.
    #[pyfunction]
    fn process_time_ns(vm: &Vm) -> PyResult<i128> {
        read_clock(vm, libc::CLOCK_PROCESS_CPUTIME_ID)
    }
    /// Thread time for profiling: sum of the kernel and user-space CPU time.
    #[pyfunction]
    fn thread_time(vm: &Vm) -> PyResult<f64> {
        Ok(seconds(read_clock(vm, libc::CLOCK_THREAD_CPUTIME_ID)?))
    }
    /// Thread time for profiling as nanoseconds.
    #[pyfunction]
    fn thread_time_ns(vm: &Vm) -> PyResult<i128> {
        read_clock(vm, libc::CLOCK_THREAD_CPUTIME_ID)
    }
    /// Return the time of the specified clock clk_id as a float.
    #[pyfunction]
    fn clock_gettime(vm: &Vm, clk_id: i32) -> PyResult<f64> {
        Ok(seconds(read_clock(vm, clk_id)?))
    }
    /// Return the time of the specified clock clk_id as nanoseconds (int).
    #[pyfunction]
    fn clock_gettime_ns(vm: &Vm, clk_id: i32) -> PyResult<i128> {
        read_clock(vm, clk_id)
    }
    /// Set the time of the specified clock clk_id to the given time in seconds.
    #[pyfunction]
    fn clock_settime(vm: &Vm, clk_id: i32, time: &Value) -> PyResult<()> {
        set_clock(vm, clk_id, to_nanos(vm, time)?)
    }
    /// Set the time of the specified clock clk_id to the given time in nanoseconds (int).
    #[pyfunction]
    fn clock_settime_ns(vm: &Vm, clk_id: i32, time: &Value) -> PyResult<()> {
        if !int::is_int(time) {
            return Err(vm.type_error(format!("expect int, got {}", time.ty().name())));
        }
        let nanos = int::to_i64_exact(time)
            .ok_or_else(|| vm.overflow_error("timestamp too large to convert to C PyTime_t"))?;
        set_clock(vm, clk_id, nanos.into())
    }
    /// Return the clk_id of a thread's CPU time clock.
    #[pyfunction]
    fn pthread_getcpuclockid(vm: &Vm, thread_id: u64) -> PyResult<i32> {
        let failed = |number| vm.os_error(&std::io::Error::from_raw_os_error(number), None);
        let thread =
            vm.native_thread(thread_id.wrapping_sub(1)).ok_or_else(|| failed(libc::ESRCH))?;
        let mut clock = 0;
        // SAFETY: the thread is one of ours that runs: it holds, or waits for, the interpreter
        // lock, which the caller has.
        match unsafe { libc::pthread_getcpuclockid(thread as libc::pthread_t, &mut clock) } {
            0 => Ok(clock),
            number => Err(failed(number)),
        }
    }
    /// Return the resolution (precision) of the specified clock clk_id.
    #[pyfunction]
    fn clock_getres(vm: &Vm, clk_id: i32) -> PyResult<f64> {
        resolution(vm, clk_id)
    }

    /// Get information of the specified clock.
    #[pyfunction]
    fn get_clock_info(vm: &Vm, name: String) -> PyResult {
        let (function, clock, monotonic, adjustable) = match name.as_str() {
            "time" => ("CLOCK_REALTIME", libc::CLOCK_REALTIME, false, true),
            "monotonic" | "perf_counter" => ("CLOCK_MONOTONIC", libc::CLOCK_MONOTONIC, true, false),
            "process_time" => {
                ("CLOCK_PROCESS_CPUTIME_ID", libc::CLOCK_PROCESS_CPUTIME_ID, true, false)
            }
            "thread_time" => {
                ("CLOCK_THREAD_CPUTIME_ID", libc::CLOCK_THREAD_CPUTIME_ID, true, false)
            }
            _ => return Err(vm.value_error("unknown clock")),
        };
        Ok(Namespace::with_items(
            vm,
            vec![
                ("implementation", vm.str(&format!("clock_gettime({function})"))),
                ("monotonic", Value::bool(monotonic)),
                ("adjustable", Value::bool(adjustable)),
                ("resolution", Value::float(resolution(vm, clock)?)),
            ],
        ))
    }

    /// Delay execution for a given number of seconds.
    ///
    /// The argument may be a floating-point number for subsecond precision.
    #[pyfunction]
    fn sleep(vm: &Vm, seconds: &Value) -> PyResult<()> {
        let nanos = to_nanos(vm, seconds)?;
        if nanos < 0 {
            return Err(vm.value_error("sleep length must be non-negative"));
        }
        let deadline = read_clock(vm, libc::CLOCK_MONOTONIC)? + nanos;
        let until = libc::timespec {
            tv_sec: (deadline / NANOS) as libc::time_t,
            tv_nsec: (deadline % NANOS) as i64,
        };
        loop {
            let result = vm.without_lock(|| {
                // SAFETY: the deadline is a live structure; no remainder is asked for.
                unsafe {
                    libc::clock_nanosleep(
                        libc::CLOCK_MONOTONIC,
                        libc::TIMER_ABSTIME,
                        &until,
                        std::ptr::null_mut(),
                    )
                }
            });
            match result {
                0 => return Ok(()),
                // PEP 475: the rest of the time is slept after a handler ran.
                libc::EINTR => vm.check_signals()?,
                error => {
                    return Err(vm.os_error(&std::io::Error::from_raw_os_error(error), None));
                }
            }
        }
    }

    /// gmtime([seconds]) -> (tm_year, tm_mon, tm_mday, tm_hour, tm_min,
    ///                        tm_sec, tm_wday, tm_yday, tm_isdst)
    ///
    /// Convert seconds since the Epoch to a time tuple expressing UTC (a.k.a. GMT).
    /// When 'seconds' is not passed in, convert the current time instead.
    #[pyfunction]
    fn gmtime(vm: &Vm, seconds: Option<&Value>) -> PyResult {
        Ok(record(vm, &broken_down(vm, moment(vm, seconds)?, false)?))
    }
    /// localtime([seconds]) -> (tm_year,tm_mon,tm_mday,tm_hour,tm_min,
    ///                           tm_sec,tm_wday,tm_yday,tm_isdst)
    ///
    /// Convert seconds since the Epoch to a time tuple expressing local time.
    /// When 'seconds' is not passed in, convert the current time instead.
    #[pyfunction]
    fn localtime(vm: &Vm, seconds: Option<&Value>) -> PyResult {
        Ok(record(vm, &broken_down(vm, moment(vm, seconds)?, true)?))
    }
    /// mktime(tuple) -> floating-point number
    ///
    /// Convert a time tuple in local time to seconds since the Epoch.
    #[pyfunction]
    fn mktime(vm: &Vm, tuple: &Value) -> PyResult<f64> {
        let mut tm = from_record(vm, tuple, "mktime")?;
        tm.tm_wday = -1;
        // SAFETY: the structure is alive.
        let moment = unsafe { libc::mktime(&mut tm) };
        // -1 is a moment too: then the day of the week was computed.
        if moment == -1 && tm.tm_wday == -1 {
            return Err(vm.overflow_error("mktime argument out of range"));
        }
        Ok(moment as f64)
    }
    /// asctime([tuple]) -> string
    ///
    /// Convert a time tuple to a string, e.g. 'Sat Jun 06 16:26:11 1998'.
    /// When the time tuple is not present, current time as returned by localtime()
    /// is used.
    #[pyfunction]
    fn asctime(vm: &Vm, tuple: Option<&Value>) -> PyResult<String> {
        let tm = match tuple {
            Some(tuple) => {
                let mut tm = from_record(vm, tuple, "asctime")?;
                check_ranges(vm, &mut tm)?;
                tm
            }
            None => broken_down(vm, moment(vm, None)?, true)?,
        };
        Ok(asctime_text(&tm))
    }
    /// ctime([seconds]) -> string
    ///
    /// Convert a time in seconds since the Epoch to a string in local time.
    /// This is equivalent to asctime(localtime(seconds)).
    #[pyfunction]
    fn ctime(vm: &Vm, seconds: Option<&Value>) -> PyResult<String> {
        Ok(asctime_text(&broken_down(vm, moment(vm, seconds)?, true)?))
    }
    /// strftime(format[, tuple]) -> string
    ///
    /// Convert a time tuple to a string according to a format specification.
    /// See the library reference manual for formatting codes.
    #[pyfunction]
    fn strftime(vm: &Vm, format: &Obj<Str>, tuple: Option<&Value>) -> PyResult<String> {
        let tm = match tuple {
            Some(tuple) => {
                let mut tm = from_record(vm, tuple, "strftime")?;
                check_ranges(vm, &mut tm)?;
                // The zone's name comes from the moment itself.
                let mut copy = tm;
                // SAFETY: the structure is alive.
                unsafe { libc::mktime(&mut copy) };
                tm.tm_zone = copy.tm_zone;
                tm.tm_gmtoff = copy.tm_gmtoff;
                tm
            }
            None => broken_down(vm, moment(vm, None)?, true)?,
        };
        vm.need(format.len().saturating_mul(8))?;
        let Some(text) = format.to_utf8() else { return Err(vm.surrogate_error(format)) };
        let mut out = String::new();
        for (i, piece) in text.split('\0').enumerate() {
            if i > 0 {
                out.push('\0');
            }
            if !piece.is_empty() {
                let bytes = format_piece(vm, piece, &tm)?;
                out.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
        Ok(out)
    }
    /// strptime(string, format) -> struct_time
    ///
    /// Parse a string to a time tuple according to a format specification.
    #[pyfunction(sig = "(data_string, format='%a %b %d %H:%M:%S %Y', /)")]
    fn strptime(vm: &Vm, data_string: Value, format: Option<Value>) -> PyResult {
        let module = adder_vm::runtime::import_::import_module(vm, "_strptime")?;
        let mut args = vec![data_string];
        args.extend(format);
        let name = vm.intern("_strptime_time");
        adder_vm::protocol::object::call_method(vm, &module, &name, &args)
    }
    /// Initialize, or reinitialize, the local timezone to the value stored in
    /// os.environ['TZ'].
    #[pyfunction(name = "tzset")]
    fn reset_zone(vm: &Vm) -> PyResult<()> {
        // SAFETY: reads the environment, which only changes under the interpreter lock.
        unsafe { super::tzset() };
        let module = vm.modules().get_str(&vm.intern("time"));
        match module.as_ref().and_then(|m| m.downcast::<Module>()) {
            Some(module) => set_zone(vm, module),
            None => Ok(()),
        }
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let hidden = ["tm_zone", "tm_gmtoff"];
        let ty = struct_sequence::record_type_hiding(vm, "time.struct_time", &FIELDS, &hidden);
        module.add_type(vm, &ty);
        crate::support::add_ints(
            vm,
            module,
            &[
                ("CLOCK_REALTIME", libc::CLOCK_REALTIME as i64),
                ("CLOCK_MONOTONIC", libc::CLOCK_MONOTONIC as i64),
                ("CLOCK_MONOTONIC_RAW", libc::CLOCK_MONOTONIC_RAW as i64),
                ("CLOCK_PROCESS_CPUTIME_ID", libc::CLOCK_PROCESS_CPUTIME_ID as i64),
                ("CLOCK_THREAD_CPUTIME_ID", libc::CLOCK_THREAD_CPUTIME_ID as i64),
                ("CLOCK_BOOTTIME", libc::CLOCK_BOOTTIME as i64),
                ("CLOCK_TAI", libc::CLOCK_TAI as i64),
                ("_STRUCT_TM_ITEMS", 11),
            ],
        );
        set_zone(vm, module)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Session, with_vm};

    #[test]
    fn clocks_are_read_and_wrong_ones_refused() {
        with_vm(|vm| {
            for clock in
                [libc::CLOCK_REALTIME, libc::CLOCK_MONOTONIC, libc::CLOCK_THREAD_CPUTIME_ID]
            {
                assert!(read_clock(vm, clock).is_ok_and(|nanos| nanos > 0));
                assert!(resolution(vm, clock).is_ok_and(|step| step > 0.0 && step < 1.0));
            }
            for clock in [99, i32::MAX] {
                assert!(read_clock(vm, clock).is_err() && resolution(vm, clock).is_err());
                assert!(set_clock(vm, clock, 0).is_err() && set_clock(vm, clock, -1).is_err());
            }
            // Out of a clock's range, whoever asks.
            assert!(set_clock(vm, libc::CLOCK_REALTIME, i128::from(i64::MIN)).is_err());
        });
    }

    #[test]
    fn moments_beyond_the_calendar_are_refused() {
        with_vm(|vm| {
            for local in [false, true] {
                assert!(broken_down(vm, 0, local).is_ok_and(|tm| (69..=70).contains(&tm.tm_year)));
                assert!(broken_down(vm, -1 << 40, local).is_ok());
                for moment in [i64::MAX, i64::MIN, 1 << 60] {
                    assert!(broken_down(vm, moment, local).is_err());
                }
            }
            assert!(local_zone(vm, 0).is_ok_and(|name| !name.is_empty()));
            assert_eq!(zone_name(&zeroed_tm()), "");
        });
    }

    #[test]
    fn texts_of_any_length_come_out_whole() {
        with_vm(|vm| {
            let tm = broken_down(vm, 1 << 30, false).expect("a moment");
            for times in [0, 1, 255, 256, 1024, 20_000] {
                let text = format_piece(vm, &"%Y-%j ".repeat(times), &tm).expect("formatted");
                assert_eq!(text, "2004-010 ".repeat(times).as_bytes());
            }
            // The longest of formats, and one that gives nothing.
            let long = format_piece(vm, &"%c%x%X%A%B".repeat(3000), &tm).expect("formatted");
            assert!(long.len() > 3000 * 40);
            let wide = format_piece(vm, "%500Y", &tm).expect("formatted");
            assert!(wide.len() == 500 || wide == b"2004");
            assert!(format_piece(vm, "%p", &zeroed_tm()).is_ok());
            assert!(format_piece(vm, "a\0b", &tm).is_ok_and(|text| text.is_empty()));
        });
    }

    #[test]
    fn numbers_of_all_sizes_are_taken_or_refused() {
        with_vm(|vm| {
            let session = Session::new(vm, "import time\nbig = (2**31 - 1, -2**31, 0, 1, 255, -1)");
            session.exec(
                "
for a in big:
    for b in big:
        t = (a, b, a, b, a, b, a, b, a)
        for f in (time.mktime, time.asctime, lambda t: time.strftime('%Y%j%a%b%Z%z%c', t)):
            try: f(t)
            except (ValueError, OverflowError): pass
for t in ((), (1,) * 8, (1,) * 10, (1.5,) * 9, ('a',) * 9, 5, (2**31,) * 9):
    for f in (time.mktime, time.asctime, lambda t: time.strftime('%c', t)):
        try: f(t)
        except (TypeError, OverflowError): pass
        else: raise AssertionError(t)
assert time.mktime(time.localtime(1e9)) == 1e9
assert time.gmtime(0)[:6] == (1970, 1, 1, 0, 0, 0)
time.tzset()
",
            );
            assert_eq!(
                session.show("time.mktime((1970, 1, 1, 0, 0, -1) + (0,) * 3) is None"),
                "False"
            );
            for (source, raised) in [
                ("time.sleep(-1)", "ValueError('sleep length must be non-negative')"),
                ("time.sleep(10**30)", "OverflowError("),
                ("time.pthread_getcpuclockid(0)", "ProcessLookupError("),
                ("time.pthread_getcpuclockid(2**63)", "ProcessLookupError("),
                ("time.clock_gettime(12345)", "OSError("),
                ("time.gmtime(2**62)", "OSError("),
                ("time.gmtime(float('nan'))", "ValueError("),
            ] {
                let shown = session.show(source);
                assert!(
                    shown.starts_with(raised) || shown.starts_with("OverflowError("),
                    "{source}: {shown}"
                );
            }
            assert_eq!(session.show("time.sleep(0), time.sleep(1e-9)"), "(None, None)");
        });
    }
}

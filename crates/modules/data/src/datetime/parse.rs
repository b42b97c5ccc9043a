//! ISO 8601 back to dates and times: what `fromisoformat` reads.

use super::args;
use super::calendar::{Clock, MICROS, Ymd, iso_start, iso_weeks};
use super::delta::Delta;
use super::tz;
use adder_vm::objects::str_::Str;
use adder_vm::protocol::object;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Value, Vm};

/// Why a text is no date or time: `None` if its form is wrong.
type Failure = Option<Exc>;

/// The text of an argument, one byte for each character, which is 0xff where it is not ASCII.
fn bytes_of(text: &Obj<Str>) -> Vec<u8> {
    text.code_points().map(|c| if c < 0x80 { c as u8 } else { 0xff }).collect()
}

/// Runs a parser on an argument.
fn parse<T>(
    vm: &Vm,
    argument: &Value,
    parser: impl FnOnce(&[u8]) -> Result<T, Failure>,
) -> PyResult<T> {
    let Some(text) = argument.downcast::<Str>() else {
        return Err(vm.type_error("fromisoformat: argument must be str"));
    };
    match parser(&bytes_of(text)) {
        Ok(found) => Ok(found),
        Err(Some(raised)) => Err(raised),
        Err(None) => {
            let shown = object::repr(vm, argument)?;
            Err(vm.value_error(format!("Invalid isoformat string: {shown}")))
        }
    }
}

pub fn date(vm: &Vm, argument: &Value) -> PyResult<Ymd> {
    parse(vm, argument, |text| match text.len() {
        7 | 8 | 10 => date_part(vm, text),
        _ => Err(None),
    })
}

pub fn time(vm: &Vm, argument: &Value) -> PyResult<(Clock, Option<Value>)> {
    parse(vm, argument, |text| {
        let (clock, tz, _) = time_part(vm, text.strip_prefix(b"T").unwrap_or(text))?;
        Ok((clock, tz))
    })
}

pub fn date_time(vm: &Vm, argument: &Value) -> PyResult<(Ymd, Clock, Option<Value>)> {
    parse(vm, argument, |text| {
        if text.len() < 7 {
            return Err(None);
        }
        let end = date_end(text)?;
        let (day, rest) = text.split_at_checked(end).ok_or(None)?;
        let day = date_part(vm, day)?;
        if rest.is_empty() {
            return Ok((day, Clock::MIDNIGHT, None));
        }
        let (clock, tz, next_day) = time_part(vm, &rest[1..])?;
        let day = if next_day { after(vm, day)? } else { day };
        Ok((day, clock, tz))
    })
}

fn after(vm: &Vm, day: Ymd) -> Result<Ymd, Failure> {
    let (year, month, day) = super::calendar::civil(day.ordinal() + 1);
    args::date(vm, year, month, day).map_err(Some)
}

fn digits(text: &[u8]) -> Result<i64, Failure> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(None);
    }
    Ok(text.iter().fold(0, |n, digit| n * 10 + i64::from(digit - b'0')))
}

/// Where the date ends: at the separator, which may be any character.
fn date_end(text: &[u8]) -> Result<usize, Failure> {
    if text.len() == 7 {
        return Ok(7);
    }
    let at = |i: usize| text.get(i).copied().unwrap_or(0);
    let digit = |i: usize| at(i).is_ascii_digit();
    Ok(match (at(4), at(5)) {
        (b'-', b'W') if text.len() < 8 => return Err(None),
        // "YYYY-Www-D", or "YYYY-Www" with a hyphen as separator: then two digits follow.
        (b'-', b'W') if at(8) == b'-' && text.len() == 9 => return Err(None),
        (b'-', b'W') if at(8) == b'-' && digit(10) => 8,
        (b'-', b'W') if at(8) == b'-' => 10,
        (b'-', b'W') => 8,
        (b'-', _) => 10,
        (b'W', _) => {
            // "YYYYWww" or "YYYYWwwD". Where digits go on, hours have an even number of them.
            let end = (7..text.len()).find(|&i| !digit(i)).unwrap_or(text.len());
            match end {
                0..9 => end,
                _ if end % 2 == 0 => 7,
                _ => 8,
            }
        }
        _ => 8,
    })
}

fn date_part(vm: &Vm, text: &[u8]) -> Result<Ymd, Failure> {
    let year = digits(text.get(..4).ok_or(None)?)?;
    let rest = &text[4..];
    let (rest, dashed) = match rest.strip_prefix(b"-") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    if let Some(rest) = rest.strip_prefix(b"W") {
        let week = digits(rest.get(..2).ok_or(None)?)?;
        let weekday = match &rest[2..] {
            [] => 1,
            [b'-', day @ ..] if dashed && day.len() == 1 => digits(day)?,
            day if !dashed && day.len() == 1 => digits(day)?,
            _ => return Err(None),
        };
        if year > 0 && (!(1..=7).contains(&weekday) || week < 1 || week > iso_weeks(year)) {
            return Err(None);
        }
        let (year, month, day) =
            super::calendar::civil(iso_start(year) + (week - 1) * 7 + weekday - 1);
        return args::date(vm, year, month, day).map_err(Some);
    }
    let (month, day) = match rest {
        [_, _, b'-', _, _] if dashed => (&rest[..2], &rest[3..]),
        [_, _, _, _] if !dashed => (&rest[..2], &rest[2..]),
        _ => return Err(None),
    };
    args::date(vm, year, digits(month)?, digits(day)?).map_err(Some)
}

/// "HH[:MM[:SS[.fff]]]" or without colons: the numbers, and how many microseconds.
fn clock_part(text: &[u8]) -> Result<[i64; 4], Failure> {
    let mut parts = [0; 4];
    let colon = text.get(2) == Some(&b':');
    let mut rest = text;
    for (i, part) in parts.iter_mut().take(3).enumerate() {
        *part = digits(rest.get(..2).ok_or(None)?)?;
        rest = &rest[2..];
        match rest {
            [] => return Ok(parts),
            [b'.' | b',', ..] if i == 2 => break,
            [b':', more @ ..] if colon && i < 2 => rest = more,
            _ if !colon && i < 2 => {}
            _ => return Err(None),
        }
    }
    let fraction = &rest[1..];
    digits(&fraction[..fraction.len().min(6)])?;
    if !fraction.iter().all(u8::is_ascii_digit) {
        return Err(None);
    }
    // Digits beyond a microsecond are cut off.
    let padded = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(6);
    parts[3] = padded.fold(0, |n, digit| n * 10 + i64::from(digit - b'0'));
    Ok(parts)
}

/// A time of day with its zone, and whether it is midnight at the end of the day.
fn time_part(vm: &Vm, text: &[u8]) -> Result<(Clock, Option<Value>, bool), Failure> {
    let end = text.iter().position(|c| matches!(c, b'+' | b'-' | b'Z')).unwrap_or(text.len());
    let (clock, zone) = text.split_at(end);
    let [hour, minute, second, micro] = clock_part(clock)?;
    let tz = match zone {
        [] => None,
        [b'Z'] => Some(tz::utc(vm).map_err(Some)?),
        [b'Z', ..] => return Err(None),
        [sign, offset @ ..] => Some(zone_part(vm, *sign == b'-', offset)?),
    };
    let ends_day = hour == 24;
    if ends_day && (minute, second, micro) != (0, 0, 0) && minute < 60 && second < 60 {
        let message = "minute, second, and microsecond must be 0 when hour is 24";
        return Err(Some(vm.value_error(message)));
    }
    let hour = if ends_day { 0 } else { hour };
    let clock = args::clock(vm, hour, minute, second, micro).map_err(Some)?;
    Ok((clock, tz, ends_day))
}

fn zone_part(vm: &Vm, negative: bool, text: &[u8]) -> Result<Value, Failure> {
    let [hours, minutes, seconds, micros] = clock_part(text)?;
    if minutes > 59 || seconds > 59 {
        return Err(None);
    }
    let total = ((hours * 60 + minutes) * 60 + seconds) * MICROS + micros;
    // A day and more is refused by the zone itself.
    let total = if negative { -total } else { total };
    let offset = Delta::from_micros(vm, total.into()).map_err(Some)?;
    tz::fixed(vm, offset, None).map_err(Some)
}

//! The proleptic Gregorian calendar in numbers: nothing here knows objects.
//!
//! Days are counted by ordinals, of which 1 is January 1 of year 1. All functions are total: fields
//! that came out of a hostile pickle give some number and no panic.

pub const MIN_YEAR: i64 = 1;
pub const MAX_YEAR: i64 = 9999;
/// The ordinal of December 31 of year 9999.
pub const MAX_ORDINAL: i64 = 3_652_059;
/// The ordinal of January 1 of 1970.
pub const EPOCH: i64 = 719_163;

pub const MICROS: i64 = 1_000_000;
pub const DAY_SECONDS: i64 = 86_400;
pub const DAY_MICROS: i64 = DAY_SECONDS * MICROS;

const DAYS_BEFORE: [u16; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const DAYS_IN: [u8; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// A calendar date.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ymd {
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

/// A time of day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clock {
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub micro: u32,
}

pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub fn days_in_month(year: i64, month: i64) -> i64 {
    let days = usize::try_from(month - 1).ok().and_then(|m| DAYS_IN.get(m));
    days.map_or(30, |&days| i64::from(days)) + i64::from(month == 2 && is_leap(year))
}

/// Days of the year that lie before a month.
fn days_before_month(year: i64, month: i64) -> i64 {
    let days = usize::try_from(month - 1).ok().and_then(|m| DAYS_BEFORE.get(m));
    days.map_or(0, |&days| i64::from(days)) + i64::from(month > 2 && is_leap(year))
}

fn days_before_year(year: i64) -> i64 {
    let past = year - 1;
    past * 365 + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400)
}

impl Ymd {
    pub fn ordinal(self) -> i64 {
        days_before_year(self.year.into()) + self.day_of_year()
    }
    /// The date of an ordinal in the range of the calendar.
    pub fn from_ordinal(ordinal: i64) -> Ymd {
        let (year, month, day) = civil(ordinal);
        Ymd { year: year as u16, month: month as u8, day: day as u8 }
    }
    /// From 1.
    pub fn day_of_year(self) -> i64 {
        days_before_month(self.year.into(), self.month.into()) + i64::from(self.day)
    }
    /// From 0, which is Monday.
    pub fn weekday(self) -> i64 {
        (self.ordinal() + 6).rem_euclid(7)
    }
    /// ISO year, week and weekday.
    pub fn iso(self) -> (i64, i64, i64) {
        let ordinal = self.ordinal();
        let mut year = i64::from(self.year);
        let mut first = iso_start(year);
        if ordinal < first {
            year -= 1;
            first = iso_start(year);
        } else if ordinal >= iso_start(year + 1) {
            year += 1;
            first = iso_start(year);
        }
        let passed = ordinal - first;
        (year, passed.div_euclid(7) + 1, passed.rem_euclid(7) + 1)
    }
}

/// Year, month and day of any ordinal: the year is cut into cycles of 400, 100, 4 and 1.
pub fn civil(ordinal: i64) -> (i64, i64, i64) {
    const CYCLE: i64 = 146_097;
    let n = ordinal - 1;
    let (cycle, n) = (n.div_euclid(CYCLE), n.rem_euclid(CYCLE));
    // The last day of the 400 years would begin a fifth century, that of a year a fifth year.
    let century = (n / 36_524).min(3);
    let n = n - century * 36_524;
    let (four, n) = (n / 1461, n % 1461);
    let one = (n / 365).min(3);
    let n = n - one * 365;
    let year = cycle * 400 + century * 100 + four * 4 + one + 1;
    // A month has at most 31 days, so this guess is right or one too small.
    let mut month = (n / 32) + 1;
    if month < 12 && n >= days_before_month(year, month + 1) {
        month += 1;
    }
    (year, month, n - days_before_month(year, month) + 1)
}

/// The ordinal of the Monday that starts an ISO year: the week with its first Thursday.
pub fn iso_start(year: i64) -> i64 {
    let first = days_before_year(year) + 1;
    let weekday = (first + 6).rem_euclid(7);
    if weekday <= 3 { first - weekday } else { first - weekday + 7 }
}

/// How many weeks an ISO year has.
pub fn iso_weeks(year: i64) -> i64 {
    (iso_start(year + 1) - iso_start(year)) / 7
}

impl Clock {
    pub const MIDNIGHT: Clock = Clock { hour: 0, minute: 0, second: 0, micro: 0 };

    pub fn seconds(self) -> i64 {
        (i64::from(self.hour) * 60 + i64::from(self.minute)) * 60 + i64::from(self.second)
    }
    pub fn micros(self) -> i64 {
        self.seconds() * MICROS + i64::from(self.micro)
    }
    /// From microseconds of a day.
    pub fn from_micros(micros: i64) -> Clock {
        let seconds = micros / MICROS;
        Clock {
            hour: (seconds / 3600) as u8,
            minute: (seconds / 60 % 60) as u8,
            second: (seconds % 60) as u8,
            micro: (micros % MICROS) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ordinal_has_one_date() {
        let (mut year, mut month, mut day) = (1, 1, 1);
        for ordinal in 1..=MAX_ORDINAL {
            assert_eq!(civil(ordinal), (year, month, day));
            let date = Ymd::from_ordinal(ordinal);
            assert_eq!(date.ordinal(), ordinal);
            let (iso_year, week, weekday) = date.iso();
            assert_eq!(iso_start(iso_year) + (week - 1) * 7 + weekday - 1, ordinal);
            day += 1;
            if day > days_in_month(year, month) {
                (day, month) = (1, month + 1);
            }
            if month > 12 {
                (month, year) = (1, year + 1);
            }
        }
        assert_eq!(year, 10_000);
    }

    #[test]
    fn the_epoch() {
        assert_eq!(Ymd { year: 1970, month: 1, day: 1 }.ordinal(), EPOCH);
        assert_eq!(civil(0), (0, 12, 31));
    }
}

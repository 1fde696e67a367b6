//! The proleptic Gregorian calendar, and the dates of HTTP headers.

pub(crate) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAY: i64 = 86_400;

/// A moment taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    /// 1 to 12
    pub(crate) month: u32,
    /// 1 to 31
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    /// 0: Sunday
    pub(crate) weekday: u32,
    /// 0 to 365
    pub(crate) day_of_year: u32,
}

pub(crate) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from the epoch to a date: years begin in March here, so that the leap day is a year's last.
pub(crate) fn days_from(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = i64::from((153 * ((month + 9) % 12) + 2) / 5 + day - 1);
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

impl Date {
    /// The date of a number of seconds since the epoch.
    pub(crate) fn at(seconds: i64) -> Self {
        let days = seconds.div_euclid(DAY);
        let time = seconds.rem_euclid(DAY) as u32;
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_shifted = (day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100)) as u32;
        let shifted_month = (5 * day_of_shifted + 2) / 153;
        let day = day_of_shifted - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Self {
            year,
            month,
            day,
            hour: time / 3600,
            minute: time / 60 % 60,
            second: time % 60,
            weekday: (days + 4).rem_euclid(7) as u32,
            day_of_year: (days - days_from(year, 1, 1)) as u32,
        }
    }
}

/// Reads a date of an HTTP header: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or
/// `Sun Nov  6 08:49:37 1994`.
pub(crate) fn parse_http(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let is_name = |name: &str, full: &str| name == full || name == &full[..3];
    if let Some((weekday, rest)) = text.split_once(", ") {
        WEEKDAYS.iter().find(|full| is_name(weekday, full))?;
        let mut parts = rest.splitn(3, [' ', '-']);
        let (day, month, rest) = (parts.next()?, parts.next()?, parts.next()?);
        let (year, rest) = rest.split_once(' ')?;
        let time = rest.strip_suffix(" GMT")?;
        // Two digits name a year of the fifty that went by or of the fifty to come.
        let short = |y: i64| if y < 70 { y + 2000 } else { y + 1900 };
        let year = match year.len() {
            2 => short(digits(year, 2)?),
            _ => digits(year, 4)?,
        };
        moment(year, month, digits(day, 2)?, time)
    } else {
        let mut parts = text.split_ascii_whitespace();
        let weekday = parts.next()?;
        WEEKDAYS.iter().find(|full| weekday == &full[..3])?;
        let (month, day, time, year) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let day = digits(day, day.len().min(2))?;
        parts.next().is_none().then(|| moment(digits(year, 4)?, month, day, time))?
    }
}

fn digits(text: &str, len: usize) -> Option<i64> {
    let good = text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
    good.then(|| text.parse().ok()).flatten()
}

fn moment(year: i64, month: &str, day: i64, time: &str) -> Option<i64> {
    let month = MONTHS.iter().position(|full| month == &full[..3])? as u32 + 1;
    let mut parts = time.split(':').map(|part| digits(part, 2));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let good = (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61 && parts.next().is_none();
    good.then(|| days_from(year, month, day as u32) * DAY + hour * 3600 + minute * 60 + second)
}

//! `Retry-After` (RFC 9110 section 10.2.3): seconds, an HTTP date, or nonsense.

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};

/// No server keeps us away for longer than this: what is said in a moment of overload is soon stale, and a year would
/// be a mistake, or an attack.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(1);

/// The time before which nothing more should be asked. `None` where the header says nothing that can be read.
pub fn until(value: &str, now: Timestamp) -> Option<Timestamp> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds are many seconds.
        SignedDuration::from_secs(value.parse::<i64>().unwrap_or(i64::MAX))
    } else {
        date(value)?.duration_since(now)
    };
    now.checked_add(wait.clamp(SignedDuration::ZERO, LONGEST)).ok()
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`; the two older forms of the standard are read too.
fn date(value: &str) -> Option<Timestamp> {
    if let Ok(time) = rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(value)
    {
        return Some(time);
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|form| {
            let time = jiff::civil::DateTime::strptime(form, value).ok()?;
            jiff::tz::TimeZone::UTC.to_timestamp(time).ok()
        })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("0", Some(0))]
    #[case("1", Some(1))]
    #[case(" 30 ", Some(30))]
    #[case("3600", Some(3600))]
    #[case("3601", Some(3600))]
    #[case("99999999999999999999999999", Some(3600))]
    #[case("Sun, 22 Nov 2026 12:00:30 GMT", Some(30))]
    #[case("Sat, 22 Nov 2026 12:00:30 GMT", Some(30))]
    #[case("Sunday, 22-Nov-26 12:00:30 GMT", Some(30))]
    #[case("Sun Nov 22 12:00:30 2026", Some(30))]
    #[case("Sun, 22 Nov 2026 11:00:00 GMT", Some(0))]
    #[case("Thu, 01 Jan 2099 00:00:00 GMT", Some(3600))]
    #[case("", None)]
    #[case("-5", None)]
    #[case("1.5", None)]
    #[case("soon", None)]
    #[case("30 seconds", None)]
    #[case("1e9", None)]
    #[case("٣٠", None)]
    fn each_form(#[case] value: &str, #[case] seconds: Option<i64>) {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let expected = seconds.map(|seconds| now + SignedDuration::from_secs(seconds));
        assert_eq!(until(value, now), expected);
    }
}

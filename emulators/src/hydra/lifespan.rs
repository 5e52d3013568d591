//! How long tokens are good, as Go writes durations: `1h0m0s`, `1.5s`.

/// Nanoseconds of a second.
pub const SECOND: i128 = 1_000_000_000;

/// The units, the longest first; each with its nanoseconds.
const UNITS: [(&str, i128); 8] = [
    ("h", 3600 * SECOND),
    ("m", 60 * SECOND),
    ("s", SECOND),
    ("ms", 1_000_000),
    ("us", 1000),
    ("µs", 1000),
    ("μs", 1000),
    ("ns", 1),
];

/// Reads a duration as nanoseconds: signed, with fractions, with one unit or several. A number without a unit is
/// none, but for 0.
pub fn parse(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let number_ends = rest.find(|char: char| !char.is_ascii_digit() && char != '.')?;
        let (number, after) = rest.split_at(number_ends);
        let unit_ends = after.find(|char: char| char.is_ascii_digit() || char == '.');
        let (unit, after) = after.split_at(unit_ends.unwrap_or(after.len()));
        let (_, nanoseconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(times(number, *nanoseconds)?)?;
        rest = after;
    }
    i64::try_from(sign * total).ok()
}

/// A decimal number of so many nanoseconds each.
fn times(number: &str, nanoseconds: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits = |text: &str| match text {
        "" => Some(0),
        text => text.parse::<i128>().ok(),
    };
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = digits(fraction)?.checked_mul(nanoseconds)? / scale;
    digits(whole)?.checked_mul(nanoseconds)?.checked_add(part)
}

/// Writes nanoseconds as a duration.
pub fn format(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let rest = i128::from(nanoseconds).abs();
    let text = match rest {
        0 => "0s".to_owned(),
        _ if rest < 1000 => format!("{rest}ns"),
        _ if rest < 1_000_000 => format!("{}µs", decimal(rest, 1000)),
        _ if rest < SECOND => format!("{}ms", decimal(rest, 1_000_000)),
        _ => {
            let (minutes, seconds) = (rest / (60 * SECOND), rest % (60 * SECOND));
            let seconds = decimal(seconds, SECOND);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{seconds}s"),
                (0, minutes) => format!("{minutes}m{seconds}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    };
    format!("{sign}{text}")
}

/// A quotient by a power of ten, without zeros at its end.
fn decimal(number: i128, power: i128) -> String {
    let (whole, fraction) = (number / power, number % power);
    if fraction == 0 {
        return whole.to_string();
    }
    let width = power.to_string().len() - 1;
    let fraction = format!("{fraction:0width$}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

//! Waiting: for something that shall come, with a deadline and never by sleeping alone.

use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(150);

/// How long a test waits for what should come at once, on a machine that is busy.
pub const SOON: Duration = Duration::from_secs(30);
/// The same where the operator has reason to pause before it tries again.
pub const LATER: Duration = Duration::from_secs(100);
/// The same where late deliveries must be over first, which takes two minutes.
pub const MUCH_LATER: Duration = Duration::from_secs(170);

/// Looks again and again until there is an answer, and fails with the last reason why not and what `evidence` finds.
pub async fn until<T>(
    within: Duration,
    what: &str,
    evidence: impl AsyncFn() -> String,
    mut look: impl AsyncFnMut() -> Result<T, String>,
) -> T {
    let began = Instant::now();
    loop {
        let why = match look().await {
            Ok(found) => return found,
            Err(why) => why,
        };
        if began.elapsed() > within {
            let evidence = evidence().await;
            panic!("after {within:?} still not: {what}\n  last seen: {why}\n{evidence}");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Holds for the whole time, or fails at once.
pub async fn throughout(
    time: Duration,
    what: &str,
    evidence: impl AsyncFn() -> String,
    mut look: impl AsyncFnMut() -> Result<(), String>,
) {
    let began = Instant::now();
    while began.elapsed() < time {
        if let Err(why) = look().await {
            let evidence = evidence().await;
            panic!(
                "after {:?}, not: {what}\n  seen: {why}\n{evidence}",
                began.elapsed()
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A look that finds or does not find.
pub fn holds(condition: bool, otherwise: impl Into<String>) -> Result<(), String> {
    if condition { Ok(()) } else { Err(otherwise.into()) }
}

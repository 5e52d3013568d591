//! Limits: how fast calls and token requests may come, and how many tokens a client gets.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use hyper::header::{HeaderName, HeaderValue, RETRY_AFTER};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::choices::{Plan, RateReset, Refill, RetryAfter};
use super::switches::Switches;
use super::{operations, state::Client};
use crate::Operation;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const QUOTA: HeaderName = HeaderName::from_static("auth0-client-quota-limit");

/// Headers of an answer.
pub type Headers = Vec<(HeaderName, HeaderValue)>;

/// What is limited together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Group {
    Calls,
    ClientReads,
    Tokens,
}

/// A token bucket's size, and how long one request takes to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate {
    interval: Duration,
    burst: u32,
}

impl Rate {
    fn new(requests: u64, period: Duration, burst: u64) -> Self {
        let requests = u32::try_from(requests).unwrap_or(u32::MAX).max(1);
        Self {
            interval: period / requests,
            burst: u32::try_from(burst).unwrap_or(u32::MAX),
        }
    }
}

fn rate(switches: &Switches, group: Group) -> Option<Rate> {
    let a_second = |requests, burst| Some(Rate::new(requests, SECOND, burst));
    let a_minute = |requests, burst| Some(Rate::new(requests, MINUTE, burst));
    match (switches.plan, group) {
        (Plan::Unlimited, _) => None,
        (Plan::Free, Group::Tokens) => a_second(30, 30),
        (Plan::Free, _) => a_second(2, 2),
        (Plan::SelfService, Group::Tokens) => a_second(25, 25),
        (Plan::SelfService, Group::ClientReads) => a_minute(100, 5),
        (Plan::SelfService, Group::Calls) => a_minute(150, 10),
        (Plan::Enterprise | Plan::EnterpriseNonProduction, Group::Tokens) => a_second(100, 100),
        (Plan::Enterprise, _) => a_second(16, 50),
        (Plan::EnterpriseNonProduction, _) => a_second(2, 10),
        (Plan::Custom, Group::Tokens) => a_second(switches.token_rate, switches.token_rate),
        (Plan::Custom, _) => a_second(switches.rate_per_second, switches.rate_burst),
    }
}

/// A bucket, told by when it will be full.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    rate: Rate,
    since: Instant,
    full: Instant,
}

/// All buckets of a tenant.
#[derive(Debug, Default)]
pub struct Buckets(HashMap<Group, Bucket>);

/// What a limit says about one request.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Whether it passes.
    pub passes: bool,
    /// What the answer tells of the limit.
    pub headers: Headers,
}

/// Measures a call of the Management API.
pub fn call(buckets: &mut Buckets, switches: &Switches, operation: Operation) -> Measured {
    let reads_clients = [operations::LIST, operations::GET].contains(&operation);
    let group = if reads_clients && switches.plan == Plan::SelfService {
        Group::ClientReads
    } else {
        Group::Calls
    };
    measure(buckets, switches, group)
}

/// Measures a token request.
pub fn token(buckets: &mut Buckets, switches: &Switches) -> Measured {
    measure(buckets, switches, Group::Tokens)
}

fn measure(buckets: &mut Buckets, switches: &Switches, group: Group) -> Measured {
    let Some(rate) = rate(switches, group) else {
        return Measured {
            passes: true,
            headers: Vec::new(),
        };
    };
    let now = Instant::now();
    let fresh = Bucket {
        rate,
        since: now,
        full: now,
    };
    let bucket = buckets.0.entry(group).or_insert(fresh);
    if bucket.rate != rate {
        *bucket = fresh;
    }
    let passes = bucket.take(now, switches.rate_refill);
    Measured {
        passes,
        headers: bucket.headers(now, switches, passes),
    }
}

impl Bucket {
    /// The time as far as the bucket has noticed it.
    fn noticed(&self, now: Instant, refill: Refill) -> Instant {
        match refill {
            Refill::Steady => now,
            Refill::BySecond => self.since + Duration::from_secs(now.duration_since(self.since).as_secs()),
        }
    }

    fn take(&mut self, now: Instant, refill: Refill) -> bool {
        let now = self.noticed(now, refill);
        let full = self.full.max(now) + self.rate.interval;
        let passes = full.duration_since(now) <= self.rate.interval * self.rate.burst;
        if passes {
            self.full = full;
        }
        passes
    }

    /// How long until one more request passes.
    fn next(&self, now: Instant) -> Duration {
        let room = self.rate.interval * self.rate.burst;
        (self.full + self.rate.interval)
            .duration_since(now)
            .saturating_sub(room)
    }

    fn remaining(&self, now: Instant) -> u128 {
        let missing = self.full.saturating_duration_since(now).as_nanos();
        let missing = missing.div_ceil(self.rate.interval.as_nanos().max(1));
        u128::from(self.rate.burst).saturating_sub(missing)
    }

    fn headers(&self, now: Instant, switches: &Switches, passes: bool) -> Headers {
        let noticed = self.noticed(now, switches.rate_refill);
        let next = self.next(noticed);
        let mut headers = Vec::new();
        if switches.rate_headers.0 {
            let wait = match switches.rate_reset {
                RateReset::Next => next,
                RateReset::Full => self.full.saturating_duration_since(noticed),
            };
            headers.push((LIMIT, HeaderValue::from(self.rate.burst)));
            headers.extend(header(REMAINING, &self.remaining(noticed).to_string()));
            headers.push((RESET, HeaderValue::from(in_the_future(wait).as_second())));
        }
        if !passes {
            headers.extend(retry_after(switches.retry_after, next));
        }
        headers
    }
}

fn header(name: HeaderName, text: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((name, HeaderValue::from_str(text).ok()?))
}

/// The first full second after a wait.
fn in_the_future(wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    let at = Timestamp::now().saturating_add(wait).unwrap_or(Timestamp::MAX);
    let rounded = at.as_second() + i64::from(at.subsec_nanosecond() > 0);
    Timestamp::from_second(rounded).unwrap_or(at)
}

fn retry_after(manner: RetryAfter, wait: Duration) -> Option<(HeaderName, HeaderValue)> {
    let seconds = wait.as_nanos().div_ceil(SECOND.as_nanos());
    match manner {
        RetryAfter::Absent => None,
        RetryAfter::Seconds => header(RETRY_AFTER, &seconds.to_string()),
        RetryAfter::Date => {
            let date = in_the_future(wait)
                .strftime("%a, %d %b %Y %H:%M:%S GMT")
                .to_string();
            header(RETRY_AFTER, &date)
        }
    }
}

/// When which client got tokens.
#[derive(Debug, Default)]
pub struct Quotas(HashMap<String, Vec<Instant>>);

impl Quotas {
    /// Counts a token that a client asks for, and tells what is left of its `token_quota`. It does not pass when
    /// the quota is used up and enforced.
    pub fn count(&mut self, client: &Client) -> Measured {
        let quota = client.document.get("token_quota").unwrap_or(&Value::Null);
        let quota = &quota["client_credentials"];
        let issued = self.0.entry(client.client_id.clone()).or_default();
        issued.retain(|at| at.elapsed() < DAY);
        let mut told = Vec::new();
        let mut wait = None;
        for (name, period) in [("per_hour", HOUR), ("per_day", DAY)] {
            let Some(most) = quota[name].as_u64().and_then(|most| usize::try_from(most).ok()) else {
                continue;
            };
            let within = issued.iter().filter(|at| at.elapsed() < period);
            let used = within.clone().count();
            let back = within
                .min()
                .map_or(period, |oldest| period.saturating_sub(oldest.elapsed()));
            if used >= most {
                wait = wait.max(Some(back));
            }
            let left = most.saturating_sub(used + 1);
            told.push(format!("b={name};q={most};r={left};t={}", back.as_secs()));
        }
        let passes = wait.is_none() || quota["enforce"] == false;
        let mut headers = Vec::new();
        if !told.is_empty() {
            headers.extend(header(QUOTA, &told.join(",")));
        }
        if passes {
            issued.push(Instant::now());
        } else {
            headers.extend(retry_after(RetryAfter::Seconds, wait.unwrap_or_default()));
        }
        Measured { passes, headers }
    }
}

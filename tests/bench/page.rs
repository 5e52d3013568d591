//! The results, for the terminal and for docs/benchmarks.md.

use std::fmt::Write as _;

use crate::measured::{CrowdResult, Pace, Requests, Way, percentile, writes};
use crate::process::Memory;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");

const HEAD: &str = "# Benchmarks

Written by `make bench`: the operator as it is released, under the chart's rights, on the local control plane of
`testcluster/` and the emulated DigitalRoute server, all on one machine that has other things to do; so compare within
the page, and run it yourself before you take a number for yours. Limits of the server are lifted. *Bare* is a client
without an operator that writes the same objects in the same order and makes the same calls, as many at once, and
decides nothing: the limit of what is possible here.
";

/// The page as it grows.
pub struct Page(String);

impl Page {
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut text = HEAD.to_owned();
        let optimised = if cfg!(debug_assertions) {
            "not optimised"
        } else {
            "optimised"
        };
        let version = env!("CARGO_PKG_VERSION");
        let day = jiff::Timestamp::now().strftime("%Y-%m-%d");
        write!(
            text,
            "\nOn {day}, version {version}, {optimised}, {cores} cores.\n"
        )
        .unwrap();
        Self(text)
    }

    /// Adds a part, and returns it.
    fn add(&mut self, part: String) -> String {
        self.0.push('\n');
        self.0.push_str(&part);
        part
    }

    pub fn crowd(&mut self, way: Way, result: &CrowdResult) -> String {
        let Way { clients, delay } = way;
        let rate = |took: std::time::Duration| f64::from(clients) / took.as_secs_f64();
        let each = |count: i64| count as f64 / f64::from(clients);
        let calls: Vec<String> = result
            .calls
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(operation, count)| format!("{operation} {count}"))
            .collect();
        let (without, with) = result.memory;
        let restart = &result.restart;
        let without_events = |requests: &Requests| {
            let mut apart = requests.clone();
            apart.retain(|asked, _| asked.resource != "events");
            writes(&apart)
        };
        let mut text = format!("## {clients} clients, {delay} ms per call\n\n| | |\n| --- | --- |\n");
        let mut row = |what: &str, value: String| writeln!(text, "| {what} | {value} |").unwrap();
        row(
            "all ready after the operator is",
            format!(
                "{:.1} s, {:.0} a second",
                result.took.as_secs_f64(),
                rate(result.took)
            ),
        );
        row(
            "bare",
            format!(
                "{:.1} s, {:.0} a second; the operator has {:.0} % of its rate",
                result.bare.as_secs_f64(),
                rate(result.bare),
                100.0 * rate(result.took) / rate(result.bare)
            ),
        );
        row(
            "writes at the API server for each client",
            format!(
                "{:.2}, and {:.2} with Events (bare {:.2}, {:.2})",
                each(without_events(&result.requests)),
                each(writes(&result.requests)),
                each(without_events(&result.bare_requests)),
                each(writes(&result.bare_requests))
            ),
        );
        row("requests at the API server", told(&result.requests));
        row("of the bare client", told(&result.bare_requests));
        row("calls at the authorization server", calls.join(", "));
        row(
            "processor",
            format!(
                "{:.1} s, {:.1} ms for each client",
                result.cpu.as_secs_f64(),
                1_000.0 * result.cpu.as_secs_f64() / f64::from(clients)
            ),
        );
        row(
            "memory",
            format!(
                "{:.0} MB without clients; {} with all of them",
                without.now,
                shown(with)
            ),
        );
        row("writes in 20 s at rest", result.at_rest.to_string());
        row(
            "restart",
            format!(
                "ready after {:.2} s; {} writes, {} calls in 20 s; {}",
                restart.ready.as_secs_f64(),
                restart.writes,
                restart.calls,
                shown(restart.memory)
            ),
        );
        row(
            "all deleted at once",
            format!(
                "nothing left at the server, in the ledger and of Secrets after {:.1} s",
                result.deleted.as_secs_f64()
            ),
        );
        self.add(text)
    }

    pub fn pace(&mut self, pace: &Pace) -> String {
        let milliseconds = |times: &[std::time::Duration]| {
            let at = |of_100| percentile(times, of_100).as_secs_f64() * 1_000.0;
            format!("median {:.0} ms, 99th percentile {:.0} ms", at(50), at(99))
        };
        self.add(format!(
            "## One after the other\n\n| | |\n| --- | --- |\n| {} clients, 10 a second: from `kubectl apply` to the Secret | {} \
             |\n| {} deleted Secrets: until they are back | {} |\n",
            pace.created.len(),
            milliseconds(&pace.created),
            pace.repaired.len(),
            milliseconds(&pace.repaired)
        ))
    }

    pub fn memory(&mut self, [alone, beside]: &[Memory; 2]) -> String {
        self.add(format!(
            "## Memory at rest, without clients\n\n| | |\n| --- | --- |\n| alone | {} |\n| with 100 Secrets of others, a megabyte \
             each | {} |\n",
            shown(*alone),
            shown(*beside)
        ))
    }

    pub fn write(&self) {
        std::fs::write(FILE, &self.0).unwrap();
    }
}

fn shown(memory: Memory) -> String {
    format!("{:.0} MB, {:.0} MB at most", memory.now, memory.peak)
}

/// The most frequent requests first; what is rare is not about clients.
fn told(requests: &Requests) -> String {
    let mut requests: Vec<_> = requests.iter().filter(|(_, count)| **count >= 50).collect();
    requests.sort_by_key(|(_, count)| -**count);
    let told = requests.into_iter().map(|(asked, count)| {
        let tried = if asked.dry_run { " (tried)" } else { "" };
        format!("{} {}{tried} {count}", asked.verb, asked.resource)
    });
    told.collect::<Vec<_>>().join(", ")
}

//! What a process takes, from /proc.

use std::time::Duration;

/// The kernel counts in these, on every Linux that runs this.
const TICKS_PER_SECOND: f64 = 100.0;

/// So much of the processor has a process used since its start.
pub fn cpu(id: u32) -> Duration {
    let stat = read(id, "stat");
    // The name of the program is in parentheses and may hold anything.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    // Fields 14 and 15 of proc_pid_stat(5): user and system time.
    let ticks: f64 = fields[11..13]
        .iter()
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum();
    Duration::from_secs_f64(ticks / TICKS_PER_SECOND)
}

/// Its memory now and at most, in megabytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub now: f64,
    pub peak: f64,
}

pub fn memory(id: u32) -> Memory {
    let status = read(id, "status");
    let megabytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let kilobytes: f64 = line.trim_end_matches("kB").trim().parse().unwrap();
        kilobytes / 1024.0
    };
    Memory {
        now: megabytes("VmRSS:"),
        peak: megabytes("VmHWM:"),
    }
}

fn read(id: u32, file: &str) -> String {
    std::fs::read_to_string(format!("/proc/{id}/{file}")).unwrap()
}

//! What processes of the operator leave behind: their logs, and what their metrics said last.

/// Counts the panics that a process has caught; each is a bug.
const PANICS: &str = "oauthclient_panics_total ";
/// What every metric of the operator begins with.
const OURS: &str = "oauthclient_";

/// What the metrics of a process say of panics.
pub fn panics_in_metrics(metrics: &str) -> Option<String> {
    match metrics.lines().find_map(|line| line.strip_prefix(PANICS)) {
        Some("0") => None,
        Some(count) => Some(format!("the metrics: {PANICS}{count}")),
        None => Some(format!("the metrics do not have {PANICS}")),
    }
}

/// The lines of a log that speak of a panic.
pub fn panics_in_log(log: &str) -> Vec<String> {
    let lines = log.lines().filter(|line| line.contains("panicked"));
    lines.map(|line| format!("the log: {line}")).collect()
}

/// What should be in the logs and metrics of so many processes, and is not.
pub fn missing(processes: usize, any_client: bool, logs: &[&str], metrics: &[&str]) -> Vec<String> {
    let lines = || logs.iter().flat_map(|log| log.lines());
    let with = |words: [&str; 2]| {
        let found = lines().filter(|line| words.iter().all(|word| line.contains(word)));
        found.count()
    };
    let begun = with(["\"started\"", "\"instance\""]);
    let steps = with(["\"step\"", "\"outcome\""]);
    let mut missing = Vec::new();
    if processes == 0 || begun < processes {
        missing.push(format!(
            "{processes} processes were started, and the logs tell of {begun}"
        ));
    }
    if any_client && steps == 0 {
        missing.push("there was an OAuthClient, and the logs tell of no step".to_owned());
    }
    if !metrics.iter().any(|text| text.contains(OURS)) {
        missing.push(format!("no metric is called {OURS}…"));
    }
    missing
}

/// That what is planted is found.
pub fn finds_what_is_planted() {
    let none = "# TYPE oauthclient_panics counter\noauthclient_panics_total 0\n";
    assert_eq!(panics_in_metrics(none), None);
    for planted in [
        "oauthclient_panics_total 1\n",
        "oauthclient_panics_total 10\n",
        "",
    ] {
        assert!(panics_in_metrics(planted).is_some(), "{planted:?}");
    }
    let start = r#"{"level":"INFO","message":"started","version":"0","instance":"i"}"#;
    let step = r#"{"level":"DEBUG","message":"step","step":"Report","outcome":"Done"}"#;
    let ours = r#"{"level":"ERROR","message":"a pass panicked; tried again later","client":"a/b"}"#;
    let theirs = "thread 'tokio-rt-worker' (1) panicked at src/lib.rs:1:1:";
    assert!(panics_in_log(&format!("{start}\n{step}")).is_empty());
    for planted in [ours, theirs] {
        assert_eq!(panics_in_log(&format!("{start}\n{planted}\n{step}")).len(), 1);
    }
    let log = format!("{start}\n{step}\n");
    assert!(missing(1, true, &[&log], &[none]).is_empty());
    for (processes, logs, metrics) in [
        (0, vec![log.as_str()], vec![none]),
        (2, vec![log.as_str()], vec![none]),
        (1, vec![], vec![none]),
        (1, vec![""], vec![none]),
        (1, vec![start], vec![none]),
        (1, vec![step], vec![none]),
        (1, vec![log.as_str()], vec![]),
        (1, vec![log.as_str()], vec!["HTTP/1.0 200 OK"]),
    ] {
        let found = missing(processes, true, &logs, &metrics);
        assert!(!found.is_empty(), "{processes} {logs:?} {metrics:?}");
    }
}

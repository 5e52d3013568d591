//! The terminal: what is said, and what is asked.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// Whom a verb talks to.
pub trait Console {
    /// Prints what was asked for.
    fn say(&mut self, text: &str) -> io::Result<()>;

    /// Prints what is said beside it.
    fn note(&mut self, text: &str) -> io::Result<()>;

    /// Asks a question that is answered by yes or no; anything but a clear yes is no.
    fn confirms(&mut self, question: &str) -> anyhow::Result<bool>;
}

/// The terminal of this process.
pub struct Terminal;

impl Console for Terminal {
    fn say(&mut self, text: &str) -> io::Result<()> {
        print(io::stdout().lock(), text)
    }

    fn note(&mut self, text: &str) -> io::Result<()> {
        print(io::stderr().lock(), text)
    }

    fn confirms(&mut self, question: &str) -> anyhow::Result<bool> {
        if !io::stdin().is_terminal() {
            anyhow::bail!(
                "nobody can answer here, as this is no terminal: say --yes to go on without a question"
            );
        }
        let mut out = io::stderr().lock();
        write!(out, "\n{} [y/N] ", printable(question))?;
        out.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(is_yes(&answer))
    }
}

fn is_yes(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

/// Who reads only the beginning, as `head` does, has seen enough.
fn print(mut out: impl io::Write, text: &str) -> io::Result<()> {
    let text = printable(text);
    let written = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// A text that moves no cursor, sets no colour and reverses no line: some of it was written by servers and tenants.
pub fn printable(text: &str) -> String {
    let harmful = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| {
            if harmful(c) {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}

/// The same on one line.
pub fn one_line(text: &str) -> String {
    printable(&text.replace(['\n', '\r', '\t'], " "))
}

/// An error on one line: each cause that is not told already.
pub fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    one_line(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow::anyhow!("no such file")
            .context("cannot read x: no such file")
            .context("no way");
        assert_eq!(told(&error), "no way: cannot read x: no such file");
    }

    #[test]
    fn what_is_printed_moves_no_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\nc\u{202e}d"), "a\u{fffd}[2Jb\nc\u{fffd}d");
        assert_eq!(one_line("a\r\nb"), "a  b");
        let mut out = Vec::new();
        print(&mut out, "x\n\n").unwrap();
        assert_eq!(out, b"x\n");
    }

    #[test]
    fn only_a_clear_yes_is_one() {
        for (answer, yes) in [
            ("y\n", true),
            (" YES ", true),
            ("", false),
            ("n", false),
            ("yo", false),
        ] {
            assert_eq!(is_yes(answer), yes, "{answer:?}");
        }
    }
}

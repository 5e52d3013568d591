//! What the program can be started with.

pub mod auth0;
pub mod cocoon;
pub mod composer;
pub mod digitalroute;
pub mod dynamic_registration;
pub mod hydra;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use authserver_emulator::switch::SwitchError;
use clap::Args;

/// What every server takes.
#[derive(Args)]
pub struct CommonArgs {
    /// Where to listen; port 0 for any.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// A switch, as name=value; can be given several times.
    #[arg(long = "switch", value_parser = name_and_value)]
    pub switches: Vec<(String, String)>,
    /// Prints a table of all switches and ends.
    #[arg(long)]
    pub list_switches: bool,
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a switch is given as name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Turns switches as they were given.
pub fn turn(
    wishes: &[(String, String)],
    mut set: impl FnMut(&str, &str) -> Result<(), SwitchError>,
) -> Result<(), SwitchError> {
    wishes.iter().try_for_each(|(name, value)| set(name, value))
}

/// Refuses what cannot be put before other paths.
pub fn check_path(path: &str) -> anyhow::Result<()> {
    if !path.is_empty() && (!path.starts_with('/') || path.ends_with('/')) {
        bail!("{path:?} must begin with a slash and not end with one");
    }
    Ok(())
}

/// A secret from a file or from an environment variable.
pub fn secret(file: Option<&PathBuf>, variable: Option<&str>) -> anyhow::Result<Option<String>> {
    match (file, variable) {
        (Some(file), _) => read(file).map(Some),
        (None, Some(name)) => {
            let value = std::env::var(name);
            value
                .map(Some)
                .with_context(|| format!("no usable environment variable {name}"))
        }
        (None, None) => Ok(None),
    }
}

/// A file without the end of its last line.
pub fn read(file: &PathBuf) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

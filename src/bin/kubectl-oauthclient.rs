//! `kubectl oauthclient`: kubectl runs this program when it is in the PATH.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use oauth_client_operator::plugin;
use oauth_client_operator::plugin::args::Cli;
use oauth_client_operator::plugin::console::{Console as _, Terminal, told};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Where not even this can be said, the exit code does.
            let _ = Terminal.note(&format!("error: {}", told(&error)));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<bool> {
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        anyhow::bail!("another TLS provider is installed already");
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no runtime")?
        .block_on(plugin::run(cli, &mut Terminal))
}

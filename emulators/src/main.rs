//! Starts an emulator of an authorization server.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use authserver_emulator::digitalroute::{Auth, Config, Emulator, Switches};
use authserver_emulator::switch;
use clap::{Args, Parser, Subcommand};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Emulators of authorization servers that cannot be run in a test. For tests only: everybody who can reach
/// the port controls the emulator and reads all secrets.
#[derive(Parser)]
#[command(version)]
struct Command {
    #[command(subcommand)]
    server: Server,
}

#[derive(Subcommand)]
enum Server {
    /// DigitalRoute MediationZone and Usage Engine Private Edition: "Authorization Server".
    Digitalroute(Box<DigitalRouteArgs>),
}

#[derive(Args)]
struct DigitalRouteArgs {
    /// Where to listen; port 0 for any.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The user of the management API.
    #[arg(long, default_value = "operator")]
    username: String,
    /// A file with the password.
    #[arg(long, conflicts_with = "password_env")]
    password_file: Option<PathBuf>,
    /// The name of an environment variable with the password.
    #[arg(long)]
    password_env: Option<String>,
    /// The management API is open to everybody, as the vendor's template ships it.
    #[arg(long, conflicts_with_all = ["password_file", "password_env"])]
    no_auth: bool,
    /// What comes before /clients and /scope; /api for MD 8 and 9.
    #[arg(long, default_value = "/authserver/api")]
    api_prefix: String,
    /// The token endpoint.
    #[arg(long, default_value = "/authserver/token")]
    token_path: String,
    /// A scope that is provisioned from the start; can be given several times.
    #[arg(long = "scope")]
    scopes: Vec<String>,
    /// A switch, as name=value; can be given several times.
    #[arg(long = "switch", value_parser = name_and_value)]
    switches: Vec<(String, String)>,
    /// Prints a table of all switches and ends.
    #[arg(long)]
    list_switches: bool,
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a switch is given as name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let Server::Digitalroute(args) = Command::parse().server;
    if args.list_switches {
        return say(&switch::table(&Switches::info()));
    }
    // Listened for before anybody knows the address, so that no signal is lost.
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let listen = args.listen;
    let emulator = Emulator::start(config(*args)?)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    say(&format!("{}\n", json!({ "url": emulator.url() })))?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    emulator.stop().await;
    Ok(())
}

fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("cannot write to stdout")
}

fn config(args: DigitalRouteArgs) -> anyhow::Result<Config> {
    let mut switches = Switches::default();
    for (name, value) in &args.switches {
        switches.set(name, value)?;
    }
    for path in [&args.api_prefix, &args.token_path] {
        if !path.is_empty() && (!path.starts_with('/') || path.ends_with('/')) {
            bail!("{path:?} must begin with a slash and not end with one");
        }
    }
    Ok(Config {
        auth: auth(&args)?,
        listen: args.listen,
        api_prefix: args.api_prefix,
        token_path: args.token_path,
        scopes: args.scopes,
        switches,
    })
}

fn auth(args: &DigitalRouteArgs) -> anyhow::Result<Auth> {
    let password = match (&args.password_file, &args.password_env) {
        (Some(file), _) => {
            let text = std::fs::read_to_string(file);
            let text = text.with_context(|| format!("cannot read {}", file.display()))?;
            text.trim_end_matches(['\r', '\n']).to_owned()
        }
        (None, Some(name)) => {
            std::env::var(name).with_context(|| format!("no usable environment variable {name}"))?
        }
        (None, None) if args.no_auth => return Ok(Auth::Open),
        (None, None) => bail!("give --password-file or --password-env, or --no-auth"),
    };
    Ok(Auth::Basic {
        username: args.username.clone(),
        password,
    })
}

//! Starts an emulator of an authorization server.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use authserver_emulator::emulator::Emulator;
use authserver_emulator::switch::SwitchError;
use authserver_emulator::{AuthServer, digitalroute, dynamic_registration, switch};
use clap::{Args, Parser, Subcommand};
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
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
    /// Any server with dynamic client registration: RFC 7591 and RFC 7592.
    DynamicRegistration(Box<DynamicRegistrationArgs>),
}

#[derive(Args)]
struct CommonArgs {
    /// Where to listen; port 0 for any.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A switch, as name=value; can be given several times.
    #[arg(long = "switch", value_parser = name_and_value)]
    switches: Vec<(String, String)>,
    /// Prints a table of all switches and ends.
    #[arg(long)]
    list_switches: bool,
}

#[derive(Args)]
struct DigitalRouteArgs {
    #[command(flatten)]
    common: CommonArgs,
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
}

#[derive(Args)]
struct DynamicRegistrationArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// How callers reach it, where that is not the address that it listens on.
    #[arg(long)]
    public_url: Option<String>,
    /// What follows in the issuer identifier, such as /tenants/a.
    #[arg(long, default_value = "")]
    issuer_path: String,
    /// A file with the token that a registration needs; without one everybody can register.
    #[arg(long, conflicts_with = "initial_access_token_env")]
    initial_access_token_file: Option<PathBuf>,
    /// The name of an environment variable with that token.
    #[arg(long)]
    initial_access_token_env: Option<String>,
    /// A file with a software statement that is approved; can be given several times, and then a registration
    /// needs one of them.
    #[arg(long = "software-statement-file")]
    software_statement_files: Vec<PathBuf>,
    /// A scope that the server knows; can be given several times. Without one it knows every scope.
    #[arg(long = "scope")]
    scopes: Vec<String>,
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
    match Command::parse().server {
        Server::Digitalroute(args) if args.common.list_switches => {
            say(&switch::table(&digitalroute::Switches::info()))
        }
        Server::DynamicRegistration(args) if args.common.list_switches => {
            say(&switch::table(&dynamic_registration::Switches::info()))
        }
        Server::Digitalroute(args) => {
            let signals = Signals::new()?;
            let config = digitalroute_config(*args)?;
            let listen = config.listen;
            let emulator = digitalroute::Emulator::start(config).await;
            run(emulator.with_context(|| cannot_listen(listen))?, signals).await
        }
        Server::DynamicRegistration(args) => {
            let signals = Signals::new()?;
            let config = dynamic_registration_config(*args)?;
            let listen = config.listen;
            let emulator = dynamic_registration::Emulator::start(config).await;
            run(emulator.with_context(|| cannot_listen(listen))?, signals).await
        }
    }
}

fn cannot_listen(address: SocketAddr) -> String {
    format!("cannot listen on {address}")
}

/// What ends it. Listened for before anybody knows the address, so that no signal is lost.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?,
        })
    }
}

async fn run<S: AuthServer>(emulator: Emulator<S>, mut signals: Signals) -> anyhow::Result<()> {
    say(&format!("{}\n", json!({ "url": emulator.url() })))?;
    tokio::select! {
        _ = signals.terminate.recv() => {}
        _ = signals.interrupt.recv() => {}
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

fn turn(
    wishes: &[(String, String)],
    mut set: impl FnMut(&str, &str) -> Result<(), SwitchError>,
) -> Result<(), SwitchError> {
    wishes.iter().try_for_each(|(name, value)| set(name, value))
}

fn check_path(path: &str) -> anyhow::Result<()> {
    if !path.is_empty() && (!path.starts_with('/') || path.ends_with('/')) {
        bail!("{path:?} must begin with a slash and not end with one");
    }
    Ok(())
}

fn digitalroute_config(args: DigitalRouteArgs) -> anyhow::Result<digitalroute::Config> {
    let mut switches = digitalroute::Switches::default();
    turn(&args.common.switches, |name, value| switches.set(name, value))?;
    for path in [&args.api_prefix, &args.token_path] {
        check_path(path)?;
    }
    Ok(digitalroute::Config {
        auth: auth(&args)?,
        listen: args.common.listen,
        api_prefix: args.api_prefix,
        token_path: args.token_path,
        scopes: args.scopes,
        switches,
    })
}

fn auth(args: &DigitalRouteArgs) -> anyhow::Result<digitalroute::Auth> {
    match secret(args.password_file.as_ref(), args.password_env.as_deref())? {
        Some(password) => Ok(digitalroute::Auth::Basic {
            username: args.username.clone(),
            password,
        }),
        None if args.no_auth => Ok(digitalroute::Auth::Open),
        None => bail!("give --password-file or --password-env, or --no-auth"),
    }
}

fn dynamic_registration_config(
    args: DynamicRegistrationArgs,
) -> anyhow::Result<dynamic_registration::Config> {
    let mut switches = dynamic_registration::Switches::default();
    turn(&args.common.switches, |name, value| switches.set(name, value))?;
    check_path(&args.issuer_path)?;
    if let Some(url) = &args.public_url
        && (!url.contains("://") || url.ends_with('/'))
    {
        bail!("{url:?} must have a scheme and not end with a slash");
    }
    let initial_access_token = secret(
        args.initial_access_token_file.as_ref(),
        args.initial_access_token_env.as_deref(),
    )?;
    let statements = args.software_statement_files.iter().map(read);
    Ok(dynamic_registration::Config {
        listen: args.common.listen,
        public_url: args.public_url,
        issuer_path: args.issuer_path,
        initial_access_token,
        software_statements: statements.collect::<Result<_, _>>()?,
        scopes: args.scopes,
        switches,
    })
}

/// A secret from a file or from an environment variable.
fn secret(file: Option<&PathBuf>, variable: Option<&str>) -> anyhow::Result<Option<String>> {
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
fn read(file: &PathBuf) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

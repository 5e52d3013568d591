//! Starts an emulator of an authorization server.

mod arguments;

use std::io::{self, Write as _};
use std::net::SocketAddr;

use anyhow::Context as _;
use arguments::auth0::Auth0Args;
use arguments::cocoon::CocoonArgs;
use arguments::composer::ComposerArgs;
use arguments::digitalroute::DigitalRouteArgs;
use arguments::dynamic_registration::DynamicRegistrationArgs;
use arguments::hydra::HydraArgs;
use authserver_emulator::emulator::Emulator;
use authserver_emulator::switch::{self, SwitchInfo};
use authserver_emulator::{AuthServer, auth0, cocoon, composer, digitalroute, dynamic_registration, hydra};
use clap::{Parser, Subcommand};
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
    /// Auth0: a tenant's Management API v2 and its token endpoint.
    Auth0(Box<Auth0Args>),
    /// Cocoon Data SafeShare, formerly the Covata Platform.
    Cocoon(Box<CocoonArgs>),
    /// Composer Trusted Access: Zoomdata, Logi Composer, Symphony, Simba.
    Composer(Box<ComposerArgs>),
    /// DigitalRoute MediationZone and Usage Engine Private Edition: "Authorization Server".
    Digitalroute(Box<DigitalRouteArgs>),
    /// Any server with dynamic client registration: RFC 7591 and RFC 7592.
    DynamicRegistration(Box<DynamicRegistrationArgs>),
    /// Ory Hydra: the admin API and the token endpoint.
    Hydra(Box<HydraArgs>),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(io::stderr)
        .init();
    match Command::parse().server {
        Server::Auth0(args) if args.common.list_switches => list(&auth0::Switches::info()),
        Server::Cocoon(args) if args.common.list_switches => list(&cocoon::Switches::info()),
        Server::Composer(args) if args.common.list_switches => list(&composer::Switches::info()),
        Server::Digitalroute(args) if args.common.list_switches => list(&digitalroute::Switches::info()),
        Server::DynamicRegistration(args) if args.common.list_switches => {
            list(&dynamic_registration::Switches::info())
        }
        Server::Hydra(args) if args.common.list_switches => list(&hydra::Switches::info()),
        Server::Auth0(args) => {
            let config = args.config()?;
            run(config.listen, auth0::Emulator::start(config)).await
        }
        Server::Cocoon(args) => {
            let config = args.config()?;
            run(config.listen, cocoon::Emulator::start(config)).await
        }
        Server::Composer(args) => {
            let config = args.config()?;
            run(config.listen, composer::Emulator::start(config)).await
        }
        Server::Digitalroute(args) => {
            let config = args.config()?;
            run(config.listen, digitalroute::Emulator::start(config)).await
        }
        Server::DynamicRegistration(args) => {
            let config = args.config()?;
            run(config.listen, dynamic_registration::Emulator::start(config)).await
        }
        Server::Hydra(args) => {
            let config = args.config()?;
            run(config.listen, hydra::Emulator::start(config)).await
        }
    }
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

async fn run<S: AuthServer>(
    listen: SocketAddr,
    start: impl Future<Output = io::Result<Emulator<S>>>,
) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let emulator = start.await;
    let emulator = emulator.with_context(|| format!("cannot listen on {listen}"))?;
    say(&format!("{}\n", json!({ "url": emulator.url() })))?;
    tokio::select! {
        _ = signals.terminate.recv() => {}
        _ = signals.interrupt.recv() => {}
    }
    emulator.stop().await;
    Ok(())
}

fn list(switches: &[SwitchInfo]) -> anyhow::Result<()> {
    say(&switch::table(switches))
}

fn say(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("cannot write to stdout")
}

//! The command line.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::reach::{Mode, Reach};
use crate::provider::address::Cidr;

/// An OAuth client is a Kubernetes resource.
#[derive(Debug, Parser)]
#[command(name = "oauth-client-operator", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the operator until SIGTERM.
    Run(Box<Run>),
    /// Print the custom resource definitions.
    Crds,
}

/// How to run.
#[derive(Debug, Clone, Args)]
pub struct Run {
    /// The operator's own namespace: the ledger and the credentials of cluster servers are there.
    #[arg(long, env = "POD_NAMESPACE")]
    pub namespace: String,
    /// Tells this cluster from others; by default the UID of the namespace kube-system. Never change it.
    #[arg(long, env = "CLUSTER_ID")]
    pub cluster_id: Option<String>,
    /// Where /livez, /readyz and /metrics are served.
    #[arg(long, default_value = "0.0.0.0:8080")]
    pub listen: SocketAddr,
    /// Let one of several operators work, by a Lease; false: this one works, whoever else does.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub leader_election: bool,
    /// The name of that Lease, in the operator's own namespace.
    #[arg(long, default_value = "oauth-client-operator")]
    pub lease_name: String,
    /// What people know this process by, such as the name of its pod. It is a part of the Lease's holder.
    #[arg(long, env = "HOSTNAME", hide = true)]
    pub host_name: Option<String>,
    /// How many clients of one server are worked on at once; four times as many in all.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub concurrency: u16,
    /// Which namespaces are served: all, those with the label oauthclient.dev/enabled: "true", or those of
    /// --watch-namespaces.
    #[arg(long, env = "WATCH_MODE", value_enum, default_value_t = WatchMode::Cluster)]
    pub watch_mode: WatchMode,
    /// With --watch-mode=Namespaces: their names, separated by commas.
    #[arg(long, env = "WATCH_NAMESPACES", value_delimiter = ',')]
    pub watch_namespaces: Vec<String>,
    /// Serve ClusterAuthorizationServers. Only one operator of a cluster should.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub cluster_servers: bool,
    /// Allow authorization servers on loopback addresses. For tests.
    #[arg(long)]
    pub allow_loopback: bool,
    /// Networks that are allowed although they are private or special, such as 10.1.0.0/16.
    #[arg(long, value_delimiter = ',')]
    pub allowed_cidrs: Vec<Cidr>,
    /// What is logged: error, warn, info, debug, or a filter as the tracing crate knows it.
    #[arg(long, env = "LOG_LEVEL", default_value = "info")]
    pub log_level: String,
    /// How it is logged.
    #[arg(long, value_enum, default_value_t = LogFormat::Json)]
    pub log_format: LogFormat,
    /// How long a request that was sent may still arrive, in seconds: what is unknown is looked at again after this.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(i64).range(1..=3600), hide = true)]
    pub late_delivery_seconds: i64,
}

impl Run {
    /// What it looks after, or why that cannot be told.
    pub fn reach(&self) -> Result<Reach, String> {
        // A variable that is set to nothing names nothing.
        let named = self.watch_namespaces.iter().filter(|name| !name.is_empty());
        let named: BTreeSet<String> = named.cloned().collect();
        let mode = match (self.watch_mode, named.is_empty()) {
            (WatchMode::Cluster, true) => Mode::Cluster,
            (WatchMode::OptIn, true) => Mode::OptIn,
            (WatchMode::Namespaces, false) => Mode::Namespaces(named),
            (WatchMode::Namespaces, true) => {
                return Err("--watch-mode=Namespaces needs their names in --watch-namespaces".to_owned());
            }
            (WatchMode::Cluster | WatchMode::OptIn, false) => {
                return Err("--watch-namespaces goes only with --watch-mode=Namespaces".to_owned());
            }
        };
        Ok(Reach {
            mode,
            cluster_servers: self.cluster_servers,
        })
    }
}

/// Which namespaces are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub enum WatchMode {
    /// All.
    Cluster,
    /// Those with the label.
    OptIn,
    /// Those that are named.
    Namespaces,
}

/// How it is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser as _};

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    fn reach(arguments: &[&str]) -> Result<Reach, String> {
        let fixed = ["operator", "run", "--namespace=operator"];
        let cli = Cli::try_parse_from(fixed.iter().chain(arguments)).map_err(|error| error.to_string())?;
        match cli.command {
            Command::Run(run) => run.reach(),
            Command::Crds => unreachable!("it was told to run"),
        }
    }

    #[test]
    fn names_of_namespaces_go_with_their_mode_and_with_no_other() {
        let of = |mode, cluster_servers| Reach {
            mode,
            cluster_servers,
        };
        assert_eq!(reach(&[]), Ok(of(Mode::Cluster, true)));
        assert_eq!(reach(&["--watch-namespaces="]), Ok(of(Mode::Cluster, true)));
        let opt_in = ["--watch-mode=OptIn", "--cluster-servers=false"];
        assert_eq!(reach(&opt_in), Ok(of(Mode::OptIn, false)));
        let named = Mode::Namespaces(["a", "b"].map(str::to_owned).into());
        let both = [
            "--watch-mode=Namespaces",
            "--watch-namespaces=b,a",
            "--cluster-servers",
        ];
        assert_eq!(reach(&both), Ok(of(named, true)));
        for (refused, why) in [
            (&["--watch-mode=Namespaces"][..], "--watch-namespaces"),
            (
                &["--watch-mode=Namespaces", "--watch-namespaces="],
                "--watch-namespaces",
            ),
            (&["--watch-namespaces=a"], "only with"),
            (&["--watch-mode=OptIn", "--watch-namespaces=a"], "only with"),
            (
                &["--watch-mode=cluster"],
                "possible values: Cluster, OptIn, Namespaces",
            ),
        ] {
            let told = reach(refused).unwrap_err();
            assert!(told.contains(why), "{refused:?}: {told}");
        }
    }
}

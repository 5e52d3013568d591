//! The command line.

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    Run(Run),
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
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}

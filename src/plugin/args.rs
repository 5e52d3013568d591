//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Explains OAuthClients and the operator that keeps them, and does what only a person may decide.
#[derive(Debug, Parser)]
#[command(name = "kubectl-oauthclient", bin_name = "kubectl oauthclient", version)]
pub struct Cli {
    /// How to get to the cluster.
    #[command(flatten, next_help_heading = "Cluster")]
    pub way: Way,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// How to get to the cluster.
#[derive(Debug, Clone, Default, Args)]
pub struct Way {
    /// The kubeconfig file; by default those of $KUBECONFIG, or ~/.kube/config.
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; by default its current one.
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// The cluster of the kubeconfig, in place of the context's.
    #[arg(long, global = true, value_name = "NAME")]
    pub cluster: Option<String>,
    /// The user of the kubeconfig, in place of the context's.
    #[arg(long, global = true, value_name = "NAME")]
    pub user: Option<String>,
    /// Act as this user, for example system:serviceaccount:payments:default.
    #[arg(long = "as", global = true, value_name = "USER")]
    pub impersonated: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Explain one OAuthClient: what is, what is wrong, whose move it is, what happens next.
    Status(Status),
    /// List the clients that the operator still has to remove at authorization servers.
    Pending(Pending),
    /// Make the operator forget clients at a server that it cannot remove.
    Discharge(Discharge),
    /// Take over the records of clients that the operator of another cluster wrote.
    AdoptLedger(AdoptLedger),
    /// Check an installation. Ends with 1 when something is wrong.
    Doctor(Doctor),
}

/// Where the operator is.
#[derive(Debug, Clone, Args)]
pub struct Home {
    /// The operator's own namespace: its Deployment, its Lease and its records are there.
    #[arg(long, value_name = "NAMESPACE", default_value = "oauth-system")]
    pub operator_namespace: String,
}

/// How to print.
#[derive(Debug, Clone, Copy, Args)]
pub struct Output {
    /// Print for programs and not for people. No credential is in it either.
    #[arg(short, long, value_enum, value_name = "json", hide_possible_values = true)]
    pub output: Option<Format>,
}

/// A format for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JSON.
    Json,
}

/// `status`
#[derive(Debug, Args)]
pub struct Status {
    /// The OAuthClient's name.
    pub name: String,
    /// Its namespace; by default the context's.
    #[arg(short, long)]
    pub namespace: Option<String>,
    /// Where the operator is.
    #[command(flatten)]
    pub home: Home,
    /// How to print.
    #[command(flatten)]
    pub output: Output,
}

/// `pending`
#[derive(Debug, Args)]
pub struct Pending {
    /// Of OAuthClients in this namespace; by default the context's.
    #[arg(short, long)]
    pub namespace: Option<String>,
    /// Of OAuthClients in all namespaces.
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub all_namespaces: bool,
    /// Where the operator is.
    #[command(flatten)]
    pub home: Home,
    /// How to print.
    #[command(flatten)]
    pub output: Output,
}

/// `discharge`
#[derive(Debug, Args)]
pub struct Discharge {
    /// The OAuthClient, there or gone: NAMESPACE/NAME, or NAME with --namespace.
    pub client: String,
    /// Its namespace; by default the context's.
    #[arg(short, long)]
    pub namespace: Option<String>,
    /// Everything that is owed at a server whose object is gone for good, not only what the operator has no way to remove.
    #[arg(long)]
    pub all: bool,
    /// Do not ask.
    #[arg(short, long)]
    pub yes: bool,
    /// Where the operator is.
    #[command(flatten)]
    pub home: Home,
}

/// `adopt-ledger`
#[derive(Debug, Args)]
pub struct AdoptLedger {
    /// The id of the cluster whose operator wrote the records: the UID of its namespace kube-system, or its chart's clusterID.
    #[arg(long, value_name = "CLUSTER_ID")]
    pub from: String,
    /// The id of this cluster, where it cannot be read from the operator's Deployment.
    #[arg(long, value_name = "CLUSTER_ID")]
    pub cluster_id: Option<String>,
    /// Do not ask.
    #[arg(short, long)]
    pub yes: bool,
    /// Where the operator is.
    #[command(flatten)]
    pub home: Home,
}

/// `doctor`
#[derive(Debug, Args)]
pub struct Doctor {
    /// Where the operator is.
    #[command(flatten)]
    pub home: Home,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_of_the_cluster_stand_anywhere() {
        for words in [
            "kubectl-oauthclient --context prod status billing -n payments -o json",
            "kubectl-oauthclient status billing --namespace payments --context prod --output=json",
        ] {
            let cli = Cli::try_parse_from(words.split(' ')).unwrap();
            let Verb::Status(status) = cli.verb else {
                panic!("{words}")
            };
            assert_eq!(cli.way.context.as_deref(), Some("prod"));
            assert_eq!(
                (status.name.as_str(), status.namespace.as_deref()),
                ("billing", Some("payments"))
            );
            assert_eq!(status.output.output, Some(Format::Json));
        }
        let both = "kubectl-oauthclient pending -A -n payments";
        assert!(Cli::try_parse_from(both.split(' ')).is_err());
    }
}

//! The arguments of the Hydra emulator.

use std::path::PathBuf;

use anyhow::bail;
use authserver_emulator::hydra;
use clap::Args;

use super::{CommonArgs, check_path, secret, turn};

/// What this server takes.
#[derive(Args)]
pub struct HydraArgs {
    #[command(flatten)]
    pub common: CommonArgs,
    /// What comes first in every path of the admin API, as a proxy may have it.
    #[arg(long, default_value = "")]
    admin_path: String,
    /// What comes first in every path of the public API.
    #[arg(long, default_value = "")]
    public_path: String,
    /// How callers reach the public API, where that is not the address that it listens on.
    #[arg(long)]
    public_url: Option<String>,
    /// A file with the token that the admin API needs; without one, it is open.
    #[arg(long, conflicts_with = "bearer_token_env")]
    bearer_token_file: Option<PathBuf>,
    /// The name of an environment variable with the token that the admin API needs.
    #[arg(long)]
    bearer_token_env: Option<String>,
    /// The id of a client that somebody registered before; its secret is secret-of-<id>. Can be given several times.
    #[arg(long = "client")]
    clients: Vec<String>,
}

impl HydraArgs {
    /// The emulator's configuration.
    pub fn config(self) -> anyhow::Result<hydra::Config> {
        let mut switches = hydra::Switches::default();
        turn(&self.common.switches, |name, value| switches.set(name, value))?;
        check_path(&self.admin_path)?;
        check_path(&self.public_path)?;
        if let Some(url) = &self.public_url
            && (!url.contains("://") || url.ends_with('/'))
        {
            bail!("{url:?} must have a scheme and not end with a slash");
        }
        let bearer_token = secret(self.bearer_token_file.as_ref(), self.bearer_token_env.as_deref())?;
        Ok(hydra::Config {
            listen: self.common.listen,
            admin_path: self.admin_path,
            public_path: self.public_path,
            public_url: self.public_url,
            bearer_token,
            clients: self.clients,
            switches,
        })
    }
}

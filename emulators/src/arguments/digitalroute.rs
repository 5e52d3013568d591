//! The arguments of the DigitalRoute emulator.

use std::path::PathBuf;

use anyhow::bail;
use authserver_emulator::digitalroute;
use clap::Args;

use super::{CommonArgs, check_path, secret, turn};

/// What this server takes.
#[derive(Args)]
pub struct DigitalRouteArgs {
    #[command(flatten)]
    pub common: CommonArgs,
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

impl DigitalRouteArgs {
    /// The emulator's configuration.
    pub fn config(self) -> anyhow::Result<digitalroute::Config> {
        let mut switches = digitalroute::Switches::default();
        turn(&self.common.switches, |name, value| switches.set(name, value))?;
        for path in [&self.api_prefix, &self.token_path] {
            check_path(path)?;
        }
        Ok(digitalroute::Config {
            auth: self.auth()?,
            listen: self.common.listen,
            api_prefix: self.api_prefix,
            token_path: self.token_path,
            scopes: self.scopes,
            switches,
        })
    }

    fn auth(&self) -> anyhow::Result<digitalroute::Auth> {
        match secret(self.password_file.as_ref(), self.password_env.as_deref())? {
            Some(password) => Ok(digitalroute::Auth::Basic {
                username: self.username.clone(),
                password,
            }),
            None if self.no_auth => Ok(digitalroute::Auth::Open),
            None => bail!("give --password-file or --password-env, or --no-auth"),
        }
    }
}

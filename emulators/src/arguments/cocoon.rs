//! The arguments of the Cocoon emulator.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use authserver_emulator::cocoon::{self, state::User};
use clap::Args;

use super::{CommonArgs, check_path, secret, turn};

/// What this server takes.
#[derive(Args)]
pub struct CocoonArgs {
    #[command(flatten)]
    pub common: CommonArgs,
    /// What comes first in every path.
    #[arg(long, default_value = "")]
    context_path: String,
    /// The administrator.
    #[arg(long, default_value = "operator")]
    username: String,
    /// A file with the administrator's password.
    #[arg(long, conflicts_with = "password_env")]
    password_file: Option<PathBuf>,
    /// The name of an environment variable with the administrator's password.
    #[arg(long)]
    password_env: Option<String>,
    /// The administrator has a second factor, and so gets a restricted token first.
    #[arg(long)]
    two_factor: bool,
    /// The id of the app that the administrator logs in with.
    #[arg(long, default_value = "bootstrap")]
    bootstrap_id: String,
    /// A file with the secret of that app.
    #[arg(long, conflicts_with = "bootstrap_secret_env")]
    bootstrap_secret_file: Option<PathBuf>,
    /// The name of an environment variable with the secret of that app.
    #[arg(long)]
    bootstrap_secret_env: Option<String>,
    /// The name of an environment variable with name/password of a user who is no administrator; can be given
    /// several times.
    #[arg(long = "user-env")]
    users: Vec<String>,
    /// The id of an app that somebody registered before, and its name; its secret is secret-of-<id>. Can be given
    /// several times.
    #[arg(long = "client")]
    clients: Vec<String>,
}

impl CocoonArgs {
    /// The emulator's configuration.
    pub fn config(self) -> anyhow::Result<cocoon::Config> {
        let mut switches = cocoon::Switches::default();
        turn(&self.common.switches, |name, value| switches.set(name, value))?;
        check_path(&self.context_path)?;
        let password = secret(self.password_file.as_ref(), self.password_env.as_deref())?;
        let administrator = User {
            username: self.username,
            password: password.context("give --password-file or --password-env")?,
            administrator: true,
            two_factor: self.two_factor,
        };
        let bootstrap_secret = secret(
            self.bootstrap_secret_file.as_ref(),
            self.bootstrap_secret_env.as_deref(),
        )?;
        let bootstrap_secret =
            bootstrap_secret.context("give --bootstrap-secret-file or --bootstrap-secret-env")?;
        let mut users = vec![administrator];
        for variable in &self.users {
            users.push(user(variable)?);
        }
        Ok(cocoon::Config {
            listen: self.common.listen,
            context_path: self.context_path,
            users,
            bootstrap: (self.bootstrap_id, bootstrap_secret),
            clients: self.clients,
            switches,
        })
    }
}

/// A user from an environment variable.
fn user(variable: &str) -> anyhow::Result<User> {
    let text = secret(None, Some(variable))?.unwrap_or_default();
    match text.split_once('/') {
        Some((username, password)) if !username.is_empty() => Ok(User {
            username: username.to_owned(),
            password: password.to_owned(),
            administrator: false,
            two_factor: false,
        }),
        _ => bail!("{variable} does not hold name/password"),
    }
}

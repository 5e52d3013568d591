//! The arguments of the Composer emulator.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use authserver_emulator::composer::{self, state::User};
use clap::Args;

use super::{CommonArgs, check_path, secret, turn};

/// What this server takes.
#[derive(Args)]
pub struct ComposerArgs {
    #[command(flatten)]
    pub common: CommonArgs,
    /// What comes first in every path: /zoomdata of old releases, /discovery of bundled ones.
    #[arg(long, default_value = "/composer")]
    context_path: String,
    /// The user of the management API.
    #[arg(long, default_value = "operator")]
    username: String,
    /// A file with the password.
    #[arg(long, conflicts_with = "password_env")]
    password_file: Option<PathBuf>,
    /// The name of an environment variable with the password.
    #[arg(long)]
    password_env: Option<String>,
    /// The name of an environment variable with the SESSION cookie of a session that is there.
    #[arg(long, requires = "csrf_token_env")]
    session_env: Option<String>,
    /// The name of an environment variable with the CSRF token of that session.
    #[arg(long, requires = "session_env")]
    csrf_token_env: Option<String>,
    /// A user of the product, as account/name; can be given several times.
    #[arg(long = "user")]
    users: Vec<String>,
    /// A supervisor, as account/name; can be given several times.
    #[arg(long = "supervisor")]
    supervisors: Vec<String>,
    /// An account without users; can be given several times.
    #[arg(long = "account")]
    accounts: Vec<String>,
    /// The name of a client that somebody registered before; can be given several times.
    #[arg(long = "client")]
    clients: Vec<String>,
}

impl ComposerArgs {
    /// The emulator's configuration.
    pub fn config(self) -> anyhow::Result<composer::Config> {
        let mut switches = composer::Switches::default();
        turn(&self.common.switches, |name, value| switches.set(name, value))?;
        check_path(&self.context_path)?;
        let password = secret(self.password_file.as_ref(), self.password_env.as_deref())?;
        let password = password.context("give --password-file or --password-env")?;
        let session = secret(None, self.session_env.as_deref())?;
        let csrf_token = secret(None, self.csrf_token_env.as_deref())?;
        let supervisors = self.supervisors.iter().map(|text| user(text, true));
        let users = self.users.iter().map(|text| user(text, false));
        Ok(composer::Config {
            users: users.chain(supervisors).collect::<Result<_, _>>()?,
            listen: self.common.listen,
            context_path: self.context_path,
            username: self.username,
            password,
            session: session.zip(csrf_token),
            accounts: self.accounts,
            clients: self.clients,
            switches,
        })
    }
}

fn user(text: &str, supervisor: bool) -> anyhow::Result<User> {
    match text.split_once('/') {
        Some((account, username)) if !account.is_empty() && !username.is_empty() => Ok(User {
            username: username.to_owned(),
            account: account.to_owned(),
            supervisor,
            pushed: 0,
        }),
        _ => bail!("a user is given as account/name, not as {text:?}"),
    }
}

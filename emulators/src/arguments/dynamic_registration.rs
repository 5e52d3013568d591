//! The arguments of the emulator of dynamic client registration.

use std::path::PathBuf;

use anyhow::bail;
use authserver_emulator::dynamic_registration;
use clap::Args;

use super::{CommonArgs, check_path, read, secret, turn};

/// What this server takes.
#[derive(Args)]
pub struct DynamicRegistrationArgs {
    #[command(flatten)]
    pub common: CommonArgs,
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

impl DynamicRegistrationArgs {
    /// The emulator's configuration.
    pub fn config(self) -> anyhow::Result<dynamic_registration::Config> {
        let mut switches = dynamic_registration::Switches::default();
        turn(&self.common.switches, |name, value| switches.set(name, value))?;
        check_path(&self.issuer_path)?;
        if let Some(url) = &self.public_url
            && (!url.contains("://") || url.ends_with('/'))
        {
            bail!("{url:?} must have a scheme and not end with a slash");
        }
        let initial_access_token = secret(
            self.initial_access_token_file.as_ref(),
            self.initial_access_token_env.as_deref(),
        )?;
        let statements = self.software_statement_files.iter().map(read);
        Ok(dynamic_registration::Config {
            listen: self.common.listen,
            public_url: self.public_url,
            issuer_path: self.issuer_path,
            initial_access_token,
            software_statements: statements.collect::<Result<_, _>>()?,
            scopes: self.scopes,
            switches,
        })
    }
}

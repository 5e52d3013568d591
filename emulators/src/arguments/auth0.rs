//! The arguments of the Auth0 emulator.

use std::path::PathBuf;

use anyhow::bail;
use authserver_emulator::auth0::{self, Management, SCOPES};
use clap::Args;

use super::{CommonArgs, read, secret, turn};

/// What this server takes.
#[derive(Args)]
pub struct Auth0Args {
    #[command(flatten)]
    pub common: CommonArgs,
    /// The tenant's own address, where it is listened at another one: a custom domain.
    #[arg(long)]
    tenant_url: Option<String>,
    /// The name of the tenant.
    #[arg(long, default_value = "tenant")]
    tenant: String,
    /// The id of the client that manages the tenant.
    #[arg(long, default_value = "operator")]
    client_id: String,
    /// A file with the secret of that client.
    #[arg(long, conflicts_with = "client_secret_env")]
    client_secret_file: Option<PathBuf>,
    /// The name of an environment variable with the secret of that client.
    #[arg(long)]
    client_secret_env: Option<String>,
    /// A file with a public key in PEM; with one that client authenticates by private_key_jwt only.
    #[arg(long, conflicts_with_all = ["client_secret_file", "client_secret_env"])]
    public_key_file: Option<PathBuf>,
    /// A scope that is granted to that client; can be given several times. All when not given.
    #[arg(long = "scope")]
    scopes: Vec<String>,
    /// The name of a client that somebody registered before; can be given several times.
    #[arg(long = "client")]
    clients: Vec<String>,
    /// An API that is there, as identifier or identifier=scope,scope; can be given several times.
    #[arg(long = "api")]
    apis: Vec<String>,
}

impl Auth0Args {
    /// The emulator's configuration.
    pub fn config(self) -> anyhow::Result<auth0::Config> {
        let mut switches = auth0::Switches::default();
        turn(&self.common.switches, |name, value| switches.set(name, value))?;
        if let Some(url) = &self.tenant_url
            && (!url.contains("://") || url.ends_with('/'))
        {
            bail!("{url:?} must have a scheme and not end with a slash");
        }
        let public_key = self.public_key_file.as_ref().map(read).transpose()?;
        let client_secret = secret(
            self.client_secret_file.as_ref(),
            self.client_secret_env.as_deref(),
        )?;
        if client_secret.is_none() && public_key.is_none() {
            bail!("give --client-secret-file, --client-secret-env or --public-key-file");
        }
        let scopes = match self.scopes.as_slice() {
            [] => SCOPES.map(str::to_owned).to_vec(),
            scopes => scopes.to_vec(),
        };
        Ok(auth0::Config {
            listen: self.common.listen,
            tenant_url: self.tenant_url,
            tenant: self.tenant,
            management: Management {
                client_id: self.client_id,
                client_secret: client_secret.unwrap_or_default(),
                public_key,
                scopes,
            },
            clients: self.clients,
            apis: self.apis.iter().map(|text| api(text)).collect(),
            switches,
        })
    }
}

/// The identifier and the scopes of an API. The last `=` parts them, since an identifier may be an address.
fn api(text: &str) -> (String, Vec<String>) {
    match text.rsplit_once('=') {
        Some((identifier, scopes)) => {
            let scopes = scopes.split(',').filter(|scope| !scope.is_empty());
            (identifier.to_owned(), scopes.map(str::to_owned).collect())
        }
        None => (text.to_owned(), Vec::new()),
    }
}

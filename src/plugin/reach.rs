//! The way to the API server, as the command line and the kubeconfig describe it.

use anyhow::Context as _;
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};

use super::args::Way;
use crate::cluster::{self, ApiServer};

/// The API server, and the namespace that is meant where none is named.
pub struct Reach {
    /// The API server, with the rights of whoever calls.
    pub api: ApiServer,
    /// The namespace of the context.
    pub namespace: String,
}

impl Reach {
    /// Connects. Nothing is sent yet.
    pub async fn by(way: &Way) -> anyhow::Result<Self> {
        let mut config = config(way)
            .await
            .context("no way to a cluster (name a file with --kubeconfig, a context with --context)")?;
        if way.impersonated.is_some() {
            config.auth_info.impersonate.clone_from(&way.impersonated);
        }
        let namespace = config.default_namespace.clone();
        let client = cluster::client(config).context("the connection cannot be set up")?;
        Ok(Self {
            api: ApiServer::new(client),
            namespace,
        })
    }

    /// The namespace that is named, else that of the context.
    pub fn namespace_or(&self, named: Option<&String>) -> String {
        named.unwrap_or(&self.namespace).clone()
    }
}

async fn config(way: &Way) -> anyhow::Result<Config> {
    let options = KubeConfigOptions {
        context: way.context.clone(),
        cluster: way.cluster.clone(),
        user: way.user.clone(),
    };
    let chosen = [&way.context, &way.cluster, &way.user]
        .iter()
        .any(|choice| choice.is_some());
    Ok(match &way.kubeconfig {
        Some(file) => Config::from_custom_kubeconfig(Kubeconfig::read_from(file)?, &options).await?,
        None if chosen => Config::from_kubeconfig(&options).await?,
        None => Config::infer().await?,
    })
}

//! What all tests of a binary share: the API server, the installed chart, and the operator.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Container, EnvVar, PodSpec, Secret, ServiceAccount};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::config::Kubeconfig;
use kube::{Api, Client};
use oauth_client_operator::api::{ClusterAuthorizationServer, OAuthClient, SECRET_TYPE_LEDGER_ENTRY};
use serde_json::{Value, json};

use super::operator::{Operator, Setup, free_address, listening_at};
use super::proxy::Proxy;
use super::witness::Witness;
use crate::support;

/// The release, and the namespace that it is in.
const RELEASE: &str = "operator";
pub const NAMESPACE: &str = "oauth-system";
/// What the chart calls what it installs.
pub const INSTALLED: &str = "operator-oauth-client-operator";

/// How the operator gets to the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As in production.
    Direct,
    /// Through the proxy that makes bad weather.
    ThroughProxy,
}

/// What all tests of a binary share.
pub struct World {
    /// An administrator's client.
    pub kube: Client,
    /// The operator.
    pub operator: Operator,
    /// Between the operator and the API server, where the suite wants it there.
    pub proxy: Proxy,
    /// Sees what is shown.
    pub witness: Witness,
    /// For requests to token endpoints.
    pub http: reqwest::Client,
    /// Tells the objects of this run from those of others.
    pub run: String,
    /// Where the logs of the operator are.
    pub folder: PathBuf,
}

impl World {
    /// Installs the chart and starts the operator as it says.
    pub async fn start(suite: &str, way: Way, values: &[&str]) -> Result<&'static Self, String> {
        let kube = support::client().await?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{suite}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        install(values)?;
        support::crds_served(&kube).await?;
        let witness = Witness::start(&kube);
        let pod = pod(&kube).await?;
        let account = pod.service_account_name.clone().unwrap_or_default();
        let token = token(&kube, &account).await.map_err(|error| error.to_string())?;
        witness.knows([token.clone()]);
        let kubeconfig = folder.join("kubeconfig");
        let admin = Kubeconfig::read().map_err(|error| error.to_string())?;
        let proxy = Proxy::start(&admin).await?;
        let cluster = match way {
            Way::Direct => json!(admin.clusters.first().and_then(|named| named.cluster.clone())),
            Way::ThroughProxy => json!({"server": proxy.url}),
        };
        write_kubeconfig(&kubeconfig, &cluster, &token)?;
        let container = pod.containers.first().ok_or("the Deployment has no container")?;
        let setup = setup(container, &folder, &kubeconfig)?;
        let world = Box::leak(Box::new(Self {
            kube,
            operator: Operator::new(setup, witness.clone()),
            proxy,
            witness,
            http: reqwest::Client::builder()
                .no_proxy()
                .build()
                .map_err(|error| error.to_string())?,
            run: format!("{:x}", std::process::id()),
            folder,
        }));
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            eprintln!("a test fails at {place}");
        }));
        world.operator.start_and_wait().await;
        Ok(world)
    }

    /// Installs the chart with other values, and starts the operator as it says then.
    pub async fn install_with(&self, values: &[&str]) {
        let status = self.operator.stop().await;
        assert!(status.success(), "{status}\n{}", self.operator.log_end(20));
        install(values).unwrap();
        let pod = pod(&self.kube).await.unwrap();
        let container = pod.containers.first().unwrap();
        self.operator
            .is_told(container.args.as_deref().unwrap_or_default());
        self.operator.start_and_wait().await;
    }

    /// Prints a line, which must not show a credential either.
    pub fn say(&self, line: &str) {
        self.witness.see("the output of the tests", line);
        println!("{line}");
    }

    /// Takes everything away that another run of the operator would work on.
    pub async fn clean_up(&self, keep_log: bool) {
        self.operator.kill();
        let everything = ListParams::default();
        let ledger = ListParams::default().fields(&format!("type={SECRET_TYPE_LEDGER_ENTRY}"));
        let delete = DeleteParams::default();
        let clients: Api<OAuthClient> = Api::all(self.kube.clone());
        for client in clients.list(&everything).await.unwrap() {
            let namespace = client.metadata.namespace.unwrap_or_default();
            let clients: Api<OAuthClient> = Api::namespaced(self.kube.clone(), &namespace);
            // A namespace may be on its way out, and take its clients along.
            clients
                .delete(&client.metadata.name.unwrap_or_default(), &delete)
                .await
                .ok();
        }
        let servers: Api<ClusterAuthorizationServer> = Api::all(self.kube.clone());
        servers.delete_collection(&delete, &everything).await.unwrap();
        let secrets: Api<Secret> = Api::namespaced(self.kube.clone(), NAMESPACE);
        secrets.delete_collection(&delete, &ledger).await.unwrap();
        helm(&["uninstall", RELEASE, "--namespace", NAMESPACE]).unwrap();
        std::fs::remove_file(self.folder.join("kubeconfig")).unwrap();
        if keep_log {
            println!(
                "the operator's log: {}",
                self.folder.join("operator.log").display()
            );
        } else {
            std::fs::remove_dir_all(&self.folder).unwrap();
        }
    }
}

/// A program of the test cluster's folder, or of the path.
pub fn program(name: &str) -> Command {
    let folder = std::env::var_os("TESTCLUSTER_BIN").map(PathBuf::from);
    Command::new(folder.map_or_else(|| PathBuf::from(name), |folder| folder.join(name)))
}

fn helm(arguments: &[&str]) -> Result<(), String> {
    let output = program("helm")
        .args(arguments)
        .output()
        .map_err(|error| format!("helm cannot be run: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!(
            "helm {}: {}",
            arguments[0],
            String::from_utf8_lossy(&output.stderr)
        ))
    }
}

/// What the chart starts.
async fn pod(kube: &Client) -> Result<PodSpec, String> {
    let deployments: Api<Deployment> = Api::namespaced(kube.clone(), NAMESPACE);
    let deployment = deployments.get(INSTALLED).await;
    let spec = deployment.map_err(|error| error.to_string())?.spec;
    Ok(spec.unwrap_or_default().template.spec.unwrap_or_default())
}

/// Installs the chart, or upgrades it; whatever runs stays as it is.
pub fn install(values: &[&str]) -> Result<(), String> {
    let chart = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/oauth-client-operator");
    let mut arguments = vec![
        "upgrade",
        "--install",
        RELEASE,
        chart,
        "--namespace",
        NAMESPACE,
        "--create-namespace",
        "--set",
        "egress.allowLoopback=true",
        // What is logged then must not hold a credential either.
        "--set",
        "log.level=debug",
        // The definitions may be there already, from tests of their own or from an earlier run.
        "--take-ownership",
        "--server-side=true",
        "--force-conflicts",
    ];
    for value in values {
        arguments.extend(["--set", value]);
    }
    helm(&arguments)
}

async fn token(kube: &Client, account: &str) -> kube::Result<String> {
    let accounts: Api<ServiceAccount> = Api::namespaced(kube.clone(), NAMESPACE);
    let request = TokenRequest {
        spec: TokenRequestSpec {
            expiration_seconds: Some(7200),
            ..TokenRequestSpec::default()
        },
        ..TokenRequest::default()
    };
    let answer = accounts
        .create_token_request(account, &PostParams::default(), &request)
        .await?;
    Ok(answer.status.map(|status| status.token).unwrap_or_default())
}

/// The way to the same API server with the operator's identity.
fn write_kubeconfig(path: &Path, cluster: &Value, token: &str) -> Result<(), String> {
    let theirs = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "testcluster", "cluster": cluster}],
        "users": [{"name": "operator", "user": {"token": token}}],
        "contexts": [{"name": "operator", "context": {"cluster": "testcluster", "user": "operator"}}],
        "current-context": "operator",
    });
    let mut file = std::fs::OpenOptions::new();
    let mut file = file
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| error.to_string())?;
    file.write_all(theirs.to_string().as_bytes())
        .map_err(|error| error.to_string())
}

/// What the container gets, but for the address to listen at and what only a kubelet knows.
fn setup(container: &Container, folder: &Path, kubeconfig: &Path) -> Result<Setup, String> {
    let address = free_address();
    let arguments = container.args.clone().unwrap_or_default();
    if !arguments.iter().any(|argument| argument.starts_with("--listen=")) {
        return Err(format!("the Deployment has no --listen among {arguments:?}"));
    }
    let mut environment = vec![("KUBECONFIG".to_owned(), kubeconfig.display().to_string())];
    for variable in container.env.iter().flatten() {
        environment.push((variable.name.clone(), value(variable)?));
    }
    Ok(Setup {
        arguments: listening_at(&address, &arguments),
        environment,
        log: folder.join("operator.log"),
        address,
    })
}

fn value(variable: &EnvVar) -> Result<String, String> {
    if let Some(value) = &variable.value {
        return Ok(value.clone());
    }
    let field = variable
        .value_from
        .as_ref()
        .and_then(|from| from.field_ref.as_ref());
    match field.map(|field| field.field_path.as_str()) {
        Some("metadata.namespace") => Ok(NAMESPACE.to_owned()),
        other => Err(format!("{}: these tests do not know {other:?}", variable.name)),
    }
}

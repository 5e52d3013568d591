//! The operator as it is installed: its Deployment, and what that tells of the cluster's id and the Lease.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Container;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};

use crate::cluster::{ApiServer, identity};
use crate::model::ClusterId;

/// The chart's name: in the label `app.kubernetes.io/name`, unless `nameOverride` is set, and in `helm.sh/chart`.
const CHART: &str = "oauth-client-operator";
/// The name of the operator's Lease where no flag says otherwise.
const LEASE: &str = "oauth-client-operator";

/// The operator's Deployment, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// How many pods are wanted.
    pub wanted: i32,
    /// How many are ready.
    pub ready: i32,
    arguments: Vec<String>,
    cluster_id: Given,
}

/// The variable `CLUSTER_ID` of its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Given {
    /// There is none.
    Nothing,
    /// It has this value.
    Value(String),
    /// Its value is not in the Deployment.
    Elsewhere,
}

impl Installed {
    /// What a Deployment tells, if it is the operator's.
    pub fn of(deployment: &Deployment) -> Option<Self> {
        let labels = deployment.labels();
        let is_chart = labels
            .get("app.kubernetes.io/name")
            .is_some_and(|name| name == CHART)
            || labels
                .get("helm.sh/chart")
                .and_then(|chart| chart.strip_prefix(CHART))
                .is_some_and(|version| version.starts_with('-'));
        let spec = deployment.spec.as_ref().filter(|_| is_chart)?;
        let pod = spec.template.spec.as_ref()?;
        let container: &Container = pod
            .containers
            .iter()
            .find(|container| container.name == "operator")
            .or(pod.containers.first())?;
        let variables = container.env.iter().flatten();
        let cluster_id = variables
            .into_iter()
            .find(|variable| variable.name == "CLUSTER_ID")
            .map_or(Given::Nothing, |variable| {
                variable.value.clone().map_or(Given::Elsewhere, Given::Value)
            });
        let ready = deployment
            .status
            .as_ref()
            .and_then(|status| status.ready_replicas);
        Some(Self {
            name: deployment.name_any(),
            namespace: deployment.namespace().unwrap_or_default(),
            wanted: spec.replicas.unwrap_or(1),
            ready: ready.unwrap_or_default(),
            arguments: container.args.clone().unwrap_or_default(),
            cluster_id,
        })
    }

    /// The value of a flag: `--flag=value`, or `--flag value`.
    fn flag(&self, flag: &str) -> Option<&str> {
        let mut words = self.arguments.iter();
        while let Some(word) = words.next() {
            match word.strip_prefix(flag) {
                Some("") => return words.next().map(String::as_str),
                Some(rest) if rest.starts_with('=') => return rest.get(1..),
                Some(_) | None => {}
            }
        }
        None
    }

    /// The name of its Lease; none where it takes no part in an election.
    pub fn lease(&self) -> Option<&str> {
        let elects = self.flag("--leader-election") != Some("false");
        elects.then(|| self.flag("--lease-name").unwrap_or(LEASE))
    }

    /// The cluster id that the operator was given; `Ok(None)` where it was given none.
    fn chosen_cluster_id(&self) -> Result<Option<&str>, String> {
        match (self.flag("--cluster-id"), &self.cluster_id) {
            (Some(chosen), _) => Ok(Some(chosen)),
            (None, Given::Value(chosen)) => Ok(Some(chosen)),
            (None, Given::Elsewhere) => Err(format!(
                "the Deployment {}/{} takes its cluster id from elsewhere",
                self.namespace, self.name
            )),
            (None, Given::Nothing) => Ok(None),
        }
    }
}

/// The operator's Deployments in a namespace, or in all of them.
pub async fn find(api: &ApiServer, namespace: Option<&str>) -> Result<Vec<Installed>, String> {
    let deployments: Api<Deployment> = match namespace {
        Some(namespace) => Api::namespaced(api.client(), namespace),
        None => Api::all(api.client()),
    };
    let all = ListParams::default();
    let found = api.call(|| deployments.list(&all)).await;
    let found = found.map_err(|failure| format!("Deployments cannot be read: {failure}"))?;
    Ok(found.iter().filter_map(Installed::of).collect())
}

/// The id of this cluster, as the operator knows it: what it was given, else what the operator takes then.
pub async fn cluster_id(api: &ApiServer, installed: &Installed) -> Result<ClusterId, String> {
    let chosen = installed.chosen_cluster_id()?;
    identity::cluster_id(api, chosen)
        .await
        .map_err(|unread| unread.why)
}

/// The same for whoever knows the operator's namespace only.
pub async fn cluster_id_in(api: &ApiServer, namespace: &str) -> Result<ClusterId, String> {
    let found = find(api, Some(namespace)).await?;
    let installed = found
        .first()
        .ok_or_else(|| format!("there is no Deployment of the operator in namespace {namespace}"))?;
    cluster_id(api, installed).await
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use serde_json::json;

    use super::*;

    fn deployment(labels: &serde_json::Value, arguments: &[&str], env: &serde_json::Value) -> Deployment {
        serde_json::from_value(json!({
            "metadata": {"name": "operator", "namespace": "oauth", "labels": labels},
            "spec": {
                "replicas": 2, "selector": {},
                "template": {"spec": {"containers": [{"name": "operator", "args": arguments, "env": env}]}},
            },
            "status": {"readyReplicas": 1},
        }))
        .unwrap()
    }

    fn installed(arguments: &[&str], env: &serde_json::Value) -> Installed {
        let labels = json!({"app.kubernetes.io/name": "oauth-client-operator"});
        Installed::of(&deployment(&labels, arguments, env)).unwrap()
    }

    #[test]
    fn it_is_known_by_the_chart_whatever_the_chart_is_called() {
        let of = |labels: serde_json::Value| Installed::of(&deployment(&labels, &[], &json!([])));
        assert!(of(json!({})).is_none());
        assert!(of(json!({"helm.sh/chart": "oauth-client-operators-1.0.0"})).is_none());
        let found =
            of(json!({"app.kubernetes.io/name": "other", "helm.sh/chart": "oauth-client-operator-0.1.0"}));
        assert_eq!(found.map(|found| (found.wanted, found.ready)), Some((2, 1)));
    }

    #[test]
    fn what_it_was_given_is_read_from_its_arguments_and_environment() {
        let nothing = json!([]);
        let given = json!([{"name": "CLUSTER_ID", "value": "env"}]);
        let elsewhere = json!([{"name": "CLUSTER_ID", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]);
        let id = |arguments: &[&str], env: &serde_json::Value| {
            installed(arguments, env)
                .chosen_cluster_id()
                .map(|id| id.map(str::to_owned))
        };
        assert_eq!(id(&["run"], &nothing), Ok(None));
        assert_eq!(id(&["run", "--cluster-id=a"], &given), Ok(Some("a".to_owned())));
        assert_eq!(
            id(&["run", "--cluster-id", "b"], &nothing),
            Ok(Some("b".to_owned()))
        );
        assert_eq!(id(&["run"], &given), Ok(Some("env".to_owned())));
        assert!(id(&["run"], &elsewhere).is_err());

        let lease = |arguments: &[&str]| installed(arguments, &nothing).lease().map(str::to_owned);
        assert_eq!(lease(&["run", "--lease-name=l"]).as_deref(), Some("l"));
        assert_eq!(lease(&["run", "--leader-election=false"]), None);
        let run = crate::operator::args::Cli::command();
        let run = run.find_subcommand("run").unwrap().clone();
        let default = run
            .get_arguments()
            .find(|argument| argument.get_id() == "lease_name");
        assert_eq!(
            lease(&["run"]).unwrap(),
            default.unwrap().get_default_values()[0].to_str().unwrap()
        );
    }
}

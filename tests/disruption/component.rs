//! A component of the local control plane, ended and started again.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use kube::api::ListParams;
use kube::core::Request;
use serde_json::{Value, json};

use crate::stage::World;
use crate::stage::until::{LATER, until};

/// A component, by its name.
#[derive(Clone, Copy, Debug)]
pub struct Component(pub &'static str);

pub const API_SERVER: Component = Component("kube-apiserver");
pub const ETCD: Component = Component("etcd");

impl Component {
    fn file(self, extension: &str) -> PathBuf {
        let folder = std::env::var_os("TESTCLUSTER_DIR").map(PathBuf::from);
        let folder =
            folder.unwrap_or_else(|| panic!("run this through testcluster/run, which sets TESTCLUSTER_DIR"));
        folder.join(format!("{}.{extension}", self.0))
    }

    /// Ends it in the middle of whatever it does.
    pub fn kill(self) {
        let id = std::fs::read_to_string(self.file("pid")).unwrap();
        let killed = Command::new("kill").args(["-KILL", id.trim()]).status();
        assert!(killed.unwrap().success());
    }

    /// Starts it again, on the same port and data; it is not there at once.
    pub fn start(self) {
        let again = Command::new("setsid")
            .arg("--fork")
            .arg(self.file("cmd"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(again.unwrap().success());
    }
}

/// Has etcd forget everything but what is there now, as it does by itself in time.
pub async fn compact_etcd() {
    let command = std::fs::read_to_string(ETCD.file("cmd")).unwrap();
    let url = command
        .split_whitespace()
        .skip_while(|word| *word != "--listen-client-urls")
        .nth(1)
        .unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async |what: &str, body: Value| -> Value {
        let asked = http.post(format!("{url}/v3/kv/{what}")).body(body.to_string());
        let answer = asked.send().await.unwrap().error_for_status().unwrap();
        answer.json().await.unwrap()
    };
    // Every answer says what the latest revision is, also one about a key that is not there.
    let latest = ask("range", json!({"key": "AA=="})).await["header"]["revision"].clone();
    ask("compaction", json!({"revision": latest, "physical": true})).await;
}

/// Waits until the API server says that it is ready.
pub async fn wait_answers(world: &World) {
    let evidence = async || world.operator.log_end(20);
    until(LATER, "the API server is there again", evidence, async || {
        let request = Request::new("/readyz").list(&ListParams::default()).unwrap();
        let answer = world.kube.request_text(request).await;
        answer.map(drop).map_err(|error| error.to_string())
    })
    .await;
}

//! The operator's process, under the identity and with the arguments that the chart gives it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use super::until::{SOON, until};
use super::witness::{METRICS, Witness};

/// More of a line of its log is not shown.
const LINE: usize = 400;
/// An answer to a question that only the process itself is needed for.
const ANSWERED: Duration = Duration::from_secs(5);

/// How to start it.
#[derive(Clone)]
pub struct Setup {
    /// The arguments, with an address of ours to listen at.
    pub arguments: Vec<String>,
    /// Its environment besides.
    pub environment: Vec<(String, String)>,
    /// What it writes goes here.
    pub log: PathBuf,
    /// Where it listens.
    pub address: String,
}

/// The process. It is killed when this is dropped.
pub struct Operator {
    setup: Setup,
    /// What it is told when it is started next.
    arguments: Mutex<Vec<String>>,
    child: Mutex<Option<Child>>,
    http: reqwest::Client,
    witness: Witness,
}

/// The arguments with this address to listen at.
pub fn listening_at(address: &str, arguments: &[String]) -> Vec<String> {
    let arguments = arguments.iter().map(|argument| {
        if argument.starts_with("--listen=") {
            format!("--listen={address}")
        } else {
            argument.clone()
        }
    });
    arguments.collect()
}

impl Operator {
    /// Not started yet. The witness is shown the metrics of each process before it ends.
    pub fn new(setup: Setup, witness: Witness) -> Self {
        Self {
            arguments: Mutex::new(setup.arguments.clone()),
            setup,
            child: Mutex::new(None),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            witness,
        }
    }

    /// Another one beside it, with the same identity and arguments but for where it listens and writes; not started yet.
    pub fn beside(&self) -> Self {
        let mut setup = self.setup.clone();
        setup.address = free_address();
        setup.arguments = listening_at(&setup.address, &self.arguments.lock().unwrap());
        setup.log.set_extension("beside.log");
        Self::new(setup, self.witness.clone())
    }

    /// From the next start on it is told this, but for where it listens.
    pub fn is_told(&self, arguments: &[String]) {
        *self.arguments.lock().unwrap() = listening_at(&self.setup.address, arguments);
    }

    /// Stops it in the middle of whatever it does, or lets it go on.
    pub fn pause(&self, pause: bool) {
        let signal = if pause { "-STOP" } else { "-CONT" };
        let told = Command::new("kill")
            .args([signal, &self.id().to_string()])
            .status();
        assert!(told.unwrap().success());
    }

    /// What it says to who asks whether it is ready.
    pub async fn readiness(&self) -> Result<String, String> {
        self.get("/readyz").await.map(|(_, text)| text)
    }

    /// Starts it with some more arguments, and waits until it is ready.
    pub async fn start_with(&self, more: &[&str]) {
        self.spawn(more);
        self.wait_ready().await;
    }

    fn spawn(&self, more: &[&str]) {
        let mut log = OpenOptions::new();
        let log: File = log.create(true).append(true).open(&self.setup.log).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_oauth-client-operator"));
        command
            .args(&*self.arguments.lock().unwrap())
            .args(more)
            .env_clear()
            .envs(self.setup.environment.iter().cloned())
            .env("RUST_BACKTRACE", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        // By this the test cluster knows what to end, should we be killed.
        if let Some(dir) = std::env::var_os("TESTCLUSTER_DIR") {
            command.env("TESTCLUSTER_DIR", dir);
        }
        let child = command.spawn().unwrap();
        self.witness.process_started();
        let before = self.child.lock().unwrap().replace(child);
        assert!(before.is_none(), "the operator is started already");
    }

    /// Starts it and waits until it is ready.
    pub async fn start_and_wait(&self) {
        self.start_with(&[]).await;
    }

    /// Waits until it says that it is ready.
    pub async fn wait_ready(&self) {
        let evidence = async || self.log_end(20);
        until(SOON, "the operator is ready", evidence, async || {
            self.alive()?;
            match self.get("/readyz").await? {
                (200, _) => Ok(()),
                (status, text) => Err(format!("{status}: {text}")),
            }
        })
        .await;
    }

    /// Fails with the reason when it has ended.
    pub fn alive(&self) -> Result<(), String> {
        let mut child = self.child.lock().unwrap();
        let child = child.as_mut().ok_or("the operator is not started")?;
        match child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("the operator has ended: {status}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Fails with the reason when it says that it should be restarted.
    pub async fn lives(&self) -> Result<(), String> {
        match self.get("/livez").await? {
            (200, _) => Ok(()),
            (status, text) => Err(format!("/livez: {status}: {text}")),
        }
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.child.lock().unwrap().as_ref().unwrap().id()
    }

    /// Ends it in the middle of whatever it does.
    pub fn kill(&self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            // It may be paused, or have ended by itself: then its log has to do.
            if let Ok(metrics) = self.last_metrics() {
                self.witness.see(METRICS, &metrics);
            }
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Tells it to stop, and waits until it has.
    pub async fn stop(&self) -> ExitStatus {
        let mut child = self.child.lock().unwrap().take().unwrap();
        match self.last_metrics() {
            Ok(metrics) => self.witness.see(METRICS, &metrics),
            Err(error) => panic!("its metrics: {error}\n{}", self.log_end(20)),
        }
        let told = Command::new("kill").arg(child.id().to_string()).status();
        assert!(told.unwrap().success());
        let status = tokio::time::timeout(Duration::from_secs(45), async {
            loop {
                if let Some(status) = child.try_wait().unwrap() {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        status.unwrap_or_else(|_| {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("45 s after SIGTERM the operator still ran\n{}", self.log_end(20))
        })
    }

    /// Its metrics.
    pub async fn metrics(&self) -> String {
        let (status, text) = self.get("/metrics").await.unwrap();
        assert_eq!(status, 200);
        text
    }

    /// The same where nobody can wait in turns with others, as in the moment before a kill.
    fn last_metrics(&self) -> io::Result<String> {
        let address = self.setup.address.parse().map_err(io::Error::other)?;
        let mut stream = TcpStream::connect_timeout(&address, ANSWERED)?;
        stream.set_read_timeout(Some(ANSWERED))?;
        // By this version of HTTP the answer ends with the connection.
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.lines().next().is_some_and(|line| line.contains(" 200 ")) {
            Ok(answer)
        } else {
            Err(io::Error::other("/metrics is not answered with 200"))
        }
    }

    /// Where it writes.
    pub fn log_file(&self) -> &Path {
        &self.setup.log
    }

    /// All that it has written.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(&self.setup.log);
        let bytes = bytes.unwrap_or_else(|error| panic!("{}: {error}", self.setup.log.display()));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The last lines that it has written.
    pub fn log_end(&self, lines: usize) -> String {
        self.log_about("", lines)
    }

    /// The last lines that it has written with a word.
    pub fn log_about(&self, word: &str, lines: usize) -> String {
        let log = self.log();
        let found: Vec<&str> = log.lines().filter(|line| line.contains(word)).collect();
        let last = found.get(found.len().saturating_sub(lines)..).unwrap_or_default();
        let last: Vec<String> = last
            .iter()
            .map(|line| line.chars().take(LINE).collect())
            .collect();
        format!("  log of the operator:\n    {}", last.join("\n    "))
    }

    async fn get(&self, path: &str) -> Result<(u16, String), String> {
        let url = format!("http://{}{path}", self.setup.address);
        let answer = self
            .http
            .get(url)
            .timeout(ANSWERED)
            .send()
            .await
            .map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        Ok((status, answer.text().await.map_err(|error| error.to_string())?))
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that was free a moment ago.
pub fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap()
        .to_string()
}

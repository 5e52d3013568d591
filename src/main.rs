//! The operator's process: reads the command line, connects, and runs until SIGTERM.

use std::io::IsTerminal as _;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use clap::Parser as _;
use futures::FutureExt as _;
use jiff::SignedDuration;
use oauth_client_operator::cluster::lease::KubeLease;
use oauth_client_operator::cluster::{self, ApiServer, KubeCluster};
use oauth_client_operator::model::{Here, InstanceId, Timing, random_id};
use oauth_client_operator::operator::args::{Cli, Command, LogFormat, Run};
use oauth_client_operator::operator::standing::ServerObjects;
use oauth_client_operator::operator::supervise::{Task, keep};
use oauth_client_operator::operator::tending::Tending;
use oauth_client_operator::operator::watches::{self, Watches};
use oauth_client_operator::operator::world::Operator;
use oauth_client_operator::operator::{health, lead, run, start};
use oauth_client_operator::provider::address::EgressRules;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Mutex, mpsc, oneshot};
use tracing_subscriber::EnvFilter;

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Crds => {
            use std::io::Write as _;
            let text =
                oauth_client_operator::api::crds_yaml().context("the definitions could not be written")?;
            std::io::stdout()
                .write_all(text.as_bytes())
                .context("standard output is closed")
        }
        Command::Run(arguments) => {
            log(&arguments)?;
            if rustls::crypto::aws_lc_rs::default_provider()
                .install_default()
                .is_err()
            {
                anyhow::bail!("another TLS provider is installed already");
            }
            tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()?
                .block_on(operate(*arguments))
        }
    }
}

fn log(arguments: &Run) -> anyhow::Result<()> {
    let mut filter = EnvFilter::try_new(&arguments.log_level).context("--log-level cannot be read")?;
    // These write requests and answers when they are let, and a Secret is in some of them.
    for library in [
        "kube_client=error",
        "hyper=warn",
        "hyper_util=warn",
        "reqwest=warn",
        "h2=warn",
        "tower=warn",
    ] {
        filter = filter.add_directive(library.parse()?);
    }
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match arguments.log_format {
        LogFormat::Json => logs.json().flatten_event(true).with_span_list(false).init(),
        LogFormat::Text => logs.with_ansi(std::io::stderr().is_terminal()).init(),
    }
    Ok(())
}

async fn operate(arguments: Run) -> anyhow::Result<()> {
    let began = Instant::now();
    let reach = arguments.reach().map_err(anyhow::Error::msg)?;
    let egress = EgressRules {
        allow_loopback: arguments.allow_loopback,
        allowed_cidrs: arguments.allowed_cidrs.clone(),
    };
    let config = kube::Config::infer()
        .await
        .context("there is no way to an API server")?;
    let client = cluster::client(config).context("the connection to the API server cannot be set up")?;
    let api = ApiServer::new(client.clone());
    let instance = InstanceId(random_id(&mut rand::rng()));

    // Whom Events are from: a person knows a pod by its name.
    let named = arguments.host_name.as_ref().filter(|name| !name.is_empty());
    let reporter = named.unwrap_or(&instance.0).clone();
    let cluster = KubeCluster::new(api.clone(), &arguments.namespace, &reporter);
    let late_delivery = SignedDuration::from_secs(arguments.late_delivery_seconds);
    let timing = Timing {
        late_delivery,
        ..Timing::default()
    };
    let operator = Operator::new(Box::new(cluster), instance.clone(), timing);
    let operator = Arc::new(operator.within(reach, &arguments.namespace));

    let listener = TcpListener::bind(arguments.listen)
        .await
        .context("--listen cannot be bound")?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), listen = %listener.local_addr()?, instance = %instance, "started");
    let routes = health::router(operator.clone());
    let served = async move { axum::serve(listener, routes).await };
    let running = async {
        let mut stop = stop_signal()?;
        tokio::select! {
            (cluster_id, crd_uid) = start::who_we_are(&api, arguments.cluster_id.as_deref()) => {
                operator.identify(Here { cluster_id, crd_uid, instance: instance.clone(), timing });
            }
            () = &mut stop => return Ok(()),
        }
        let background = background(&operator, &api, client, egress, &arguments.namespace, &reporter);
        operator.queue.hold(true);
        let (leave, left) = oneshot::channel::<()>();
        let mut election = None;
        // What is decided before all watches have seen everything would be decided twice.
        tokio::select! {
            () = start::all_watches_complete(&operator) => {
                operator.metrics.became_ready(began.elapsed());
                tracing::info!(after = ?began.elapsed(), "ready");
                operator.tell_what_is_not_seen();
                // Not before: who cannot see everything yet must not keep the work from another who can.
                election = elect(&arguments, &operator, api, &instance, left);
                run::work(operator.clone(), arguments.concurrency, stop).await;
            }
            () = &mut stop => operator.stop(),
        }
        for task in background {
            task.end().await;
        }
        // Calls in flight have ended: another one may begin.
        drop(leave);
        if let Some(election) = election {
            election.await?;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        ended = running => ended,
        // Nobody could tell any more how the process is: it is better begun again.
        ended = tokio::spawn(served) => match ended {
            Ok(Ok(())) => anyhow::bail!("--listen is not served any more"),
            Ok(Err(error)) => Err(error).context("--listen is not served any more"),
            Err(error) => Err(error).context("--listen is not served any more"),
        },
    }
}

/// What goes on beside the workers, each begun again if it should end.
fn background(
    operator: &Arc<Operator>,
    api: &ApiServer,
    client: kube::Client,
    egress: EgressRules,
    namespace: &str,
    reporter: &str,
) -> [Task; 4] {
    let (orders, ordered) = mpsc::unbounded_channel();
    let tending = Tending {
        operator: operator.clone(),
        objects: Arc::new(ServerObjects::new(api.clone(), namespace, reporter)),
        egress,
        orders: Mutex::new(ordered),
    };
    let watches = Watches::new(operator.clone(), client, namespace, orders);
    let following = (operator.clone(), api.clone());
    let election = operator.clone();
    [
        Task::spawn(async move {
            let panicked = || election.metrics.panicked();
            keep("the look at who leads", panicked, || {
                lead::follow(&election).map(ControlFlow::Continue)
            })
            .await;
        }),
        Task::spawn(async move {
            let panicked = || tending.operator.metrics.panicked();
            keep("the tending of servers", panicked, || {
                tending.run().map(ControlFlow::Continue)
            })
            .await;
        }),
        Task::spawn(watches::watch(watches)),
        Task::spawn(async move {
            let (operator, api) = &following;
            let panicked = || operator.metrics.panicked();
            keep("the look at the CRD", panicked, || {
                start::follow_crd(operator, api).map(ControlFlow::Continue)
            })
            .await;
        }),
    ]
}

/// Takes part in the election until `left`, if there is one.
fn elect(
    arguments: &Run,
    operator: &Operator,
    api: ApiServer,
    instance: &InstanceId,
    left: oneshot::Receiver<()>,
) -> Option<tokio::task::JoinHandle<()>> {
    // A process that takes the place of another is another holder, even under the same name.
    let me = match &arguments.host_name {
        Some(host) => format!("{host}_{instance}"),
        None => instance.to_string(),
    };
    if !arguments.leader_election {
        operator.leadership.without_election(&me);
        return None;
    }
    let api = api.with_limit(lead::REQUEST_LIMIT);
    let lease = KubeLease::new(api, &arguments.namespace, &arguments.lease_name);
    let candidate = lead::Candidate::new(operator.leadership.clone(), Box::new(lease), me);
    Some(tokio::spawn(candidate.run(async move {
        // It is dropped without a word.
        left.await.ok();
    })))
}

/// SIGTERM or SIGINT.
fn stop_signal() -> anyhow::Result<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(Box::pin(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }))
}

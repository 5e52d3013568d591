//! Sockets: accepts connections, reads requests, sends answers, and ends connections the hard way.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request as HyperRequest, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::AuthServer;
use crate::control;
use crate::http::{Answer, Request};
use crate::hub::{Hub, Verdict};
use crate::wire::{Broken, Delivery, Payload, response};

/// A request's body may be this large.
const REQUEST_LIMIT: usize = 1024 * 1024;
/// Connections that may wait for being accepted.
const BACKLOG: u32 = 1024;

/// A listening server. It stops when this is dropped.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Running {
    /// Stops: new connections are refused, open ones are closed.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // It ends by itself; an error could only say that it was cancelled.
        (&mut self.accepting).await.ok();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.accepting.abort();
    }
}

/// Starts to answer for a hub.
pub fn start<S: AuthServer>(
    listener: TcpListener,
    hub: Arc<Hub<S>>,
    pauses: mpsc::UnboundedReceiver<Duration>,
) -> io::Result<Running> {
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let accepting = tokio::spawn(accept(listener, address, hub, pauses, stopped));
    Ok(Running {
        address,
        stop,
        accepting,
    })
}

async fn accept<S: AuthServer>(
    mut listener: TcpListener,
    address: SocketAddr,
    hub: Arc<Hub<S>>,
    mut pauses: mpsc::UnboundedReceiver<Duration>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            Some(pause) = pauses.recv() => {
                drop(listener);
                match refuse(address, pause).await {
                    Ok(again) => listener = again,
                    Err(error) => {
                        tracing::error!(%error, %address, "cannot listen again");
                        return;
                    }
                }
            }
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(serve(stream, Arc::clone(&hub), stopped.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
        }
    }
}

/// A socket that is bound but does not listen keeps the port and refuses connections.
async fn refuse(address: SocketAddr, pause: Duration) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    tokio::time::sleep(pause).await;
    socket.listen(BACKLOG)
}

async fn serve<S: AuthServer>(stream: TcpStream, hub: Arc<Hub<S>>, mut stopped: watch::Receiver<bool>) {
    let mut resets = hub.resets();
    let vendor = Arc::new(AtomicBool::new(true));
    let service = {
        let vendor = Arc::clone(&vendor);
        service_fn(move |request| handle(Arc::clone(&hub), Arc::clone(&vendor), request))
    };
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    loop {
        tokio::select! {
            result = &mut connection => {
                if let Err(error) = result {
                    tracing::debug!(%error, "connection ended");
                }
                return;
            }
            _ = stopped.changed() => return,
            changed = resets.changed() => {
                if changed.is_err() {
                    return;
                }
                if vendor.load(Ordering::SeqCst) {
                    // Without lingering, closing is a reset.
                    connection.into_parts().io.into_inner().set_zero_linger().ok();
                    return;
                }
            }
        }
    }
}

async fn handle<S: AuthServer>(
    hub: Arc<Hub<S>>,
    vendor: Arc<AtomicBool>,
    request: HyperRequest<Incoming>,
) -> Result<Response<Payload>, Broken> {
    let is_control = control::is_control(request.uri().path());
    vendor.store(!is_control, Ordering::SeqCst);
    let request = match read(request).await {
        Ok(request) => request,
        Err(answer) => return Ok(response(answer, Delivery::Whole)),
    };
    if is_control {
        return Ok(response(control::answer(&hub, &request), Delivery::Whole));
    }
    let call = tokio::spawn(Arc::clone(&hub).call(request));
    match call.await {
        Ok(Verdict::Answer(answer, delivery)) => Ok(response(answer, delivery)),
        Ok(Verdict::Reset) => {
            hub.reset_connections();
            match std::future::pending::<Infallible>().await {}
        }
        // hyper closes the connection when a service fails.
        Ok(Verdict::Close) | Err(_) => Err(Broken),
    }
}

async fn read(request: HyperRequest<Incoming>) -> Result<Request, Answer> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, REQUEST_LIMIT).collect().await;
    let body = body
        .map_err(|error| Answer::with_body(413, "text/plain", error.to_string()))?
        .to_bytes();
    Ok(Request {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        headers: head.headers,
        body,
    })
}

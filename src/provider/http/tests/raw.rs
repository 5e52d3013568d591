//! A server that says exactly what it is told to, right or wrong.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What it does once it has read a request.
#[derive(Clone)]
pub enum Play {
    /// Sends this and keeps the connection.
    Say(Vec<u8>),
    /// Sends this and closes the connection.
    SayAndClose(Vec<u8>),
    /// Sends this, byte by byte.
    Drip(Vec<u8>, Duration),
    /// Sends this, and then one byte for ever.
    Endless(Vec<u8>),
    /// Says nothing.
    Hang,
    /// Closes the connection in order.
    Close,
    /// Resets it.
    Reset,
}

impl Play {
    /// A whole answer.
    pub fn answer(status: &str, headers: &str, body: &str) -> Self {
        Self::Say(
            format!(
                "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}",
                body.len()
            )
            .into_bytes(),
        )
    }

    /// A whole answer of JSON.
    pub fn json(status: &str, body: &str) -> Self {
        Self::answer(status, "content-type: application/json\r\n", body)
    }
}

/// The server. It counts what comes.
pub struct Raw {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Raw {
    /// Always the same.
    pub async fn always(play: Play) -> Self {
        Self::start(move |_| play.clone(), None).await
    }

    /// By the number of the request, from 0.
    pub async fn start(
        play: impl Fn(usize) -> Play + Send + Sync + 'static,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let play = Arc::new(play);
        let task = tokio::spawn({
            let (requests, connections) = (Arc::clone(&requests), Arc::clone(&connections));
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    connections.fetch_add(1, Ordering::SeqCst);
                    let (requests, play, tls) = (Arc::clone(&requests), Arc::clone(&play), tls.clone());
                    tokio::spawn(async move {
                        // A client that goes away is no failure here.
                        let _ = match tls {
                            None => serve_tcp(stream, &requests, &*play).await,
                            Some(tls) => match tls.accept(stream).await {
                                Ok(stream) => serve(stream, &requests, &*play).await.map(|_| ()),
                                Err(error) => Err(error),
                            },
                        };
                    });
                }
            }
        });
        Self {
            address,
            requests,
            connections,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What came, each request whole.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve_tcp(
    stream: TcpStream,
    requests: &Mutex<Vec<String>>,
    play: &(dyn Fn(usize) -> Play + Send + Sync),
) -> io::Result<()> {
    if let Some(stream) = serve(stream, requests, play).await? {
        stream.set_zero_linger()?;
    }
    Ok(())
}

/// Gives the stream back where it is to be reset.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    requests: &Mutex<Vec<String>>,
    play: &(dyn Fn(usize) -> Play + Send + Sync),
) -> io::Result<Option<S>> {
    while let Some(request) = read(&mut stream).await? {
        let number = {
            let mut requests = requests.lock().unwrap();
            requests.push(request);
            requests.len() - 1
        };
        match play(number) {
            Play::Say(bytes) => stream.write_all(&bytes).await?,
            Play::SayAndClose(bytes) => {
                stream.write_all(&bytes).await?;
                stream.shutdown().await?;
                return Ok(None);
            }
            Play::Drip(bytes, interval) => {
                for byte in bytes {
                    stream.write_all(&[byte]).await?;
                    stream.flush().await?;
                    tokio::time::sleep(interval).await;
                }
            }
            Play::Endless(bytes) => {
                stream.write_all(&bytes).await?;
                let more = vec![b'x'; 64 * 1024];
                loop {
                    stream.write_all(&more).await?;
                }
            }
            Play::Hang => std::future::pending().await,
            Play::Close => return Ok(None),
            Play::Reset => return Ok(Some(stream)),
        }
    }
    Ok(None)
}

/// A whole request, with its body.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await?;
        if count == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.parse().unwrap());
            if body.len() >= length {
                return Ok(Some(text));
            }
        }
    }
}

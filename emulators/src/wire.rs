//! Bodies as they go out, well formed or broken.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::Response;
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use tokio::sync::mpsc;

use crate::http::Answer;

/// How long the connection gets to send what it has before it is broken off: hyper drops what it has not
/// sent yet when a body fails.
const FLUSH: Duration = Duration::from_millis(25);
/// Large bodies go out in pieces of this size.
const CHUNK: usize = 64 * 1024;
/// Bytes in what rules call a megabyte.
pub const MEGABYTE: usize = 1024 * 1024;

/// The body stops here although more was announced.
#[derive(Debug, thiserror::Error)]
#[error("broken off on purpose")]
pub struct Broken;

/// How an answer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Whole.
    Whole,
    /// Only so many bytes (half when not given), with the length of all announced, then the connection ends.
    Truncated(Option<usize>),
    /// One byte in each interval.
    Drip(Duration),
    /// A JSON object of so many megabytes in place of the body.
    Huge {
        /// How many.
        megabytes: usize,
        /// Whether the length is announced or the body comes in chunks.
        announced: bool,
    },
}

/// The body of an answer.
#[derive(Debug)]
pub enum Payload {
    /// Everything at once.
    Whole(Option<Bytes>),
    /// In pieces, perhaps with a bad end.
    Pieces(mpsc::Receiver<Result<Bytes, Broken>>),
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Pieces(pieces) => pieces
                .poll_recv(context)
                .map(|piece| piece.map(|result| result.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Pieces(_) => SizeHint::default(),
        }
    }
}

/// Makes the response that hyper sends.
pub fn response(answer: Answer, delivery: Delivery) -> Response<Payload> {
    let Answer {
        status,
        headers,
        body,
    } = answer;
    let length = body.len();
    let (payload, announced) = match delivery {
        Delivery::Whole => (Payload::Whole((length > 0).then_some(body)), None),
        Delivery::Truncated(keep) => (
            truncated(body.slice(..keep.unwrap_or(length / 2).min(length))),
            Some(length),
        ),
        Delivery::Drip(interval) => (drip(body, interval), Some(length)),
        Delivery::Huge { megabytes, announced } => (
            huge(megabytes),
            announced.then_some(HEAD.len() + megabytes * MEGABYTE + TAIL.len()),
        ),
    };
    let mut response = Response::new(payload);
    *response.status_mut() = status;
    *response.headers_mut() = *headers;
    if let Some(length) = announced {
        response
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

fn truncated(part: Bytes) -> Payload {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        if sender.send(Ok(part)).await.is_ok() {
            tokio::time::sleep(FLUSH).await;
            sender.send(Err(Broken)).await.ok();
        }
    });
    Payload::Pieces(receiver)
}

fn drip(body: Bytes, interval: Duration) -> Payload {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        for index in 0..body.len() {
            tokio::time::sleep(interval).await;
            if sender.send(Ok(body.slice(index..=index))).await.is_err() {
                break;
            }
        }
    });
    Payload::Pieces(receiver)
}

const HEAD: &[u8] = br#"{"padding":""#;
const TAIL: &[u8] = br#""}"#;

fn huge(megabytes: usize) -> Payload {
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        let chunk = Bytes::from(vec![b'x'; CHUNK]);
        let padding = std::iter::repeat_n(chunk, megabytes * (MEGABYTE / CHUNK));
        let head = std::iter::once(Bytes::from_static(HEAD));
        for piece in head.chain(padding).chain([Bytes::from_static(TAIL)]) {
            if sender.send(Ok(piece)).await.is_err() {
                break;
            }
        }
    });
    Payload::Pieces(receiver)
}

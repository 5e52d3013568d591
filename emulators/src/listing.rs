//! Lists as management APIs answer them: order, shape and pages.

use hyper::header::{HeaderName, HeaderValue, LINK};
use rand::seq::SliceRandom as _;
use serde_json::{Map, Value, json};

use crate::http::Request;
use crate::management_choices::{ListOrder, ListShape, Paging};

/// The least that a page has, whatever is asked for.
const LEAST: usize = 1;
/// The header that counts all items where a body has no place for it.
const TOTAL: HeaderName = HeaderName::from_static("x-total-count");

/// How a list is answered.
#[derive(Clone, Copy, Debug)]
pub struct Listing {
    /// What stands around the items.
    pub shape: ListShape,
    /// In what pieces they come.
    pub paging: Paging,
    /// The most items in a piece.
    pub page_size: u64,
}

/// A list, or a piece of one.
#[derive(Debug)]
pub struct Page {
    /// The body.
    pub body: Value,
    /// What stands beside it.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// Puts items into an order.
pub fn sort<T>(items: &mut [T], order: ListOrder, name: impl Fn(&T) -> &str) {
    match order {
        ListOrder::Insertion => {}
        ListOrder::Name => items.sort_by(|one, other| name(one).cmp(name(other))),
        ListOrder::Reverse => items.reverse(),
        ListOrder::Random => items.shuffle(&mut rand::rng()),
    }
}

impl Listing {
    /// The piece that a request asks for.
    pub fn page(&self, items: &[Value], request: &Request) -> Page {
        let most = usize::try_from(self.page_size).unwrap_or(usize::MAX).max(LEAST);
        let asked = |name: &str| request.parameter(name).and_then(|text| text.parse().ok());
        let size = |name: &str| asked(name).unwrap_or(most).clamp(LEAST, most);
        let total = items.len();
        match self.paging {
            Paging::None => self.piece(items, Map::new(), Vec::new()),
            Paging::Cut => self.piece(&items[..most.min(total)], Map::new(), Vec::new()),
            Paging::Page => {
                let (page, size) = (asked("page").unwrap_or(0), size("size"));
                let pages = total.div_ceil(size);
                let marks = json!({
                    "totalElements": total,
                    "totalPages": pages,
                    "number": page,
                    "size": size,
                    "last": page.saturating_add(1) >= pages,
                });
                self.marked(window(items, page.saturating_mul(size), size), marks, total)
            }
            Paging::Offset => {
                let (offset, limit) = (asked("offset").unwrap_or(0), size("limit"));
                let marks = json!({ "offset": offset, "limit": limit, "total": total });
                self.marked(window(items, offset, limit), marks, total)
            }
            Paging::Next | Paging::Endless | Paging::Repeats => {
                let from = asked("cursor").unwrap_or(0);
                let next = from.saturating_add(most);
                let piece = match self.paging {
                    Paging::Repeats => window(items, 0, most),
                    _ => window(items, from, most),
                };
                if self.paging == Paging::Next && next >= total {
                    return self.piece(piece, Map::new(), Vec::new());
                }
                let address = format!("{}?cursor={next}", request.path);
                let link = HeaderValue::from_str(&format!("<{address}>; rel=\"next\""));
                let headers = link.into_iter().map(|link| (LINK, link)).collect();
                self.piece(piece, fields(json!({ "next": address })), headers)
            }
        }
    }

    fn marked(&self, items: &[Value], marks: Value, total: usize) -> Page {
        self.piece(items, fields(marks), vec![(TOTAL, HeaderValue::from(total))])
    }

    /// Marks have no place in an array.
    fn piece(
        &self,
        items: &[Value],
        mut marks: Map<String, Value>,
        headers: Vec<(HeaderName, HeaderValue)>,
    ) -> Page {
        let key = match self.shape {
            ListShape::Array => {
                let body = Value::Array(items.to_vec());
                return Page { body, headers };
            }
            ListShape::Content => "content",
            ListShape::Data => "data",
        };
        marks.insert(key.to_owned(), Value::Array(items.to_vec()));
        let body = Value::Object(marks);
        Page { body, headers }
    }
}

fn window(items: &[Value], from: usize, size: usize) -> &[Value] {
    let from = from.min(items.len());
    &items[from..from.saturating_add(size).min(items.len())]
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

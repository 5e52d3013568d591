//! The list in pages: which clients are in the one that is asked for, and how the others are named in `Link`.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue, LINK};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::choices::{LinkForm, PageSizeAsked, PagesEnd, Release, WrongPageToken};
use super::state::Client;
use super::voice::{Refusal, Voice};
use crate::management_choices::ListOrder;
use crate::switch::Either::{Do, Refuse};

/// The header that counts all clients, those too that a filter leaves out.
const TOTAL: HeaderName = HeaderName::from_static("x-total-count");
/// Another host, under which nobody can be reached.
const OTHER_ORIGIN: &str = "http://hydra-admin.internal:4445";

/// What a page token holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct PageToken {
    /// How many clients come before the page, as text.
    offset: String,
    /// The version of the token, in 2.x.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    v: Option<u8>,
    /// The id of the last client before the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// When it ends, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends_ms: Option<i64>,
}

/// A page of the list.
#[derive(Debug)]
pub struct Page {
    /// Its clients.
    pub clients: Vec<Client>,
    /// What stands beside them.
    pub headers: HeaderMap,
}

/// The page that a request asks for, of the clients that it asks for; `total` counts the others as well.
pub fn page(voice: Voice<'_>, clients: &[Client], total: usize) -> Result<Page, Refusal> {
    let pages = Pages { voice, total };
    let size = pages.size()?;
    let from = pages.from(clients)?;
    let from = match voice.switches.pages_end {
        PagesEnd::Repeats => 0,
        PagesEnd::Ends | PagesEnd::Endless => from,
    };
    let begins = from.min(clients.len());
    let ends = from.saturating_add(size).min(clients.len());
    let shown = clients[begins..ends].to_vec();
    let links = match voice.switches.release {
        Release::V26 => pages.next_only(from, size, clients, shown.last()),
        Release::V1 | Release::V2 => pages.all(from, size),
    };
    let mut headers = HeaderMap::new();
    if voice.switches.release != Release::V26 {
        headers.insert(TOTAL, HeaderValue::from(total));
    }
    if let Ok(links) = HeaderValue::from_str(&links.join(",")) {
        headers.insert(LINK, links);
    }
    Ok(Page {
        clients: shown,
        headers,
    })
}

struct Pages<'a> {
    voice: Voice<'a>,
    total: usize,
}

impl Pages<'_> {
    /// The names of the two parameters.
    fn parameters(&self) -> (&'static str, &'static str) {
        match self.voice.switches.release {
            Release::V1 => ("limit", "offset"),
            Release::V2 | Release::V26 => ("page_size", "page_token"),
        }
    }

    /// How many clients are in a page.
    fn size(&self) -> Result<usize, Refusal> {
        let switches = self.voice.switches;
        let at_least_one = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).max(1);
        let usual = at_least_one(switches.page_size);
        let most = at_least_one(switches.page_size_limit);
        let Some(text) = self.voice.request.parameter(self.parameters().0) else {
            return Ok(usual);
        };
        let Ok(asked) = text.parse::<i64>() else {
            return match switches.release {
                Release::V26 => Err(unparsable(&format!("{text:?} is not a number"))),
                Release::V1 | Release::V2 => Ok(usual),
            };
        };
        let asked = usize::try_from(asked).unwrap_or_default().max(1);
        match switches.page_size_asked {
            PageSizeAsked::Ignored => Ok(usual),
            PageSizeAsked::Refused if asked > most => Err(unparsable("page_size is too large")),
            PageSizeAsked::Refused | PageSizeAsked::Capped => Ok(asked.min(most)),
        }
    }

    /// Where the page begins.
    fn from(&self, clients: &[Client]) -> Result<usize, Refusal> {
        let switches = self.voice.switches;
        let text = self.voice.request.parameter(self.parameters().1);
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Ok(0);
        };
        if switches.release == Release::V1 {
            return Ok(text.parse().unwrap_or_default());
        }
        let token = match (read(&text), switches.wrong_page_token) {
            (Some(token), _) => token,
            (None, Do(WrongPageToken::FirstPage)) => return Ok(0),
            (None, Refuse(status)) => {
                return Err(Refusal {
                    status,
                    ..unparsable("the page token is wrong or has ended")
                });
            }
        };
        // A list by id goes on behind the last id, even if that client is gone; any other is counted.
        match token.after {
            Some(after) if switches.list_order == ListOrder::Name => {
                Ok(clients.partition_point(|client| client.client_id <= after))
            }
            _ => Ok(token.offset.parse().unwrap_or_default()),
        }
    }

    /// The first page and the next one.
    fn next_only(&self, from: usize, size: usize, clients: &[Client], last: Option<&Client>) -> Vec<String> {
        let seconds = i64::try_from(self.voice.switches.page_token_seconds).unwrap_or(i64::MAX);
        let ends = Timestamp::now()
            .as_millisecond()
            .saturating_add(seconds.saturating_mul(1000));
        let token = |offset: usize, after: &str| {
            write(&PageToken {
                offset: offset.to_string(),
                v: None,
                after: Some(after.to_owned()),
                ends_ms: Some(ends),
            })
        };
        let next = from.saturating_add(size);
        let mut links = vec![self.link("first", size, &token(0, ""))];
        if next < clients.len() || self.voice.switches.pages_end != PagesEnd::Ends {
            let after = last.or(clients.last()).map_or("", |client| &client.client_id);
            links.push(self.link("next", size, &token(next, after)));
        }
        links
    }

    /// First, next, previous and last page, as far as 1.x and 2.x name them. They count without filters, and name
    /// a next page of an empty list.
    fn all(&self, from: usize, size: usize) -> Vec<String> {
        let total = self.total;
        let last = match total % size {
            0 => total.saturating_sub(size),
            _ => total / size * size,
        };
        let page = from / size;
        let link = |rel: &str, size: usize, offset: usize| self.link(rel, size, &self.counted(offset));
        let first = || link("first", size, 0);
        let next = || link("next", size, page.saturating_add(1).saturating_mul(size));
        let previous = || link("prev", size, page.saturating_sub(1).saturating_mul(size));
        let endless = self.voice.switches.pages_end != PagesEnd::Ends;
        if from >= last {
            return match total {
                _ if total == 0 || endless => vec![first(), next(), previous()],
                _ if total < size => vec![link("first", total, 0)],
                _ => vec![first(), link("prev", size, last.saturating_sub(size))],
            };
        }
        if from < size {
            return vec![next(), link("last", size, last)];
        }
        vec![first(), next(), previous(), link("last", size, last)]
    }

    /// An offset as the releases before 26 name it.
    fn counted(&self, offset: usize) -> String {
        match self.voice.switches.release {
            Release::V1 => offset.to_string(),
            Release::V2 | Release::V26 => write(&PageToken {
                offset: offset.to_string(),
                v: Some(2),
                ..PageToken::default()
            }),
        }
    }

    fn link(&self, rel: &str, size: usize, token: &str) -> String {
        let request = self.voice.request;
        let (size_name, token_name) = self.parameters();
        let asked = form_urlencoded::parse(request.query.as_deref().unwrap_or_default().as_bytes());
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(asked.filter(|(name, _)| name != size_name && name != token_name));
        query.append_pair(size_name, &size.to_string());
        query.append_pair(token_name, token);
        let query = query.finish();
        // The server does not know what a proxy put before its paths.
        let path = match self.voice.switches.release {
            Release::V1 => "/clients",
            Release::V2 | Release::V26 => "/admin/clients",
        };
        let address = match self.voice.switches.link_form {
            LinkForm::Path => format!("{path}?{query}"),
            LinkForm::Absolute => {
                let host = request.header(&HOST).unwrap_or_default();
                format!("http://{host}{}?{query}", request.path)
            }
            LinkForm::OtherOrigin => format!("{OTHER_ORIGIN}{path}?{query}"),
            LinkForm::Query => format!("?{query}"),
        };
        format!("<{address}>; rel=\"{rel}\"")
    }
}

fn unparsable(reason: &str) -> Refusal {
    Refusal::malformed(&format!("Unable to parse pagination parameters: {reason}"))
}

fn write(token: &PageToken) -> String {
    // A struct of numbers and text can always be written.
    let text = serde_json::to_vec(token).unwrap_or_default();
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

/// A page token that is whole and has not ended.
fn read(text: &str) -> Option<PageToken> {
    let token: PageToken = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let alive = token
        .ends_ms
        .is_none_or(|ends| Timestamp::now().as_millisecond() < ends);
    alive.then_some(token)
}

//! Whether an app is there: see [`absence`]. The list is documented to be complete; the dashboard counts the apps, and one
//! that lists fewer is not believed.

use reqwest::StatusCode;
use tokio::time::Instant;

use super::super::absence::{self, Item, ReadsOne};
use super::super::http::{Call, LIST, Reply};
use super::super::pages::Pages;
use super::super::{in_time, percent};
use super::wire::{App, Count, List};
use super::{APPS, Cocoon};
use crate::model::{Fault, Handle, RemoteClient};

const THE_LIST: &str = "the list of apps";

/// An app as GET shows it, in the words of the model. It is documented to show whether the app is enabled; one that does
/// not has no apps that are known to be disabled.
pub fn shown(app: App) -> RemoteClient {
    let mut client = app.into_remote();
    client.metadata.enabled = client.metadata.enabled.or(Some(true));
    client
}

impl Cocoon {
    /// The app of an id, or its proven absence.
    pub(super) async fn find(&self, handle: &Handle) -> Result<Option<App>, Fault> {
        let item = if percent::is_addressable(&handle.0) {
            self.item(handle).await?
        } else {
            Item::NotShown
        };
        if let Item::Here(app) = item {
            return Ok(Some(*app));
        }
        let list = self.list().await?;
        if list.iter().any(|app| app.handle() == *handle) {
            return Err(match item {
                Item::Failed(fault) => fault,
                _ => Fault::Unavailable("it lists an app that it does not show".to_owned()),
            });
        }
        let another = list.first().map(App::handle);
        absence::proven(self, handle, item, another.as_ref()).await?;
        Ok(None)
    }

    /// The app of a client id, or its proven absence. That no two apps have one client id is not documented.
    pub(super) async fn find_by_id(&self, client_id: &str) -> Result<Option<App>, Fault> {
        let mut list = self.list().await?;
        list.retain(|app| app.client_id == client_id);
        match (list.pop(), list.pop()) {
            (None, _) => Ok(None),
            (Some(_), Some(_)) => Err(Fault::Unavailable(format!(
                "it has several apps of client id {client_id}, and nothing tells which of them is meant; delete those that \
                 nobody uses"
            ))),
            (Some(app), None) if app.is_whole() && app.enabled.is_some() => Ok(Some(app)),
            (Some(app), None) => match self.find(&app.handle()).await? {
                Some(same) if same.client_id == client_id => Ok(Some(same)),
                _ => Err(Fault::Unavailable(
                    "its list and what it shows of an app differ".to_owned(),
                )),
            },
        }
    }

    /// The cheapest read that shows that apps can be managed.
    pub(super) async fn first_page(&self) -> Result<(), Fault> {
        let call = Call {
            limit: LIST,
            ..Call::read(THE_LIST, &[APPS], self.timeout)
        };
        let reply = self.send(&call).await?;
        self.page(&call, &reply).map(drop)
    }

    /// All apps, from a list that is complete and well-formed as far as can be told.
    pub(super) async fn list(&self) -> Result<Vec<App>, Fault> {
        let deadline = Instant::now() + self.timeout;
        let mut pages = Pages::new(THE_LIST, None, deadline);
        let mut listed = 0;
        while let Some((at, within)) = pages.next()? {
            let path: &[&str] = if at.is_none() { &[APPS] } else { &[] };
            let call = Call {
                at: at.as_ref(),
                limit: LIST,
                ..Call::read(THE_LIST, path, within)
            };
            let reply = self.send(&call).await?;
            let apps = self.page(&call, &reply)?;
            listed += apps.len();
            // No pages are documented. A server that links them may do so without end, and then to nothing.
            let next = match reply.next_link() {
                Some(next) if !apps.is_empty() && self.count(deadline).await != Some(listed) => {
                    let next = self.api.address(next, reply.at());
                    Some(next.ok_or_else(|| self.api.absurd(&call, "it goes on at another server"))?)
                }
                _ => None,
            };
            pages.add(reply.body.len(), apps, |app| app.handle().0, next.map(Some))?;
        }
        let apps = pages.whole()?;
        match self.count(deadline).await {
            Some(count) if count > apps.len() => Err(Fault::Unavailable(format!(
                "it lists {} apps, and its dashboard counts {count}: the list is not whole",
                apps.len()
            ))),
            None if apps.is_empty() => Err(Fault::Unavailable(
                "it lists no apps, and there should be the one by way of which the operator logs in"
                    .to_owned(),
            )),
            _ => Ok(apps),
        }
    }

    fn page(&self, call: &Call<'_>, reply: &Reply) -> Result<Vec<App>, Fault> {
        match reply.status {
            // A framework's way to say that there are none.
            StatusCode::NO_CONTENT => return Ok(Vec::new()),
            StatusCode::OK => {}
            status if status.is_success() => return Err(self.api.absurd(call, "its status is not 200")),
            _ => return Err(self.collection_refused(call, reply)),
        }
        let list: List = reply.json().map_err(|why| self.api.absurd(call, &why))?;
        let apps = list.apps();
        if apps.iter().all(App::is_sound) {
            Ok(apps)
        } else {
            Err(self.api.absurd(call, "an app lacks one of its ids"))
        }
    }

    /// How many apps there are; none where that cannot be told, which takes nothing from the list.
    async fn count(&self, deadline: Instant) -> Option<usize> {
        let left = deadline.saturating_duration_since(Instant::now());
        let call = Call::read("the number of apps", &["dashboard", "clients"], left);
        let reply = self.send(&call).await.ok()?;
        let count = reply.status.is_success().then(|| reply.object::<Count>())?;
        count.ok()?.number()
    }

    /// The fault of a change, or `NotFound` where the app is proven not to be there.
    pub(super) async fn unless_absent(
        &self,
        handle: &Handle,
        deadline: Instant,
        status: StatusCode,
        fault: Fault,
    ) -> Fault {
        if matches!(fault, Fault::Throttled(_)) {
            return fault;
        }
        let found = in_time(deadline, self.find(handle)).await;
        absence::unless_absent(found, status, fault)
    }
}

impl ReadsOne<Handle> for Cocoon {
    type Client = Box<App>;

    async fn item(&self, handle: &Handle) -> Result<Item<Box<App>>, Fault> {
        let path = [APPS, handle.0.as_str()];
        let call = Call::read("the app", &path, self.timeout);
        let reply = self.send(&call).await?;
        if !reply.status.is_success() {
            let fault = self.refused(&call, &reply);
            return Item::refused(reply.status, fault);
        }
        let app: App = match reply.object() {
            Ok(app) => app,
            Err(_) if reply.says_nothing() => return Ok(Item::NotShown),
            Err(why) => return Err(self.api.absurd(&call, &why)),
        };
        if app.handle().0.is_empty() && reply.says_nothing() {
            return Ok(Item::NotShown);
        }
        if app.handle() != *handle {
            return Err(self.api.absurd(&call, "it is about another app"));
        }
        if !app.is_sound() || !app.is_whole() {
            return Err(self
                .api
                .absurd(&call, "it does not tell what the app is registered with"));
        }
        Ok(Item::Here(Box::new(app)))
    }
}

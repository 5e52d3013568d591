//! From its configuration to the adapter.

use std::sync::Arc;

use reqwest::header::HeaderValue;

use super::super::Provider;
use super::super::connect::{Configured, Keys, NotConnected, Setup, named};
use super::super::http::Http;
use super::probe::Probe;
use super::session::Access;
use super::{API, Composer as Adapter};
use crate::api::{Composer, ComposerAuth};

/// The context paths of other versions and of other names of the product.
const CONTEXT_PATHS: [&str; 3] = ["/composer", "/zoomdata", "/discovery"];

impl Configured for Composer {
    fn credentials(&self) -> Vec<(&str, Vec<&str>)> {
        let (ComposerAuth::Basic(basic) | ComposerAuth::Session(basic)) = &self.auth;
        vec![basic.keys()]
    }

    fn suffix(&self) -> String {
        self.context_path.clone()
    }

    fn former_suffixes(&self) -> &'static [&'static str] {
        &CONTEXT_PATHS
    }

    fn connect(&self, setup: &Setup<'_>) -> Result<Arc<dyn Provider>, NotConnected> {
        let access = match &self.auth {
            ComposerAuth::Basic(basic) => Access::basic(setup.basic(basic)?),
            ComposerAuth::Session(basic) => Access::session(setup.basic(basic)?),
        };
        let media = HeaderValue::from_str(&self.media_type).map_err(|_| {
            NotConnected::BadConfiguration("mediaType holds characters that no header has".to_owned())
        })?;
        let trust = setup.trust()?;
        let unfit = |unfit| named("url", unfit);
        let prefix = format!("{}{API}", self.context_path);
        let api = Http::new(&setup.target(&self.url, &prefix, &trust), None).map_err(unfit)?;
        let probe = match &self.probe {
            // Applications' credentials go there, and the administrator's never does.
            Some(user) => {
                let http = api.beside(&self.url, &prefix, None).map_err(unfit)?;
                Some(Probe::new(http, user.clone(), setup.timeout()))
            }
            None => None,
        };
        let adapter = Adapter::new(api.speaking(media), access, probe, setup.timeout());
        Ok(Arc::new(adapter))
    }
}

//! Owns the web outside AWS: endpoints that a function probes, with this server as its HTTP proxy.
//!
//! A client with a proxy (`HTTP_PROXY`) sends the whole URL to the proxy; for `https` it uses a tunnel (`tunnel.rs`).

use std::sync::{Mutex, MutexGuard};

use hyper::http::request::Parts;

#[derive(Debug, Default)]
pub(crate) struct Web {
    endpoints: Mutex<Vec<WebEndpoint>>,
}

#[derive(Debug, Clone)]
pub(crate) struct WebEndpoint {
    pub(crate) url: String,
    /// The status of its answer; `None` if it does not answer.
    pub(crate) status: Option<u16>,
}

impl Web {
    /// Adds an endpoint, and returns whether it is new.
    pub(crate) fn add(&self, endpoint: WebEndpoint) -> bool {
        let mut endpoints = self.lock();
        let is_new = endpoints.iter().all(|other| other.url != endpoint.url);
        endpoints.extend(is_new.then_some(endpoint));
        is_new
    }

    /// Sets the answer of an endpoint, or creates the endpoint.
    pub(crate) fn set(&self, url: &str, status: Option<u16>) {
        let mut endpoints = self.lock();
        match endpoints.iter_mut().find(|endpoint| endpoint.url == url) {
            Some(endpoint) => endpoint.status = status,
            None => endpoints.push(WebEndpoint { url: url.to_owned(), status }),
        }
    }

    /// The status of the endpoint of that URL; `None` if there is none, or if it does not answer.
    pub(crate) fn status(&self, url: &str) -> Option<u16> {
        self.lock().iter().find(|endpoint| endpoint.url == url)?.status
    }

    fn lock(&self) -> MutexGuard<'_, Vec<WebEndpoint>> {
        self.endpoints.lock().expect("no holder of this lock panics")
    }
}

/// The URL of a request to the web outside AWS; `None` for a request to AWS.
pub(crate) fn asked(parts: &Parts) -> Option<String> {
    parts.uri.scheme().map(|_| parts.uri.to_string())
}

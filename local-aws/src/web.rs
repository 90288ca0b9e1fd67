//! The web beyond AWS: endpoints that a function asks, through this server as its HTTP proxy.
//!
//! A client that is told of a proxy (`HTTP_PROXY`) sends it the whole URL; for `https` through a tunnel (`tunnel.rs`).

use std::sync::{Mutex, MutexGuard};

use hyper::http::request::Parts;

#[derive(Debug, Default)]
pub(crate) struct Web {
    endpoints: Mutex<Vec<Endpoint>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    /// What it answers; nothing where it does not answer.
    pub(crate) status: Option<u16>,
}

impl Web {
    /// Says whether it is new.
    pub(crate) fn add(&self, endpoint: Endpoint) -> bool {
        let mut endpoints = self.lock();
        let is_new = endpoints.iter().all(|other| other.url != endpoint.url);
        endpoints.extend(is_new.then_some(endpoint));
        is_new
    }

    /// Sets what an endpoint answers, or makes it.
    pub(crate) fn set(&self, url: &str, status: Option<u16>) {
        let mut endpoints = self.lock();
        match endpoints.iter_mut().find(|endpoint| endpoint.url == url) {
            Some(endpoint) => endpoint.status = status,
            None => endpoints.push(Endpoint { url: url.to_owned(), status }),
        }
    }

    /// What the endpoint of that URL answers; nothing where there is none, or it does not answer.
    pub(crate) fn status(&self, url: &str) -> Option<u16> {
        self.lock().iter().find(|endpoint| endpoint.url == url)?.status
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Endpoint>> {
        self.endpoints.lock().expect("no holder of this lock panics")
    }
}

/// The URL of a request that is made to somebody else; none for a request to AWS.
pub(crate) fn asked(parts: &Parts) -> Option<String> {
    parts.uri.scheme().map(|_| parts.uri.to_string())
}

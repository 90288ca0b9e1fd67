//! Probes an endpoint from the recovery region, as Route 53's health checkers would.

use std::error::Error;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use shared::text::chain;

use crate::facts::{ProbeFailure, ProbeFailureKind, ProbeResult};

/// The time for an answer. A health checker of Route 53 allows four seconds to connect and two for the answer; this probe allows
/// more, since a slow endpoint is not down.
const TIME: Duration = Duration::from_secs(10);

/// The probes of an endpoint that does not answer well.
const TRIES: usize = 2;

/// Probes endpoints.
#[derive(Debug, Clone)]
pub struct Prober {
    client: Result<reqwest::Client, ProbeFailure>,
}

impl Prober {
    /// The prober of a cold start.
    ///
    /// It does not check certificates, as Route 53's health checks do not ("How Amazon Route 53 determines whether a health check
    /// is healthy", Amazon Route 53 Developer Guide): an expired certificate is no outage that a recovery would end. A redirect is
    /// an answer, and is not followed.
    pub fn new() -> Self {
        let client = reqwest::Client::builder()
            .tls_danger_accept_invalid_certs(true)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(4))
            .timeout(TIME)
            .dns_resolver(SystemResolver)
            .user_agent(concat!("pointsman-dr-failover/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { client: client.map_err(failure) }
    }

    /// Probes `url`, and once more if the answer is not well: an endpoint that answers now and then is not down.
    pub async fn probe(&self, url: &str) -> ProbeResult {
        let client = match &self.client {
            Ok(client) => client,
            Err(failure) => return ProbeResult::NotSent(failure.clone()),
        };
        let mut result = once(client, url).await;
        for _ in 1..TRIES {
            if result.is_well() || matches!(result, ProbeResult::NotSent(_)) {
                break;
            }
            result = once(client, url).await;
        }
        result
    }
}

async fn once(client: &reqwest::Client, url: &str) -> ProbeResult {
    let failure = match client.get(url).send().await {
        Ok(answer) => return ProbeResult::Answered(answer.status().as_u16()),
        Err(error) => failure(error.without_url()),
    };
    match failure.kind {
        // A name that cannot be resolved says nothing about the site: it may be mistyped, or the function has no network.
        ProbeFailureKind::Request | ProbeFailureKind::Name => ProbeResult::NotSent(failure),
        ProbeFailureKind::Connection | ProbeFailureKind::Timeout | ProbeFailureKind::Answer => {
            ProbeResult::Silent(failure)
        }
    }
}

fn failure(error: reqwest::Error) -> ProbeFailure {
    let kind = if error.is_builder() {
        ProbeFailureKind::Request
    } else if is_unresolved(&error) {
        ProbeFailureKind::Name
    } else if error.is_timeout() {
        ProbeFailureKind::Timeout
    } else if error.is_connect() {
        ProbeFailureKind::Connection
    } else {
        ProbeFailureKind::Answer
    };
    ProbeFailure { kind, message: chain(&error) }
}

fn is_unresolved(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<UnresolvedName>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The system's resolver, whose failures have a type.
struct SystemResolver;

/// The host's name cannot be resolved.
#[derive(Debug, thiserror::Error)]
#[error("the name cannot be resolved")]
struct UnresolvedName(#[source] std::io::Error);

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(UnresolvedName)?;
            let addresses: Addrs = Box::new(found.collect::<Vec<_>>().into_iter());
            Ok(addresses)
        })
    }
}

impl Default for Prober {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn is_a_name_that_cannot_be_resolved_an_outage() {
        let found = Prober::new().probe("http://unregistered.invalid/healthz").await;
        let ProbeResult::NotSent(failure) = found else { panic!("{found:?}") };
        assert_eq!(failure.kind, ProbeFailureKind::Name);
    }

    #[tokio::test]
    async fn is_a_closed_port_an_outage() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = port.local_addr().expect("the listener has an address");
        drop(port);
        let found = Prober::new().probe(&format!("http://{address}/healthz")).await;
        let ProbeResult::Silent(failure) = found else { panic!("{found:?}") };
        assert_eq!(failure.kind, ProbeFailureKind::Connection);
    }
}

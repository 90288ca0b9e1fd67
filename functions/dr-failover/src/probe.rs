//! Asks the endpoint itself, from the recovery region, as Route 53's health checkers would.

use std::time::Duration;

use crate::facts::Probed;

/// How long an answer may take. A health checker of Route 53 allows four seconds to connect and two for the answer; this
/// one allows more, since what is slow is not down.
const TIME: Duration = Duration::from_secs(10);

/// How often an endpoint is asked that does not answer.
const TRIES: usize = 2;

/// Whoever asks endpoints.
#[derive(Debug, Clone)]
pub struct Prober {
    client: Result<reqwest::Client, String>,
}

impl Prober {
    /// The one for a cold start.
    ///
    /// Certificates are not checked, as Route 53's health checks do not ("How Amazon Route 53 determines whether a health check
    /// is healthy", Amazon Route 53 Developer Guide): one that has expired is no outage that a recovery would end. A
    /// redirect is an answer, and is not followed.
    pub fn new() -> Self {
        let client = reqwest::Client::builder()
            .tls_danger_accept_invalid_certs(true)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(4))
            .timeout(TIME)
            .user_agent(concat!("pointsman-dr-failover/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { client: client.map_err(|error| shared::text::chain(&error)) }
    }

    /// Asks `url`, again if there is no answer that is well: of a site that answers now and then it is not said that it is
    /// down.
    pub async fn ask(&self, url: &str) -> Probed {
        let client = match &self.client {
            Ok(client) => client,
            Err(why) => return Probed::NotAsked(why.clone()),
        };
        let mut found = Probed::NotAsked("nobody asked".to_owned());
        for _ in 0..TRIES {
            found = match client.get(url).send().await {
                Ok(answer) => Probed::Answered(answer.status().as_u16()),
                Err(error) if error.is_builder() => Probed::NotAsked(shared::text::chain(&error)),
                Err(error) => silent(shared::text::chain(&error.without_url())),
            };
            if found.is_well() || matches!(found, Probed::NotAsked(_)) {
                break;
            }
        }
        found
    }
}

/// A name that cannot be resolved says nothing about the site: it may be mistyped, or this function may have no network.
fn silent(why: String) -> Probed {
    if why.contains("dns error") { Probed::NotAsked(why) } else { Probed::Silent(why) }
}

impl Default for Prober {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{Probed, Prober};

    #[tokio::test]
    async fn a_name_that_nobody_has_is_no_sign_of_an_outage() {
        let found = Prober::new().ask("http://nobody.invalid/healthz").await;
        assert!(matches!(found, Probed::NotAsked(_)), "{found:?}");
    }

    #[tokio::test]
    async fn a_port_where_nobody_listens_is_silence() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = port.local_addr().expect("it has one");
        drop(port);
        let found = Prober::new().ask(&format!("http://{address}/healthz")).await;
        assert!(matches!(found, Probed::Silent(_)), "{found:?}");
    }
}

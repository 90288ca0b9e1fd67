//! Owns `CONNECT`: a client with this server as its proxy reaches an `https` endpoint through a tunnel, and this
//! server is the other end.
//!
//! The certificate is created for the host and self-signed, so only a client that does not check certificates accepts
//! it.

use std::sync::Arc;

use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, version};

use crate::server::{Handler, answer_at};

/// Serves the other end of a tunnel to `authority` (`www.example.com:443`) until the client disconnects.
pub(crate) async fn serve(upgraded: Upgraded, authority: String, handler: Arc<impl Handler>) {
    let host = authority.strip_suffix(":443").unwrap_or(&authority).to_owned();
    let Some(config) = config(host.split(':').next().unwrap_or_default()) else { return };
    let stream = TlsAcceptor::from(Arc::new(config)).accept(TokioIo::new(upgraded)).await;
    // A client that does not take the certificate.
    let Ok(stream) = stream else { return };
    let base = format!("https://{host}");
    let service = service_fn(|request| answer_at(&base, request, Arc::clone(&handler)));
    let http = hyper::server::conn::http1::Builder::new();
    // An error here is a client that went away, or our own cut.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

/// `None` for a host that cannot have a certificate.
fn config(host: &str) -> Option<ServerConfig> {
    let made = rcgen::generate_simple_self_signed(vec![host.to_owned()]).ok()?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .ok()?;
    config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).ok()
}

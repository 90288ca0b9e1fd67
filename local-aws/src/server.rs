//! Runs one HTTP server on 127.0.0.1 in a thread of its own, and stops it when dropped.
//!
//! The rest of the public interface does not expose hyper and tokio, so callers of this crate need not be async.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::tunnel;

/// More than any request of the operations we serve may have (CodeCommit's PutFile and Lambda's payload: 6 MB).
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// The server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("failed to listen on 127.0.0.1:{port}")]
    Listen { port: u16, source: std::io::Error },
    #[error("failed to start the server's thread")]
    Thread(#[source] std::io::Error),
}

/// A request, read whole.
pub(crate) struct Request {
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
}

/// The reply to a request.
pub(crate) enum Reply {
    Answer(Response<Full<Bytes>>),
    /// Closes the connection without an answer.
    Cut,
}

/// Whatever answers requests. Several run at the same time.
pub(crate) trait Handler: Send + Sync + 'static {
    fn handle(self: Arc<Self>, request: Request) -> impl Future<Output = Reply> + Send;
}

/// A running server. Dropping it stops the server and waits until it has stopped.
#[derive(Debug)]
pub(crate) struct HttpServer {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl HttpServer {
    /// Listens on `port` (0: any free one) before it returns.
    pub(crate) fn start(port: u16, handler: Arc<impl Handler>) -> Result<HttpServer, StartError> {
        let listen = |source| StartError::Listen { port, source };
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
        let (stop, stopped) = oneshot::channel();
        let serve = move || runtime.block_on(serve(listener, handler, stopped));
        let thread = std::thread::Builder::new().name("local-aws".to_owned()).spawn(serve);
        Ok(HttpServer { address, stop: Some(stop), thread: Some(thread.map_err(StartError::Thread)?) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed already.
            let _ = thread.join();
        }
    }
}

async fn serve(
    listener: std::net::TcpListener,
    handler: Arc<impl Handler>,
    mut stopped: oneshot::Receiver<()>,
) {
    let listener = TcpListener::from_std(listener).expect("the listener is non-blocking");
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(tokio::spawn(converse(stream, Arc::clone(&handler)))),
                // Out of file descriptors, most likely: the next one may succeed.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    }
}

/// One connection, as many requests as the client sends on it.
async fn converse(stream: TcpStream, handler: Arc<impl Handler>) {
    let service = service_fn(|request| tunnel_or_answer(request, Arc::clone(&handler)));
    let http = hyper::server::conn::http1::Builder::new();
    // An error here is a client that went away, or our own cut.
    let _ = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

/// Answers `CONNECT` at once, and then the requests that come through the tunnel.
async fn tunnel_or_answer(
    mut request: hyper::Request<Incoming>,
    handler: Arc<impl Handler>,
) -> Result<Response<Full<Bytes>>, Unanswered> {
    if request.method() != Method::CONNECT {
        return answer(request, handler).await;
    }
    let authority = request.uri().to_string();
    let upgrade = hyper::upgrade::on(&mut request);
    drop(tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            tunnel::serve(upgraded, authority, handler).await;
        }
    }));
    Ok(Response::new(Full::new(Bytes::new())))
}

/// Answers a request that came through a tunnel. Its URL is below the tunnel's destination.
pub(crate) async fn answer_at(
    base: &str,
    mut request: hyper::Request<Incoming>,
    handler: Arc<impl Handler>,
) -> Result<Response<Full<Bytes>>, Unanswered> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    match format!("{base}{path}").parse() {
        Ok(uri) => *request.uri_mut() = uri,
        Err(_) => return Err(Unanswered),
    }
    answer(request, handler).await
}

async fn answer(
    request: hyper::Request<Incoming>,
    handler: Arc<impl Handler>,
) -> Result<Response<Full<Bytes>>, Unanswered> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        return Ok(respond(
            StatusCode::PAYLOAD_TOO_LARGE,
            "text/plain",
            "the request is too large or incomplete",
        ));
    };
    match handler.handle(Request { parts, body: body.to_bytes() }).await {
        Reply::Answer(response) => Ok(response),
        Reply::Cut => Err(Unanswered),
    }
}

/// A response with a body.
pub(crate) fn respond(
    status: StatusCode,
    content_type: &str,
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let response = Response::builder().status(status).header("Content-Type", content_type);
    response.body(Full::new(body.into())).expect("a status and a content type are a valid response")
}

/// An error for hyper, so that it closes the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
pub(crate) struct Unanswered;

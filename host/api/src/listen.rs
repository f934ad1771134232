//! Sockets: accepts connections up to a limit, cuts off clients that dawdle,
//! and on shutdown finishes what was accepted. HTTP/1.1 and HTTP/2 share a port:
//! a client of the latter says so with its first bytes.

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What the sockets allow.
#[derive(Clone, Copy, Debug)]
pub struct ListenOptions {
    /// Open connections; more wait in the system's backlog.
    pub max_connections: usize,
    /// Time for a client to send its headers, and for an idle one to come back.
    pub header_timeout: Duration,
    /// Time for requests in flight to finish on shutdown.
    pub grace: Duration,
}

impl Default for ListenOptions {
    fn default() -> Self {
        ListenOptions {
            max_connections: 1024,
            header_timeout: Duration::from_secs(30),
            grace: Duration::from_secs(30),
        }
    }
}

/// Where clients come from.
pub enum Listener {
    /// Over the network.
    Tcp(TcpListener),
    /// From the same machine.
    Unix(UnixListener),
}

/// Requests that one connection of HTTP/2 may have in flight.
const STREAMS: u32 = 256;
/// Bytes of headers at most.
const HEADERS: u32 = 64 * 1024;

/// Serves `router` until `shutdown` completes and what was accepted by then is
/// answered. True if everything was answered within the grace period.
pub async fn serve(
    listener: Listener,
    router: Router,
    options: ListenOptions,
    shutdown: impl Future<Output = ()>,
) -> bool {
    let connections = Arc::new(Semaphore::new(options.max_connections));
    let graceful = GracefulShutdown::new();
    let mut protocol = Builder::new(TokioExecutor::new());
    protocol
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        // A client that has said all it wants may close its half.
        .half_close(true)
        .max_buf_size(64 * 1024);
    protocol
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADERS)
        .keep_alive_interval(options.header_timeout)
        .keep_alive_timeout(options.header_timeout);

    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &connections) => accepted,
            () = &mut shutdown => break,
        };
        let Some((stream, permit)) = accepted else { continue };
        let service = TowerToHyperService::new(router.clone());
        let connection = protocol.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error, "connection ended");
            }
            drop(permit);
        });
    }
    drop(listener);
    tokio::time::timeout(options.grace, graceful.shutdown()).await.is_ok()
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

async fn accept(
    listener: &Listener,
    connections: &Arc<Semaphore>,
) -> Option<(Box<dyn Stream>, OwnedSemaphorePermit)> {
    let permit = Arc::clone(connections).acquire_owned().await.ok()?;
    let accepted: std::io::Result<Box<dyn Stream>> = match listener {
        Listener::Tcp(listener) => listener.accept().await.map(|(stream, _)| {
            // Answers are small and wanted at once.
            let _ = stream.set_nodelay(true);
            Box::new(stream) as Box<dyn Stream>
        }),
        Listener::Unix(listener) => {
            listener.accept().await.map(|(stream, _)| Box::new(stream) as Box<dyn Stream>)
        }
    };
    match accepted {
        Ok(stream) => Some((stream, permit)),
        Err(error) => {
            // Most likely out of file descriptors: wait for some to close.
            tracing::warn!(%error, "a connection cannot be accepted");
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

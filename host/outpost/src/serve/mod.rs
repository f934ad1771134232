//! `outpost serve`: configuration, models, then sockets, in this order: nothing
//! listens before every model is ready, and a faulty configuration binds no port.

mod config;
mod policies;
mod repository;
mod signals;

pub use config::Config;
pub use signals::shutdown;

use crate::cli::ServeOptions;
use crate::failure::Failure;
use crate::{log, paths};
use outpost_api::{Gateway, Listener, rest};
use outpost_sandbox::Sandbox;
use outpost_serve::{Metrics, Server};
use repository::Directory;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;

pub fn main(options: &ServeOptions) -> Result<(), Failure> {
    let config = Arc::new(Config::resolve(options)?);
    log::to_stderr(&options.log)?;
    let sandbox = paths::sandbox(&config.cache, config.sandbox())?;
    let gateway = open(sandbox, &config)?;
    runtime()?.block_on(async {
        let (listener, address) = listen(config.listen).await?;
        let admin = match config.admin_listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let unix = config.unix_socket.as_deref().map(listen_unix).transpose()?;
        let shutdown = shutdown()?;
        let (stop, stopped) = watch::channel(());
        let router = rest::router(gateway.clone());
        let serve = |listener, router| {
            let mut stopped = stopped.clone();
            tokio::spawn(outpost_api::serve(listener, router, config.sockets, async move {
                let _ = stopped.changed().await;
            }))
        };
        let mut serving = vec![serve(Listener::Tcp(listener), router.clone())];
        if let Some((listener, address)) = admin {
            tracing::info!(%address, "listening for operators");
            serving.push(serve(Listener::Tcp(listener), rest::admin_router(gateway.clone())));
        }
        if let Some(listener) = unix {
            serving.push(serve(Listener::Unix(listener), router));
        }
        tracing::info!(%address, "serving");
        shutdown.await;
        drop(stop);
        let mut answered = true;
        for task in serving {
            answered &= task.await.unwrap_or(false);
        }
        if let Some(path) = &config.unix_socket {
            let _ = std::fs::remove_file(path);
        }
        drop(gateway);
        finish(answered)
    })
}

/// The modules of a directory, ready to answer.
pub fn open(sandbox: Sandbox, config: &Arc<Config>) -> Result<Gateway, Failure> {
    let metrics = Arc::new(Metrics::new());
    let (server, publisher) = Server::start(config.threads, Arc::clone(&metrics))
        .map_err(|error| Failure::new(format!("the threads cannot be started: {error}")))?;
    let repository = Directory::open(sandbox, Arc::clone(config), metrics, publisher)?;
    Ok(Gateway { server: Arc::new(server), repository: Arc::new(repository) })
}

/// Worker threads for sockets only: guests have their own.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, |n| n.get().min(4)))
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("the runtime cannot be started: {error}")))
}

/// A socket, and the port that it really is, where port 0 was asked for.
pub async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let failure = Failure::new(format!("{address} cannot be listened on: {error}"));
        match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                failure.hint("another program holds the port; choose another with --listen")
            }
            std::io::ErrorKind::PermissionDenied => {
                failure.hint("ports below 1024 need a privilege; choose a higher one with --listen")
            }
            _ => failure,
        }
    })?;
    let address = listener.local_addr().map_err(|error| Failure::new(error.to_string()))?;
    Ok((listener, address))
}

/// A socket in the file system. One that a dead server left behind is replaced.
fn listen_unix(path: &Path) -> Result<UnixListener, Failure> {
    let fault =
        |error: std::io::Error| Failure::at(path, format!("cannot be listened on: {error}"));
    match UnixListener::bind(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            if std::os::unix::net::UnixStream::connect(path).is_ok() {
                return Err(fault(error).hint("another program listens there"));
            }
            std::fs::remove_file(path).map_err(fault)?;
            UnixListener::bind(path).map_err(fault)
        }
        bound => bound.map_err(fault),
    }
}

fn finish(answered: bool) -> Result<(), Failure> {
    if answered {
        tracing::info!("stopped; every accepted request was answered");
        Ok(())
    } else {
        Err(Failure::new(
            "stopped with requests unanswered: they took longer than the grace period",
        ))
    }
}

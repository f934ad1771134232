//! `outpost serve`: configuration, models, then sockets, in this order: nothing
//! listens before every model is ready, and a faulty configuration binds no port.

mod config;
mod load;
mod signals;

pub use config::serve_options;
pub use load::load_models;
pub use signals::shutdown;

use crate::cli::ServeOptions;
use crate::failure::Failure;
use crate::{log, paths};
use config::Config;
use outpost_api::rest;
use outpost_sandbox::SandboxOptions;
use outpost_serve::{Publisher, Routing, Server};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

pub fn main(options: &ServeOptions) -> Result<(), Failure> {
    let config = Config::resolve(options)?;
    log::to_stderr(&options.log)?;
    let sandbox = paths::sandbox(&config.cache, config.sandbox())?;
    let routing = load_models(&sandbox, &config.models, |name, asked| config.grant(name, asked))?;
    runtime()?.block_on(async {
        let listener = listen(config.listen).await?;
        // The port that it really is, where port 0 was asked for.
        let address = listener.local_addr().map_err(|error| Failure::new(error.to_string()))?;
        let shutdown = shutdown()?;
        let (server, publisher) = start(config.serve, routing)?;
        tracing::info!(%address, "serving");
        finish(
            outpost_api::serve(listener, rest::router(server), config.sockets, shutdown).await,
            publisher,
        )
    })
}

/// Worker threads for sockets only: guests have their own.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, |n| n.get().min(4)))
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("the runtime cannot be started: {error}")))
}

pub async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
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
    })
}

/// A server that already routes to its models.
pub fn start(
    options: outpost_serve::ServeOptions,
    routing: Routing,
) -> Result<(Arc<Server>, Publisher), Failure> {
    let (server, publisher) = Server::start(options)
        .map_err(|error| Failure::new(format!("the threads cannot be started: {error}")))?;
    publisher.publish(routing);
    Ok((Arc::new(server), publisher))
}

fn finish(answered: bool, publisher: Publisher) -> Result<(), Failure> {
    drop(publisher);
    if answered {
        tracing::info!("stopped; every accepted request was answered");
        Ok(())
    } else {
        Err(Failure::new(
            "stopped with requests unanswered: they took longer than the grace period",
        ))
    }
}

/// As many instances as guests can run at once, and one to load a module with.
pub fn sandbox_options(threads: usize) -> SandboxOptions {
    let instances = u32::try_from(threads).unwrap_or(u32::MAX).saturating_add(1);
    SandboxOptions { max_instances: instances, ..SandboxOptions::default() }
}

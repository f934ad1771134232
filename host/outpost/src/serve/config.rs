//! The server's configuration: what the file says, overridden by what was
//! typed, checked as a whole before anything is started.

use super::policies::RunFile;
use crate::cli::{CacheOptions, ServeOptions};
use crate::failure::Failure;
use crate::paths;
use outpost_api::ListenOptions;
use outpost_package::{Grant, Grants, Limits};
use outpost_sandbox::SandboxOptions;
use outpost_serve::{Isolation, Policy};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file, as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    models: Option<PathBuf>,
    listen: Option<SocketAddr>,
    admin_listen: Option<SocketAddr>,
    unix_socket: Option<PathBuf>,
    cache: Option<PathBuf>,
    threads: Option<usize>,
    warm_instances: Option<usize>,
    max_connections: Option<usize>,
    header_timeout_ms: Option<u64>,
    grace_ms: Option<u64>,
    #[serde(default)]
    grants: Vec<Grant>,
    #[serde(default)]
    limits: CapFile,
    #[serde(default)]
    run: RunFile,
    #[serde(default)]
    model: BTreeMap<String, ModelFile>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    #[serde(default)]
    limits: CapFile,
    grants: Option<Vec<Grant>>,
    #[serde(default)]
    run: RunFile,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CapFile {
    memory_mib: Option<u32>,
    deadline_ms: Option<u32>,
    body_mib: Option<u32>,
}

impl ModelFile {
    fn resolve(self, all: &Policy) -> ModelConfig {
        let grants = self.grants.map(|grants| grants.into_iter().collect());
        ModelConfig { limits: self.limits.resolve(), grants, policy: self.run.over(all) }
    }
}

impl CapFile {
    fn resolve(self) -> Limits {
        Limits {
            memory_mib: self.memory_mib.unwrap_or(u32::MAX),
            deadline_ms: self.deadline_ms.unwrap_or(u32::MAX),
            body_mib: self.body_mib.unwrap_or(u32::MAX),
        }
    }

    fn faults(self, place: &str, faults: &mut Vec<String>) {
        let fields = [
            ("memory_mib", self.memory_mib),
            ("deadline_ms", self.deadline_ms),
            ("body_mib", self.body_mib),
        ];
        for (name, _) in fields.into_iter().filter(|field| field.1 == Some(0)) {
            faults.push(format!("`{place}.{name}` must be at least 1"));
        }
    }
}

/// What the server runs with.
pub struct Config {
    pub models: PathBuf,
    pub listen: SocketAddr,
    /// Where operators ask. Without it there is no loading, unloading or metrics.
    pub admin_listen: Option<SocketAddr>,
    pub unix_socket: Option<PathBuf>,
    pub cache: CacheOptions,
    /// Guests that run at the same time.
    pub threads: usize,
    /// Warm instances of all models that are kept while they do not run.
    warm_instances: usize,
    pub sockets: ListenOptions,
    /// How every model is run.
    policy: Policy,
    /// What every module is granted at most.
    limits: Limits,
    /// What every module may reach.
    grants: Grants,
    /// The same for single ones.
    model: BTreeMap<String, ModelConfig>,
}

struct ModelConfig {
    limits: Limits,
    /// Instead of what every module may reach.
    grants: Option<Grants>,
    policy: Policy,
}

impl Config {
    pub fn resolve(options: &ServeOptions) -> Result<Self, Failure> {
        let (file, base) = match &options.config {
            Some(path) => (parse(path, &paths::read_text(path)?)?, paths::parent(path)),
            None => (ConfigFile::default(), Path::new("")),
        };
        // Paths in the file are relative to it, those typed to where one stands.
        let from_file = |path: Option<PathBuf>| path.map(|path| base.join(path));
        let sockets = ListenOptions::default();
        let millis = |stated: Option<u64>, default| stated.map_or(default, Duration::from_millis);
        let threads = options.threads.or(file.threads).unwrap_or_else(cores);
        let policy = file.run.over(&default_policy(threads));
        Ok(Config {
            models: options.models.clone().or(from_file(file.models)).unwrap_or_else(|| ".".into()),
            listen: options.listen.or(file.listen).unwrap_or(DEFAULT_LISTEN),
            admin_listen: options.admin_listen.or(file.admin_listen),
            unix_socket: options.unix_socket.clone().or(from_file(file.unix_socket)),
            cache: CacheOptions { cache: options.cache.cache.clone().or(from_file(file.cache)) },
            threads,
            warm_instances: file.warm_instances.unwrap_or(4 * threads),
            sockets: ListenOptions {
                max_connections: file.max_connections.unwrap_or(sockets.max_connections),
                header_timeout: millis(file.header_timeout_ms, sockets.header_timeout),
                grace: millis(file.grace_ms, sockets.grace),
            },
            limits: file.limits.resolve(),
            grants: if options.grants.grants.is_empty() {
                file.grants.into_iter().collect()
            } else {
                options.grants.set()
            },
            model: (file.model.into_iter())
                .map(|(name, model)| (name, model.resolve(&policy)))
                .collect(),
            policy,
        })
    }

    /// For a server without a file, of the modules of a directory.
    pub fn of_directory(models: PathBuf) -> Self {
        let threads = cores();
        Config {
            models,
            listen: DEFAULT_LISTEN,
            admin_listen: None,
            unix_socket: None,
            cache: CacheOptions { cache: None },
            threads,
            warm_instances: 4 * threads,
            sockets: ListenOptions::default(),
            policy: default_policy(threads),
            limits: CapFile::default().resolve(),
            grants: Grants::NONE,
            model: BTreeMap::new(),
        }
    }

    /// As many instances as guests can run at once, one to load a module with, and
    /// those that wait warm.
    pub fn sandbox(&self) -> SandboxOptions {
        let keeps = |policy: &Policy| matches!(policy.isolation, Isolation::Warm { .. });
        let warm = keeps(&self.policy) || self.model.values().any(|model| keeps(&model.policy));
        let warm = if warm { self.warm_instances } else { 0 };
        let instances = u32::try_from(self.threads + warm).unwrap_or(u32::MAX).saturating_add(1);
        SandboxOptions { max_instances: instances, ..SandboxOptions::default() }
    }

    /// How a model is run.
    pub fn policy(&self, name: &str) -> Policy {
        self.model.get(name).map_or(&self.policy, |model| &model.policy).clone()
    }

    /// What a module gets of what it asks for.
    pub fn grant(&self, name: &str, asked: Limits) -> (Limits, Grants) {
        let granted = asked.capped(self.limits);
        match self.model.get(name) {
            Some(model) => (granted.capped(model.limits), model.grants.unwrap_or(self.grants)),
            None => (granted, self.grants),
        }
    }
}

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Room for a burst behind what runs.
fn default_policy(threads: usize) -> Policy {
    Policy { queue: 64 * threads, ..Policy::default() }
}

fn parse(path: &Path, text: &str) -> Result<ConfigFile, Failure> {
    let file: ConfigFile =
        toml::from_str(text).map_err(|error| Failure::at(path, format!("\n{error}")))?;
    let mut faults = Vec::new();
    for (name, value) in [("threads", file.threads), ("max_connections", file.max_connections)] {
        if value == Some(0) {
            faults.push(format!("`{name}` must be at least 1"));
        }
    }
    if file.threads.is_some_and(|threads| threads > 256) {
        faults.push("`threads` must be at most 256".into());
    }
    file.limits.faults("limits", &mut faults);
    file.run.faults("run", &mut faults);
    for (name, model) in &file.model {
        model.limits.faults(&format!("model.{name}.limits"), &mut faults);
        model.run.faults(&format!("model.{name}.run"), &mut faults);
    }
    if faults.is_empty() {
        Ok(file)
    } else {
        Err(Failure::at(path, format!("\n  {}", faults.join("\n  "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ConfigFile, String> {
        parse(Path::new("c.toml"), text).map_err(|failure| failure.to_string())
    }

    #[test]
    fn faults_name_the_line_or_are_told_all_at_once() {
        let unknown = read("listen = \"127.0.0.1:1\"\nquue = 3\n").err().unwrap();
        assert!(unknown.contains("quue") && unknown.contains("line 2"), "{unknown}");
        let zeros =
            read("threads = 0\n[run]\nqueue = 0\n[model.a.limits]\nbody_mib = 0\n").err().unwrap();
        for name in ["`threads`", "`run.queue`", "`model.a.limits.body_mib`"] {
            assert!(zeros.contains(name), "{zeros}");
        }
    }

    #[test]
    fn a_module_gets_the_least_of_what_it_asks_for_and_what_it_may_have() {
        let cap = |memory_mib| CapFile { memory_mib, ..CapFile::default() }.resolve();
        let model = |limits| ModelConfig { limits, grants: None, policy: Policy::default() };
        let config = Config {
            limits: cap(Some(100)),
            model: [("a".to_string(), model(cap(Some(50))))].into(),
            ..Config::of_directory(".".into())
        };
        let asked = |memory_mib| Limits { memory_mib, ..Limits::default() };
        let granted = |name, memory_mib| config.grant(name, asked(memory_mib)).0.memory_mib;
        assert_eq!(granted("a", 200), 50);
        assert_eq!(granted("a", 20), 20);
        assert_eq!(granted("b", 200), 100);
        assert_eq!(config.grant("b", asked(1)).0.body_mib, Limits::default().body_mib);
    }

    #[test]
    fn how_one_model_runs_stands_over_how_all_do() {
        let file = read(
            "[run]\nisolation = \"warm\"\nwarm_calls = 7\nmax_batch_rows = 16\n\
             [model.a.run]\nqueue = 3\n[model.b.run]\nisolation = \"batch\"\n",
        )
        .unwrap();
        let all = file.run.over(&default_policy(1));
        let of = |name: &str| file.model[name].run.over(&all);
        assert_eq!((of("a").isolation, of("a").queue), (Isolation::Warm { calls: 7 }, 3));
        assert_eq!((of("b").isolation, of("b").queue), (Isolation::Batch, 64));
        assert_eq!(of("b").batching.max_rows, 16);
    }

    #[test]
    fn grants_of_one_model_stand_instead_of_those_of_all() {
        let file = read("grants = [\"log\"]\n[model.a]\ngrants = []\n[model.b]\n").unwrap();
        let of = |name: &str| file.model[name].grants.as_ref().map(Vec::len);
        assert_eq!((file.grants.len(), of("a"), of("b")), (1, Some(0), None));
        let unknown = read("grants = [\"disk\"]\n").err().unwrap();
        assert!(unknown.contains("`disk` is not a grant; there are clock,random,log"), "{unknown}");
    }
}

//! Which modules there are and which of them answers: a snapshot that never
//! changes. A request sees one of them from its beginning to its end.

use crate::deployed::Deployed;
use outpost_core::{Error, ErrorKind};
use semver::Version;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All models at one moment.
#[derive(Default)]
pub struct Routing {
    models: BTreeMap<String, Model>,
}

/// A model and its loaded versions.
pub struct Model {
    versions: BTreeMap<Version, Arc<Deployed>>,
}

impl Model {
    /// Versions that are loaded, the oldest first.
    pub fn versions(&self) -> impl Iterator<Item = String> {
        self.versions.keys().map(Version::to_string)
    }

    /// What serves, the oldest version first.
    pub fn deployed(&self) -> impl Iterator<Item = &Arc<Deployed>> {
        self.versions.values()
    }

    /// What answers where no version is asked for: the newest.
    fn primary(&self) -> Option<&Arc<Deployed>> {
        self.versions.last_key_value().map(|(_, module)| module)
    }
}

impl Routing {
    /// Adds a module under its manifest's name and version.
    ///
    /// # Errors
    /// If there is one of that name and version, or the version is malformed.
    pub fn insert(&mut self, deployed: Arc<Deployed>) -> Result<(), String> {
        let manifest = deployed.module().manifest();
        let version = Version::parse(&manifest.version).map_err(|error| {
            format!("`{}` is not a semantic version: {error}", manifest.version)
        })?;
        let model = (self.models.entry(manifest.name.clone()))
            .or_insert_with(|| Model { versions: BTreeMap::new() });
        if model.versions.contains_key(&version) {
            return Err(format!("`{}` {version} is already loaded", manifest.name));
        }
        model.versions.insert(version, deployed);
        Ok(())
    }

    /// All models by name.
    pub fn models(&self) -> impl Iterator<Item = (&str, &Model)> {
        self.models.iter().map(|(name, model)| (name.as_str(), model))
    }

    /// The model of a name.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`].
    pub fn model(&self, name: &str) -> Result<&Model, Error> {
        self.models
            .get(name)
            .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no model `{name}`")))
    }

    /// The module that answers for a model, or for one version of it.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] that says whether model or version is missing.
    pub fn resolve(&self, name: &str, version: Option<&str>) -> Result<&Arc<Deployed>, Error> {
        let model = self.model(name)?;
        let module = match version {
            None => model.primary(),
            Some(text) => {
                Version::parse(text).ok().and_then(|version| model.versions.get(&version))
            }
        };
        module.ok_or_else(|| {
            let known: Vec<_> = model.versions().collect();
            let wanted = version.unwrap_or_default();
            Error::new(
                ErrorKind::NotFound,
                format!("model `{name}` has no version `{wanted}`; it has {}", known.join(", ")),
            )
        })
    }
}

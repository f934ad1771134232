//! What a module may reach outside of itself. By default nothing; an operator may
//! grant clocks, randomness and a line in the log to modules whose language
//! cannot do without them. Files, sockets and HTTP are not on the list, so that
//! no configuration opens them.

use serde::{Deserialize, Deserializer, de};
use std::fmt;
use std::str::FromStr;

/// Something outside of the module that the host can provide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// The time of day, time that passes, and sleeping within the deadline.
    Clock,
    /// Random numbers.
    Random,
    /// What it prints goes to the host's log.
    Log,
    /// What runtimes of languages import whether they need it or not, all of it
    /// void: no environment, no arguments, standard input at its end, no terminal,
    /// a file system without a single directory. Any other grant implies it.
    Runtime,
}

impl Grant {
    /// All there are.
    pub const ALL: [Grant; 4] = [Grant::Clock, Grant::Random, Grant::Log, Grant::Runtime];

    /// As it is called on the command line and in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Grant::Clock => "clock",
            Grant::Random => "random",
            Grant::Log => "log",
            Grant::Runtime => "runtime",
        }
    }

    /// The grant that permits an import; none if nothing does.
    pub fn for_import(import: &str) -> Option<Self> {
        let (interface, version) = import.split_once('@')?;
        // Later versions pass resources and results in another way.
        let version = semver::Version::parse(version).ok()?;
        if (version.major, version.minor) != (0, 2) || !version.pre.is_empty() {
            return None;
        }
        Some(match interface {
            "wasi:clocks/monotonic-clock" | "wasi:clocks/wall-clock" => Grant::Clock,
            "wasi:random/random" | "wasi:random/insecure" | "wasi:random/insecure-seed" => {
                Grant::Random
            }
            "wasi:cli/stdout" | "wasi:cli/stderr" => Grant::Log,
            "wasi:cli/environment"
            | "wasi:cli/exit"
            | "wasi:cli/stdin"
            | "wasi:cli/terminal-input"
            | "wasi:cli/terminal-output"
            | "wasi:cli/terminal-stdin"
            | "wasi:cli/terminal-stdout"
            | "wasi:cli/terminal-stderr"
            | "wasi:filesystem/preopens"
            | "wasi:filesystem/types"
            | "wasi:io/error"
            | "wasi:io/poll"
            | "wasi:io/streams" => Grant::Runtime,
            _ => return None,
        })
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no grant has.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a grant; there are {known}", known = Grants::from_iter(Grant::ALL))]
pub struct UnknownGrant(String);

impl FromStr for Grant {
    type Err = UnknownGrant;

    fn from_str(name: &str) -> Result<Self, UnknownGrant> {
        let known = Grant::ALL.into_iter().find(|grant| grant.name() == name);
        known.ok_or_else(|| UnknownGrant(name.into()))
    }
}

impl<'de> Deserialize<'de> for Grant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A set of grants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grants(u8);

impl Grants {
    /// What a module gets unless somebody decides otherwise.
    pub const NONE: Grants = Grants(0);

    /// Whether it holds a grant, or another one that implies it.
    pub fn contain(self, grant: Grant) -> bool {
        match grant {
            Grant::Runtime => self != Self::NONE,
            grant => self.0 & bit(grant) != 0,
        }
    }

    /// Whether it permits an import.
    pub fn permit(self, import: &str) -> bool {
        Grant::for_import(import).is_some_and(|needed| self.contain(needed))
    }

    /// The fewest that permit as many of `imports` as any could.
    pub fn needed_for<'a>(imports: impl IntoIterator<Item = &'a String>) -> Self {
        let needed: Grants =
            imports.into_iter().filter_map(|import| Grant::for_import(import)).collect();
        let without = Grants(needed.0 & !bit(Grant::Runtime));
        if without == Self::NONE { needed } else { without }
    }

    /// Those that it holds.
    pub fn iter(self) -> impl Iterator<Item = Grant> {
        Grant::ALL.into_iter().filter(move |&grant| self.0 & bit(grant) != 0)
    }
}

fn bit(grant: Grant) -> u8 {
    1 << grant as u8
}

impl FromIterator<Grant> for Grants {
    fn from_iter<I: IntoIterator<Item = Grant>>(grants: I) -> Self {
        Grants(grants.into_iter().fold(0, |bits, grant| bits | bit(grant)))
    }
}

impl fmt::Display for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, grant) in self.iter().enumerate() {
            write!(f, "{}{grant}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// Imports that a module asks for and does not get.
#[derive(Debug)]
pub struct Refused(Vec<String>);

impl Refused {
    pub(crate) fn by(grants: Grants, imports: &[String]) -> Option<Self> {
        let refused: Vec<_> =
            imports.iter().filter(|import| !grants.permit(import)).cloned().collect();
        (!refused.is_empty()).then_some(Refused(refused))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (grant, imports) in by_grant(&self.0) {
            write!(f, "{separator}{}", imports.join(", "))?;
            match grant {
                Some(grant) => write!(f, " (needs the grant `{grant}`)")?,
                None => f.write_str(" (never granted)")?,
            }
            separator = "; ";
        }
        if self.0.iter().all(|import| Grant::for_import(import).is_some()) {
            write!(f, "; `--grant {}` would permit all of it", Grants::needed_for(&self.0))?;
        }
        Ok(())
    }
}

/// Imports by the grants that permit them; those that nothing permits come last.
pub fn by_grant(imports: &[String]) -> impl Iterator<Item = (Option<Grant>, Vec<&str>)> {
    Grant::ALL.into_iter().map(Some).chain([None]).filter_map(|grant| {
        let those = imports.iter().filter(|import| Grant::for_import(import) == grant);
        let those: Vec<&str> = those.map(String::as_str).collect();
        (!those.is_empty()).then_some((grant, those))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_permitted_that_is_not_on_the_list() {
        let all = Grants::from_iter(Grant::ALL);
        for import in [
            "wasi:clocks/wall-clock",
            "wasi:clocks/wall-clock@0.3.0",
            "wasi:clocks/wall-clock@0.2.0-rc.1",
            "wasi:clocks/wall-clock@1.2.0",
            "wasi:clocks/timezone@0.2.0",
            "wasi:sockets/tcp@0.2.0",
            "wasi:http/outgoing-handler@0.2.0",
            "wasi:keyvalue/store@0.2.0",
            "outpost:model/source@0.1.0",
            "thing",
        ] {
            assert!(!all.permit(import), "{import}");
        }
        assert!(all.permit("wasi:clocks/wall-clock@0.2.12"));
    }

    #[test]
    fn any_grant_implies_the_void_runtime_and_nothing_else() {
        for grant in Grant::ALL {
            let grants = Grants::from_iter([grant]);
            for other in Grant::ALL {
                assert_eq!(grants.contain(other), other == grant || other == Grant::Runtime);
            }
        }
        assert!(Grant::ALL.into_iter().all(|grant| !Grants::NONE.contain(grant)));
    }

    #[test]
    fn the_fewest_grants_are_named() {
        let needed = |imports: &[&str]| {
            let imports: Vec<String> = imports.iter().map(ToString::to_string).collect();
            Grants::needed_for(&imports).to_string()
        };
        assert_eq!(needed(&[]), "");
        assert_eq!(needed(&["wasi:io/poll@0.2.0", "wasi:sockets/tcp@0.2.0"]), "runtime");
        assert_eq!(needed(&["wasi:io/poll@0.2.0", "wasi:clocks/wall-clock@0.2.0"]), "clock");
    }
}

//! The identity of a module: SHA-256 over the whole file, as in OCI registries.

use sha2::{Digest as _, Sha256};
use std::fmt;

/// SHA-256 of some bytes; shown as `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Digest(Sha256::digest(bytes).into())
    }

    /// The digests of the first `at` of the bytes, and of all of them, in one walk.
    pub fn of_prefix_and_whole(bytes: &[u8], at: usize) -> (Self, Self) {
        let (prefix, rest) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
        let mut hasher = Sha256::new_with_prefix(prefix);
        let digest = Digest(hasher.clone().finalize().into());
        hasher.update(rest);
        (digest, Digest(hasher.finalize().into()))
    }

    /// The hexadecimal digits alone.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

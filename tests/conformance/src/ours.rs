//! The program under test: each model is built into a module, as `outpost build`
//! does it, and the module answers.

use crate::case::{Case, Verdict, carry};
use outpost_core::{Error, Tensor};
use outpost_package::{ManifestFile, Trust, VerifiedModule, seal};
use outpost_sandbox::{Cache, FreezeInput, Sandbox, SandboxOptions};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(60);

/// A sandbox over a cache that is gone afterwards.
pub struct Workshop {
    sandbox: Sandbox,
    cache: TempDir,
    /// Code that is worth keeping: the runtime's.
    kept: BTreeSet<PathBuf>,
}

impl Workshop {
    pub fn open() -> Self {
        let cache = tempfile::tempdir().unwrap();
        let options = SandboxOptions { max_instances: 8, ..SandboxOptions::default() };
        let sandbox = Sandbox::new(options, Some(Cache::open(cache.path()).unwrap())).unwrap();
        let mut workshop = Workshop { sandbox, cache, kept: BTreeSet::new() };
        // Compiles the runtime, before many threads would do it at once.
        let _ = workshop.sandbox.freeze(
            FreezeInput { guest: outpost::RUNTIME, manifest: b"{}", model: b"", files: &[] },
            |_| {},
        );
        workshop.kept = workshop.files();
        workshop
    }

    fn files(&self) -> BTreeSet<PathBuf> {
        let entries = std::fs::read_dir(self.cache.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    pub fn verdict(&self, case: &Case) -> Verdict {
        let outcome = self.run(case);
        // A test's own code, of megabytes, is never needed again.
        for path in self.files().difference(&self.kept) {
            if path.to_string_lossy().contains(".cwasm") {
                let _ = std::fs::remove_file(path);
            }
        }
        outcome.map_or_else(|verdict| verdict, |()| Verdict::Passed)
    }

    fn run(&self, case: &Case) -> Result<(), Verdict> {
        let sets = case.data_sets().map_err(Verdict::Skipped)?;
        let sets = sets
            .into_iter()
            .map(|set| {
                let name = |index: usize| case.inputs.get(index).cloned().unwrap_or_default();
                let inputs = (set.inputs.iter().enumerate())
                    .map(|(index, input)| carry(input, &name(index)))
                    .collect::<Result<Vec<Tensor>, String>>()?;
                for output in &set.outputs {
                    carry(output, "")?;
                }
                Ok((inputs, set.outputs))
            })
            .collect::<Result<Vec<_>, String>>()
            .map_err(Verdict::Skipped)?;

        let failed = |error: &dyn std::fmt::Display| Verdict::Failed(format!("{error}"));
        let manifest = ManifestFile::parse("name = \"node\"").map_err(|e| failed(&e))?.resolve();
        let json = serde_json::to_vec(&manifest).map_err(|e| failed(&e))?;
        let input = FreezeInput {
            guest: outpost::RUNTIME,
            manifest: &json,
            model: &case.model,
            files: &[],
        };
        let component = self.sandbox.freeze(input, |_| {}).map_err(|e| failed(&e))?;
        let sealed = seal(&component, &manifest, None).map_err(|e| failed(&e))?;
        let module = VerifiedModule::verify(sealed, Trust::Unsigned).map_err(|e| failed(&e))?;
        let module = self.sandbox.load(&module, manifest.limits).map_err(|e| failed(&e))?;
        for (inputs, expected) in sets {
            let answers = module.infer(&inputs, DEADLINE).map_err(|e| Verdict::Failed(tell(&e)))?;
            for (actual, expected) in answers.outputs.iter().zip(&expected) {
                case.compare(actual, expected)
                    .map_err(|e| Verdict::Failed(format!("output `{}`: {e}", actual.name)))?;
            }
        }
        Ok(())
    }
}

fn tell(error: &Error) -> String {
    format!("{error:?}")
}

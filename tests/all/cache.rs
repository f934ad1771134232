//! The cache of compiled code: mapping it means trusting it, so whatever is not
//! just what this cache wrote is compiled again, and the answers stay right.

use crate::support::command::Outcome;
use crate::support::server::vector;
use crate::support::{files, guests, modules, outpost, scratch};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A private cache that holds the code of a few guests.
struct Filled(TempDir);

impl Filled {
    fn new(guests: &[&str]) -> Self {
        let filled = Filled(scratch());
        fs::DirBuilder::new().mode(0o700).create(filled.path()).unwrap();
        for guest in guests {
            filled.ask(guest).success();
        }
        filled
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("cache")
    }

    /// Runs a guest with this cache.
    fn ask(&self, guest: &str) -> Outcome {
        ask(guest, &self.path())
    }

    /// Files of an extension.
    fn entries(&self, extension: &str) -> Vec<PathBuf> {
        let mut found: Vec<_> = files(&self.path())
            .iter()
            .map(|name| self.path().join(name))
            .filter(|path| path.extension().is_some_and(|found| found == extension))
            .collect();
        found.sort();
        found
    }

    #[track_caller]
    fn assert_nothing_is_half_written(&self) {
        let found = files(&self.path());
        let known = |name: &String| {
            matches!(name.as_str(), "key" | "functions")
                || name.ends_with(".cwasm")
                || name.ends_with(".tag")
        };
        assert!(found.iter().all(known), "{found:?}");
    }

    /// That `twice` still answers right after what was done to the cache, and
    /// that its entry was made anew.
    #[track_caller]
    fn assert_heals(&self) {
        assert_right(&self.ask(guests::TWICE).success());
        let whole: Vec<_> =
            self.entries("cwasm").iter().map(|path| fs::read(path).unwrap()).collect();
        assert_right(&self.ask(guests::TWICE).success());
        let again: Vec<_> =
            self.entries("cwasm").iter().map(|path| fs::read(path).unwrap()).collect();
        assert!(whole == again, "an entry was not kept");
    }
}

fn ask(guest: &str, cache: &Path) -> Outcome {
    let module = modules::guest(guest);
    outpost(["run", module.to_str().unwrap()]).stdin(vector(&[1.5]).to_string()).cache(cache).run()
}

#[track_caller]
fn assert_right(answer: &str) {
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert_eq!(answer["outputs"][0]["data"], json!([3.0]));
}

#[test]
fn entries_come_with_tags_and_nobody_else_can_read_the_key() {
    let cache = Filled::new(&[guests::TWICE]);
    assert_eq!((cache.entries("cwasm").len(), cache.entries("tag").len()), (1, 1));
    let mode = |name: &str| fs::metadata(cache.path().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("key") & 0o077, 0);
    assert_eq!(mode("") & 0o077, 0);
    cache.assert_nothing_is_half_written();
}

#[test]
fn damaged_entries_are_compiled_again() {
    let cache = Filled::new(&[guests::TWICE]);
    let entry = cache.entries("cwasm")[0].clone();
    let tag = cache.entries("tag")[0].clone();
    let whole = fs::read(&entry).unwrap();
    let whole_tag = fs::read(&tag).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for content in
        [&whole[..whole.len() / 2], &[], &flipped, b"\x7fELF", &[whole.clone(), vec![0]].concat()]
    {
        fs::write(&entry, content).unwrap();
        cache.assert_heals();
        assert!(fs::read(&entry).unwrap() == whole);
    }
    for content in [&[0_u8; 32][..], &whole_tag[..31], &[], &[&whole_tag[..], &[0]].concat()] {
        fs::write(&tag, content).unwrap();
        cache.assert_heals();
        assert!(fs::read(&tag).unwrap() == whole_tag);
    }
    fs::remove_file(&tag).unwrap();
    cache.assert_heals();
    fs::remove_file(&entry).unwrap();
    cache.assert_heals();
}

/// Authentic code in the wrong place would answer for another model.
#[test]
fn swapped_entries_are_compiled_again() {
    let cache = Filled::new(&[guests::TWICE, guests::WORKS]);
    for extension in ["cwasm", "tag"] {
        let [a, b] = cache.entries(extension).try_into().unwrap();
        let held = fs::read(&a).unwrap();
        fs::copy(&b, &a).unwrap();
        fs::write(&b, held).unwrap();
    }
    cache.assert_heals();
}

/// Code that is authentic in another cache is not in this one.
#[test]
fn entries_of_another_cache_are_compiled_again() {
    let (cache, other) = (Filled::new(&[guests::TWICE]), Filled::new(&[guests::TWICE]));
    for extension in ["cwasm", "tag"] {
        fs::copy(&other.entries(extension)[0], &cache.entries(extension)[0]).unwrap();
    }
    cache.assert_heals();
}

/// Functions are kept once there are many, as in the cache that tests share.
#[test]
fn damaged_functions_are_compiled_again() {
    modules::warm_up();
    let cache = Filled::new(&[guests::TWICE]);
    fs::copy(modules::cache().join("key"), cache.path().join("key")).unwrap();
    let whole = fs::read(modules::cache().join("functions")).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for content in [&whole, &flipped, &whole[..whole.len() / 2], &[], &[7; 100]] {
        fs::write(cache.path().join("functions"), content).unwrap();
        fs::remove_file(&cache.entries("cwasm")[0]).unwrap();
        cache.assert_heals();
    }
}

#[test]
fn another_key_makes_everything_anew() {
    let cache = Filled::new(&[guests::TWICE]);
    let key = cache.path().join("key");
    fs::remove_file(&key).unwrap();
    cache.assert_heals();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    cache.ask(guests::TWICE).failure(1, &["key", "read by others", "--cache"]);
}

#[test]
fn a_key_that_is_cut_short_is_told() {
    let cache = Filled::new(&[guests::TWICE]);
    fs::write(cache.path().join("key"), [1; 5]).unwrap();
    let outcome = cache.ask(guests::TWICE);
    match outcome.code {
        Some(0) => assert_right(&outcome.stdout),
        _ => drop(outcome.failure(1, &["cache", "key"])),
    }
}

#[test]
fn a_directory_that_others_can_write_to_is_refused() {
    let cache = Filled::new(&[]);
    for mode in [0o777, 0o720, 0o702] {
        fs::set_permissions(cache.path(), fs::Permissions::from_mode(mode)).unwrap();
        cache.ask(guests::TWICE).failure(1, &["can be written by others", "chmod 700", "--cache"]);
        assert!(files(&cache.path()).is_empty());
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_told() {
    let directory = scratch();
    let file = crate::support::write(&directory, "file", "");
    ask(guests::TWICE, &file.join("cache")).failure(1, &["cache", "--cache"]);
    ask(guests::TWICE, &file).failure(1, &["--cache"]);
}

/// `/proc` refuses even root.
#[test]
fn a_file_system_that_takes_nothing_is_told() {
    ask(guests::TWICE, Path::new("/proc/outpost-cache"))
        .failure(1, &["/proc/outpost-cache", "--cache"]);
}

/// Here because a directory is in the way; a full disk is the same.
#[test]
fn code_that_cannot_be_kept_is_used_all_the_same() {
    let cache = Filled::new(&[guests::TWICE]);
    for entry in [cache.entries("cwasm"), cache.entries("tag")].concat() {
        fs::remove_file(&entry).unwrap();
        fs::create_dir(&entry).unwrap();
        assert_right(&cache.ask(guests::TWICE).success());
    }
    let _ = fs::remove_file(cache.path().join("functions"));
    fs::create_dir(cache.path().join("functions")).unwrap();
    assert_right(&cache.ask(guests::TWICE).success());
}

/// Processes that start together with an empty cache do not spoil it.
#[test]
fn many_processes_fill_a_cache_at_once() {
    let cache = Filled::new(&[]);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert_right(&cache.ask(guests::TWICE).success()));
        }
    });
    cache.assert_heals();
    assert_eq!((cache.entries("cwasm").len(), cache.entries("tag").len()), (1, 1));
    cache.assert_nothing_is_half_written();
}

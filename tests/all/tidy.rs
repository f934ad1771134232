//! Habits that the repository keeps: every source file says what it is for,
//! and no file knows the machine that it was written on.

use crate::support::repository;
use std::path::{Path, PathBuf};

/// Every text file of the repository with its content.
fn texts() -> Vec<(PathBuf, String)> {
    fn walk(directory: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_string();
            if path.is_dir() {
                if !matches!(name.as_str(), ".git" | "target" | "__pycache__" | ".venv") {
                    walk(&path, found);
                }
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&repository(""), &mut found);
    assert!(found.len() > 50, "{} files", found.len());
    found
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let silent: Vec<_> = texts()
        .into_iter()
        .filter(|(path, text)| {
            path.extension().is_some_and(|extension| extension == "rs") && !text.starts_with("//! ")
        })
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "these do not open with a `//!` paragraph: {silent:#?}");
}

#[test]
fn no_file_names_a_registry_or_a_place_on_this_machine() {
    // Put together here, or this file would be the first to be found.
    let banned = [
        concat!("index.crates", ".io"),
        concat!("static.crates", ".io"),
        concat!("pypi", ".org"),
        concat!("pythonhosted", ".org"),
        concat!("deb.debian", ".org"),
        concat!("registry.npmjs", ".org"),
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
    ];
    let mut found = Vec::new();
    for (path, text) in texts() {
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = banned.iter().find(|&&word| line.contains(word)) {
                found.push(format!("{}:{}: {word}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_test_command_of_the_readme_is_what_ci_runs() {
    let read = |path: &str| std::fs::read_to_string(repository(path)).unwrap();
    let readme = read("README.md");
    let command = readme.lines().find(|line| line.starts_with("cargo test")).unwrap();
    let command = command.split('#').next().unwrap().trim();
    let ci = read(".ci/run");
    assert!(ci.lines().any(|line| line.trim() == command), "`{command}` is not in .ci/run");
}

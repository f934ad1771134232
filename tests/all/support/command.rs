//! The program on its command line.

use super::modules;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The program with arguments.
pub fn outpost<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Call {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outpost-under-test"));
    command.args(arguments).env_remove("OUTPOST_LOG").stdin(Stdio::piped());
    Call { command, stdin: Vec::new(), cache: None }
}

/// A call that is not made yet.
pub struct Call {
    command: Command,
    stdin: Vec<u8>,
    cache: Option<PathBuf>,
}

impl Call {
    #[must_use]
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.stdin = input.into();
        self
    }

    #[must_use]
    pub fn directory(mut self, path: &Path) -> Self {
        self.command.current_dir(path);
        self
    }

    /// Instead of the one that all tests share.
    #[must_use]
    pub fn cache(mut self, path: &Path) -> Self {
        self.cache = Some(path.into());
        self
    }

    /// The process to start, for whoever wants to watch it.
    pub fn command(self) -> Command {
        let mut command = self.command;
        let cache = self.cache.unwrap_or_else(|| modules::cache().into());
        command.env("OUTPOST_CACHE", cache);
        command
    }

    pub fn run(mut self) -> Outcome {
        let input = std::mem::take(&mut self.stdin);
        let mut command = self.command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // Beside, because a program that fails early never reads all of it.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// How a call ended.
#[derive(Debug)]
pub struct Outcome {
    /// `None` if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// What it wrote.
    #[track_caller]
    pub fn success(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.stdout
    }

    /// The one clear message of a call that failed as it should: it says every
    /// one of `words`, and nothing of the program's insides.
    #[track_caller]
    pub fn failure(self, code: i32, words: &[&str]) -> String {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        let lines = self.stderr.lines().skip_while(|line| !line.starts_with("error: "));
        let message = lines.collect::<Vec<_>>().join("\n");
        for word in words {
            assert!(message.contains(word), "`{word}` is missing: {message}");
        }
        for word in ["panicked", "RUST_BACKTRACE", "unwrap()", "src/", "\u{1b}["] {
            assert!(!message.contains(word), "`{word}` does not belong here: {message}");
        }
        let messages = message.lines().filter(|line| line.starts_with("error: ")).count();
        assert_eq!(messages, 1, "{message}");
        message
    }
}

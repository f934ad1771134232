//! What a person sees of long work: a spinner or a bar on a terminal, plain
//! lines elsewhere, always on standard error.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Work in steps.
pub struct Steps {
    spinner: Option<ProgressBar>,
    title: String,
    started: Instant,
}

impl Steps {
    pub fn new(title: impl Into<String>) -> Self {
        let title = title.into();
        let spinner = std::io::stderr().is_terminal().then(|| {
            let spinner = ProgressBar::new_spinner();
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        });
        Steps { spinner, title, started: Instant::now() }
    }

    /// Announces what is being done now.
    pub fn step(&self, what: &str) {
        match &self.spinner {
            Some(spinner) => spinner.set_message(format!("{}: {what}", self.title)),
            None => say(&format!("{}: {what}", self.title)),
        }
    }

    /// Leaves one line on what was done.
    pub fn done(self, what: &str) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
        say(&format!("{}: {what} ({:.1} s)", self.title, self.started.elapsed().as_secs_f64()));
    }
}

/// A bar over bytes read, hidden where there is no terminal to show it on.
pub fn bytes(total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => {
            (ProgressBar::new(total), "{bar:40} {bytes}/{total_bytes}, {eta} left, {msg}")
        }
        None => (ProgressBar::new_spinner(), "{spinner} {bytes}, {msg}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A line on standard error; that there is nobody to read it is no failure.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

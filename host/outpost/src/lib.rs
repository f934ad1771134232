//! The command line: parses arguments, resolves the configuration before
//! anything is touched, and composes the other crates. A command is a module.

mod build;
mod cli;
mod compile;
mod contract;
mod demo;
mod failure;
mod inspect;
mod log;
mod new;
mod paths;
mod progress;
mod recipe;
mod reference;
mod run;
mod serve;

use clap::{CommandFactory, Parser};
use cli::{Cli, Command};
use std::io::Write;
use std::process::ExitCode;

pub use recipe::RUNTIME;

/// Runs the program with the process's arguments. Exit codes: 0 done, 1 failed,
/// 2 wrong usage, 3 the outputs differ from the references.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Build(options) => build::main(&options),
        Command::New(options) => new::main(&options),
        Command::Inspect(options) => inspect::main(&options),
        Command::Run(options) => run::main(&options),
        Command::Serve(options) => serve::main(&options),
        Command::Contract(command) => contract::main(&command),
        Command::Demo(options) => demo::main(&options),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "outpost", &mut std::io::stdout());
            Ok(())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nowhere is left to complain to if even this fails.
            let _ = write!(std::io::stderr(), "{failure}");
            failure.exit_code()
        }
    }
}

//! What the program says of itself, and of arguments that it does not know.

use crate::support::outpost;

const COMMANDS: [&str; 6] = ["build", "inspect", "run", "serve", "demo", "completions"];

#[test]
fn usage_errors_show_the_usage() {
    for arguments in [
        &["build"][..],
        &["bild"],
        &["build", "a", "--wrong"],
        &["run", "a", "--batch", "0"],
        &["run", "a", "--format", "xml"],
        &["serve", "--listen", "here"],
    ] {
        let outcome = outpost(arguments).run();
        assert_eq!(outcome.code, Some(2), "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("--help"), "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn help_lists_the_commands_and_shows_examples() {
    let help = outpost(["--help"]).run().success();
    for command in COMMANDS {
        assert!(help.contains(command), "{command}");
        let help = outpost([command, "--help"]).run().success();
        assert!(help.contains("Example"), "{command}: {help}");
    }
    assert!(outpost(["--version"]).run().success().starts_with("outpost 0."));
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = outpost(["completions", shell]).run().success();
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
}

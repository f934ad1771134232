//! The `outpost` program; everything it does is in the library, so that tests
//! run the very same code.

fn main() -> std::process::ExitCode {
    outpost::main()
}

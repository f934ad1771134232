//! The program under test. All of it is in the library, so that this is the
//! real `outpost` under another name.

fn main() -> std::process::ExitCode {
    outpost::main()
}

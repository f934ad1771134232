//! By hand: `cargo run --release -p outpost-passes --example shrink IN.wasm OUT.wasm [PATTERN...]`.

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output, patterns @ ..] = arguments.as_slice() else {
        return Err("usage: shrink IN.wasm OUT.wasm [PATTERN...]".into());
    };
    let wasm = std::fs::read(input).map_err(|error| error.to_string())?;
    let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
    let shrunk = outpost_passes::shrink(&wasm, &patterns)?;
    println!("{} → {} bytes", wasm.len(), shrunk.len());
    std::fs::write(output, shrunk).map_err(|error| error.to_string())
}

//! By hand: `cargo run --release -p outpost-passes --example prune FROZEN.wasm GUEST.wasm OUT.wasm [EXPORT...]`
//! prunes a core module by the references of the guest that it was frozen from,
//! without the exports named.

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [frozen, guest, output, unwanted @ ..] = arguments.as_slice() else {
        return Err("usage: prune FROZEN.wasm GUEST.wasm OUT.wasm [EXPORT...]".into());
    };
    let read = |path: &String| std::fs::read(path).map_err(|error| format!("{path}: {error}"));
    let (frozen, guest) = (read(frozen)?, read(guest)?);
    let unwanted: Vec<&str> = unwanted.iter().map(String::as_str).collect();
    let pruned = outpost_passes::prune(&frozen, &guest, &unwanted)?;
    println!("{} → {} bytes", frozen.len(), pruned.len());
    std::fs::write(output, pruned).map_err(|error| error.to_string())
}

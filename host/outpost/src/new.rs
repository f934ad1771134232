//! `outpost new`: lays out a guest with code of its own, with the SDK that it
//! builds on, so that nothing else has to be found anywhere.

use crate::cli::NewOptions;
use crate::failure::Failure;
use crate::paths;
use outpost_core::ModelName;
use std::fs;
use std::path::Path;

/// Files of the SDK by name: see the build script.
const SDK: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

pub fn main(options: &NewOptions) -> Result<(), Failure> {
    let root = &options.directory;
    let stem = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name: ModelName = stem.parse().map_err(|error| {
        Failure::new(format!("`{stem}` cannot be the name of a model: {error}"))
            .hint("the directory's name is the model's")
    })?;
    if root.exists() {
        return Err(Failure::at(root, "there is something already").hint("choose another name"));
    }
    let fill = |text: &str| text.replace("NAME", name.as_str());
    let mut manifest = fill(include_str!("new/manifest.toml.txt"));
    let mut guest = include_str!("new/alone.rs.txt");
    if let Some(model) = &options.around {
        // First, so that nothing is laid out around a model that is not there.
        let bytes = paths::read(model)?;
        write(&root.join("model.onnx"), &bytes)?;
        manifest += "model = \"model.onnx\"\n";
        guest = include_str!("new/around.rs.txt");
    }
    write(&root.join("manifest.toml"), manifest.as_bytes())?;
    write(&root.join("Cargo.toml"), fill(include_str!("new/Cargo.toml.txt")).as_bytes())?;
    write(&root.join("src/lib.rs"), guest.as_bytes())?;
    write(&root.join(".gitignore"), b"/target\n*.wasm\n")?;
    write(&root.join(".cargo/config.toml"), include_bytes!("../../../.cargo/config.toml"))?;
    write(&root.join("wit/model.wit"), include_bytes!("../../../wit/model.wit"))?;
    let sdk = include_str!("new/sdk.toml.txt").replace("VERSION", env!("CARGO_PKG_VERSION"));
    write(&root.join("outpost/sdk/Cargo.toml"), sdk.as_bytes())?;
    for (file, text) in SDK {
        write(&root.join("outpost/sdk/src").join(file), text.as_bytes())?;
    }
    println!(
        "{0}: a guest of your own. Next:\n  \
         edit {0}/src/lib.rs\n  \
         cargo test --manifest-path {0}/Cargo.toml\n  \
         outpost build {0}",
        root.display()
    );
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let parent = paths::parent(path);
    fs::create_dir_all(parent).map_err(|error| Failure::at(parent, error))?;
    fs::write(path, bytes).map_err(|error| Failure::at(path, error))
}

//! From a manifest's lists of blocks to blocks.

use crate::{AFTER, BEFORE, Block};
use outpost_guest::TensorSpec;
use serde_json::Value;

/// Where a block will stand.
pub struct Site<'a> {
    /// The tensors on the side of the model: what the block must give before it,
    /// what it gets after it.
    pub specs: Vec<TensorSpec>,
    /// After the model: its inputs, of which a block can [want](Block::wants) some.
    pub inputs: &'a [TensorSpec],
    /// The bytes of a file that the manifest names.
    pub file: &'a dyn Fn(&str) -> Option<Vec<u8>>,
}

/// A block, and the tensors on its outer side: all of them, also those that it
/// leaves as they are.
pub struct Built {
    /// Ready to run.
    pub block: Box<dyn Block>,
    /// In the order in which the module describes them.
    pub specs: Vec<TensorSpec>,
}

/// Blocks, in the order in which they run.
pub type Blocks = Vec<Box<dyn Block>>;

/// Makes a block of what the manifest says, an object without its key `block`.
/// The error tells all that is wrong with it, to the person who wrote it.
pub type Builder = fn(Value, &Site<'_>) -> Result<Built, String>;

/// The blocks before a model, given its inputs. They run in the order of the
/// manifest, so the last one stands next to the model.
///
/// # Errors
/// What is wrong with a block, by its number and name.
pub fn before(
    stated: Vec<Value>,
    inputs: Vec<TensorSpec>,
    file: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Result<(Blocks, Vec<TensorSpec>), String> {
    let numbered = (1..).zip(stated).collect::<Vec<_>>().into_iter().rev();
    let (mut blocks, specs) = build("before", BEFORE, numbered, &[], inputs, file)?;
    blocks.reverse();
    Ok((blocks, specs))
}

/// The blocks after a model, given its inputs and its outputs. They run in the order
/// of the manifest.
///
/// # Errors
/// As [`before`].
pub fn after(
    stated: Vec<Value>,
    inputs: &[TensorSpec],
    outputs: Vec<TensorSpec>,
    file: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Result<(Blocks, Vec<TensorSpec>), String> {
    build("after", AFTER, (1..).zip(stated), inputs, outputs, file)
}

fn build(
    list: &str,
    table: &[(&str, Builder)],
    stated: impl Iterator<Item = (usize, Value)>,
    inputs: &[TensorSpec],
    mut specs: Vec<TensorSpec>,
    file: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Result<(Blocks, Vec<TensorSpec>), String> {
    let mut blocks = Vec::new();
    for (number, mut stated) in stated {
        let name = match stated.as_object_mut().and_then(|object| object.remove("block")) {
            Some(Value::String(name)) => name,
            _ => {
                return Err(format!("[[{list}]] number {number} does not say which `block` it is"));
            }
        };
        let Some((_, builder)) = table.iter().find(|(known, _)| *known == name) else {
            let known = table.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
            return Err(format!(
                "[[{list}]] number {number}: there is no block `{name}`; there are {known}"
            ));
        };
        let built = builder(stated, &Site { specs, inputs, file })
            .map_err(|error| format!("[[{list}]] number {number}, `{name}`: {error}"))?;
        blocks.push(built.block);
        specs = built.specs;
    }
    Ok((blocks, specs))
}

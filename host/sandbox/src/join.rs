//! Joins a frozen wrapper with the model that it stands around: a component of
//! two, where the outer one's import is the inner one's export.

use outpost_package::CONTRACT;
use wasm_encoder::{ComponentBuilder, ComponentExportKind};

/// A component that answers as `wrapper` does, over `inner`: a component that
/// imports nothing and one that imports what that exports.
pub fn join(inner: &[u8], wrapper: &[u8]) -> Vec<u8> {
    let mut joined = ComponentBuilder::default();
    let inner = joined.component_raw(None, inner);
    let wrapper = joined.component_raw(None, wrapper);
    let nothing: [(&str, ComponentExportKind, u32); 0] = [];
    let inside = joined.instantiate(None, inner, nothing);
    let inside = joined.alias_export(inside, CONTRACT, ComponentExportKind::Instance);
    let given = [(CONTRACT, ComponentExportKind::Instance, inside)];
    let outside = joined.instantiate(None, wrapper, given);
    let outside = joined.alias_export(outside, CONTRACT, ComponentExportKind::Instance);
    joined.export(CONTRACT, ComponentExportKind::Instance, outside, None);
    joined.finish()
}

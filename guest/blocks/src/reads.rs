//! Records in two steps, for a data contract to stand between them: what a client wrote
//! becomes columns, and columns become the model's tensors.

use crate::Batch;
use crate::faults::Faults;
use outpost_contract::{Cells, Column};
use outpost_guest::{Error, TensorSpec};

/// A block whose input holds records, with columns that a data contract can name.
///
/// Without a contract such a block goes from records to tensors in one step; with one,
/// the contract's block takes these two instead of [`Block::run`](crate::Block::run).
pub trait Reads {
    /// The columns, in the order of [`Opened::columns`].
    fn columns(&self) -> Vec<Column<'_>>;

    /// Reads the records, and leaves their tensor where it is.
    ///
    /// # Errors
    /// If there are none to be read.
    fn read(&self, batch: &Batch) -> Result<Opened, Error>;

    /// Puts the model's tensors in the place of the records, unless something is wrong.
    ///
    /// # Errors
    /// If the request is too large. What is wrong with values is in what is returned.
    fn write(&self, opened: Opened, batch: &mut Batch) -> Result<Faults, Error>;
}

/// What was read, as it was sent: nothing that a column does of its own is done yet.
pub struct Opened {
    /// Each with a value for each record.
    pub columns: Vec<Cells>,
    /// What is wrong with records as such.
    pub faults: Faults,
}

/// The blocks that read what clients send, by their place. One whose input comes out
/// of a block before it does not.
pub(crate) fn readers<'a>(
    blocks: &'a [Box<dyn crate::Block>],
    inputs: &'a [TensorSpec],
) -> impl Iterator<Item = (usize, &'a dyn Reads)> {
    blocks.iter().enumerate().filter_map(|(place, block)| {
        let reads = block.reads()?;
        let input = reads.columns().first().map(|column| column.input.to_owned())?;
        let sent = inputs.iter().any(|spec| spec.name == input);
        let made = blocks.iter().take(place).any(|block| block.fills(&input));
        (sent && !made).then_some((place, reads))
    })
}

//! Rows of a batch: cut to a length, padded to the same one, and laid out one after
//! the other as a tensor has them.

use crate::post_processor::Sequence;
use crate::{Error, Outputs, Side, Truncation};

/// An integer that ids are given as.
pub trait Number: Copy + Default {
    /// From an id; one that is too large becomes the largest there is.
    fn new(id: u32) -> Self;
}

impl Number for i64 {
    fn new(id: u32) -> Self {
        i64::from(id)
    }
}

impl Number for i32 {
    fn new(id: u32) -> Self {
        i32::try_from(id).unwrap_or(i32::MAX)
    }
}

/// A batch, row after row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded<T> {
    /// The tokens.
    pub ids: Vec<T>,
    /// 1 for a token, 0 for padding. Empty unless asked for.
    pub mask: Vec<T>,
    /// Which text a token is of. Empty unless asked for.
    pub types: Vec<T>,
    /// How many rows there are, and how long each is.
    pub shape: [usize; 2],
}

/// How rows are cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub length: usize,
    pub strategy: Truncation,
    pub side: Side,
}

impl Cut {
    /// Cuts the texts of a row to which `added` tokens are still to be added.
    pub fn apply(
        &self,
        first: &mut Vec<u32>,
        second: Option<&mut Vec<u32>>,
        added: usize,
    ) -> Result<(), Error> {
        let length = self.length.saturating_sub(added);
        let total = first.len() + second.as_ref().map_or(0, |second| second.len());
        if total <= length {
            return Ok(());
        }
        match (self.strategy, second) {
            (Truncation::None, _) => {}
            (Truncation::LongestFirst, Some(second)) => {
                let swap = first.len() > second.len();
                let shorter = first.len().min(second.len());
                // Whichever is shorter is kept if it fits into its half.
                let mut lengths = (shorter, shorter.max(length.saturating_sub(shorter)));
                if shorter > length {
                    lengths.1 = shorter;
                }
                if lengths.0 + lengths.1 > length {
                    lengths = (length / 2, length / 2 + length % 2);
                }
                let (a, b) = if swap { (lengths.1, lengths.0) } else { lengths };
                self.shorten(first, a);
                self.shorten(second, b);
            }
            (Truncation::OnlyFirst, Some(_)) if length > 0 => {
                let left = first.len().checked_sub(total - length).filter(|left| *left > 0);
                self.shorten(first, left.ok_or(Error::FirstTooShort)?);
            }
            (_, second) => {
                self.shorten(first, length);
                if let Some(second) = second {
                    self.shorten(second, length);
                }
            }
        }
        Ok(())
    }

    fn shorten(&self, ids: &mut Vec<u32>, length: usize) {
        match self.side {
            Side::Right => ids.truncate(length),
            Side::Left => drop(ids.drain(..ids.len().saturating_sub(length))),
        }
    }
}

/// How rows are padded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pad {
    /// To this length, or to the longest row.
    pub length: Option<usize>,
    pub multiple_of: usize,
    pub side: Side,
    pub id: Option<u32>,
    pub kind: u32,
}

impl Pad {
    pub fn apply<T: Number>(
        &self,
        rows: &[Sequence],
        outputs: Outputs,
    ) -> Result<Encoded<T>, Error> {
        let longest = rows.iter().map(|row| row.ids.len()).max().unwrap_or(0);
        let length = self.length.filter(|_| !rows.is_empty()).unwrap_or(longest);
        let length = match self.multiple_of {
            0 => length,
            multiple => length.checked_next_multiple_of(multiple).unwrap_or(length),
        };
        if longest > length {
            return Err(Error::RowTooLong { tokens: longest, length });
        }
        let padded = rows.iter().any(|row| row.ids.len() < length);
        let id = match self.id {
            None if padded => return Err(Error::NoPadToken),
            id => id.unwrap_or_default(),
        };

        let lay = |out: &mut Vec<T>, values: &mut dyn Iterator<Item = T>, count, padding| {
            let padding = std::iter::repeat_n(T::new(padding), length - count);
            match self.side {
                Side::Left => out.extend(padding.chain(values)),
                Side::Right => out.extend(values.chain(padding)),
            }
        };
        let mut encoded = Encoded { shape: [rows.len(), length], ..Encoded::default() };
        encoded.ids.reserve_exact(rows.len() * length);
        for row in rows {
            let count = row.ids.len();
            lay(&mut encoded.ids, &mut row.ids.iter().map(|id| T::new(*id)), count, id);
            if outputs.attention_mask {
                lay(&mut encoded.mask, &mut std::iter::repeat_n(T::new(1), count), count, 0);
            }
            if outputs.token_type_ids {
                let types = &mut row.types.iter().map(|kind| T::new(*kind));
                lay(&mut encoded.types, types, count, self.kind);
            }
        }
        Ok(encoded)
    }
}

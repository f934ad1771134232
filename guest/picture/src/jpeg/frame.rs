//! What a JPEG's frame header says: the size, the components, and how many blocks
//! each of them has.

use super::idct;
use super::plane::{Plane, Stretch};
use crate::error::Error;
use crate::limits::Limits;

const NO_FRAME: Error = Error::Corrupt("a JPEG's frame header is not one");

/// The picture as it is coded.
pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) progressive: bool,
    /// Units of interleaved blocks, across and down.
    pub(super) units: (usize, usize),
    pub(super) components: Vec<Component>,
}

/// One of its colours.
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks in a unit, across and down.
    pub(super) sampling: (usize, usize),
    pub(super) stretch: Stretch,
    /// Which table it is to be multiplied by, and that table once a scan began.
    pub(super) table_number: u8,
    pub(super) table: [i16; 64],
    pub(super) scanned: bool,
    /// Blocks across and down, those that only fill a unit up among them.
    pub(super) blocks: (usize, usize),
    pub(super) plane: Plane,
    /// Of all blocks, if the frame is progressive.
    pub(super) coefficients: Vec<[i16; 64]>,
}

impl Component {
    /// Blocks across and down that have samples of the picture.
    pub(super) fn own_blocks(&self) -> (usize, usize) {
        (self.plane.width.div_ceil(8), self.plane.height.div_ceil(8))
    }

    /// Makes room for what the scans bring.
    fn allocate(&mut self, progressive: bool) {
        if progressive {
            self.coefficients = vec![[0; 64]; self.blocks.0 * self.blocks.1];
        } else {
            self.plane = Plane::new(self.plane.width, self.plane.height, self.blocks);
        }
    }

    /// Makes samples of the coefficients that waited for the last scan.
    fn finish(&mut self) {
        self.plane = Plane::new(self.plane.width, self.plane.height, self.blocks);
        let coefficients = std::mem::take(&mut self.coefficients);
        for (row, blocks) in coefficients.chunks(self.blocks.0.max(1)).enumerate() {
            for (column, block) in blocks.iter().enumerate() {
                self.plane.set(column, row, &idct::block(block, &self.table));
            }
        }
    }
}

impl Frame {
    /// From its header, before anything is allocated. `rest` is how many bytes of
    /// the file follow.
    pub(super) fn new(
        header: &[u8],
        progressive: bool,
        rest: usize,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let [bits, h0, h1, w0, w1, count, parts @ ..] = header else { return Err(NO_FRAME) };
        let width = usize::from(u16::from_be_bytes([*w0, *w1]));
        let height = usize::from(u16::from_be_bytes([*h0, *h1]));
        if *bits != 8 {
            return Err(Error::Unsupported("it is a JPEG of more than 8 bits; save it with 8"));
        }
        if width == 0 || height == 0 {
            return Err(Error::Corrupt("a JPEG has no width or height"));
        }
        limits.check(width, height)?;
        let (parts, []) = parts.as_chunks::<3>() else { return Err(NO_FRAME) };
        if parts.len() != usize::from(*count) {
            return Err(NO_FRAME);
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(Error::Unsupported(
                "it is a JPEG of neither one, three nor four colours; save it as RGB",
            ));
        }
        let sampling = |factors: u8| (usize::from(factors >> 4), usize::from(factors & 15));
        let factors = || parts.iter().map(|&[_, factors, _]| sampling(factors));
        if factors().any(|(across, down)| !(1..=4).contains(&across) || !(1..=4).contains(&down)) {
            return Err(Error::Corrupt("a JPEG's sampling factors are not 1 to 4"));
        }
        let most = (
            factors().map(|(across, _)| across).max().unwrap_or(1),
            factors().map(|(_, down)| down).max().unwrap_or(1),
        );
        let units = (width.div_ceil(8 * most.0), height.div_ceil(8 * most.1));
        let mut components = Vec::with_capacity(parts.len());
        for &[id, factors, table_number] in parts {
            let sampling = sampling(factors);
            let plane = Plane::sized(
                (width * sampling.0).div_ceil(most.0),
                (height * sampling.1).div_ceil(most.1),
            );
            components.push(Component {
                id,
                sampling,
                stretch: Stretch::new(sampling, most, plane.width)?,
                table_number,
                table: [0; 64],
                scanned: false,
                blocks: (units.0 * sampling.0, units.1 * sampling.1),
                plane,
                coefficients: Vec::new(),
            });
        }
        let frame = Frame { width, height, progressive, units, components };
        // A block takes two bits at least or, if it comes in parts, one.
        let own = |component: &Component| component.own_blocks().0 * component.own_blocks().1;
        let blocks: usize = frame.components.iter().map(own).sum();
        if blocks * if progressive { 1 } else { 2 } > rest.saturating_mul(8) {
            return Err(super::CUT_SHORT);
        }
        Ok(frame)
    }

    /// Makes room for what the scans bring.
    pub(super) fn allocate(&mut self) {
        let progressive = self.progressive;
        self.components.iter_mut().for_each(|component| component.allocate(progressive));
    }

    /// Sees to it that every component has its samples.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        if !self.components.iter().all(|component| component.scanned) {
            return Err(Error::Corrupt("a JPEG lacks one of its colours"));
        }
        if self.progressive {
            self.components.iter_mut().for_each(Component::finish);
        }
        Ok(())
    }
}

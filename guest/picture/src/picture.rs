//! A picture between two steps: rows of 8-bit pixels, one or three channels each,
//! without gaps.

use crate::orientation::Orientation;

/// Pixels, row after row, the channels of each side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    channels: Channels,
    pixels: Vec<u8>,
    pub(crate) orientation: Orientation,
}

/// What a pixel consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// One number: how bright it is.
    Gray,
    /// Red, green and blue.
    Rgb,
}

impl Channels {
    /// How many numbers that is.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Channels::Gray => 1,
            Channels::Rgb => 3,
        }
    }
}

impl Picture {
    /// A picture of these pixels, which lies as it is seen.
    ///
    /// Returns `None` if their number is not that of the size, or is 0.
    #[must_use]
    pub fn new(width: usize, height: usize, channels: Channels, pixels: Vec<u8>) -> Option<Self> {
        let length = width.checked_mul(height)?.checked_mul(channels.count())?;
        let orientation = Orientation::default();
        (length == pixels.len() && length > 0).then_some(Picture {
            width,
            height,
            channels,
            pixels,
            orientation,
        })
    }

    /// For those who made the pixels by the size.
    pub(crate) fn of(width: usize, height: usize, channels: Channels, pixels: Vec<u8>) -> Self {
        debug_assert_eq!(width * height * channels.count(), pixels.len());
        Picture { width, height, channels, pixels, orientation: Orientation::default() }
    }

    /// The same with this orientation.
    pub(crate) fn lying(self, orientation: Orientation) -> Self {
        Picture { orientation, ..self }
    }

    /// Pixels in a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// What a pixel consists of.
    #[must_use]
    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// All of them.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Gives the pixels away.
    #[must_use]
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }

    /// How the file says that the picture is to be turned.
    #[must_use]
    pub fn orientation(&self) -> Orientation {
        self.orientation
    }

    /// Its rows as slices.
    pub(crate) fn rows(&self) -> std::slice::ChunksExact<'_, u8> {
        self.pixels.chunks_exact((self.width * self.channels.count()).max(1))
    }
}

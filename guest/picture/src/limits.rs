//! How large a picture may be: asked with the numbers of a header, before
//! anything of that size is allocated.

use crate::error::{Error, Limit};

/// The largest pictures that are held, in a file and between steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pixels in a row.
    pub max_width: usize,
    /// Rows.
    pub max_height: usize,
    /// Pixels in all.
    pub max_pixels: usize,
}

impl Default for Limits {
    /// 32 megapixels, since a progressive JPEG of that size takes 300 MB on its way.
    fn default() -> Self {
        Limits { max_width: 16_384, max_height: 16_384, max_pixels: 32 << 20 }
    }
}

impl Limits {
    /// Refuses what is too large.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`], with the first limit that is exceeded.
    pub fn check(&self, width: usize, height: usize) -> Result<(), Error> {
        let limit = if width > self.max_width {
            Limit::Width(self.max_width)
        } else if height > self.max_height {
            Limit::Height(self.max_height)
        } else if width.checked_mul(height).is_none_or(|pixels| pixels > self.max_pixels) {
            Limit::Pixels(self.max_pixels)
        } else {
            return Ok(());
        };
        Err(Error::TooLarge { width, height, limit })
    }
}

//! WAV files: PCM of 8 to 32 bits and IEEE floats, mixed to one channel. As Microsoft's
//! and IBM's "Multimedia Programming Interface and Data Specifications 1.0" has it,
//! with WAVE_FORMAT_EXTENSIBLE.

/// A file's samples, mixed by their mean, between -1 and 1.
#[derive(Debug, PartialEq)]
pub(super) struct Sound {
    /// Samples in a second.
    pub rate: u32,
    pub samples: Vec<f32>,
}

/// Why a file is refused.
#[derive(Debug, PartialEq)]
pub(super) enum Fault {
    /// What is wrong with it.
    Malformed(&'static str),
    /// It lasts longer than it may.
    TooLong,
}

/// What is common, and what a resampler can do in little memory.
const RATES: std::ops::RangeInclusive<u32> = 1000..=192_000;

/// How a sample is written.
#[derive(Clone, Copy)]
enum Coding {
    Unsigned8,
    Signed16,
    Signed24,
    Signed32,
    Float32,
    Float64,
}

struct Format {
    coding: Coding,
    channels: usize,
    rate: u32,
}

/// Reads a file that lasts no longer than this many seconds.
pub(super) fn read(file: &[u8], max_seconds: f64) -> Result<Sound, Fault> {
    let Some((header, mut rest)) = file.split_first_chunk::<12>() else {
        return Err(Fault::Malformed("is no WAV file"));
    };
    if !(header.starts_with(b"RIFF") && header.ends_with(b"WAVE")) {
        return Err(Fault::Malformed("is no WAV file"));
    }
    let mut format = None;
    while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
        let [name @ .., _, _, _, _] = chunk;
        let [_, _, _, _, length @ ..] = chunk;
        let length = u32::from_le_bytes(*length);
        let split = usize::try_from(length).ok().and_then(|length| after.split_at_checked(length));
        let (data, after) = match split {
            Some(split) => split,
            // A program that cannot go back writes the largest number there is.
            None if name == b"data" && length == u32::MAX => (after, &[][..]),
            None => return Err(Fault::Malformed("ends too soon")),
        };
        match (name, &format) {
            (b"fmt ", _) => format = Some(Format::read(data)?),
            (b"data", Some(format)) => return format.mixed(data, max_seconds),
            (b"data", None) => return Err(Fault::Malformed("does not say what its samples are")),
            _ => {}
        }
        // Chunks begin at even places.
        rest = if length % 2 == 1 { after.get(1..).unwrap_or_default() } else { after };
    }
    Err(Fault::Malformed("has no samples"))
}

impl Format {
    fn read(chunk: &[u8]) -> Result<Self, Fault> {
        let number = |at: usize| {
            let bytes = chunk.get(at..).and_then(|rest| rest.first_chunk::<2>());
            bytes.map_or(0, |bytes| u16::from_le_bytes(*bytes))
        };
        let (kind, bits) = (number(0), number(14));
        // An extensible format has the number of the plain one in its GUID.
        let kind = if kind == 0xFFFE { number(24) } else { kind };
        let coding = match (kind, bits) {
            (1, 8) => Coding::Unsigned8,
            (1, 16) => Coding::Signed16,
            (1, 24) => Coding::Signed24,
            (1, 32) => Coding::Signed32,
            (3, 32) => Coding::Float32,
            (3, 64) => Coding::Float64,
            _ => {
                return Err(Fault::Malformed(
                    "is compressed, or of odd bits; send PCM of 8, 16, 24 or 32 bits, or floats",
                ));
            }
        };
        let rate = u32::from(number(4)) | u32::from(number(6)) << 16;
        if !RATES.contains(&rate) {
            return Err(Fault::Malformed("has not 1,000 to 192,000 samples in a second"));
        }
        let channels = usize::from(number(2));
        if usize::from(number(12)) != channels * coding.size() || channels == 0 {
            return Err(Fault::Malformed("contradicts itself on its channels"));
        }
        Ok(Format { coding, channels, rate })
    }

    fn mixed(&self, data: &[u8], max_seconds: f64) -> Result<Sound, Fault> {
        let size = self.coding.size();
        let frames = data.chunks_exact(size * self.channels);
        if frames.len() as f64 > max_seconds * f64::from(self.rate) {
            return Err(Fault::TooLong);
        }
        let mix = |frame: &[u8]| {
            let sum: f64 = frame.chunks_exact(size).map(|sample| self.coding.number(sample)).sum();
            (sum / self.channels as f64) as f32
        };
        let samples: Vec<f32> = frames.map(mix).collect();
        if samples.is_empty() {
            return Err(Fault::Malformed("has no samples"));
        }
        if !samples.iter().all(|sample| sample.is_finite()) {
            return Err(Fault::Malformed("has samples that are not finite"));
        }
        Ok(Sound { rate: self.rate, samples })
    }
}

impl Coding {
    fn size(self) -> usize {
        match self {
            Coding::Unsigned8 => 1,
            Coding::Signed16 => 2,
            Coding::Signed24 => 3,
            Coding::Signed32 | Coding::Float32 => 4,
            Coding::Float64 => 8,
        }
    }

    /// A sample of just these bytes, where the largest integer is not quite 1.
    fn number(self, sample: &[u8]) -> f64 {
        match (self, sample) {
            (Coding::Unsigned8, &[a]) => (f64::from(a) - 128.0) / 128.0,
            (Coding::Signed16, &[a, b]) => f64::from(i16::from_le_bytes([a, b])) / 32_768.0,
            (Coding::Signed24, &[a, b, c]) => {
                f64::from(i32::from_le_bytes([0, a, b, c])) / 2_147_483_648.0
            }
            (Coding::Signed32, &[a, b, c, d]) => {
                f64::from(i32::from_le_bytes([a, b, c, d])) / 2_147_483_648.0
            }
            (Coding::Float32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]).into(),
            (Coding::Float64, &[a, b, c, d, e, f, g, h]) => {
                f64::from_le_bytes([a, b, c, d, e, f, g, h])
            }
            _ => f64::NAN,
        }
    }
}

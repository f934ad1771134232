//! Samples to how loud they are at each moment and each pitch, with the numbers of
//! `librosa.feature.melspectrogram` and `librosa.power_to_db`.

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use serde::Deserialize;
use std::f64::consts::TAU;
use std::sync::Arc;

/// What a manifest says of it. What is left out is as in librosa, but for `log`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Options {
    /// Samples of a transform.
    pub fft: usize,
    /// Samples from one frame to the next.
    pub hop: usize,
    /// Samples that the window reaches over; as many as a transform has, if left out.
    pub window: Option<usize>,
    /// Whether frames are around their moment, or begin there.
    pub centre: bool,
    /// What is there before the begin and after the end.
    pub pad: Pad,
    /// Bands of pitch.
    pub bands: usize,
    /// The lowest pitch, in Hz.
    pub low: f64,
    /// The highest; half the rate, if left out.
    pub high: Option<f64>,
    /// How pitch is counted.
    pub scale: Scale,
    /// Whether a band counts by its width.
    pub norm: Norm,
    /// Of the magnitudes: 2 for power, 1 for amplitude.
    pub power: f64,
    /// How loudness is counted.
    pub log: Log,
    /// Less is as this, before the logarithm.
    pub floor: f64,
    /// So far below the loudest is the least, after the logarithm; 80 for `db`.
    pub range: Option<f64>,
    /// In the end: x × factor + offset.
    pub factor: f64,
    pub offset: f64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            fft: 2048,
            hop: 512,
            window: None,
            centre: true,
            pad: Pad::Zeros,
            bands: 128,
            low: 0.0,
            high: None,
            scale: Scale::Slaney,
            norm: Norm::Slaney,
            power: 2.0,
            log: Log::Db,
            floor: 1e-10,
            range: None,
            factor: 1.0,
            offset: 0.0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Pad {
    Zeros,
    Reflect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scale {
    Slaney,
    Htk,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Norm {
    Slaney,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Log {
    None,
    Ln,
    Log10,
    Db,
}

/// Far above what models have.
const MOST: usize = 1 << 15;

/// Ready to transform.
pub(super) struct Mel {
    options: Options,
    window: Vec<f64>,
    bands: Vec<Band>,
    transform: Arc<Fft<f64>>,
}

/// The frequencies that make a band, from the first that does.
struct Band {
    first: usize,
    weights: Vec<f64>,
}

impl Mel {
    /// # Errors
    /// All that is wrong with the options.
    pub fn new(options: Options, rate: u32) -> Result<Self, String> {
        let faults = options.faults(f64::from(rate) / 2.0);
        if !faults.is_empty() {
            return Err(faults.join("; "));
        }
        let length = options.window.unwrap_or(options.fft);
        // Hann's, as for a signal that goes on, in the middle of a transform.
        let hann = |place: usize| 0.5 - 0.5 * (TAU * place as f64 / length as f64).cos();
        let mut window = vec![0.0; (options.fft - length) / 2];
        window.extend((0..length).map(hann));
        window.resize(options.fft, 0.0);
        let bands = bands(&options, f64::from(rate));
        let transform = FftPlanner::new().plan_fft_forward(options.fft);
        Ok(Mel { options, window, bands, transform })
    }

    pub fn bands(&self) -> usize {
        self.bands.len()
    }

    /// How many frames come of so many samples; none if they are too few for one.
    pub fn frames(&self, samples: usize) -> Option<usize> {
        let Options { fft, hop, centre, pad, .. } = self.options;
        let around = if centre { fft / 2 } else { 0 };
        if centre && pad == Pad::Reflect && samples <= around {
            return None;
        }
        let spare = (samples + 2 * around).checked_sub(fft)?;
        Some(1 + spare.checked_div(hop)?)
    }

    /// The first `frames` of them: of each band its frames.
    pub fn apply(&self, samples: &[f32], frames: usize) -> Vec<f64> {
        let mut all = vec![0.0; self.bands.len() * frames];
        let mut buffer = vec![Complex::new(0.0, 0.0); self.options.fft];
        // Two at once, as the real and the imaginary part of one transform.
        for frame in (0..frames).step_by(2) {
            for ((slot, weight), place) in buffer.iter_mut().zip(&self.window).zip(0..) {
                let sample = |frame: usize| self.sample(samples, frame, place) * weight;
                *slot = Complex::new(sample(frame), sample(frame + 1));
            }
            self.transform.process(&mut buffer);
            let (one, other) = self.magnitudes(&buffer);
            for (frame, magnitudes) in [(frame, one), (frame + 1, other)] {
                if frame < frames {
                    let slots = all.iter_mut().skip(frame).step_by(frames);
                    slots.zip(&self.bands).for_each(|(slot, band)| *slot = band.of(&magnitudes));
                }
            }
        }
        self.finish(&mut all);
        all
    }

    /// What is at a place of a frame.
    fn sample(&self, samples: &[f32], frame: usize, place: usize) -> f64 {
        let around = if self.options.centre { self.options.fft / 2 } else { 0 };
        let at = frame * self.options.hop + place;
        let at = match (at.checked_sub(around), self.options.pad) {
            (Some(at), Pad::Reflect) if at >= samples.len() => {
                (2 * samples.len()).checked_sub(at + 2)
            }
            (Some(at), _) => Some(at),
            (None, Pad::Zeros) => None,
            (None, Pad::Reflect) => Some(around - at),
        };
        at.and_then(|at| samples.get(at)).copied().unwrap_or(0.0).into()
    }

    /// Of both frames that were transformed at once, for each frequency.
    fn magnitudes(&self, transformed: &[Complex<f64>]) -> (Vec<f64>, Vec<f64>) {
        let power = self.options.power / 2.0;
        let raised = |number: Complex<f64>| {
            let square = number.norm_sqr() / 4.0;
            if power == 1.0 { square } else { square.powf(power) }
        };
        // The other half has the same frequencies, backwards.
        let mirrored = transformed.iter().take(1).chain(transformed.iter().rev());
        let pairs = transformed.iter().zip(mirrored).take(self.options.fft / 2 + 1);
        pairs.map(|(one, other)| (raised(one + other.conj()), raised(one - other.conj()))).unzip()
    }

    fn finish(&self, all: &mut [f64]) {
        let Options { log, floor, range, factor, offset, .. } = self.options;
        let logarithm: fn(f64) -> f64 = match log {
            Log::None => |number| number,
            Log::Ln => f64::ln,
            Log::Log10 => f64::log10,
            Log::Db => |number| 10.0 * number.log10(),
        };
        if log != Log::None {
            all.iter_mut().for_each(|number| *number = logarithm(number.max(floor)));
        }
        if let Some(range) = range.or_else(|| (log == Log::Db).then_some(80.0)) {
            let least = all.iter().copied().fold(f64::NEG_INFINITY, f64::max) - range;
            all.iter_mut().for_each(|number| *number = number.max(least));
        }
        all.iter_mut().for_each(|number| *number = *number * factor + offset);
    }
}

impl Band {
    fn of(&self, magnitudes: &[f64]) -> f64 {
        let magnitudes = magnitudes.get(self.first..).unwrap_or_default();
        magnitudes.iter().zip(&self.weights).map(|(number, weight)| number * weight).sum()
    }
}

impl Options {
    fn faults(&self, nyquist: f64) -> Vec<String> {
        let mut faults = Vec::new();
        for (key, number, most) in [
            ("fft", self.fft, MOST),
            ("hop", self.hop, MOST),
            ("window", self.window.unwrap_or(1), self.fft),
            ("bands", self.bands, MOST),
        ] {
            if !(1..=most).contains(&number) {
                faults.push(format!("`mel.{key}` is {number}; it must be 1 to {most}"));
            }
        }
        let high = self.high.unwrap_or(nyquist);
        if !(self.low >= 0.0 && self.low < high && high <= nyquist) {
            faults.push(format!(
                "`mel.low` and `mel.high` are {} and {high}; they must rise, from 0 to {nyquist}",
                self.low
            ));
        }
        for (key, number) in
            [("power", self.power), ("floor", self.floor), ("range", self.range.unwrap_or(1.0))]
        {
            if !(number > 0.0 && number.is_finite()) {
                faults.push(format!("`mel.{key}` is {number}; it must be more than 0"));
            }
        }
        if !(self.factor.is_finite() && self.offset.is_finite()) {
            faults.push("`mel.factor` and `mel.offset` must be finite".into());
        }
        faults
    }
}

/// Triangles from each pitch to the next but one (`librosa.filters.mel`).
fn bands(options: &Options, rate: f64) -> Vec<Band> {
    type Count = fn(f64) -> f64;
    let (from, to): (Count, Count) = match options.scale {
        Scale::Slaney => (slaney, slaney_hz),
        Scale::Htk => (htk, htk_hz),
    };
    let (low, high) = (from(options.low), from(options.high.unwrap_or(rate / 2.0)));
    let pitch = |place: usize| to(low + (high - low) * place as f64 / (options.bands + 1) as f64);
    let band = |place: usize| {
        let (left, middle, right) = (pitch(place), pitch(place + 1), pitch(place + 2));
        let norm = if options.norm == Norm::Slaney { 2.0 / (right - left) } else { 1.0 };
        let weight = |place: usize| {
            let frequency = rate * place as f64 / options.fft as f64;
            let rising = (frequency - left) / (middle - left);
            let falling = (right - frequency) / (right - middle);
            // Single precision, as librosa keeps them.
            let weight = f64::from(rising.min(falling).max(0.0) as f32);
            f64::from((weight * norm) as f32)
        };
        let mut first = 0;
        let mut weights: Vec<f64> = (0..=options.fft / 2)
            .map(weight)
            .skip_while(|&weight| {
                let before = weight == 0.0;
                first += usize::from(before);
                before
            })
            .collect();
        while weights.last() == Some(&0.0) {
            weights.pop();
        }
        Band { first, weights }
    };
    (0..options.bands).map(band).collect()
}

/// Slaney's scale is a line up to 1 kHz, and a logarithm above.
const LINE: f64 = 200.0 / 3.0;
const CORNER: f64 = 1000.0;
/// ln(6.4) / 27.
const STEP: f64 = 0.068_751_777_420_949_12;

fn slaney(hz: f64) -> f64 {
    if hz >= CORNER { CORNER / LINE + (hz / CORNER).ln() / STEP } else { hz / LINE }
}

fn slaney_hz(mel: f64) -> f64 {
    let corner = CORNER / LINE;
    if mel >= corner { CORNER * (STEP * (mel - corner)).exp() } else { LINE * mel }
}

fn htk(hz: f64) -> f64 {
    2595.0 * (1.0 + hz / 700.0).log10()
}

fn htk_hz(mel: f64) -> f64 {
    700.0 * (10.0_f64.powf(mel / 2595.0) - 1.0)
}

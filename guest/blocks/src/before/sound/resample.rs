//! Samples to another rate, with the numbers of `scipy.signal.resample_poly`, which is
//! what `librosa.resample(…, res_type="polyphase")` calls: a sinc, windowed by
//! Kaiser's function of β = 5, of ten lobes at the lower of the two rates.

use std::f64::consts::PI;

const BETA: f64 = 5.0;
const LOBES: usize = 10;

/// A filter from one rate to another.
pub(super) struct Resampler {
    up: usize,
    down: usize,
    /// The filter from its middle on; the other half is the same.
    half: Vec<f64>,
}

impl Resampler {
    /// None where the two are the same.
    pub fn new(from: u32, to: u32) -> Option<Self> {
        let divisor = common_divisor(from, to).max(1);
        let (up, down) = ((to / divisor) as usize, (from / divisor) as usize);
        if up == down {
            return None;
        }
        let most = up.max(down);
        let length = LOBES * most;
        let filter = |place: usize| {
            let across = place as f64 / length as f64;
            sinc(place as f64 / most as f64)
                * bessel(BETA * (1.0 - across * across).max(0.0).sqrt())
        };
        let mut half: Vec<f64> = (0..=length).map(filter).collect();
        // What goes in must come out: the filter adds up to `up`.
        let middle = half.first().copied().unwrap_or(1.0);
        let sum = 2.0 * half.iter().sum::<f64>() - middle;
        half.iter_mut().for_each(|weight| *weight *= up as f64 / sum);
        Some(Resampler { up, down, half })
    }

    /// How many samples come of so many.
    pub fn length(&self, samples: usize) -> usize {
        let exact = (samples as u64 * self.up as u64).div_ceil(self.down as u64);
        usize::try_from(exact).unwrap_or(usize::MAX)
    }

    /// The samples at the other rate, up to `most` of them.
    pub fn apply(&self, samples: &[f32], most: usize) -> Vec<f32> {
        let reach = self.half.len() - 1;
        let resampled = |place: usize| {
            // In steps of the common multiple of both rates, as the filter is.
            let at = place as u64 * self.down as u64;
            let first = at.saturating_sub(reach as u64).div_ceil(self.up as u64) as usize;
            let mut from = at.abs_diff(first as u64 * self.up as u64) as usize;
            let mut before = first as u64 * self.up as u64 <= at;
            let mut sum = 0.0;
            for &sample in samples.get(first..).unwrap_or_default() {
                let Some(weight) = self.half.get(from) else { break };
                sum += f64::from(sample) * weight;
                // Towards the middle of the filter, and away from it again.
                (from, before) = match (before, from.checked_sub(self.up)) {
                    (true, Some(nearer)) => (nearer, true),
                    (true, None) => (self.up - from, false),
                    (false, _) => (from + self.up, false),
                };
            }
            sum as f32
        };
        (0..self.length(samples.len()).min(most)).map(resampled).collect()
    }
}

fn common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The modified Bessel function of order 0, by its series: Σ ((x/2)ᵏ / k!)².
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-17 {
        let factor = x / 2.0 / k;
        term *= factor * factor;
        sum += term;
        k += 1.0;
    }
    sum
}

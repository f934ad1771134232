//! `sound`: WAV files to a model's samples, or to its frames of loudness by pitch.
//!
//! ```toml
//! [[before]]
//! block = "sound"
//! input = "sound"           # the module's input: BYTES [N], each element a WAV file
//! output = "input_values"   # the model's, of FP16, FP32 or FP64; the only such input if left out
//! rate = 16000              # samples in a second that the model knows
//! samples = 160000          # all are cut to, or padded with zeros to; as long as they are, if left out
//! max_seconds = 60.0        # what lasts longer is refused
//! layout = "bands_first"    # or "bands_last"
//! mel = { fft = 400, hop = 160, bands = 80, log = "log10" }   # without it the samples are given
//! ```
//!
//! Channels are mixed by their mean, and the samples are brought to `rate` as
//! `librosa.resample` with `res_type="polyphase"` does. Without `mel` the output is
//! [N, samples]. With it, it is [N, bands, frames], [N, frames, bands] with
//! "bands_last", or the same with a 1 after N, and has the numbers of
//! `librosa.feature.melspectrogram`; `mel` has these keys, with librosa's defaults:
//! `fft` (2048), `hop` (512), `window` (as `fft`; Hann's), `centre` (true), `pad`
//! ("zeros" or "reflect"), `bands` (128), `low` (0.0) and `high` (half the rate) in Hz,
//! `scale` ("slaney" or "htk"), `norm` ("slaney" or "none"), `power` (2.0), `log`
//! ("db", "ln", "log10" or "none"), `floor` (1e-10), `range` (80.0 for "db"), and in the
//! end `factor` (1.0) and `offset` (0.0). A model with fewer frames gets the first ones.
//!
//! Whisper's are `samples = 480000`, `mel = { fft = 400, hop = 160, bands = 80, pad =
//! "reflect", log = "log10", range = 8.0, factor = 0.25, offset = 1.0 }`.
//!
//! What cannot be read is `malformed`, what lasts too long `too_large`, what is too
//! short for a frame `wrong_length`, and what lasts longer or shorter than the first of
//! the batch, if `samples` is left out, `wrong_shape`: each with its row, all at once.
//! A batch whose tensor would take more than 256 MiB is `too_large` as a whole.

mod mel;
mod resample;
mod wav;

use super::{missing, unreadable, violation};
use crate::batch::Batch;
use crate::build::{Built, Site};
use crate::numbers::Float;
use crate::stated::{distinct, listed};
use crate::{Block, stated};
use mel::Mel;
use outpost_guest::{Datatype, Error, Tensor, TensorSpec, Violation, ViolationCode, byte_strings};
use resample::Resampler;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    #[serde(default = "sound")]
    input: String,
    output: Option<String>,
    rate: u32,
    samples: Option<usize>,
    #[serde(default = "minute")]
    max_seconds: f64,
    #[serde(default)]
    layout: Layout,
    mel: Option<mel::Options>,
}

fn sound() -> String {
    "sound".into()
}

fn minute() -> f64 {
    60.0
}

/// The order of the last two dimensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Layout {
    #[default]
    BandsFirst,
    BandsLast,
}

/// The most bytes that the tensor of a batch may have.
const MOST_BYTES: usize = 256 << 20;
/// An hour; a model that takes more takes it in pieces.
const MOST_SECONDS: f64 = 3600.0;

struct Sounds {
    input: String,
    output: TensorSpec,
    float: Float,
    rate: u32,
    samples: Option<usize>,
    max_seconds: f64,
    layout: Layout,
    mel: Option<Mel>,
    /// How many frames, or samples, the model takes, if it says so.
    length: Option<usize>,
}

pub(crate) fn build(stated: Value, site: &Site<'_>) -> Result<Built, String> {
    let stated: Stated = stated::rest(stated)?;
    let mut found = site.specs.iter().enumerate().filter(|(_, spec)| match &stated.output {
        Some(name) => spec.name == *name,
        None => Float::of(spec.datatype).is_some(),
    });
    let (Some((place, output)), None) = (found.next(), found.next()) else {
        return Err(format!(
            "does not say which input is its `output`; there are {}",
            listed(&site.specs)
        ));
    };
    let (output, float) = (output.clone(), Float::of(output.datatype));
    if !(1000..=192_000).contains(&stated.rate) {
        return Err(format!("`rate` is {}; it must be 1000 to 192000", stated.rate));
    }
    if !(stated.max_seconds > 0.0 && stated.max_seconds <= MOST_SECONDS) {
        return Err(format!(
            "`max_seconds` is {}; it must be more than 0, up to {MOST_SECONDS}",
            stated.max_seconds
        ));
    }
    let mel = stated.mel.map(|options| Mel::new(options, stated.rate)).transpose()?;
    let (bands, length) = match (&*output.shape, &mel, stated.layout) {
        (&[_, length], None, _) => (None, length),
        (&[_, bands, length] | &[_, 1, bands, length], Some(_), Layout::BandsFirst)
        | (&[_, length, bands] | &[_, 1, length, bands], Some(_), Layout::BandsLast) => {
            (Some(bands), length)
        }
        _ => (None, -2),
    };
    let Some(float) = float.filter(|_| length >= -1) else {
        return Err(format!(
            "{} takes no sound: it is [N, samples] or, with `mel`, [N, bands, frames] or [N, 1, \
             bands, frames] of FP16, FP32 or FP64",
            listed(&[output])
        ));
    };
    if let (Some(bands), Some(mel)) = (bands, &mel)
        && bands >= 0
        && usize::try_from(bands) != Ok(mel.bands())
    {
        return Err(format!(
            "`mel.bands` is {}, and {} has {bands}; change it, or `layout`",
            mel.bands(),
            listed(&[output])
        ));
    }
    let mut block = Sounds {
        input: stated.input,
        output,
        float,
        rate: stated.rate,
        samples: stated.samples,
        max_seconds: stated.max_seconds,
        layout: stated.layout,
        mel,
        length: usize::try_from(length).ok(),
    };
    block.fix()?;
    let mut specs = site.specs.clone();
    if let Some(spec) = specs.get_mut(place) {
        let (name, shape) = (block.input.clone(), block.output.shape.iter().copied().take(1));
        *spec = TensorSpec { name, datatype: Datatype::Bytes, shape: shape.collect() };
    }
    distinct(&specs)?;
    Ok(Built { block: Box::new(block), specs })
}

impl Sounds {
    /// Makes `samples` fit to the length that the model has.
    fn fix(&mut self) -> Result<(), String> {
        let most = (f64::from(self.rate) * MOST_SECONDS) as usize;
        if let Some(samples) = self.samples.filter(|samples| !(1..=most).contains(samples)) {
            return Err(format!("`samples` is {samples}; it must be 1 to {most}"));
        }
        let Some(length) = self.length else { return Ok(()) };
        match (&self.mel, self.samples) {
            (None, None) => self.samples = Some(length),
            (None, Some(samples)) if samples == length => {}
            (None, Some(_)) => {
                return Err(format!("the model takes {length} samples; leave `samples` out"));
            }
            (Some(_), None) => {
                return Err(format!(
                    "the model takes {length} frames; say of how many `samples`, so that all \
                     sounds are of one length"
                ));
            }
            (Some(mel), Some(samples)) => {
                let frames = mel.frames(samples).unwrap_or(0);
                if frames < length {
                    return Err(format!(
                        "{samples} `samples` are {frames} frames, and the model takes {length}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// The numbers of a file, and how many frames or samples they are.
    fn numbers(
        &self,
        file: &[u8],
        resamplers: &mut BTreeMap<u32, Option<Resampler>>,
    ) -> Result<(Vec<f64>, usize), (ViolationCode, String)> {
        let sound = wav::read(file, self.max_seconds).map_err(|fault| match fault {
            wav::Fault::Malformed(what) => (ViolationCode::Malformed, format!("the sound {what}")),
            wav::Fault::TooLong => (
                ViolationCode::TooLarge,
                format!("the sound lasts longer than {} seconds", self.max_seconds),
            ),
        })?;
        let most = self.samples.unwrap_or(usize::MAX);
        let resampler =
            resamplers.entry(sound.rate).or_insert_with(|| Resampler::new(sound.rate, self.rate));
        let mut samples = match resampler {
            Some(resampler) => resampler.apply(&sound.samples, most),
            None => sound.samples,
        };
        if let Some(wanted) = self.samples {
            samples.resize(wanted, 0.0);
        }
        let Some(mel) = &self.mel else {
            let count = samples.len();
            return Ok((samples.into_iter().map(f64::from).collect(), count));
        };
        let frames = mel.frames(samples.len()).ok_or_else(|| {
            (ViolationCode::WrongLength, "the sound is too short for a single frame".to_owned())
        })?;
        let frames = self.length.map_or(frames, |length| length.min(frames));
        self.check_frames(mel, frames)?;
        Ok((mel.apply(&samples, frames), frames))
    }

    /// Refuses what would be too large even by itself, before it is made.
    fn check_frames(&self, mel: &Mel, frames: usize) -> Result<(), (ViolationCode, String)> {
        match frames.checked_mul(mel.bands() * self.float.size()) {
            Some(bytes) if bytes <= MOST_BYTES => Ok(()),
            _ => {
                Err((ViolationCode::TooLarge, format!("the sound has {frames} frames; send less")))
            }
        }
    }

    /// The shape of a sound of this length.
    fn shape(&self, length: usize) -> Vec<u64> {
        let length = length as u64;
        let Some(mel) = &self.mel else { return vec![length] };
        let bands = mel.bands() as u64;
        let last = match self.layout {
            Layout::BandsFirst => [bands, length],
            Layout::BandsLast => [length, bands],
        };
        let channel = (self.output.shape.len() == 4).then_some(1);
        channel.into_iter().chain(last).collect()
    }

    /// Adds the numbers of a sound in the order that the model wants.
    fn append(&self, data: &mut Vec<u8>, numbers: &[f64], frames: usize) {
        if self.mel.is_none() || self.layout == Layout::BandsFirst {
            return self.float.append(data, numbers);
        }
        for frame in 0..frames {
            let of_frame: Vec<f64> = numbers.iter().copied().skip(frame).step_by(frames).collect();
            self.float.append(data, &of_frame);
        }
    }
}

impl Block for Sounds {
    fn run(&self, batch: &mut Batch) -> Result<(), Error> {
        let tensor = batch.take(&self.input).ok_or_else(|| missing(&self.input))?;
        let files = byte_strings(&tensor.data).ok_or_else(|| unreadable(&self.input))?;
        let (mut violations, mut data) = (Vec::new(), Vec::new());
        let (mut resamplers, mut common) = (BTreeMap::new(), None);
        for (row, file) in files.iter().enumerate() {
            let wrong = match self.numbers(file, &mut resamplers) {
                Ok((numbers, length)) => {
                    let first = *common.get_or_insert(length);
                    let most = MOST_BYTES / (numbers.len() * self.float.size()).max(1);
                    if files.len() > most {
                        let message = format!(
                            "{} sounds are more than the {most} that fit into a batch",
                            files.len()
                        );
                        let wrong = violation(&self.input, ViolationCode::TooLarge, message);
                        return Err(Error::Invalid(vec![wrong]));
                    }
                    if first == length {
                        if violations.is_empty() {
                            self.append(&mut data, &numbers, length);
                        }
                        continue;
                    }
                    let what = if self.mel.is_some() { "frames" } else { "samples" };
                    let message = format!(
                        "the sound has {length} {what}, but the first one {first}; a batch has \
                         sounds of one length, so send it apart"
                    );
                    (ViolationCode::WrongShape, message)
                }
                Err(wrong) => wrong,
            };
            let (code, message) = wrong;
            let found = violation(&self.input, code, message);
            violations.push(Violation { row: Some(row as u64), ..found });
        }
        if !violations.is_empty() {
            return Err(Error::Invalid(violations));
        }
        // Where there is no sound, its length is what is known of all.
        let of_samples = self.samples.and_then(|samples| match &self.mel {
            None => Some(samples),
            Some(mel) => mel.frames(samples),
        });
        let length = common.or(self.length).or(of_samples).unwrap_or(0);
        let mut shape = vec![files.len() as u64];
        shape.extend(self.shape(length));
        batch.tensors.push(Tensor {
            name: self.output.name.clone(),
            datatype: self.output.datatype,
            shape,
            data,
        });
        Ok(())
    }
}

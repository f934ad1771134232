//! A model without ONNX: the probability of ground frost by a formula, from the
//! temperature and relative humidity of the evening. Modules are not only for
//! what was learned; a rule gains the same sandbox, contract and deployment.

use outpost_guest::{Description, Error, Model, Prediction, Source, Tensor};
use outpost_guest_examples::{fp32, numbers, table};

struct FrostWarning(Description);

impl Model for FrostWarning {
    fn freeze(_: &Source) -> Result<Self, String> {
        Ok(FrostWarning(Description {
            name: "frost-warning".into(),
            version: "1.0.0".into(),
            // Degrees Celsius and per cent, a row for each place.
            inputs: vec![fp32("weather", &[-1, 2])],
            outputs: vec![fp32("probability", &[-1, 1])],
        }))
    }

    fn description(&self) -> &Description {
        &self.0
    }

    fn infer(&mut self, inputs: Vec<Tensor>) -> Result<Prediction, Error> {
        let weather = inputs.first().map(numbers).unwrap_or_default();
        let places = weather.as_chunks::<2>().0;
        let probabilities: Vec<f32> = places.iter().map(|&[t, h]| probability(t, h)).collect();
        Ok(vec![table("probability", places.len(), &probabilities)].into())
    }
}

/// Logistic in the dew point, by the Magnus formula (Sonntag 1990): air that
/// cools to a dew point below zero leaves frost.
fn probability(temperature: f32, humidity: f32) -> f32 {
    let (a, b) = (17.62, 243.12);
    let gamma = (humidity.max(1.0) / 100.0).ln() + a * temperature / (b + temperature);
    let dew_point = b * gamma / (a - gamma);
    1.0 / (1.0 + (dew_point + 0.15 * temperature).exp())
}

outpost_guest::export!(FrostWarning);

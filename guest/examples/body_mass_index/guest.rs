//! Feature engineering around an ONNX model: the diabetes model wants to know a
//! patient's body mass index; people know their weight and height. This guest
//! computes the one from the others and passes on what the model has to say.

use outpost_guest::{
    Description, Error, Model, Prediction, Source, Tensor, Violation, ViolationCode, inner,
};
use outpost_guest_examples::{fp32, numbers, table};

struct BodyMassIndex(Description);

impl Model for BodyMassIndex {
    fn freeze(_: &Source) -> Result<Self, String> {
        Ok(BodyMassIndex(Description {
            name: "body-mass-index".into(),
            version: "1.0.0".into(),
            inputs: vec![
                // Age in years, sex, weight in kilograms, height in metres, blood pressure.
                fp32("person", &[-1, 5]),
                // As the model takes it.
                fp32("serum", &[-1, 6]),
            ],
            outputs: vec![fp32("progression", &[-1]), fp32("interval", &[-1, 2])],
        }))
    }

    fn description(&self) -> &Description {
        &self.0
    }

    fn infer(&mut self, mut inputs: Vec<Tensor>) -> Result<Prediction, Error> {
        let (Some(serum), Some(person)) = (inputs.pop(), inputs.pop()) else {
            return Err(Error::Failed("the inputs were not checked".into()));
        };
        let people = numbers(&person);
        let people = people.as_chunks::<5>().0;
        let violations: Vec<Violation> =
            (0..).zip(people).filter_map(|(row, &[.., height, _])| too_tall(row, height)).collect();
        if !violations.is_empty() {
            return Err(Error::Invalid(violations));
        }
        let patients: Vec<f32> = people.iter().flat_map(|person| patient(*person)).collect();
        inner::infer(vec![table("patient", people.len(), &patients), serum])
    }
}

/// Age, sex, body mass index in kg/m², blood pressure.
fn patient([age, sex, weight, height, pressure]: [f32; 5]) -> [f32; 4] {
    [age, sex, weight / (height * height), pressure]
}

/// Most heights that are wrong are in centimetres.
fn too_tall(row: u64, height: f32) -> Option<Violation> {
    (!(0.3..3.0).contains(&height)).then(|| Violation {
        field: "person".into(),
        row: Some(row),
        code: ViolationCode::OutOfRange,
        message: "the height is in metres, from 0.3 to 3".into(),
    })
}

outpost_guest::export!(BodyMassIndex);

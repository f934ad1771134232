//! Steps in their order, checked once, and then done to file after file.

use crate::error::Error;
use crate::limits::Limits;
use crate::picture::Channels;
use crate::steps::{
    Decode, Element, Fault, Layout, Position, Shape, Step, Tensor, ToTensor, Value,
};

/// A way from a file to a tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// The first decodes, the last makes a tensor.
    steps: Vec<Step>,
    limits: Limits,
    shape: Shape,
    element: Element,
}

impl Pipeline {
    /// Of these steps. Without one that decodes, it begins with `decode = {}`;
    /// without one that makes a tensor, it ends with the pixels: [H, W, C], `u8`.
    ///
    /// # Errors
    ///
    /// All that is wrong with the steps, by name, as `steps[1].resize.width`.
    pub fn new(steps: Vec<Step>) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let decode = match steps.first() {
            Some(Step::Decode(decode)) => decode.clone(),
            _ => Decode::default(),
        };
        let limits = decode.limits();
        let mut shape = Shape { channels: Some(decode.mode.channels()), ..Shape::default() };
        for (place, step) in steps.iter().enumerate() {
            let block = step.block();
            let name = format!("steps[{place}].{}", block.name());
            let in_place = match block.position() {
                Position::First => place == 0,
                Position::Between => true,
                Position::Last => place + 1 == steps.len(),
            };
            if !in_place {
                let only = if block.position() == Position::First { "first" } else { "last" };
                faults.push(Fault::new(&name, format!("can be the {only} step only")));
            }
            let wrong = block.faults(&shape);
            shape = block.shape(shape);
            if let Some(Err(error)) = shape.size.map(|(width, height)| limits.check(width, height))
                && wrong.is_empty()
            {
                faults.push(Fault::new(&name, error.to_string()));
            }
            faults.extend(
                wrong
                    .into_iter()
                    .map(|fault| Fault::new(format!("{name}.{}", fault.name), fault.message)),
            );
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut steps = steps;
        if !matches!(steps.first(), Some(Step::Decode(_))) {
            steps.insert(0, Step::Decode(decode));
        }
        let element = match steps.last() {
            Some(Step::Tensor(tensor)) => tensor.element,
            _ => {
                let pixels =
                    ToTensor { element: Element::U8, layout: Layout::Nhwc, ..ToTensor::default() };
                shape.layout = pixels.layout;
                steps.push(Step::Tensor(pixels));
                Element::U8
            }
        };
        Ok(Pipeline { steps, limits, shape, element })
    }

    /// The tensor of a file.
    ///
    /// # Errors
    ///
    /// If the file is no picture that can be decoded, or too large.
    pub fn run(&self, file: &[u8]) -> Result<Tensor, Error> {
        let start = Ok(Value::File(file));
        let end = self.steps.iter().fold(start, |value, step| {
            value.and_then(|value| step.block().apply(value, &self.limits))
        });
        match end? {
            Value::Tensor(tensor) => Ok(tensor),
            _ => Err(Error::Unsupported("its steps do not end with a tensor")),
        }
    }

    /// [C, H, W] or [H, W, C] of every tensor, if the steps alone say so.
    #[must_use]
    pub fn output_shape(&self) -> Option<[usize; 3]> {
        self.shape.dimensions()
    }

    /// How many channels every tensor has.
    #[must_use]
    pub fn output_channels(&self) -> Option<usize> {
        self.shape.channels.map(Channels::count)
    }

    /// The order of every tensor's dimensions.
    #[must_use]
    pub fn output_layout(&self) -> Layout {
        self.shape.layout
    }

    /// What every tensor's numbers are.
    #[must_use]
    pub fn output_element(&self) -> Element {
        self.element
    }
}

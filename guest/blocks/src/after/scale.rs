//! `scale`: a model's numbers back to the units that people think in.
//!
//! ```toml
//! [[after]]
//! block = "scale"
//! input = "price"           # FP16, FP32 or FP64 of any shape; the only such tensor if left out
//! output = "euros"          # of the same shape and datatype; in place of `input` if left out
//! # One of these; two blocks, where two are needed:
//! factor = 1000.0           # x × factor + offset; factor is 1 and offset 0 if left out
//! offset = 5.0
//! mean = [3.5, 0.2]         # x × std + mean: scikit-learn's StandardScaler, inverted
//! std = [1.5, 0.1]
//! inverse = "log1p"         # exp(x) - 1, which undoes log1p; or "log": exp(x)
//! ```
//!
//! A list has a number for each place along the last dimension. NaN stays NaN; what
//! is too large for the datatype becomes ∞.

use super::port::Changed;
use crate::batch::Batch;
use crate::build::{Built, Site};
use crate::stated::Numbers;
use crate::{Block, stated};
use outpost_guest::Error;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    factor: Option<Numbers>,
    offset: Option<Numbers>,
    mean: Option<Numbers>,
    std: Option<Numbers>,
    inverse: Option<Inverse>,
}

/// What was done to the numbers that the model learned.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Inverse {
    Log,
    Log1p,
}

enum Way {
    Line { factor: Numbers, offset: Numbers },
    Inverse(Inverse),
}

struct Scale {
    changed: Changed,
    way: Way,
}

pub(crate) fn build(mut stated: Value, site: &Site<'_>) -> Result<Built, String> {
    let (changed, specs) = Changed::take(&mut stated, site)?;
    let way = match stated::rest(stated)? {
        Stated { factor: None, offset: None, mean: None, std: None, inverse: Some(inverse) } => {
            Way::Inverse(inverse)
        }
        Stated {
            factor: None,
            offset: None,
            mean: Some(offset),
            std: Some(factor),
            inverse: None,
        } => line(&changed, ("std", factor), ("mean", offset))?,
        Stated { factor, offset, mean: None, std: None, inverse: None }
            if factor.is_some() || offset.is_some() =>
        {
            let factor = factor.unwrap_or(Numbers::One(1.0));
            let offset = offset.unwrap_or(Numbers::One(0.0));
            line(&changed, ("factor", factor), ("offset", offset))?
        }
        _ => {
            return Err("takes `factor` and `offset`, or `mean` and `std`, or `inverse`: one of \
                        the three"
                .into());
        }
    };
    Ok(Built { block: Box::new(Scale { changed, way }), specs })
}

fn line(
    changed: &Changed,
    (factor_name, factor): (&str, Numbers),
    (offset_name, offset): (&str, Numbers),
) -> Result<Way, String> {
    let last = changed.port.spec.shape.last().copied();
    factor.check(factor_name, last)?;
    offset.check(offset_name, last)?;
    Ok(Way::Line { factor, offset })
}

impl Block for Scale {
    fn run(&self, batch: &mut Batch) -> Result<(), Error> {
        match &self.way {
            Way::Inverse(Inverse::Log) => self.changed.each(batch, |_, number| number.exp()),
            Way::Inverse(Inverse::Log1p) => self.changed.each(batch, |_, number| number.exp_m1()),
            Way::Line { factor, offset } => self
                .changed
                .each(batch, |place, number| number * factor.at(place) + offset.at(place)),
        }
    }
}

//! The tensor that a block takes: keys `input` and `keep`, which all blocks after a
//! model have, and what comes in its place.

use crate::batch::Batch;
use crate::build::Site;
use crate::numbers::{Float, Lane, elements};
use crate::stated::{distinct, listed, rest, take};
use outpost_guest::{Error, Tensor, TensorSpec, datatype_name, element_size};
use serde::Deserialize;
use serde_json::Value;

/// A tensor of the side of the model.
pub(crate) struct Port {
    place: usize,
    keep: bool,
    pub spec: TensorSpec,
    pub float: Float,
}

impl Port {
    /// The tensor that `input` names, or the only one of numbers with a fraction. It
    /// goes on beside the result with `keep = true`.
    pub fn take(stated: &mut Value, site: &Site<'_>) -> Result<Self, String> {
        let name: Option<String> = take(stated, "input")?;
        let keep = take(stated, "keep")?.unwrap_or(false);
        Port::named(name.as_deref(), keep, site)
    }

    /// As [`Port::take`], where the keys are read already.
    pub fn named(name: Option<&str>, keep: bool, site: &Site<'_>) -> Result<Self, String> {
        let float = |spec: &TensorSpec| Float::of(spec.datatype);
        let mut all = site.specs.iter().enumerate();
        let found = match name {
            Some(name) => all.find(|(_, spec)| spec.name == name).ok_or_else(|| {
                format!("there is no tensor `{name}`; there are {}", listed(&site.specs))
            })?,
            None => {
                let mut floats = all.filter(|(_, spec)| float(spec).is_some());
                match (floats.next(), floats.next()) {
                    (Some(found), None) => found,
                    _ => {
                        return Err(format!(
                            "does not say which tensor is its `input`; there are {}",
                            listed(&site.specs)
                        ));
                    }
                }
            }
        };
        let (place, spec) = found;
        let float = float(spec).ok_or_else(|| {
            format!(
                "`{}` is {}; this block takes FP16, FP32 and FP64",
                spec.name,
                datatype_name(spec.datatype)
            )
        })?;
        Ok(Port { place, keep, spec: spec.clone(), float })
    }

    /// The name of a single result: that of the tensor, unless `output` has another.
    pub fn output(&self, stated: &mut Value) -> Result<String, String> {
        Ok(take(stated, "output")?.unwrap_or_else(|| self.spec.name.clone()))
    }

    /// The dimension of the tensor that `axis` counts, from its end if it is negative.
    pub fn axis(&self, axis: i64) -> Result<usize, String> {
        let rank = self.spec.shape.len();
        let at = if axis < 0 { axis.checked_add_unsigned(rank as u64) } else { Some(axis) };
        at.and_then(|at| usize::try_from(at).ok()).filter(|&at| at < rank).ok_or_else(|| {
            format!("`axis` is {axis}, but `{}` has {rank} dimensions", self.spec.name)
        })
    }

    /// The last extent as the tensor's description has it, -1 where it varies.
    pub fn last_extent(&self) -> Result<i64, String> {
        self.spec.shape.last().copied().ok_or_else(|| {
            format!("`{}` is a single number; this block takes rows of them", self.spec.name)
        })
    }

    /// All tensors, with the results in place of this one.
    pub fn replaced(
        &self,
        site: &Site<'_>,
        results: Vec<TensorSpec>,
    ) -> Result<Vec<TensorSpec>, String> {
        replaced(site, &[self], results)
    }

    /// Takes the tensor out, or a copy of it, and makes sure that it is what was
    /// described.
    pub fn tensor(&self, batch: &mut Batch) -> Result<Tensor, Error> {
        let tensor = if self.keep {
            batch.tensors.iter().find(|tensor| tensor.name == self.spec.name).cloned()
        } else {
            batch.take(&self.spec.name)
        };
        checked(tensor, &self.spec)
    }
}

/// A tensor whose numbers a block changes, and nothing else.
pub(crate) struct Changed {
    pub port: Port,
    output: String,
}

impl Changed {
    /// Of the keys `input`, `output` and `keep`; with all tensors after the block.
    pub fn take(stated: &mut Value, site: &Site<'_>) -> Result<(Self, Vec<TensorSpec>), String> {
        let port = Port::take(stated, site)?;
        let output = port.output(stated)?;
        let spec = TensorSpec { name: output.clone(), ..port.spec.clone() };
        let specs = port.replaced(site, vec![spec])?;
        Ok((Changed { port, output }, specs))
    }

    /// Changes all numbers, each given with its place.
    pub fn each(&self, batch: &mut Batch, change: impl Fn(usize, f64) -> f64) -> Result<(), Error> {
        let mut tensor = self.port.tensor(batch)?;
        self.port.float.each(&mut tensor.data, change);
        self.put(batch, tensor);
        Ok(())
    }

    fn put(&self, batch: &mut Batch, mut tensor: Tensor) {
        tensor.name.clone_from(&self.output);
        batch.tensors.push(tensor);
    }
}

/// A tensor whose numbers a block changes lane after lane along one dimension: key
/// `axis`, the last if left out.
pub(crate) struct Lanewise {
    changed: Changed,
    axis: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    #[serde(default = "last")]
    axis: i64,
}

fn last() -> i64 {
    -1
}

impl Lanewise {
    /// Of all that is stated; with all tensors after the block.
    pub fn take(mut stated: Value, site: &Site<'_>) -> Result<(Self, Vec<TensorSpec>), String> {
        let (changed, specs) = Changed::take(&mut stated, site)?;
        let Stated { axis } = rest(stated)?;
        let axis = changed.port.axis(axis)?;
        Ok((Lanewise { changed, axis }, specs))
    }

    /// Changes all lanes.
    pub fn each(&self, batch: &mut Batch, change: impl Fn(&mut [f64])) -> Result<(), Error> {
        let port = &self.changed.port;
        let mut tensor = port.tensor(batch)?;
        let mut numbers = Vec::new();
        for (lane, _) in Lanes::of(&tensor, self.axis).iter() {
            port.float.read(&tensor.data, lane, &mut numbers);
            change(&mut numbers);
            port.float.write(&mut tensor.data, lane, &numbers);
        }
        self.changed.put(batch, tensor);
        Ok(())
    }
}

/// A tensor that is what its description says.
///
/// # Errors
/// That it is not, which is the model's fault.
pub(crate) fn checked(tensor: Option<Tensor>, spec: &TensorSpec) -> Result<Tensor, Error> {
    let name = &spec.name;
    let tensor = tensor.ok_or_else(|| Error::Failed(format!("the model gave no `{name}`")))?;
    let fits = tensor.datatype == spec.datatype
        && tensor.shape.len() == spec.shape.len()
        && (tensor.shape.iter().zip(&spec.shape))
            .all(|(&got, &want)| want < 0 || u64::try_from(want) == Ok(got))
        && element_size(tensor.datatype).is_none_or(|size| {
            elements(&tensor.shape).and_then(|count| count.checked_mul(size))
                == Some(tensor.data.len())
        });
    if fits { Ok(tensor) } else { Err(unlike(name)) }
}

/// The error for a tensor that is not what its description says.
pub(crate) fn unlike(name: &str) -> Error {
    Error::Failed(format!("the model's `{name}` is not of the shape that it is described with"))
}

/// All tensors, with the results in place of the first of `ports`, and without the
/// others. There must be no two of the same name.
pub(crate) fn replaced(
    site: &Site<'_>,
    ports: &[&Port],
    mut results: Vec<TensorSpec>,
) -> Result<Vec<TensorSpec>, String> {
    let mut specs = Vec::new();
    for (place, spec) in site.specs.iter().enumerate() {
        if ports.iter().all(|port| port.place != place || port.keep) {
            specs.push(spec.clone());
        }
        if ports.first().is_some_and(|port| port.place == place) {
            specs.append(&mut results);
        }
    }
    distinct(&specs)?;
    Ok(specs)
}

/// A tensor seen along one of its dimensions.
#[derive(Clone, Copy)]
pub(crate) struct Lanes {
    /// How many lanes there are.
    pub number: usize,
    /// How many elements each has.
    pub length: usize,
    inner: usize,
    /// How many elements an extent of the first dimension has.
    row: usize,
}

impl Lanes {
    /// Along dimension `axis` of a tensor that was [`checked`].
    pub fn of(tensor: &Tensor, axis: usize) -> Self {
        let extents = |from: usize, to: usize| {
            elements(tensor.shape.get(from..to).unwrap_or_default()).unwrap_or(0)
        };
        let rank = tensor.shape.len();
        let inner = extents(axis + 1, rank);
        Lanes {
            number: extents(0, axis).saturating_mul(inner),
            length: extents(axis, axis + 1),
            inner,
            row: extents(1, rank),
        }
    }

    /// The lanes, in the order of a tensor without that dimension, each with the
    /// row of the batch that it begins in: the first, if it goes across the batch.
    pub fn iter(self) -> impl Iterator<Item = (Lane, u64)> {
        // Lanes without elements could be endlessly many.
        let number = if self.length == 0 { 0 } else { self.number };
        (0..number).map(move |number| {
            let (outer, inner) = (number.checked_div(self.inner), number.checked_rem(self.inner));
            let start = outer.unwrap_or(0) * self.length * self.inner + inner.unwrap_or(0);
            let lane = Lane { start, step: self.inner, count: self.length };
            (lane, start.checked_div(self.row).unwrap_or(0) as u64)
        })
    }
}

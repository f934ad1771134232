//! The data contract, as the block that stands for all blocks before the model: it holds
//! what a client sent against what the manifest says under `[contract]`, changes nothing
//! but what that lets it impute, and then runs them. Columns inside of records it sees
//! between the two steps of the block that reads them.

use crate::faults::{Faults, told};
use crate::reads::{Opened, readers};
use crate::{Batch, Block, Blocks, stated};
use outpost_contract::{Checker, Code, Column, Contract, Datatype as Element, Input, Values};
use outpost_guest::{Datatype, Error, TensorSpec, Violation, ViolationCode};
use serde_json::Value;

struct Held {
    checker: Checker,
    before: Vec<Step>,
}

/// A block before the model.
struct Step {
    block: Box<dyn Block>,
    /// Whether the contract sees what it reads.
    opens: bool,
}

/// The block for a contract, given the names of the columns of inputs that have some,
/// the inputs that clients send, and the blocks before the model, which it runs.
///
/// # Errors
/// All that is wrong with the contract, in itself and for these inputs.
pub fn contract(
    stated: Value,
    columns: &[(String, Vec<String>)],
    inputs: &[TensorSpec],
    before: Blocks,
) -> Result<Box<dyn Block>, String> {
    let contract: Contract =
        stated::rest(stated).map_err(|error| format!("[contract]: {error}"))?;
    let mut faults = Vec::new();
    for (place, (name, _)) in columns.iter().enumerate() {
        if inputs.iter().all(|input| input.name != *name) {
            faults.push(format!("`columns` are those of `{name}`, which is no input"));
        }
        if columns.iter().take(place).any(|(other, _)| other == name) {
            faults.push(format!("input `{name}` has `columns` twice"));
        }
    }
    let described: Vec<Input<'_>> = inputs
        .iter()
        .map(|spec| {
            let columns = columns.iter().find(|(name, _)| *name == spec.name);
            Input {
                name: &spec.name,
                datatype: element(spec.datatype),
                shape: &spec.shape,
                columns: columns.map(|(_, columns)| columns.as_slice()).unwrap_or_default(),
            }
        })
        .collect();
    let read: Vec<Column<'_>> =
        readers(&before, inputs).flat_map(|(_, reads)| reads.columns()).collect();
    let checker = contract.compile_with(&described, &read);
    drop(read);
    let checker = match checker {
        Ok(checker) if faults.is_empty() => checker,
        Ok(_) => return Err(format!("[contract]: {}", faults.join("; "))),
        Err(more) => {
            faults.extend(more);
            return Err(format!("[contract]: {}", faults.join("; ")));
        }
    };
    let opened: Vec<usize> = readers(&before, inputs).map(|(place, _)| place).collect();
    let step = |(place, block)| Step { block, opens: opened.contains(&place) };
    let before = before.into_iter().enumerate().map(step).collect();
    Ok(Box::new(Held { checker, before }))
}

impl Block for Held {
    fn run(&self, batch: &mut Batch) -> Result<(), Error> {
        let mut opened = Vec::with_capacity(self.before.len());
        for step in &self.before {
            let reads = step.block.reads().filter(|_| step.opens);
            opened.push(reads.map(|reads| reads.read(batch)).transpose()?);
        }
        let columns = opened.iter_mut().flatten().flat_map(|opened| &mut opened.columns);
        let report = self.checker.look(&mut self.values(batch), &mut columns.collect::<Vec<_>>());

        batch.abstained.extend(report.abstained);
        let remarks = report.remarked.map(violation);
        let mut faults = Faults::of(report.refused.map(violation));
        self.go_on(batch, opened, report.blind, &mut faults)?;
        if faults.are_none() {
            batch.flags.extend(told(remarks));
            return Ok(());
        }
        faults.append_remarks(remarks);
        faults.none()
    }
}

impl Held {
    /// What the contract speaks of, in its order.
    fn values<'a>(&self, batch: &'a mut Batch) -> Vec<Option<Values<'a>>> {
        let mut values: Vec<Option<Values<'_>>> = self.checker.inputs().map(|_| None).collect();
        for tensor in &mut batch.tensors {
            let place = self.checker.inputs().position(|(name, used)| used && name == tensor.name);
            if let Some(slot) = place.and_then(|place| values.get_mut(place)) {
                *slot = Some(Values {
                    datatype: element(tensor.datatype),
                    shape: &tensor.shape,
                    data: &mut tensor.data,
                });
            }
        }
        values
    }

    /// Runs the blocks. Once something is wrong, only those still run that the contract
    /// has seen into, since what else is wrong with their records costs little to find.
    fn go_on(
        &self,
        batch: &mut Batch,
        opened: Vec<Option<Opened>>,
        blind: bool,
        faults: &mut Faults,
    ) -> Result<(), Error> {
        let unreadable = opened.iter().flatten().any(|opened| !opened.faults.are_none());
        let any = opened.iter().any(Option::is_some);
        for (step, opened) in self.before.iter().zip(opened) {
            let found = match (opened, step.block.reads()) {
                // Which of their values are settled is not known.
                (Some(opened), _) if blind => Ok(opened.faults),
                (Some(opened), Some(reads)) => reads.write(opened, batch),
                _ if unreadable || !faults.are_none() => continue,
                _ => step.block.run(batch).map(|()| Faults::default()),
            };
            match found {
                Ok(found) => faults.append(found),
                Err(Error::Invalid(refused)) => faults.extend(refused),
                Err(error) => return Err(error),
            }
        }
        if any {
            faults.sort_by_field();
        }
        Ok(())
    }
}

fn violation(found: outpost_contract::Violation) -> Violation {
    let outpost_contract::Violation { field, row, code: kind, message } = found;
    Violation { field, row, code: code(kind), message }
}

/// A contract's code, as it goes over the wire.
pub(crate) fn code(code: Code) -> ViolationCode {
    match code {
        Code::Missing => ViolationCode::Missing,
        Code::WrongDatatype => ViolationCode::WrongDatatype,
        Code::WrongShape => ViolationCode::WrongShape,
        Code::WrongSize => ViolationCode::WrongSize,
        Code::OutOfRange => ViolationCode::OutOfRange,
        Code::InvalidText => ViolationCode::InvalidText,
        Code::Null => ViolationCode::Null,
        Code::NullRate => ViolationCode::NullRate,
        Code::UnknownCategory => ViolationCode::UnknownCategory,
        Code::WrongLength => ViolationCode::WrongLength,
        Code::Stale => ViolationCode::Stale,
        Code::Malformed => ViolationCode::Malformed,
        Code::TooLarge => ViolationCode::TooLarge,
    }
}

/// A datatype, as the contract calls it.
pub(crate) fn element(datatype: Datatype) -> Element {
    match datatype {
        Datatype::Bool => Element::Bool,
        Datatype::Uint8 => Element::Uint8,
        Datatype::Uint16 => Element::Uint16,
        Datatype::Uint32 => Element::Uint32,
        Datatype::Uint64 => Element::Uint64,
        Datatype::Int8 => Element::Int8,
        Datatype::Int16 => Element::Int16,
        Datatype::Int32 => Element::Int32,
        Datatype::Int64 => Element::Int64,
        Datatype::Fp16 => Element::Fp16,
        Datatype::Fp32 => Element::Fp32,
        Datatype::Fp64 => Element::Fp64,
        Datatype::Bytes => Element::Bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::contract;
    use crate::{Batch, strings};
    use outpost_guest::{Datatype, Error, Tensor, TensorSpec, ViolationCode};
    use serde_json::json;

    fn specs() -> Vec<TensorSpec> {
        let spec = |name: &str, datatype, shape| TensorSpec { name: name.into(), datatype, shape };
        vec![
            spec("x", Datatype::Fp32, vec![-1, 2]),
            spec("island", Datatype::Bytes, vec![-1]),
            spec("free", Datatype::Fp32, vec![-1]),
        ]
    }

    fn columns() -> Vec<(String, Vec<String>)> {
        vec![("x".into(), vec!["age".into(), "mass".into()])]
    }

    fn batch(numbers: &[f32], islands: &[&str]) -> Batch {
        let data = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let shape = vec![numbers.len() as u64 / 2, 2];
        let islands =
            strings::tensor("island", vec![islands.len() as u64], islands.iter().copied());
        let x = Tensor { name: "x".into(), datatype: Datatype::Fp32, shape, data };
        Batch { tensors: vec![islands, x], ..Batch::default() }
    }

    #[test]
    fn each_policy_does_what_it_says() {
        let stated = json!({"policy": "flag", "fields": [
            {"name": "age", "type": "number", "min": 0, "max": 120, "policy": "impute",
             "default": 38},
            {"name": "mass", "type": "number", "min": 1, "policy": "abstain"},
            {"name": "island", "type": "category", "categories": ["Dream", "Biscoe"]},
        ]});
        let block = contract(stated, &columns(), &specs(), vec![]).unwrap();
        let mut batch = batch(&[130.0, 2.0, 20.0, 0.5], &["Dream", "Elba"]);
        block.run(&mut batch).unwrap();
        let flags: Vec<String> = batch
            .flags
            .iter()
            .map(|flag| format!("{} {:?} {}", flag.field, flag.row, flag.message))
            .collect();
        assert_eq!(
            flags,
            [
                "age Some(0) outside of 0 to 120",
                "mass Some(1) less than 1",
                "island Some(1) none of \"Dream\", \"Biscoe\"",
            ]
        );
        assert_eq!(batch.abstained.iter().collect::<Vec<_>>(), [&1]);
        let x = batch.take("x").unwrap();
        assert_eq!(x.data[..4], 38_f32.to_le_bytes());
        assert_eq!(x.data[12..], 0.5_f32.to_le_bytes());
    }

    #[test]
    fn a_refusal_tells_all() {
        let stated = json!({"fields": [
            {"name": "age", "type": "number", "max": 120},
            {"name": "island", "type": "category", "categories": ["Dream"]},
        ]});
        let block = contract(stated, &columns(), &specs(), vec![]).unwrap();
        let mut bad = batch(&[f32::NAN, 0.0, 130.0, 0.0], &["Dream", ""]);
        let Err(Error::Invalid(violations)) = block.run(&mut bad) else { panic!("is taken") };
        let codes: Vec<_> = violations.iter().map(|found| (found.row, found.code)).collect();
        assert_eq!(
            codes,
            [
                (Some(0), ViolationCode::Null),
                (Some(1), ViolationCode::OutOfRange),
                (Some(1), ViolationCode::Null),
            ]
        );
        let mut missing = Batch::default();
        let Err(Error::Invalid(violations)) = block.run(&mut missing) else { panic!("is taken") };
        assert!(violations.iter().all(|found| found.code == ViolationCode::Missing));
        assert_eq!(violations.len(), 2);
    }

    #[test]
    fn what_is_wrong_with_it_is_told_at_once() {
        let stated = json!({"fields": [
            {"name": "age", "type": "text"},
            {"name": "size", "type": "number", "min": 2, "max": 1},
        ]});
        let columns = [columns(), vec![("y".into(), vec!["z".into()])]].concat();
        let Err(fault) = contract(stated, &columns, &specs(), vec![]) else { panic!("is taken") };
        for part in [
            "`columns` are those of `y`, which is no input",
            "field `age`: FP32 cannot be a text",
            "field `size`: `min` is more than `max`",
            "field `size`: there is no input or column of this name",
        ] {
            assert!(fault.contains(part), "{part}: {fault}");
        }
        let unknown = json!({"fields": [{"name": "age", "type": "number", "most": 3}]});
        let Err(fault) = contract(unknown, &[], &specs(), vec![]) else { panic!("is taken") };
        assert!(fault.contains("unknown field `most`"), "{fault}");
    }
}

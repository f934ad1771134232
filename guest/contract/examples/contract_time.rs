//! How long a check takes: a request of 30 numbers, and one of a thousand times as many.
//!
//!     cargo run --release -p outpost-contract --example contract_time

use outpost_contract::{Contract, Datatype, Field, Input, Kind, Values};
use std::hint::black_box;
use std::time::{Duration, Instant};

const COLUMNS: usize = 30;

fn main() -> Result<(), String> {
    let columns: Vec<String> = (0..COLUMNS).map(|place| format!("column {place}")).collect();
    let field = |name: &String| {
        let mut field = Field::new(name, Kind::Number);
        (field.min, field.max) = (Some(-1.0), Some(1.0));
        field
    };
    let contract = Contract { fields: columns.iter().map(field).collect(), ..Contract::default() };
    for datatype in [Datatype::Fp32, Datatype::Fp64, Datatype::Int64] {
        let input = Input { name: "x", datatype, shape: &[-1, COLUMNS as i64], columns: &columns };
        let checker = contract.compile(&[input]).map_err(|faults| faults.join("\n"))?;
        for rows in [1, 1_000] {
            let size = if datatype == Datatype::Fp32 { 4 } else { 8 };
            let mut data = vec![0; rows * COLUMNS * size];
            let shape = [rows as u64, COLUMNS as u64];
            let turns = 20_000 / rows;
            // The best of many rounds: the machine does other things as well.
            let mut best = Duration::MAX;
            for _ in 0..100 {
                let start = Instant::now();
                for _ in 0..turns {
                    let values = Values { datatype, shape: &shape, data: black_box(&mut data) };
                    let remarks = checker.check(&mut [Some(values)]);
                    black_box(remarks).map_err(|_| "the request is refused")?;
                }
                best = best.min(start.elapsed() / u32::try_from(turns).unwrap_or(u32::MAX));
            }
            println!("{rows} × {COLUMNS} {}: {best:?}", datatype.name());
        }
    }
    Ok(())
}

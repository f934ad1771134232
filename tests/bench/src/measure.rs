//! Fresh instances against warm ones, and the table that everything goes into.

use crate::module::Workshop;
use crate::stopwatch;
use comfy_table::{Table, presets};
use std::hint::black_box;
use std::time::Duration;

pub const DEADLINE: Duration = Duration::from_secs(60);

/// One line of the result.
pub struct Row {
    pub what: String,
    pub measured: String,
    pub yardstick: String,
    pub ratio: String,
    pub bar: String,
}

pub fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_header(["what", "Outpost", "yardstick", "ratio", "bar"]);
    for row in rows {
        table.add_row([&row.what, &row.measured, &row.yardstick, &row.ratio, &row.bar]);
    }
    table
}

/// Seconds, for people.
pub fn seconds(value: f64) -> String {
    match value {
        v if v < 1e-3 => format!("{:.1} µs", v * 1e6),
        v if v < 1.0 => format!("{:.2} ms", v * 1e3),
        v => format!("{v:.2} s"),
    }
}

/// A sandbox of its own for each request, against one that is used again.
pub fn fresh_and_warm(workshop: &Workshop, name: &str, bar: &str) -> Option<Row> {
    let module = workshop.load(name);
    let inputs = workshop.sample(name);
    let mut warm = module.instantiate().ok()?;
    let (fresh, again) = stopwatch::in_turns(
        || drop(black_box(module.infer(&inputs, DEADLINE).unwrap())),
        || drop(black_box(warm.infer(&inputs, DEADLINE).unwrap())),
    );
    Some(Row {
        what: format!("{name}: fresh instance + inference"),
        measured: seconds(fresh),
        yardstick: format!("{} warm", seconds(again)),
        ratio: format!("{:.2}", fresh / again),
        bar: bar.into(),
    })
}

/// Making an instance, and giving it back.
pub fn instantiation(workshop: &Workshop, name: &str) -> Row {
    let module = workshop.load(name);
    let time = stopwatch::alone(|| drop(black_box(module.instantiate().unwrap())));
    Row {
        what: format!("{name}: instantiation alone"),
        measured: seconds(time),
        yardstick: String::new(),
        ratio: String::new(),
        bar: "≤ 10 µs".into(),
    }
}

//! `outpost contract`: guesses the data contract of a manifest from a table, so that
//! nobody has to write it by hand.

use crate::cli::ContractCommand;
use crate::failure::Failure;
use crate::{paths, progress};
use outpost_contract::Profile;
use std::collections::BTreeSet;
use std::io::{Read, Write};

pub fn main(command: &ContractCommand) -> Result<(), Failure> {
    let ContractCommand::Infer { data, output } = command;
    let (input, size) = paths::open(data)?;
    let bar = progress::bytes(size);
    let profile = profile(bar.wrap_read(input)).map_err(|failure| failure.within(data))?;
    bar.finish_and_clear();
    let text = profile.to_toml();
    match output {
        Some(path) => paths::write(path, text.as_bytes()),
        None => std::io::stdout()
            .write_all(text.as_bytes())
            .map_err(|error| Failure::new(format!("standard output: {error}"))),
    }
}

fn profile(input: impl Read) -> Result<Profile, Failure> {
    // Rows that do not fit the header are counted, not refused.
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(input);
    let unreadable = |error: csv::Error| Failure::new(format!("the table cannot be read: {error}"));
    let header = reader.headers().map_err(unreadable)?.clone();
    if header.is_empty() {
        return Err(Failure::new("the table is empty: it needs a header and rows"));
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = header.iter().find(|name| !names.insert(name.trim())) {
        return Err(Failure::new(format!("the table has the column {} twice", twice.trim())));
    }
    let mut profile = Profile::new(header.iter().map(str::trim));
    for record in reader.records() {
        profile.push(record.map_err(unreadable)?.iter());
    }
    if profile.rows() == 0 {
        return Err(Failure::new("the table has a header, but no rows to guess from"));
    }
    Ok(profile)
}

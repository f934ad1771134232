//! `outpost inspect`: what a module is, without running it.

use crate::cli::InspectOptions;
use crate::failure::Failure;
use crate::paths;
use comfy_table::{Table, presets};
use outpost_contract::{Contract, Value};
use outpost_package::{Grant, Grants, IoSpec, Manifest, by_grant};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::Write as _;

#[derive(Serialize)]
struct Report<'a> {
    name: &'a str,
    version: &'a str,
    digest: String,
    size: usize,
    imports: &'a [String],
    /// The grants that it needs.
    grants: Vec<&'static str>,
    /// Those of its imports that nothing permits.
    never_granted: Vec<&'a str>,
    reference_cases: usize,
    manifest: &'a Manifest,
}

pub fn main(options: &InspectOptions) -> Result<(), Failure> {
    let module = paths::read_file(&options.module)?;
    let manifest = module.manifest();
    let report = Report {
        name: &manifest.name,
        version: &manifest.version,
        digest: module.digest().to_string(),
        size: module.bytes().len(),
        imports: module.imports(),
        grants: Grants::needed_for(module.imports()).iter().map(Grant::name).collect(),
        never_granted: (module.imports().iter())
            .filter(|import| Grant::for_import(import).is_none())
            .map(String::as_str)
            .collect(),
        reference_cases: match module.references() {
            Some(json) => crate::reference::parse(json).map_or(0, |cases| cases.len()),
            None => 0,
        },
        manifest,
    };
    let text = if options.json {
        serde_json::to_string_pretty(&report).map_err(|error| Failure::new(error.to_string()))?
            + "\n"
    } else {
        report.for_people()
    };
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::new(format!("standard output: {error}")))
}

impl Report<'_> {
    fn for_people(&self) -> String {
        let Manifest { description, license, inputs, outputs, limits, .. } = self.manifest;
        let mut text = format!("{} {}\n", self.name, self.version);
        if !description.is_empty() {
            let _ = writeln!(text, "{description}");
        }
        let imports = match self.imports {
            [] => "none: it can reach nothing outside of itself".into(),
            imports => listed(imports),
        };
        let mut facts = Table::new();
        facts.load_preset(presets::NOTHING);
        facts.add_row(["digest", &self.digest]);
        facts.add_row(["size", &indicatif::HumanBytes(self.size as u64).to_string()]);
        facts.add_row(["license", license.as_deref().unwrap_or("not stated")]);
        facts.add_row(["imports", &imports]);
        if !self.grants.is_empty() {
            facts.add_row(["needs", &format!("--grant {}", self.grants.join(","))]);
        }
        facts.add_row([
            "limits",
            &format!(
                "{} MiB of memory, {} ms, requests of {} MiB",
                limits.memory_mib, limits.deadline_ms, limits.body_mib
            ),
        ]);
        facts.add_row(["references", &format!("{} cases", self.reference_cases)]);
        let _ =
            writeln!(text, "{facts}\n\n{}\n\n{}", specs("input", inputs), specs("output", outputs));
        for (what, blocks) in [("before", &self.manifest.before), ("after", &self.manifest.after)] {
            let names: Vec<_> =
                blocks.iter().filter_map(|block| block.get("block")?.as_str()).collect();
            if !names.is_empty() {
                let _ = writeln!(text, "\n{what} the model: {}", names.join(", "));
            }
        }
        if let Some(contract) = &self.manifest.contract {
            let _ = writeln!(text, "\n{}", rules(contract));
        }
        text
    }
}

/// A paragraph for each grant, and one for what nothing permits.
fn listed(imports: &[String]) -> String {
    let paragraphs = by_grant(imports).map(|(grant, imports)| {
        let lines: Vec<String> = imports.chunks(3).map(|line| line.join(" ")).collect();
        format!("{}: {}", grant.map_or("never granted", Grant::name), lines.join("\n  "))
    });
    paragraphs.collect::<Vec<_>>().join("\n")
}

fn specs(what: &str, specs: &[IoSpec]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header([what, "datatype", "shape", "about"]);
    for spec in specs {
        let shape = spec.shape.as_ref().map(|shape| format!("{shape:?}")).unwrap_or_default();
        let mut about = spec.description.clone().unwrap_or_default();
        if !spec.labels.is_empty() {
            let _ = write!(
                about,
                "{}labels: {}",
                if about.is_empty() { "" } else { "; " },
                spec.labels.join(", ")
            );
        }
        table.add_row([&spec.name, spec.datatype.as_deref().unwrap_or_default(), &shape, &about]);
    }
    table
}

/// A contract, a field a line.
fn rules(contract: &Contract) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header(["field", "type", "rules", "if broken"]);
    for field in &contract.fields {
        let mut rules = Vec::new();
        if !field.required {
            rules.push("may be left out".to_string());
        }
        if field.nullable {
            rules.push("may be missing".into());
        }
        if let Some(rate) = field.max_null_rate {
            rules.push(format!("at most {} % missing", rate * 100.0));
        }
        for (what, bound) in [("at least", field.min), ("at most", field.max)] {
            if let Some(bound) = bound {
                let unit = field.unit.as_deref().map(|unit| format!(" {unit}")).unwrap_or_default();
                rules.push(format!("{what} {bound}{unit}"));
            }
        }
        let counts = [
            ("at least", field.min_length, "characters"),
            ("at most", field.max_length, "characters"),
            ("at most", field.max_width, "pixels wide"),
            ("at most", field.max_height, "pixels high"),
            ("at most", field.max_pixels, "pixels"),
        ];
        for (what, count, unit) in counts {
            if let Some(count) = count {
                rules.push(format!("{what} {count} {unit}"));
            }
        }
        if let Some(categories) = &field.categories {
            rules.push(match categories.len() {
                few @ ..=8 => {
                    let names: Vec<_> = categories.iter().take(few).map(value).collect();
                    format!("one of {}", names.join(", "))
                }
                many => format!("one of {many} categories"),
            });
        }
        if let (Some(age), Some(to)) = (&field.max_age, &field.relative_to) {
            rules.push(format!("at most {age} before {to}"));
        }
        let policy = format!("{:?}", field.policy(contract)).to_lowercase();
        let nulls = format!("{:?}", field.null_policy(contract)).to_lowercase();
        let broken = if policy == nulls { policy } else { format!("{policy}; if missing {nulls}") };
        table.add_row([&field.name, &field.kind.to_string(), &rules.join("; "), &broken]);
    }
    table
}

fn value(value: &Value) -> String {
    match value {
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::Text(value) => value.clone(),
    }
}

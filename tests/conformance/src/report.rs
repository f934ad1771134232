//! The table: a line an operator, and a line each test that does not pass.

use crate::Outcome;
use crate::case::Verdict;
use std::collections::BTreeMap;
use std::fmt::Write;

#[derive(Default)]
struct Count {
    passed: usize,
    failed: usize,
    skipped: usize,
    native: usize,
}

impl Count {
    fn add(&mut self, outcome: &Outcome) {
        match outcome.ours {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed(_) => self.failed += 1,
            Verdict::Skipped(_) => self.skipped += 1,
        }
        self.native += usize::from(matches!(outcome.native, Verdict::Passed));
    }
}

fn count<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Count {
    let mut count = Count::default();
    outcomes.into_iter().for_each(|outcome| count.add(outcome));
    count
}

/// One line.
pub fn summary(outcomes: &[Outcome]) -> String {
    let Count { passed, failed, skipped, native } = count(outcomes);
    let run = passed + failed;
    let share = 100.0 * passed as f64 / run.max(1) as f64;
    format!(
        "{passed} of {run} tests pass ({share:.1} %), {skipped} more need types that no request \
         can carry; native tract passes {native}"
    )
}

/// The whole file.
pub fn table(outcomes: &[Outcome]) -> String {
    let mut text = format!(
        "# ONNX node tests\n\n\
         Made by `tests/conformance/run`: the node tests that the `onnx` package generates, each built \
         into a module and run in the sandbox. The last column is tract 0.23.9 alone, compiled for the \
         machine and told every shape beforehand.\n\n**{}.**\n\n\
         | operator | passed | failed | skipped | native tract |\n| --- | --- | --- | --- | --- |\n",
        summary(outcomes)
    );
    let mut operators: BTreeMap<&str, Count> = BTreeMap::new();
    for outcome in outcomes {
        operators.entry(&outcome.case.operator).or_default().add(outcome);
    }
    for (operator, Count { passed, failed, skipped, native }) in operators {
        let _ = writeln!(text, "| {operator} | {passed} | {failed} | {skipped} | {native} |");
    }
    let sections: [(&str, fn(&Outcome) -> Option<&str>); 3] = [
        ("Failed", |outcome| match &outcome.ours {
            Verdict::Failed(why) => Some(why),
            _ => None,
        }),
        ("Skipped", |outcome| match &outcome.ours {
            Verdict::Skipped(why) => Some(why),
            _ => None,
        }),
        ("Failed, though native tract passes", |outcome| match (&outcome.ours, &outcome.native) {
            (Verdict::Failed(why), Verdict::Passed) => Some(why),
            _ => None,
        }),
    ];
    for (title, reason) in sections {
        let _ = write!(text, "\n## {title}\n\n");
        let mut any = false;
        for outcome in outcomes {
            if let Some(why) = reason(outcome) {
                any = true;
                let why: String = why.replace(['\n', '|', '`'], " ").chars().take(200).collect();
                let _ = writeln!(text, "- {}: {why}", outcome.case.name);
            }
        }
        if !any {
            text += "None.\n";
        }
    }
    text
}

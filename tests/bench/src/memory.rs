//! Resident memory of eight instances of a large model that have all run,
//! against one. Each count is measured in a process of its own. It is the
//! proportional set size that counts: the resident set size would count a page
//! of weights once for each instance that it is mapped into.

use crate::generate;
use crate::measure::{DEADLINE, Row};
use crate::module::Workshop;
use outpost_core::{Datatype, Tensor};
use outpost_package::{Trust, VerifiedModule};
use outpost_sandbox::{Cache, Sandbox, SandboxOptions};
use std::path::Path;
use std::process::Command;

const CHILD: &str = "--resident-memory-of";

/// How many instances a child process shall hold.
pub fn is_child(arguments: &[String]) -> Option<usize> {
    match arguments {
        [flag, count, ..] if flag == CHILD => count.parse().ok(),
        _ => None,
    }
}

pub fn row(workshop: &Workshop) -> Row {
    let module = workshop.module("wide");
    workshop.load("wide");
    let resident = |count: usize| -> f64 {
        let output = Command::new(std::env::current_exe().unwrap())
            .args([CHILD, &count.to_string()])
            .arg(&module)
            .arg(workshop.path().join("cache"))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.trim()
            .parse()
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    };
    let (one, eight) = (resident(1), resident(8));
    Row {
        what: "8 running instances of a 100 MB model".into(),
        measured: format!("{:.0} MiB resident", eight / 1024.0),
        yardstick: format!("{:.0} MiB for one", one / 1024.0),
        ratio: format!("{:.2}", eight / one),
        bar: "≤ 1.3 ×".into(),
    }
}

/// Prints the KiB of memory that the process takes while `count` instances are alive.
pub fn child(count: usize, arguments: &[String]) {
    let cache = Cache::open(Path::new(&arguments[3])).unwrap();
    let options = SandboxOptions { max_instances: 16, ..SandboxOptions::default() };
    let sandbox = Sandbox::new(options, Some(cache)).unwrap();
    let module = {
        let bytes = std::fs::read(&arguments[2]).unwrap();
        let module = VerifiedModule::verify(bytes, Trust::Unsigned).unwrap();
        sandbox.load(&module, module.manifest().limits).unwrap()
    };
    let shape = generate::image_shape("wide");
    let data = vec![0; 4 * shape.iter().product::<u64>() as usize];
    let image = [Tensor { name: "image".into(), datatype: Datatype::Fp32, shape, data }];
    let instances: Vec<_> = (0..count)
        .map(|_| {
            let mut instance = module.instantiate().unwrap();
            instance.infer(&image, DEADLINE).unwrap();
            instance
        })
        .collect();
    let maps = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let resident = maps.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
    println!("{}", resident.trim().trim_end_matches(" kB"));
    drop(instances);
}

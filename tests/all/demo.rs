//! The first thing that anybody tries.

use crate::support::{modules, outpost};

#[test]
fn the_demo_builds_serves_and_asks() {
    modules::warm_up();
    let text = outpost(["demo", "--once", "--listen", "127.0.0.1:0"]).run().success();
    for model in ["breast-cancer", "diabetes", "digits"] {
        assert!(text.contains(&format!("── {model}: ")), "{text}");
        assert!(text.contains(&format!("/v2/models/{model}/infer -d '{{\"inputs\"")), "{text}");
    }
    for word in ["label: malignant", "progression: ", "██"] {
        assert!(text.contains(word), "`{word}` is missing: {text}");
    }
    assert_eq!(text.matches("question  ").count(), 3);
    assert_eq!(text.matches("answer    ").count(), 3);
}

#[test]
fn a_port_that_is_taken_is_told_before_the_long_work() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let outcome = outpost(["demo", "--once", "--listen", &address]).run();
    assert_eq!(outcome.stdout, "");
    outcome.failure(1, &[&address, "another program holds the port"]);
}

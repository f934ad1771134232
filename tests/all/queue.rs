//! Back-pressure: what does not fit is refused at once and says when to come
//! back; what is accepted is answered.

use crate::support::server::{infer_path, vector};
use crate::support::{Server, guests, modules};
use serde_json::json;

fn serve(limits: &str, config: &str) -> Server {
    let works = modules::guest_with(guests::WORKS, limits);
    let directory = modules::directory_of(&[works, modules::guest(guests::TWICE)]);
    Server::configured(directory.path(), config)
}

#[test]
fn a_burst_is_refused_in_part_and_answered_for_the_rest() {
    let server = serve("deadline_ms = 60000", "threads = 1\n[run]\nqueue = 1\n");
    let responses: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> =
            (0..16).map(|_| scope.spawn(|| server.ask("works", &[200.0]))).collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (answered, refused): (Vec<_>, Vec<_>) =
        responses.into_iter().partition(|response| response.status == 200);
    for response in &answered {
        assert_eq!(response.ok()["outputs"][0]["data"], json!([200.0]));
    }
    for response in &refused {
        response.refusal(429, &["try again"]);
        let wait = response.header("retry-after").unwrap();
        assert!(wait.parse::<u32>().unwrap() >= 1);
    }
    assert!(!answered.is_empty() && !refused.is_empty());
    server.assert_neighbour_answers();
}

/// What waits longer than its deadline is not run any more.
#[test]
fn the_deadline_counts_waiting() {
    let server = serve("deadline_ms = 300", "threads = 1\n[run]\nqueue = 64\n");
    let told: Vec<String> = std::thread::scope(|scope| {
        let ask = || server.ask("works", &[1e6]).refusal(504, &["deadline"]).to_string();
        let asked: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(told.iter().any(|body| body.contains("waiting")), "{told:?}");
    server.assert_neighbour_answers();
}

/// Clients that left do not cost the ones that stay.
#[test]
fn clients_that_are_gone_are_not_worked_for() {
    let server = serve("deadline_ms = 60000", "threads = 1\n[run]\nqueue = 64\n");
    for _ in 0..20 {
        let mut connection = server.connect();
        let head = format!("POST {} HTTP/1.1", infer_path("works"));
        connection.request(&head, vector(&[100.0]).to_string()).unwrap();
    }
    server.assert_neighbour_answers();
}

/// More requests at once than instances may exist: they wait for threads, so
/// that none of them runs out of instances.
#[test]
fn many_requests_at_once_are_all_answered() {
    let server = serve("deadline_ms = 60000", "threads = 3\n[run]\nqueue = 1000\n");
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    server.ask("works", &[1.0]).ok();
                    server.assert_neighbour_answers();
                }
            });
        }
    });
}

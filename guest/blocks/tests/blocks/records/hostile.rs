//! Records that nobody means.

use super::{block, good, places, records};
use crate::cases::{elements, refused, run};
use crate::random::Random;
use outpost_guest::Error;
use outpost_guest::ViolationCode::Malformed;

pub(super) const LINES: [&str; 5] = [
    r#"{"age": 30, "visits": 1, "smoker": true, "sex": "male", "joined": "2024-02-29"}"#,
    r#"{"age": -1e5, "visits": 1, "smoker": false, "sex": "female", "joined": "2024-02-29"}"#,
    "30,1,true,male,2024-02-29T12:00:00.5+01:00,1",
    "\"30\",1,false,\"female\",2024-02-29,\r\n",
    "2024-02-29T12:00:00.5+01:00",
];

const PIECES: [&[u8]; 12] =
    [b"\"", b",", b"{", b"}", b"\\", b"\xFF", b"\n", b"null", b"9", b"\0", b"-", b"\xED\xA0"];

/// Records with a few bytes of them changed.
pub(super) struct Mangled(Random);

impl Mangled {
    pub fn new(seed: u64) -> Self {
        Mangled(Random(seed))
    }

    pub fn line(&mut self) -> Vec<u8> {
        let random = &mut self.0;
        let mut line = LINES[random.next(LINES.len())].as_bytes().to_vec();
        for _ in 0..random.next(3) {
            let at = random.next(line.len() + 1);
            match random.next(4) {
                0 => line.truncate(at),
                1 if at < line.len() => line[at] = random.next(256) as u8,
                2 if at < line.len() => {
                    line.remove(at);
                }
                _ => {
                    let piece = PIECES[random.next(PIECES.len())];
                    line.splice(at..at, piece.iter().copied());
                }
            }
        }
        line
    }
}

#[test]
fn any_bytes() {
    let mut mangled = Mangled::new(5);
    let mut random = Random(6);
    let (mut answered, mut refused) = (0, 0);
    for format in ["json", "csv", "columns"] {
        let block = block(format);
        for _ in 0..20_000 {
            let line = mangled.line();
            let tensors = if format == "columns" {
                let mut tensors = good();
                let which = random.next(tensors.len());
                let data = &mut tensors[which].data;
                match random.next(3) {
                    0 => *data = line,
                    1 => data.truncate(random.next(data.len() + 1)),
                    _ => {
                        let at = random.next(data.len());
                        data[at] = random.next(256) as u8;
                    }
                }
                tensors
            } else {
                vec![elements("records", &[&line])]
            };
            match run(&*block, tensors) {
                Ok(batch) => {
                    let [tensor] = &batch.tensors[..] else { panic!("{batch:?}") };
                    assert_eq!(tensor.data.len() as u64, tensor.shape[0] * 7 * 4);
                    answered += 1;
                }
                Err(Error::Invalid(violations)) => {
                    assert!(!violations.is_empty() && violations.len() <= 1_001);
                    refused += 1;
                }
                Err(error) => panic!("{error:?}"),
            }
        }
    }
    assert!(answered > 5_000 && refused > 5_000, "{answered} were answered, {refused} refused");
}

#[test]
fn deep_json_takes_no_stack() {
    let deep = format!("{{\"age\": {}", "[".repeat(1 << 20));
    assert_eq!(
        places(&refused(&*block("json"), records(&[&deep]))),
        [(Some(0), "records", Malformed)]
    );
}

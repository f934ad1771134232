//! Sounds that are none, damaged, too long or of another length: a violation with its
//! row for each, all at once. And what a manifest says that cannot be.

use crate::cases::{before_of, codes, elements, file, numbers, refused, run, spec};
use outpost_blocks::Block;
use outpost_guest::TensorSpec;
use outpost_guest::ViolationCode::{
    Malformed, Missing, TooLarge, WrongLength, WrongShape, WrongSize,
};
use serde_json::{Value, json};
use std::time::Instant;

fn stated(more: Value) -> Value {
    let mut stated = json!({"block": "sound", "rate": 16000});
    stated.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    stated
}

fn block(shape: &[i64], more: Value) -> Box<dyn Block> {
    before_of(stated(more), &[spec("x", "FP32", shape)]).unwrap().0
}

/// A file of these chunks.
fn riff(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVE".to_vec();
    for (name, data) in chunks {
        file.extend(*name);
        file.extend((data.len() as u32).to_le_bytes());
        file.extend(*data);
        file.resize(file.len().next_multiple_of(2), 0);
    }
    file
}

fn format(kind: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
    let align = channels.wrapping_mul(bits / 8);
    let mut chunk = [kind.to_le_bytes(), channels.to_le_bytes()].concat();
    chunk.extend(rate.to_le_bytes());
    chunk.extend((rate * u32::from(align)).to_le_bytes());
    chunk.extend([align.to_le_bytes(), bits.to_le_bytes()].concat());
    chunk
}

fn wav(kind: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    riff(&[(b"fmt ", &format(kind, channels, rate, bits)), (b"data", data)])
}

#[test]
fn all_that_is_wrong_with_a_batch() {
    let good = wav(1, 1, 16_000, 16, &[0, 64, 0, 192]);
    let usual = format(1, 1, 16_000, 16);
    let mut uneven = usual.clone();
    uneven[12] = 3;
    let long = wav(1, 1, 1000, 8, &vec![128; 60_001]);
    let bad: [(&str, Vec<u8>); 16] = [
        ("nothing", vec![]),
        ("no sound", b"SECRET that is no sound".to_vec()),
        ("another RIFF", b"RIFF\0\0\0\0AVI LIST".to_vec()),
        ("no chunks", riff(&[])),
        ("no samples", riff(&[(b"fmt ", &usual)])),
        ("no format", riff(&[(b"data", &[0, 0])])),
        ("an empty format", riff(&[(b"fmt ", b""), (b"data", &[0, 0])])),
        ("a format that contradicts itself", riff(&[(b"fmt ", &uneven), (b"data", &[0, 0])])),
        ("no bytes", wav(1, 1, 16_000, 16, b"")),
        ("half a sample", wav(1, 1, 16_000, 16, &[0])),
        ("compressed", wav(2, 1, 16_000, 4, &[0; 8])),
        ("no channels", wav(1, 0, 16_000, 16, &[0; 8])),
        ("a rate of 0", wav(1, 1, 0, 16, &[0; 8])),
        ("a rate of radio", wav(1, 1, 2_000_000, 16, &[0; 8])),
        ("a NaN", wav(3, 1, 16_000, 32, &f32::NAN.to_le_bytes())),
        ("cut off", good[..good.len() - 1].to_vec()),
    ];
    let mut all: Vec<&[u8]> = bad.iter().map(|(_, file)| file.as_slice()).collect();
    all.insert(0, &good);
    all.push(&long);
    let violations = refused(&*block(&[-1, 2], json!({})), vec![elements("sound", &all)]);
    assert_eq!(violations.len(), 17, "{violations:?}");
    for (violation, row) in violations.iter().zip(1..) {
        let code = if row == 17 { TooLarge } else { Malformed };
        assert_eq!((violation.row, violation.code), (Some(row), code), "{violation:?}");
        assert_eq!(violation.field, "sound");
        assert!(!violation.message.contains("SECRET"));
    }
    let mut batch = run(&*block(&[-1, 2], json!({})), vec![elements("sound", &[&good])]).unwrap();
    assert_eq!(numbers(&batch.take("x").unwrap()), [0.5, -0.5]);
}

#[test]
fn chunks_that_are_of_no_interest() {
    let odd = riff(&[
        (b"LIST", b"odd"),
        (b"fmt ", &format(1, 1, 16_000, 8)),
        (b"fact", b""),
        (b"data", &[0, 255, 128]),
        (b"LIST", b"SECRET"),
    ]);
    let mut batch = run(&*block(&[-1, -1], json!({})), vec![elements("sound", &[&odd])]).unwrap();
    assert_eq!(numbers(&batch.take("x").unwrap()), [-1.0, 0.9921875, 0.0]);
}

#[test]
fn sounds_of_different_lengths() {
    let (one, two) = (wav(1, 1, 16_000, 8, &[0; 100]), wav(1, 1, 8000, 8, &[0; 100]));
    let open = block(&[-1, -1], json!({}));
    let violations = refused(&*open, vec![elements("sound", &[&one, &two, b"", &one, &two])]);
    assert_eq!(
        codes(&violations),
        [(Some(1), WrongShape), (Some(2), Malformed), (Some(4), WrongShape)]
    );
    assert!(violations[0].message.contains("200 samples, but the first one 100"));
    let fixed = block(&[-1, -1], json!({"samples": 150}));
    let batch = run(&*fixed, vec![elements("sound", &[&one, &two])]).unwrap();
    assert_eq!(batch.tensors[0].shape, [2, 150]);
}

#[test]
fn too_short_for_a_frame() {
    let mel = |more: Value| {
        let mut mel = json!({"fft": 64, "hop": 16, "bands": 4});
        mel.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        block(&[-1, 4, -1], json!({"mel": mel}))
    };
    let of = |samples: usize| elements("sound", &[&wav(1, 1, 16_000, 8, &vec![9; samples])]);
    let shape = |block: &dyn Block, samples| {
        run(block, vec![of(samples)]).unwrap().tensors[0].shape.clone()
    };
    let apart = mel(json!({"centre": false}));
    assert_eq!(codes(&refused(&*apart, vec![of(63)])), [(Some(0), WrongLength)]);
    assert_eq!(shape(&*apart, 64), [1, 4, 1]);
    let reflected = mel(json!({"pad": "reflect"}));
    assert_eq!(codes(&refused(&*reflected, vec![of(32)])), [(Some(0), WrongLength)]);
    assert_eq!(shape(&*reflected, 33), [1, 4, 3]);
    assert_eq!(shape(&*mel(json!({})), 1), [1, 4, 1]);
}

#[test]
fn an_empty_batch_is_empty() {
    let shape = |block: &dyn Block| {
        run(block, vec![elements("sound", &[])]).unwrap().tensors[0].shape.clone()
    };
    assert_eq!(shape(&*block(&[-1, -1], json!({}))), [0, 0]);
    assert_eq!(shape(&*block(&[-1, 9], json!({}))), [0, 9]);
    let mel = json!({"fft": 64, "hop": 16, "bands": 4});
    assert_eq!(shape(&*block(&[-1, 4, -1], json!({"mel": mel, "samples": 160}))), [0, 4, 11]);
    let last = json!({"mel": mel, "samples": 160, "layout": "bands_last"});
    assert_eq!(shape(&*block(&[-1, 1, -1, 4], last)), [0, 1, 11, 4]);
}

#[test]
fn a_batch_that_would_fill_the_memory() {
    let tick = wav(1, 1, 16_000, 8, &[0]);
    let long = block(&[-1, -1], json!({"samples": 16_000_000}));
    let violations = refused(&*long, vec![elements("sound", &[&tick[..]; 5])]);
    assert_eq!(codes(&violations), [(None, TooLarge)]);
    let fine = json!({"fft": 64, "hop": 1, "bands": 128, "log": "none"});
    let long = block(&[-1, 128, -1], json!({"samples": 600_000, "mel": fine}));
    assert_eq!(codes(&refused(&*long, vec![elements("sound", &[&tick])])), [(Some(0), TooLarge)]);
}

#[test]
fn rates_without_a_common_divisor_take_little_time() {
    let noise: Vec<u8> =
        (0..480_000_u32).map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let sound = wav(1, 1, 48_001, 8, &noise);
    let start = Instant::now();
    let batch = run(&*block(&[-1, -1], json!({})), vec![elements("sound", &[&sound])]).unwrap();
    assert_eq!(batch.tensors[0].shape, [1, 159_997]);
    assert!(start.elapsed().as_secs() < 10);
}

#[test]
fn changed_files() {
    let mut state = 1_u64;
    let mut next = |below: usize| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % below
    };
    let usual = block(&[-1, 100], json!({}));
    let (mut read, mut refused) = (0, 0);
    for name in ["pcm8", "stereo16", "pcm24", "pcm32", "float32", "float64", "streamed"] {
        let good = file(&format!("{name}.wav")).unwrap();
        for round in 0..300 {
            let mut changed = good.clone();
            for _ in 0..1 + next(3) {
                let range = if round % 4 == 0 { changed.len() } else { changed.len().min(60) };
                let at = next(range);
                match next(4) {
                    0 => changed.truncate(at + 1),
                    1 => changed[at] = [0, 0xFF, 0x7F, 0x80][next(4)],
                    2 => changed[at] ^= 1 << next(8),
                    _ => changed[at] = next(256) as u8,
                }
            }
            match run(&*usual, vec![elements("sound", &[&changed])]) {
                Ok(_) => read += 1,
                Err(_) => refused += 1,
            }
        }
    }
    assert!(read > 300 && refused > 300, "{read} were read, {refused} refused");
}

#[test]
fn inputs_that_are_not_as_described() {
    let usual = block(&[-1, 9], json!({}));
    assert_eq!(codes(&refused(&*usual, vec![])), [(None, Missing)]);
    let mut torn = elements("sound", &[b"abc"]);
    torn.data.pop();
    assert_eq!(codes(&refused(&*usual, vec![torn])), [(None, WrongSize)]);
}

#[track_caller]
fn wrong(more: Value, inputs: &[TensorSpec], said: &str) {
    let error = before_of(stated(more.clone()), inputs).err().unwrap_or_else(|| panic!("{more}"));
    assert!(error.contains(said), "{error}");
}

#[test]
fn what_a_manifest_cannot_say() {
    let samples = [spec("x", "FP32", &[-1, 160]), spec("k", "INT64", &[1])];
    let frames = [spec("x", "FP32", &[-1, 4, 11])];
    let mel = json!({"fft": 64, "hop": 16, "bands": 4});
    assert!(before_of(stated(json!({})), &samples).is_ok());
    assert!(before_of(stated(json!({"mel": mel, "samples": 160})), &frames).is_ok());
    wrong(json!({"rate": 0}), &samples, "it must be 1000 to 192000");
    wrong(json!({"rate": 16000.5}), &samples, "invalid type");
    wrong(json!({"seconds": 1}), &samples, "unknown field `seconds`");
    wrong(json!({"max_seconds": 0}), &samples, "it must be more than 0, up to 3600");
    wrong(json!({"samples": 0}), &samples, "it must be 1 to 57600000");
    wrong(json!({"samples": 161}), &samples, "the model takes 160 samples; leave `samples` out");
    wrong(
        json!({"output": "y"}),
        &samples,
        "which input is its `output`; there are `x` (FP32 [-1, 160])",
    );
    wrong(json!({"output": "k"}), &samples, "takes no sound");
    wrong(json!({"input": "k"}), &samples, "two tensors `k`");
    wrong(json!({}), &frames, "takes no sound");
    wrong(json!({"mel": mel}), &samples, "takes no sound");
    wrong(json!({"mel": mel}), &frames, "say of how many `samples`");
    wrong(
        json!({"mel": mel, "samples": 159}),
        &frames,
        "159 `samples` are 10 frames, and the model takes 11",
    );
    wrong(
        json!({"mel": mel, "layout": "bands_last"}),
        &frames,
        "`mel.bands` is 4, and `x` (FP32 [-1, 4, 11]) has 11",
    );
    wrong(
        json!({"mel": {"fft": 0, "hop": 0, "bands": 0}}),
        &frames,
        "`mel.fft` is 0; it must be 1 to 32768; `mel.hop` is 0",
    );
    wrong(json!({"mel": {"window": 4096}}), &frames, "`mel.window` is 4096; it must be 1 to 2048");
    wrong(json!({"mel": {"high": 9000}}), &frames, "they must rise, from 0 to 8000");
    wrong(json!({"mel": {"low": 5000, "high": 4000}}), &frames, "they must rise");
    wrong(json!({"mel": {"floor": 0}}), &frames, "`mel.floor` is 0; it must be more than 0");
    wrong(json!({"mel": {"scale": "bark"}}), &frames, "unknown variant");
}

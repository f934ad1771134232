//! Nothing panics, whatever the contract, the inputs and the request, and what is
//! refused is left as it was.

use outpost_contract::{Contract, Datatype, Field, Input, Kind, Policy, Profile, Value, Values};

/// Random enough, and the same each time: SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % most as u64) as usize
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    fn maybe<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        (self.below(2) == 0).then(|| self.of(all))
    }
}

const DATATYPES: [Datatype; 13] = [
    Datatype::Bool,
    Datatype::Uint8,
    Datatype::Uint16,
    Datatype::Uint32,
    Datatype::Uint64,
    Datatype::Int8,
    Datatype::Int16,
    Datatype::Int32,
    Datatype::Int64,
    Datatype::Fp16,
    Datatype::Fp32,
    Datatype::Fp64,
    Datatype::Bytes,
];
const NAMES: [&str; 5] = ["x", "y", "a", "b", "c"];
const KINDS: [Kind; 7] = [
    Kind::Number,
    Kind::Integer,
    Kind::Boolean,
    Kind::Text,
    Kind::Category,
    Kind::Date,
    Kind::Picture,
];
const POLICIES: [Policy; 4] = [Policy::Reject, Policy::Flag, Policy::Impute, Policy::Abstain];
const BOUNDS: [f64; 8] = [0.0, 1.0, -3.5, 1e308, f64::MIN, 1e-320, 127.0, 9.3e18];

fn field(chance: &mut Chance, wild: bool) -> Field {
    let kind = chance.of(&KINDS);
    let mut field = Field::new(chance.of(&NAMES), kind);
    field.nullable = chance.below(2) == 0;
    field.max_null_rate = chance.maybe(&[0.1, 0.5]);
    field.min_rows = field.max_null_rate.and_then(|_| chance.maybe(&[1, 2, u64::MAX]));
    field.policy = chance.maybe(&POLICIES);
    field.null_policy = chance.maybe(&POLICIES);
    if wild || matches!(kind, Kind::Number | Kind::Integer) {
        field.min = chance.maybe(&BOUNDS);
        field.max = chance.maybe(&BOUNDS);
        field.default = chance.maybe(&[Value::Integer(0), Value::Number(1.0)]);
    }
    if wild || kind == Kind::Category {
        let texts = vec![Value::Text("a".into()), Value::Text("ü".into())];
        let numbers = vec![Value::Integer(i64::MIN), Value::Integer(0), Value::Integer(i64::MAX)];
        let categories = chance.of(&[texts, numbers]);
        field.default = Some(categories[1].clone());
        field.categories = Some(categories);
    }
    if wild || kind == Kind::Text {
        field.min_length = chance.maybe(&[0, 1]);
        field.max_length = chance.maybe(&[1, 2, u64::MAX]);
        field.default = Some(Value::Text("b".into()));
    }
    if wild || kind == Kind::Boolean {
        field.default = Some(Value::Boolean(true));
    }
    if wild || kind == Kind::Picture {
        field.max_width = chance.maybe(&[1, 5]);
        field.max_pixels = chance.maybe(&[1, u64::MAX]);
    }
    if wild || kind == Kind::Date {
        field.default = Some(Value::Text("2024-01-01".into()));
        if chance.below(2) == 0 {
            field.max_age = Some(chance.of(&["0s", "24h", "9000000000w", "x"]).into());
            field.relative_to = Some(chance.of(&NAMES).into());
        }
    }
    field
}

fn data(chance: &mut Chance, datatype: Datatype, count: usize) -> Vec<u8> {
    let mut data = Vec::new();
    for _ in 0..count {
        if datatype == Datatype::Bytes {
            let elements: [&[u8]; 9] = [
                b"",
                b"a",
                b"b",
                b"\xFF",
                b"2024-01-01",
                b"-009999-01-02",
                b"9999-12-31T23:59:59Z",
                b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
                b"\xFF\xD8\xFF\xC0\0\x0B\x08\xFF\xFF\xFF\xFF",
            ];
            let element = chance.of(&elements);
            data.extend((element.len() as u32).to_le_bytes());
            data.extend(element);
        } else {
            let size = match datatype {
                Datatype::Bool | Datatype::Uint8 | Datatype::Int8 => 1,
                Datatype::Uint16 | Datatype::Int16 | Datatype::Fp16 => 2,
                Datatype::Uint32 | Datatype::Int32 | Datatype::Fp32 => 4,
                _ => 8,
            };
            let element = match chance.below(4) {
                0 => [0; 8],
                1 => [0xFF; 8],
                2 => [0, 0, 0, 0, 0, 0, 0xF0, 0x7F],
                _ => [0; 8].map(|_: u8| chance.below(256) as u8),
            };
            data.extend(&element[8 - size..]);
        }
    }
    // Now and then it is no tensor.
    match chance.below(20) {
        0 => data.truncate(chance.below(data.len() + 1)),
        1 => data.push(7),
        2 => data.iter_mut().for_each(|byte| *byte = byte.wrapping_add(101)),
        _ => {}
    }
    data
}

#[test]
fn nothing_panics() {
    let mut chance = Chance(1);
    let (mut compiled, mut taken, mut refused) = (0, 0, 0);
    for turn in 0..40_000 {
        let fields = (0..=chance.below(3)).map(|_| field(&mut chance, turn % 20 == 0)).collect();
        let contract = Contract { policy: chance.of(&POLICIES), fields };
        let columns: Vec<String> = NAMES[2..].iter().map(|name| (*name).to_owned()).collect();
        let names: [&[String]; 2] = [&[], &columns];
        let shapes: [&[i64]; 6] = [&[-1, 3], &[-1], &[], &[3], &[-1, -1, 3], &[-1, -1]];
        let inputs = [0, 1].map(|place: usize| Input {
            name: NAMES[place],
            datatype: chance.of(&DATATYPES),
            shape: chance.of(&shapes),
            columns: if place == 0 { chance.of(&names) } else { &[] },
        });
        let Ok(checker) = contract.compile(&inputs) else { continue };
        compiled += 1;
        for _ in 0..4 {
            let mut tensors = inputs.map(|input| {
                let extent = |extent: &i64| match chance.below(30) {
                    0 => chance.of(&[0, 1, u64::MAX, 1 << 32]),
                    _ => u64::try_from(*extent).unwrap_or(3),
                };
                let shape: Vec<u64> = input.shape.iter().map(extent).collect();
                let count = shape.iter().try_fold(1_u64, |all, &extent| all.checked_mul(extent));
                let count = count.filter(|&count| count < 100).unwrap_or(5) as usize;
                let datatype = match chance.below(30) {
                    0 => chance.of(&DATATYPES),
                    _ => input.datatype,
                };
                let data = data(&mut chance, datatype, count);
                (datatype, shape, data)
            });
            let before = tensors.clone();
            let mut values: Vec<Option<Values<'_>>> = tensors
                .iter_mut()
                .map(|(datatype, shape, data)| Values { datatype: *datatype, shape, data })
                .map(Some)
                .collect();
            values.truncate(2 - usize::from(chance.below(50) == 0));
            match checker.check(&mut values) {
                Ok(_) => taken += 1,
                Err(violations) => {
                    refused += 1;
                    assert!(!violations.is_empty());
                    assert!(tensors == before, "a refused request is changed");
                }
            }
        }
    }
    // Else this tests nothing.
    assert!(compiled > 1_000 && taken > 1_000 && refused > 1_000, "{compiled} {taken} {refused}");
}

#[test]
fn nothing_panics_while_guessing() {
    let cells = [
        "",
        "NA",
        "0",
        "1",
        "-0",
        "1e308",
        "-1e308",
        "1e-320",
        "inf",
        "true",
        "FALSE",
        "a",
        "ü",
        "2024-01-01",
        "9223372036854775807",
        "-9223372036854775808",
        "1.5",
        "\0",
        "\"",
        "\n",
    ];
    let mut chance = Chance(2);
    for _ in 0..5_000 {
        let mut profile = Profile::new(["x", "", "x", "\"\n"]);
        let of = chance.below(cells.len() - 2);
        for _ in 0..chance.below(40) {
            let row: Vec<&str> =
                (0..chance.below(6)).map(|_| chance.of(&cells[of..of + 2])).collect();
            profile.push(row.into_iter());
        }
        let contract = profile.contract();
        assert_eq!(contract.faults(), Vec::<String>::new());
        let text = profile.to_toml();
        let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{error}: {text}"));
        let back: Contract = table["contract"].clone().try_into().unwrap();
        assert_eq!(back, contract, "{text}");
    }
}

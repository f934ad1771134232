//! A look at all numbers of an input at once. Nearly always nothing is wrong with any
//! of them, and finding out just that needs no more than a comparison with the
//! bounds of their place, which processors do for many numbers at a time.

use crate::compile::{Compiled, Rule};
use crate::tensor::Datatype;

/// The bounds of each place along the last dimension: of one if all are alike.
#[derive(Clone, Debug)]
pub(crate) enum Quick {
    Single(Bounds<f32>),
    Double(Bounds<f64>),
    Int(Bounds<i32>),
    Long(Bounds<i64>),
}

#[derive(Clone, Debug)]
pub(crate) struct Bounds<N> {
    least: Vec<N>,
    most: Vec<N>,
    /// 1 where a number may be missing, 0 elsewhere.
    nulls: Vec<N>,
    /// Whether there is a 1.
    nullable: bool,
    /// Places where numbers must be whole.
    wholes: Vec<usize>,
}

/// What is asked of a place.
#[derive(Clone, Copy)]
struct Asked<N> {
    least: N,
    most: N,
    whole: bool,
    null: bool,
}

pub(crate) trait Number: Copy + PartialOrd {
    type Bytes: Copy;
    const ZERO: Self;
    const ONE: Self;
    const ALL: (Self, Self);
    fn all(data: &[u8]) -> &[Self::Bytes];
    fn of(bytes: Self::Bytes) -> Self;
    /// Whether it is whole. Of floats that is only found out of those that an i32 has.
    fn is_whole(self) -> bool;
    /// The bounds of a rule, and whether numbers must be whole; none if it has none.
    fn bounds(rule: &Rule) -> Option<(Self, Self, bool)>;
}

macro_rules! floats {
    ($($number:ty),*) => {$(
        impl Number for $number {
            type Bytes = [u8; size_of::<$number>()];
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const ALL: (Self, Self) = (<$number>::NEG_INFINITY, <$number>::INFINITY);

            fn all(data: &[u8]) -> &[Self::Bytes] {
                data.as_chunks().0
            }

            fn of(bytes: Self::Bytes) -> Self {
                <$number>::from_le_bytes(bytes)
            }

            fn is_whole(self) -> bool {
                self as i32 as $number == self
            }

            fn bounds(rule: &Rule) -> Option<(Self, Self, bool)> {
                let &Rule::Float { least, most, whole } = rule else { return None };
                // Finite ones, of this precision: see `compile`. Where a bound is
                // beyond all numbers, the last of them takes its place.
                let finite = |bound: f64| (bound as $number).clamp(<$number>::MIN, <$number>::MAX);
                Some((finite(least), finite(most), whole))
            }
        }
    )*};
}

floats!(f32, f64);

macro_rules! wholes {
    ($($number:ty),*) => {$(
        impl Number for $number {
            type Bytes = [u8; size_of::<$number>()];
            const ZERO: Self = 0;
            const ONE: Self = 1;
            const ALL: (Self, Self) = (<$number>::MIN, <$number>::MAX);

            fn all(data: &[u8]) -> &[Self::Bytes] {
                data.as_chunks().0
            }

            fn of(bytes: Self::Bytes) -> Self {
                <$number>::from_le_bytes(bytes)
            }

            fn is_whole(self) -> bool {
                true
            }

            fn bounds(rule: &Rule) -> Option<(Self, Self, bool)> {
                let &Rule::Whole { least, most } = rule else { return None };
                let least = <$number>::try_from(least.max(<$number>::MIN.into()));
                let most = <$number>::try_from(most.min(<$number>::MAX.into()));
                Some(match (least, most) {
                    (Ok(least), Ok(most)) => (least, most, false),
                    // Nothing lies between bounds that are both beyond all numbers.
                    _ => (1, 0, false),
                })
            }
        }
    )*};
}

wholes!(i32, i64);

impl Quick {
    /// For the fields of an input with so many places along its last dimension. Those
    /// that ask for more than [bounds](Quick::is_for) are passed over.
    pub fn new<'a>(
        datatype: Datatype,
        places: usize,
        fields: impl Iterator<Item = &'a Compiled>,
    ) -> Option<Self> {
        match datatype {
            Datatype::Fp32 => Some(Quick::Single(Bounds::new(places, fields))),
            Datatype::Fp64 => Some(Quick::Double(Bounds::new(places, fields))),
            Datatype::Int32 => Some(Quick::Int(Bounds::new(places, fields))),
            Datatype::Int64 => Some(Quick::Long(Bounds::new(places, fields))),
            _ => None,
        }
    }

    /// Whether a field is among those that are looked at.
    pub fn is_for(field: &Compiled) -> bool {
        matches!(field.rule, Rule::Float { .. } | Rule::Whole { .. })
    }

    /// Whether nothing is wrong with any number in those fields.
    pub fn holds(&self, data: &[u8]) -> bool {
        match self {
            Quick::Single(bounds) => bounds.hold(data),
            Quick::Double(bounds) => bounds.hold(data),
            Quick::Int(bounds) => bounds.hold(data),
            Quick::Long(bounds) => bounds.hold(data),
        }
    }
}

impl<N: Number> Bounds<N> {
    fn new<'a>(places: usize, fields: impl Iterator<Item = &'a Compiled>) -> Self {
        let (least, most) = N::ALL;
        let mut asked = vec![Asked { least, most, whole: false, null: true }; places];
        for field in fields {
            let Some((least, most, whole)) = N::bounds(&field.rule) else { continue };
            // Those of which there may be too many are counted.
            let null = field.nullable && field.null_rate.is_none();
            let own = |place: usize| field.site.column.is_none_or(|column| column == place);
            for (_, asked) in asked.iter_mut().enumerate().filter(|(place, _)| own(*place)) {
                asked.least = if least > asked.least { least } else { asked.least };
                asked.most = if most < asked.most { most } else { asked.most };
                asked.whole |= whole;
                asked.null &= null;
            }
        }
        let wholes = (0..).zip(&asked).filter(|(_, asked)| asked.whole).map(|(place, _)| place);
        Bounds {
            least: asked.iter().map(|asked| asked.least).collect(),
            most: asked.iter().map(|asked| asked.most).collect(),
            nulls: asked.iter().map(|asked| if asked.null { N::ONE } else { N::ZERO }).collect(),
            nullable: asked.iter().any(|asked| asked.null),
            wholes: wholes.collect(),
        }
    }

    fn hold(&self, data: &[u8]) -> bool {
        /// What is gone over before it is asked whether all of it held.
        const BLOCK: usize = 64;
        let all = N::all(data);
        if let (&[least], &[most], &[null]) = (&*self.least, &*self.most, &*self.nulls) {
            let asked = Asked { least, most, whole: !self.wholes.is_empty(), null: null == N::ONE };
            // Blocks of one length are gone over faster than others.
            let (blocks, rest) = all.as_chunks::<BLOCK>();
            return blocks.iter().all(|block| alike(block, asked)) && alike(rest, asked);
        }
        match self.least.len() {
            0 => false,
            width => all.chunks(width).all(|row| self.row_holds(row)),
        }
    }

    fn row_holds(&self, row: &[N::Bytes]) -> bool {
        let mut fine = true;
        let bounds = self.least.iter().zip(&self.most);
        if self.nullable {
            for ((&bytes, (&least, &most)), &null) in row.iter().zip(bounds).zip(&self.nulls) {
                let number = N::of(bytes);
                fine &= within(number, least, most) | (is_nan(number) & (null == N::ONE));
            }
        } else {
            for (&bytes, (&least, &most)) in row.iter().zip(bounds) {
                fine &= within(N::of(bytes), least, most);
            }
        }
        // Whether a NaN may be there was asked before.
        for &place in &self.wholes {
            let number = row.get(place).map(|&bytes| N::of(bytes));
            fine &= number.is_none_or(|number| number.is_whole() | is_nan(number));
        }
        fine
    }
}

fn within<N: Number>(number: N, least: N, most: N) -> bool {
    (number >= least) & (number <= most)
}

#[allow(clippy::eq_op)]
fn is_nan<N: Number>(number: N) -> bool {
    number != number
}

/// The same for numbers of which the same is asked.
fn alike<N: Number>(numbers: &[N::Bytes], asked: Asked<N>) -> bool {
    let mut fine = true;
    if asked.null {
        for &bytes in numbers {
            let number = N::of(bytes);
            fine &= within(number, asked.least, asked.most) | is_nan(number);
        }
    } else {
        for &bytes in numbers {
            fine &= within(N::of(bytes), asked.least, asked.most);
        }
    }
    if asked.whole {
        for &bytes in numbers {
            let number = N::of(bytes);
            fine &= number.is_whole() | is_nan(number);
        }
    }
    fine
}

#[cfg(test)]
mod tests {
    use crate::{Contract, Datatype, Input, Values};
    use serde_json::json;

    const NUMBERS: [f64; 12] = [
        0.0,
        -0.0,
        1.0,
        2.5,
        -3.0,
        100.0,
        100.1,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        3e9,
        -1e300,
    ];

    /// Numbers that are not random, and mostly fine.
    fn data(datatype: Datatype, count: usize, seed: &mut u64) -> Vec<u8> {
        let odds = if seed.is_multiple_of(3) { 2 } else { 200 };
        let mut all = Vec::new();
        for _ in 0..count {
            *seed =
                seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
            let pick = (*seed >> 33) as usize;
            let number = match pick.is_multiple_of(odds) {
                true => NUMBERS[pick / odds % NUMBERS.len()],
                false => (pick % 100) as f64,
            };
            match datatype {
                Datatype::Fp32 => all.extend((number as f32).to_le_bytes()),
                Datatype::Fp64 => all.extend(number.to_le_bytes()),
                Datatype::Int32 => all.extend((number as i32).to_le_bytes()),
                _ => all.extend((number as i64).to_le_bytes()),
            }
        }
        all
    }

    #[test]
    fn it_changes_nothing_but_the_time() {
        let contracts = [
            json!([{"name": "a", "type": "number", "min": 0, "max": 100}]),
            json!([{"name": "a", "type": "integer", "nullable": true}, {"name": "c", "type": "number"}]),
            json!([
                {"name": "b", "type": "number", "max": 1e300, "nullable": true},
                {"name": "x", "type": "integer", "min": -3.5, "nullable": true},
            ]),
            json!([{"name": "x", "type": "number", "nullable": true, "max_null_rate": 0.01}]),
            json!([{"name": "x", "type": "boolean"}, {"name": "b", "type": "number", "min": 1e12}]),
            json!([
                {"name": "a", "type": "category", "categories": [1, 5]},
                {"name": "c", "type": "number", "max": 100},
            ]),
            json!([{"name": "x", "type": "integer", "policy": "impute", "default": 7, "max": 99}]),
        ];
        let datatypes = [Datatype::Fp32, Datatype::Fp64, Datatype::Int32, Datatype::Int64];
        let columns = ["a", "b", "c"].map(str::to_owned);
        let mut seed = 1;
        let mut passed = 0;
        for round in 0..3000 {
            let datatype = datatypes[round % 4];
            let fields = &contracts[round / 4 % contracts.len()];
            let named =
                round % 5 > 0 || fields.as_array().unwrap().iter().any(|f| f["name"] != "x");
            let contract: Contract =
                serde_json::from_value(json!({"policy": "flag", "fields": fields})).unwrap();
            let columns = if named { &columns[..] } else { &[] };
            let input = Input { name: "x", datatype, shape: &[-1, 3], columns };
            let checker = contract.compile(&[input]).unwrap();
            let mut slow = checker.clone();
            slow.inputs.iter_mut().for_each(|input| input.quick = None);
            let rows = round % 90;
            let mut one = data(datatype, rows * 3, &mut seed);
            let mut other = one.clone();
            passed += usize::from(checker.inputs[0].quick.as_ref().is_some_and(|q| q.holds(&one)));
            let shape = [rows as u64, 3];
            let check = |checker: &crate::Checker, data: &mut Vec<u8>| {
                checker.check(&mut [Some(Values { datatype, shape: &shape, data })])
            };
            assert_eq!(check(&checker, &mut one), check(&slow, &mut other), "{round}");
            assert_eq!(one, other);
        }
        assert!((500..2500).contains(&passed), "{passed}");
    }
}

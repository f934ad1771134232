//! The elements of a tensor. From a JSON array to its bytes, in one walk and without
//! a tree of values: flat or nested, in row-major order, every element checked. Or
//! as bytes, which only have to be as many as the shape asks for.

use base64::Engine as _;
use outpost_core::{Datatype, ViolationCode, byte_strings};
use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;

/// Elements reserved before the first one is seen: the shape alone, which may
/// lie, must not cost memory.
const RESERVED: usize = 64 * 1024;

/// Reads the `data` of a tensor: an array, flat or nested as `shape` says, or a
/// bare element for a scalar.
///
/// # Errors
/// A code and a message that names the element but never repeats it.
pub fn decode_elements(
    json: &str,
    datatype: Datatype,
    shape: &[u64],
) -> Result<Vec<u8>, (ViolationCode, String)> {
    let count = outpost_core::element_count(shape)
        .map_err(|error| (ViolationCode::WrongShape, error.to_string()))?;
    let code = Cell::new(ViolationCode::Malformed);
    let size = datatype.size().unwrap_or(8);
    let mut sink = Sink {
        datatype,
        shape,
        code: &code,
        count: 0,
        data: Vec::with_capacity(count.min(RESERVED) * size),
    };
    let mut deserializer = serde_json::Deserializer::from_str(json);
    Level { sink: &mut sink, depth: 0 }
        .deserialize(&mut deserializer)
        .map_err(|error| (code.get(), without_position(&error)))?;
    if sink.count != count {
        let message =
            format!("the data has {} elements, but shape {shape:?} asks for {count}", sink.count);
        return Err((ViolationCode::WrongSize, message));
    }
    Ok(sink.data)
}

/// Checks elements that come as bytes, little-endian: those of BYTES after their
/// lengths, each of 4 bytes.
///
/// # Errors
/// A code and a message that never repeats the data.
pub fn check_bytes(
    data: &[u8],
    datatype: Datatype,
    shape: &[u64],
) -> Result<(), (ViolationCode, String)> {
    let count = outpost_core::element_count(shape)
        .map_err(|error| (ViolationCode::WrongShape, error.to_string()))?;
    let fault = |message: String| Err((ViolationCode::WrongSize, message));
    if let Some(size) = datatype.size() {
        if count.checked_mul(size) != Some(data.len()) {
            let bytes = data.len();
            return fault(format!(
                "the data has {bytes} bytes, but shape {shape:?} of {datatype} asks for {count} \
                 times {size}"
            ));
        }
        if datatype == Datatype::Bool && data.iter().any(|byte| *byte > 1) {
            let message = "a byte of BOOL is neither 0 nor 1".to_owned();
            return Err((ViolationCode::OutOfRange, message));
        }
        return Ok(());
    }
    let (found, bytes) = byte_strings(data)
        .fold((0_usize, 0_usize), |(found, bytes), string| (found + 1, bytes + 4 + string.len()));
    if bytes != data.len() {
        return fault("the data ends inside of an element".into());
    }
    if found != count {
        return fault(format!(
            "the data has {found} elements, but shape {shape:?} asks for {count}"
        ));
    }
    Ok(())
}

/// `serde_json` appends the line and column of the fragment, which mean nothing
/// to somebody who sent the whole body.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text.get(..at).unwrap_or(&text).to_string(),
        None => text,
    }
}

const BASE64: &str = "is an object, but not of the one key `b64`";

struct Sink<'a> {
    datatype: Datatype,
    shape: &'a [u64],
    code: &'a Cell<ViolationCode>,
    count: usize,
    data: Vec<u8>,
}

/// An array or an element, `depth` brackets deep.
struct Level<'s, 'a> {
    sink: &'s mut Sink<'a>,
    depth: usize,
}

impl Sink<'_> {
    fn fault<E: serde::de::Error>(&self, code: ViolationCode, what: &str) -> E {
        self.code.set(code);
        E::custom(format!("element {} {what}", self.count))
    }

    fn wrong_type<E: serde::de::Error>(&self, found: &str) -> E {
        self.fault(
            ViolationCode::WrongDatatype,
            &format!("is {found}, which {} cannot hold", self.datatype),
        )
    }

    fn out_of_range<E: serde::de::Error>(&self) -> E {
        self.fault(ViolationCode::OutOfRange, &format!("is out of the range of {}", self.datatype))
    }

    fn push(&mut self, bytes: &[u8]) {
        self.data.extend_from_slice(bytes);
        self.count += 1;
    }

    fn integer<E: serde::de::Error>(&mut self, value: i128) -> Result<(), E> {
        macro_rules! fit {
            ($type:ty) => {
                match <$type>::try_from(value) {
                    Ok(value) => self.push(&value.to_le_bytes()),
                    Err(_) => return Err(self.out_of_range()),
                }
            };
        }
        match self.datatype {
            Datatype::Bool if value == 0 || value == 1 => self.push(&[u8::from(value == 1)]),
            Datatype::Bool => return Err(self.out_of_range()),
            Datatype::Uint8 => fit!(u8),
            Datatype::Uint16 => fit!(u16),
            Datatype::Uint32 => fit!(u32),
            Datatype::Uint64 => fit!(u64),
            Datatype::Int8 => fit!(i8),
            Datatype::Int16 => fit!(i16),
            Datatype::Int32 => fit!(i32),
            Datatype::Int64 => fit!(i64),
            #[allow(clippy::cast_precision_loss)] // as any JSON reader does
            Datatype::Fp16 | Datatype::Fp32 | Datatype::Fp64 => self.real(value as f64)?,
            Datatype::Bytes => return Err(self.wrong_type("a number")),
        }
        Ok(())
    }

    fn real<E: serde::de::Error>(&mut self, value: f64) -> Result<(), E> {
        #[allow(clippy::cast_possible_truncation)] // rounding is what is wanted
        match self.datatype {
            Datatype::Fp64 => self.push(&value.to_le_bytes()),
            Datatype::Fp32 if (value as f32).is_finite() => {
                self.push(&(value as f32).to_le_bytes());
            }
            Datatype::Fp16 if half::f16::from_f64(value).is_finite() => {
                self.push(&half::f16::from_f64(value).to_le_bytes());
            }
            Datatype::Fp32 | Datatype::Fp16 => return Err(self.out_of_range()),
            Datatype::Bytes => return Err(self.wrong_type("a number")),
            // Some writers turn 3 into 3.0.
            _ if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 => {
                self.integer(value as i128)?;
            }
            _ => return Err(self.wrong_type("a fraction")),
        }
        Ok(())
    }
}

impl Level<'_, '_> {
    fn bytes<E: serde::de::Error>(self, value: &[u8]) -> Result<(), E> {
        let Ok(length) = u32::try_from(value.len()) else {
            return Err(self.sink.out_of_range());
        };
        self.sink.data.extend_from_slice(&length.to_le_bytes());
        self.sink.push(value);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of {}", self.sink.datatype)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let rank = self.sink.shape.len();
        // A scalar may still come in one pair of brackets, like a flat array.
        if self.depth >= rank.max(1) {
            self.sink.code.set(ViolationCode::WrongShape);
            return Err(A::Error::custom(format!(
                "the data is nested deeper than shape {:?}",
                self.sink.shape
            )));
        }
        let before = self.sink.count;
        let mut length = 0_u64;
        while items
            .next_element_seed(Level { sink: &mut *self.sink, depth: self.depth + 1 })?
            .is_some()
        {
            length += 1;
        }
        let flat = self.depth == 0 && (self.sink.count - before) as u64 == length;
        let extent = self.sink.shape.get(self.depth).copied();
        if !flat && extent != Some(length) {
            self.sink.code.set(ViolationCode::WrongSize);
            return Err(A::Error::custom(format!(
                "an array at depth {} has {length} elements, but shape {:?} asks for {}",
                self.depth,
                self.sink.shape,
                extent.unwrap_or(1)
            )));
        }
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        match self.sink.datatype {
            Datatype::Bool => {
                self.sink.push(&[u8::from(value)]);
                Ok(())
            }
            _ => Err(self.sink.wrong_type("a boolean")),
        }
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.sink.integer(value.into())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.sink.integer(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.sink.real(value)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        let Datatype::Bytes = self.sink.datatype else {
            return Err(self.sink.wrong_type("a string"));
        };
        self.bytes(value.as_bytes())
    }

    /// JSON has no NaN; a value that is missing from floating-point data is
    /// null, in requests as in answers. A text that is missing is the empty one.
    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        match self.sink.datatype {
            Datatype::Fp16 => self.sink.push(&half::f16::NAN.to_le_bytes()),
            Datatype::Fp32 => self.sink.push(&f32::NAN.to_le_bytes()),
            Datatype::Fp64 => self.sink.push(&f64::NAN.to_le_bytes()),
            Datatype::Bytes => return self.bytes(&[]),
            _ => return Err(self.sink.wrong_type("null")),
        }
        Ok(())
    }

    /// Bytes that are no text come as `{"b64": "…"}`, as TensorFlow Serving and
    /// KServe's V1 protocol have it.
    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.sink.datatype != Datatype::Bytes {
            return Err(self.sink.wrong_type("an object"));
        }
        let unreadable = |what: &str| self.sink.fault(ViolationCode::Malformed, what);
        let Some((key, encoded)) = map.next_entry::<String, String>()? else {
            return Err(unreadable(BASE64));
        };
        if key != "b64" || map.next_key::<String>()?.is_some() {
            return Err(unreadable(BASE64));
        }
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(encoded)
            .map_err(|_| unreadable("is not valid base64"))?;
        self.bytes(&bytes)
    }
}

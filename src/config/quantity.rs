//! Durations and sizes as people write them: `10s`, `1m 30s`, `16MiB`, or a plain number.
//!
//! A plain number is seconds or bytes. It never guesses another unit.
//!
//! *Invariant:* what is printed parses back to the same value.

use serde::{Deserialize, Deserializer, de};
use std::fmt;
use std::time::Duration;
#[cfg(test)]
use {
    schemars::{JsonSchema, Schema, SchemaGenerator, json_schema},
    serde::{Serialize, Serializer},
    std::borrow::Cow,
};

/// The keyword by which [`super::shape`] knows these two in a schema.
pub(super) const KEYWORD: &str = "x-quantity";

/// A duration in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span(pub(super) Duration);

/// A number of bytes in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size(pub(super) usize);

/// Reads a duration; a number without a unit is seconds.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => humantime::parse_duration(text).ok(),
    }
}

/// Reads a size; a number without a unit is bytes.
pub(super) fn size(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return None,
    };
    number.replace('_', "").parse::<usize>().ok()?.checked_mul(factor)
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (factor, unit) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
            if self.0 >= factor && self.0.is_multiple_of(factor) {
                return write!(f, "{}{unit}", self.0 / factor);
            }
        }
        write!(f, "{}", self.0)
    }
}

/// What the two look like to serde and to a schema.
macro_rules! quantity {
    ($type:ident, $read:ident, $name:literal, $pattern:literal, $number:literal) => {
        #[cfg(test)]
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = match serde_json::Value::deserialize(deserializer)? {
                    serde_json::Value::String(text) => text,
                    other => other.to_string(),
                };
                $read(&text).map(Self).ok_or_else(|| de::Error::custom(concat!("not a ", $name)))
            }
        }

        #[cfg(test)]
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": ["string", $number], "minimum": 0, "pattern": $pattern, "x-quantity": $name,
                })
            }
        }
    };
}

quantity!(
    Span,
    duration,
    "duration",
    r"^\s*[0-9.]+\s*([a-zA-Z]+(\s*[0-9]+\s*[a-zA-Z]+)*)?\s*$",
    "number"
);
quantity!(Size, size, "size", r"^\s*[0-9_]+\s*([kKmMgG]([iI]?[bB])?|[bB])?\s*$", "integer");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_or_are_seconds() {
        for (text, millis) in [
            ("10s", Some(10_000)),
            ("500ms", Some(500)),
            ("2m", Some(120_000)),
            ("1m 30s", Some(90_000)),
            ("1h", Some(3_600_000)),
            ("30", Some(30_000)),
            ("0.5", Some(500)),
            ("0", Some(0)),
            ("-1", None),
            ("ten", None),
            ("10 parsecs", None),
            ("", None),
            ("inf", None),
            ("1e300", None),
        ] {
            assert_eq!(duration(text).map(|d| d.as_millis()), millis, "{text}");
        }
    }

    #[test]
    fn sizes_have_units_or_are_bytes() {
        for (text, bytes) in [
            ("16MiB", Some(16 << 20)),
            ("16 mib", Some(16 << 20)),
            ("4k", Some(4096)),
            ("1GB", Some(1_000_000_000)),
            ("1_000", Some(1000)),
            ("12", Some(12)),
            ("1.5MiB", None),
            ("MiB", None),
            ("99999999999999999999", None),
            ("99999999999GiB", None),
            ("", None),
        ] {
            assert_eq!(size(text), bytes, "{text}");
        }
    }

    #[test]
    fn what_is_printed_parses_back() {
        for millis in [1, 500, 10_000, 90_000, 3_600_000] {
            let span = Span(Duration::from_millis(millis));
            assert_eq!(duration(&span.to_string()), Some(span.0));
        }
        for bytes in [1, 1000, 4096, 16 << 20] {
            assert_eq!(size(&Size(bytes).to_string()), Some(bytes));
        }
    }
}

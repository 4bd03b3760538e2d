//! What a metric is, wherever it comes up: its id, type, unit and direction, the values that it can
//! have, and the limits of its texts. Configuration, collecting, history and everything that is
//! shown take them from here.

use crate::vocabulary::words;
use serde::{Deserialize, Deserializer, Serialize};

/// The longest id, in characters.
pub const ID_MAX: usize = 64;
/// What [`is_id`] asks of an id beside its length, as a regular expression.
pub const ID_PATTERN: &str = "^[a-z0-9-]+$";
/// Metrics that a configuration writes one by one.
pub const METRICS_MAX: usize = 50;
/// Metrics of one group.
pub const GROUP_METRICS_MAX: usize = 500;
/// All metrics of a configuration, those of its groups too.
pub const ALL_METRICS_MAX: usize = 1000;
/// The longest id of a group, in characters.
pub const GROUP_ID_MAX: usize = 32;
/// The longest name that people read, in characters.
pub const NAME_MAX: usize = 256;
/// The longest label that is kept, in characters.
pub const LABEL_MAX: usize = 256;
/// The longest description, in characters.
pub const DESCRIPTION_MAX: usize = 256;

/// Whether a text can be a metric's id: 1-64 of the characters `a-z`, `0-9` and `-`.
pub fn is_id(text: &str) -> bool {
    text.len() <= ID_MAX && has_id_characters(text)
}

/// Whether a text is of the characters of an id only, and not empty; how long it is does not matter.
pub fn has_id_characters(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

words! {
    /// The unit of a numeric metric; decides how its values are shown.
    Unit {
        /// Percentage points, 0-100.
        Percent = "percent",
        /// A count.
        Integer = "integer",
        /// Bytes.
        Bytes = "bytes",
        /// Seconds.
        Duration = "duration",
        /// A number with two decimals.
        Decimal = "decimal",
    }
}

words! {
    /// Whether a metric's values are numbers or words.
    MetricType {
        /// One finite number.
        Numeric = "numeric",
        /// One line of text.
        Label = "label",
    }
}

words! {
    /// Which way a metric gets better.
    Direction {
        /// More is better (coverage).
        HigherIsBetter = "higher-is-better",
        /// Less is better (size, duration).
        LowerIsBetter = "lower-is-better",
        /// Neither; `no-regression` treats it as higher-is-better. The file cannot say it.
        None = "none",
    }
}

impl Direction {
    /// The direction of a metric for which neither the user nor a template names one.
    pub fn of_unit(unit: Option<Unit>) -> Self {
        match unit {
            Some(Unit::Percent) => Direction::HigherIsBetter,
            Some(Unit::Bytes | Unit::Duration) => Direction::LowerIsBetter,
            Some(Unit::Integer | Unit::Decimal) | None => Direction::None,
        }
    }
}

impl<'de> Deserialize<'de> for MetricType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| {
            serde::de::Error::custom(format!("unknown metric type `{name}`, expected `numeric` or `label`"))
        })
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "unknown unit `{name}`, expected `percent`, `integer`, `bytes`, `duration` or `decimal`"
            ))
        })
    }
}

impl<'de> Deserialize<'de> for Direction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "unknown direction `{name}`, expected `higher-is-better`, `lower-is-better` or `none`"
            ))
        })
    }
}

/// A metric's value: a JSON number or string outside the engine.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged)]
pub enum Value {
    /// One finite number.
    Numeric(f64),
    /// One line of 1-256 characters.
    Label(String),
}

impl<'de> Deserialize<'de> for Value {
    /// By hand: serde's own way of trying one variant after the other buffers every value first.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Value;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number or a text")
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
                Ok(Value::Numeric(number))
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Value, E> {
                Ok(Value::Numeric(number as f64))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
                Ok(Value::Numeric(number as f64))
            }

            fn visit_str<E: serde::de::Error>(self, label: &str) -> Result<Value, E> {
                Ok(Value::Label(label.to_owned()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Value {
    /// The type of metric that the value fits.
    #[must_use]
    pub fn kind(&self) -> MetricType {
        match self {
            Value::Numeric(_) => MetricType::Numeric,
            Value::Label(_) => MetricType::Label,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_plain() {
        let longest = "a".repeat(ID_MAX);
        for id in ["a", "0", "-", "a-b-9", &longest] {
            assert!(is_id(id), "{id}");
        }
        for id in ["", "A", "a_b", "a b", "ä", "a\n", &format!("{longest}a")] {
            assert!(!is_id(id), "{id:?}");
        }
        assert!(has_id_characters(&format!("{longest}a")));
    }
}

//! What metrics came to: the outputs of commands and the numbers of collectors, many at once, each with its value
//! as people read it. One that cannot be a value of its metric is refused by itself.

use super::output;
use crate::error::{Error, Result};
use crate::metric::{MetricType, Unit, Value};
use crate::text::format_value;
use serde::{Deserialize, Serialize};

/// What one metric's command or collector gave.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    /// The metric's type: `numeric` or `label`.
    #[serde(rename = "type")]
    pub kind: MetricType,
    /// The metric's unit, where it has one.
    #[serde(default)]
    pub unit: Option<Unit>,
    /// What a command printed.
    #[serde(default)]
    pub output: Option<String>,
    /// What a collector counted, where no command printed anything.
    #[serde(default)]
    pub number: Option<f64>,
}

/// What it was found to be.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Reading {
    /// A value of the metric's type.
    Ok {
        /// The value.
        value: Value,
        /// The same for people, with its unit.
        text: String,
    },
    /// No value; `OUTPUT_INVALID`.
    Failed {
        /// Why.
        error: Error,
    },
}

/// Reads what metrics gave, in the same order.
#[must_use]
pub fn read(measured: &[Measured]) -> Vec<Reading> {
    let reading = |measured: &Measured| match value(measured) {
        Ok(value) => {
            let text = match &value {
                Value::Numeric(number) => format_value(*number, measured.unit),
                Value::Label(label) => label.clone(),
            };
            Reading::Ok { value, text }
        }
        Err(error) => Reading::Failed { error },
    };
    measured.iter().map(reading).collect()
}

fn value(measured: &Measured) -> Result<Value> {
    match (measured.number, measured.kind) {
        (None, kind) => output::value(measured.output.as_deref().unwrap_or_default(), kind),
        (Some(number), MetricType::Numeric) => Ok(Value::Numeric(number)),
        // The digits that a command would have printed.
        (Some(number), MetricType::Label) => Ok(Value::Label(number.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_read_by_itself_in_the_order_given() {
        let measured = |kind, unit, output: Option<&str>, number| Measured {
            kind,
            unit,
            output: output.map(str::to_owned),
            number,
        };
        let readings = read(&[
            measured(MetricType::Numeric, Some(Unit::Percent), Some("87.25\n"), None),
            measured(MetricType::Numeric, None, Some("many"), None),
            measured(MetricType::Label, None, Some(" ok \n"), None),
            measured(MetricType::Numeric, Some(Unit::Bytes), None, Some(1536.0)),
            measured(MetricType::Label, None, None, Some(12.0)),
            measured(MetricType::Numeric, None, None, None),
        ]);
        let found: Vec<_> = readings
            .iter()
            .map(|reading| match reading {
                Reading::Ok { value, text } => format!("{value:?} {text}"),
                Reading::Failed { error } => format!("{}: {}", error.code.as_str(), error.message),
            })
            .collect();
        assert_eq!(
            found,
            [
                "Numeric(87.25) 87.3%",
                "OUTPUT_INVALID: the output is `many`, expected one finite number",
                "Label(\"ok\") ok",
                "Numeric(1536.0) 1.5 KB",
                "Label(\"12\") 12",
                "OUTPUT_INVALID: the command printed nothing, expected a value on its standard output",
            ]
        );
    }
}

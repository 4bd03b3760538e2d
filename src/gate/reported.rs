//! Measurements that another run has made and that cannot be trusted: a fork's pull request
//! measured itself and left a results file. Only numbers, plain labels and the ids of known metrics
//! get through, and no text of the file is repeated; whether they are true, no one knows.

use super::MeasurementStatus;
use crate::collect::output;
use crate::config;
use crate::error::{Code, Error, Result};
use crate::history::MetricDefinition;
use crate::metric::{ALL_METRICS_MAX, MetricType, Value, is_id};
use crate::text::{is_invisible, plural};
use jsonc_parser::ast::{Object, Value as Json};
use serde::Serialize;
use std::collections::HashSet;

/// What a results file reports.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ReportedMeasurements {
    /// Those of known metrics, in the order of the file.
    pub measurements: Vec<ReportedMeasurement>,
    /// A warning where there are others.
    pub unknown: Option<Error>,
}

/// What became of one metric in the other run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ReportedMeasurement {
    /// The metric's id.
    pub id: String,
    /// Whether there is a value.
    pub status: MeasurementStatus,
    /// The value where there is one.
    pub value: Option<Value>,
    /// Why there is none.
    pub error: Option<Error>,
}

/// Reads the member `measurements` of a results file; everything else in it is ignored. `file` is its
/// name in messages, `metrics` are those that the trusted configuration has.
///
/// # Errors
/// `CLAIMS_INVALID` where the file is not what the gate writes; then none of it is used.
pub fn reported(text: &str, file: &str, metrics: &[MetricDefinition]) -> Result<ReportedMeasurements> {
    read(text, metrics).map_err(|why| {
        Error::new(Code::ClaimsInvalid, format!("the measurements in `{file}` cannot be used: {why}"))
            .hint("Pass the results file that the gate wrote in the run of the pull request, as it was.")
    })
}

fn read(text: &str, metrics: &[MetricDefinition]) -> std::result::Result<ReportedMeasurements, String> {
    // What the parser says would quote the file.
    let document = config::json(text).ok_or("it is not JSON")?;
    let list = match document.as_object().map(|document| members(document, "measurements")).as_deref() {
        Some([Json::Array(list)]) => &list.elements,
        _ => return Err("it has no list `measurements`".into()),
    };
    if list.len() > ALL_METRICS_MAX {
        return Err(format!("it has {} measurements, at most {ALL_METRICS_MAX} are read", list.len()));
    }
    let mut seen = HashSet::new();
    let mut measurements = Vec::new();
    let mut unknown = 0;
    for (index, item) in list.iter().enumerate() {
        let (id, value) = item_of(item).map_err(|why| format!("`measurements[{index}]` {why}"))?;
        if !seen.insert(id) {
            return Err(format!("`measurements[{index}]` repeats a metric"));
        }
        match metrics.iter().find(|metric| metric.id == id) {
            Some(metric) => measurements
                .push(measurement(metric, value).map_err(|why| format!("`measurements[{index}]` {why}"))?),
            None => unknown += 1,
        }
    }
    let unknown = (unknown > 0).then(|| {
        let measurements = plural(unknown, "measurement is", "measurements are");
        Error::new(
            Code::ClaimsUnknown,
            format!("{measurements} of metrics that the base branch does not have"),
        )
        .hint("They are left out, and judged once the change is merged.")
    });
    Ok(ReportedMeasurements { measurements, unknown })
}

/// The metric that an item of the list names, and its value unless it failed.
fn item_of<'t>(item: &'t Json<'_>) -> std::result::Result<(&'t str, Option<&'t Json<'t>>), &'static str> {
    let item = item.as_object().ok_or("is no object")?;
    let id = match members(item, "metric")[..] {
        [Json::StringLit(id)] if is_id(&id.value) => &*id.value,
        _ => return Err("names no metric"),
    };
    let [status, value] = ["status", "value"].map(|key| members(item, key));
    if item.properties.len() > 1 + status.len() + value.len() || value.len() > 1 {
        return Err("has members that are not known");
    }
    let is_ok = match status[..] {
        [Json::StringLit(status)] if status.value == "ok" => true,
        [Json::StringLit(status)] if status.value == "failed" => false,
        _ => return Err("has no status `ok` or `failed`"),
    };
    if is_ok != (value.len() == 1) {
        return Err("needs a `value` if and only if `status` is `ok`");
    }
    Ok((id, value.first().copied()))
}

/// Every value that an object has for a key; JSON does not forbid several.
fn members<'t>(object: &'t Object<'_>, key: &str) -> Vec<&'t Json<'t>> {
    let named = object.properties.iter().filter(|property| property.name.as_str() == key);
    named.map(|property| &property.value).collect()
}

/// A known metric's measurement, or what is wrong with its value.
fn measurement(
    metric: &MetricDefinition,
    value: Option<&Json>,
) -> std::result::Result<ReportedMeasurement, String> {
    let id = metric.id.clone();
    let Some(value) = value else {
        let error = Error::new(Code::ClaimFailed, "the run of the pull request could not measure it")
            .hint("That run's log says why.");
        return Ok(ReportedMeasurement {
            id,
            status: MeasurementStatus::Failed,
            value: None,
            error: Some(error),
        });
    };
    let value = match (metric.kind, value) {
        (MetricType::Numeric, Json::NumberLit(number)) => {
            number.value.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Numeric)
        }
        (MetricType::Label, Json::StringLit(label)) if label.value.chars().all(is_seen) => Some(
            output::value(&label.value, MetricType::Label)
                .map_err(|_| format!("is no value that `{id}` can have"))?,
        ),
        (MetricType::Label, Json::StringLit(_)) => return Err("has characters that cannot be seen".into()),
        _ => None,
    };
    let Some(value) = value else {
        let expected = if metric.kind == MetricType::Numeric { "finite number" } else { "label" };
        return Err(format!("is no {expected}, as `{id}` is"));
    };
    Ok(ReportedMeasurement { id, status: MeasurementStatus::Ok, value: Some(value), error: None })
}

/// Whether a character is seen: neither a control, a formatting or an unassigned one, which can turn
/// what is shown around. Unicode's spaces are.
fn is_seen(character: char) -> bool {
    let is_assigned = || {
        // `Debug` writes what has no form of its own as `\u{..}`; it looks at the first character more strictly.
        let text: String = ['a', character].iter().collect();
        text.escape_debug().count() == 2
    };
    matches!(character, ' '..='~')
        || !character.is_control() && !is_invisible(character) && (character.is_whitespace() || is_assigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics() -> Vec<MetricDefinition> {
        let metric = |id: &str, kind| MetricDefinition { id: id.into(), kind, unit: None, description: None };
        vec![metric("m", MetricType::Numeric), metric("l", MetricType::Label)]
    }

    fn refused(text: &str) -> String {
        let error = reported(text, "c.json", &metrics()).expect_err(text);
        assert_eq!(error.code, Code::ClaimsInvalid);
        let why = error.message.strip_prefix("the measurements in `c.json` cannot be used: ");
        why.expect("the file is named").to_owned()
    }

    #[test]
    fn a_file_is_refused_as_a_whole() {
        let one = |item: &str| format!(r#"{{"measurements": [{item}]}}"#);
        for (text, why) in [
            ("{ measurements: [] }", "it is not JSON"),
            ("", "it is not JSON"),
            ("null", "it has no list `measurements`"),
            (r#"{"measurements": {}}"#, "it has no list `measurements`"),
            (r#"{"measurements": [], "measurements": []}"#, "it has no list `measurements`"),
            (&one("1"), "`measurements[0]` is no object"),
            (&one("[]"), "`measurements[0]` is no object"),
            (&one(r#"{"metric": "../M", "status": "failed"}"#), "`measurements[0]` names no metric"),
            (
                &one(r#"{"metric": "m", "status": "failed"}, {"metric": "m", "status": "failed"}"#),
                "`measurements[1]` repeats a metric",
            ),
            (
                &one(r#"{"metric": "m", "status": "ok", "value": 1, "unit": "%"}"#),
                "`measurements[0]` has members that are not known",
            ),
            (
                &one(r#"{"metric": "m", "status": "ok", "value": 1, "value": 2}"#),
                "`measurements[0]` has members that are not known",
            ),
            (
                &one(r#"{"metric": "m", "status": "great", "value": 1}"#),
                "`measurements[0]` has no status `ok` or `failed`",
            ),
            (
                &one(r#"{"metric": "m", "status": "failed", "value": 1}"#),
                "`measurements[0]` needs a `value` if and only if `status` is `ok`",
            ),
            (
                &one(r#"{"metric": "m", "status": "ok"}"#),
                "`measurements[0]` needs a `value` if and only if `status` is `ok`",
            ),
            (
                &one(r#"{"metric": "m", "status": "ok", "value": "80"}"#),
                "`measurements[0]` is no finite number, as `m` is",
            ),
            (
                &one(r#"{"metric": "m", "status": "ok", "value": 1e999}"#),
                "`measurements[0]` is no finite number, as `m` is",
            ),
            (
                &one(r#"{"metric": "l", "status": "ok", "value": null}"#),
                "`measurements[0]` is no label, as `l` is",
            ),
            (
                &one(r#"{"metric": "l", "status": "ok", "value": ""}"#),
                "`measurements[0]` is no value that `l` can have",
            ),
        ] {
            assert_eq!(refused(text), why, "{text}");
        }
        let many: Vec<_> =
            (0..1001).map(|n| format!(r#"{{"metric": "m{n}", "status": "failed"}}"#)).collect();
        assert_eq!(refused(&one(&many.join(","))), "it has 1001 measurements, at most 1000 are read");
        for label in ["a\\u202eb", "a\\nb", "a\\u0000b", "a\\ue000b", "a\\u0378b", "a\\u0600b", "\u{e0041}"] {
            let item = format!(r#"{{"metric": "l", "status": "ok", "value": "{label}"}}"#);
            assert!(refused(&one(&item)).ends_with("has characters that cannot be seen"), "{label}");
        }
    }

    #[test]
    fn known_metrics_are_read_and_others_counted() {
        let text = r#"{"qualityGate": {"status": "pass"}, "measurements": [
            {"metric": "m", "status": "ok", "value": 1e3},
            {"metric": "l", "status": "ok", "value": "grün\u00a0🟢 é"},
            {"metric": "foreign", "status": "ok", "value": "<script>"}]}"#;
        let ReportedMeasurements { measurements, unknown } =
            reported(text, "c.json", &metrics()).expect("sound");
        let values: Vec<_> = measurements.into_iter().map(|one| (one.id, one.value)).collect();
        let label = Value::Label("grün\u{a0}🟢 é".into());
        assert_eq!(values, [("m".into(), Some(Value::Numeric(1000.0))), ("l".into(), Some(label))]);
        let unknown = unknown.expect("a warning");
        assert_eq!(unknown.code, Code::ClaimsUnknown);
        assert_eq!(unknown.message, "1 measurement is of metrics that the base branch does not have");
        let failed = r#"{"measurements": [{"metric": "m", "status": "failed"}]}"#;
        let ReportedMeasurements { measurements, unknown } =
            reported(failed, "c.json", &metrics()).expect("sound");
        assert_eq!(measurements[0].error.as_ref().map(|error| error.code), Some(Code::ClaimFailed));
        assert_eq!((&measurements[0].value, unknown), (&None, None));
    }
}

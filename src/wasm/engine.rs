//! The exports of `engine.wasm`: the configuration, the history, the gate, the report and every text.

use super::{JsResult, from_js, throw, to_js};
use crate::collect::{self, reading};
use crate::error::{Code, Error, Result};
use crate::history::{self, Check, Limits};
use crate::metric::Unit;
use crate::report::Assets;
use crate::{api, config, gate, summary, text};
use serde::Serialize;
use std::io::Read;
use wasm_bindgen::prelude::*;

/// What the types of the exports below are made of.
#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"import type {
  BadgeWish, Baseline, BaselineQuery, Build, BuildContext, BuildFilter, ChangeFacts, ChangeTerms,
  Circumstances, CollectPlan, CommentFacts, FutureBuilds, GateFacts, GateMeasurement, GateOutcome,
  GroupListing, JobSummary, Measured, Merged, MetricDefinition, Planned, PlannedConfig, PlannedGroups, Reading, RecentQuery,
  RecordedBuild, RecordedMetric, ReportFacts, ReportedMeasurements, Series, StoredValue,
  StyledText, TypeChange, Value,
} from "../types.js";"#;

/// The same for long lists: as one JSON text, which the host reads several times quicker than it
/// takes single properties.
fn list_to_js<T: Serialize>(result: Result<T>) -> JsResult {
    let text = serde_json::to_string(&result.map_err(throw)?)
        .map_err(|error| throw(Error::new(Code::Internal, error.to_string())))?;
    js_sys::JSON::parse(&text)
}

fn done<T: Serialize>(result: Result<T>) -> JsResult {
    to_js(&result.map_err(throw)?)
}

#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

#[wasm_bindgen(js_name = checkConfig, unchecked_return_type = "PlannedConfig")]
pub fn check_config(text: &str, file: &str) -> JsResult {
    to_js(&api::check(text, file))
}

#[wasm_bindgen(js_name = expandGroups, unchecked_return_type = "PlannedGroups")]
pub fn expand_groups(
    config_text: &str,
    file: &str,
    #[wasm_bindgen(unchecked_param_type = "GroupListing[]")] listings: JsValue,
) -> JsResult {
    let listings: Vec<config::GroupListing> = from_js(listings, "the list of groups")?;
    done(api::expand_groups(config_text, file, &listings))
}

#[wasm_bindgen(js_name = planCommand, unchecked_return_type = "Planned")]
pub fn plan_command(command: &str) -> JsResult {
    to_js(&api::planned(command))
}

#[wasm_bindgen(js_name = planCollectWords, unchecked_return_type = "CollectPlan")]
pub fn plan_collect_words(words: Vec<String>) -> JsResult {
    done(collect::parse_words(&words))
}

#[wasm_bindgen(js_name = readMeasured, unchecked_return_type = "Reading[]")]
pub fn read_measured(#[wasm_bindgen(unchecked_param_type = "Measured[]")] measured: JsValue) -> JsResult {
    let measured: Vec<reading::Measured> = from_js(measured, "the list of outputs")?;
    to_js(&reading::read(&measured))
}

#[wasm_bindgen(js_name = formatValue)]
pub fn format_value(value: f64, unit: Option<String>) -> String {
    text::format_value(value, unit.as_deref().and_then(Unit::parse))
}

#[wasm_bindgen]
pub fn closest(word: &str, choices: Vec<String>) -> Option<String> {
    let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
    text::closest(word, &choices).map(str::to_owned)
}

#[wasm_bindgen(js_name = renderSummary)]
pub fn render_summary(
    #[wasm_bindgen(unchecked_param_type = "JobSummary")] facts: JsValue,
) -> JsResult<String> {
    Ok(summary::render(&from_js(facts, "the summary")?))
}

/// A judged run, kept for its texts.
#[wasm_bindgen]
pub struct Judgement(gate::GateOutcome);

#[wasm_bindgen]
impl Judgement {
    #[wasm_bindgen(unchecked_return_type = "GateOutcome")]
    pub fn outcome(&self) -> JsResult {
        to_js(&self.0)
    }

    pub fn comment(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CommentFacts")] facts: JsValue,
    ) -> JsResult<String> {
        Ok(gate::comment(&self.0.quality_gate, &from_js(facts, "the comment's facts")?))
    }

    pub fn summary(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CommentFacts")] facts: JsValue,
    ) -> JsResult<String> {
        Ok(gate::summary(&self.0.quality_gate, &from_js(facts, "the summary's facts")?))
    }

    #[wasm_bindgen(unchecked_return_type = "StyledText[][]")]
    pub fn lines(&self, is_problem_shown: bool) -> JsResult {
        to_js(&gate::lines(&self.0.quality_gate, is_problem_shown))
    }
}

/// What a change is judged by.
#[wasm_bindgen]
pub struct Change(gate::Change);

#[wasm_bindgen]
impl Change {
    #[wasm_bindgen(constructor)]
    pub fn new(
        config_text: &str,
        #[wasm_bindgen(unchecked_param_type = "ChangeFacts")] facts: JsValue,
    ) -> JsResult<Change> {
        api::change(config_text, &from_js(facts, "what binds the change")?).map(Change).map_err(throw)
    }

    #[wasm_bindgen(unchecked_return_type = "ChangeTerms")]
    pub fn terms(&self) -> JsResult {
        to_js(&self.0.decides())
    }

    pub fn judge(
        &self,
        #[wasm_bindgen(unchecked_param_type = "GateMeasurement[]")] measurements: JsValue,
        #[wasm_bindgen(unchecked_param_type = "GateFacts")] facts: JsValue,
    ) -> JsResult<Judgement> {
        judged(None, self, measurements, facts)
    }
}

fn judged(
    history: Option<&history::History>,
    change: &Change,
    measurements: JsValue,
    facts: JsValue,
) -> JsResult<Judgement> {
    let measurements: Vec<gate::GateMeasurement> = from_js(measurements, "the list of measurements")?;
    let facts = from_js(facts, "the facts of the run")?;
    gate::evaluate(history, &change.0, &measurements, &facts).map(Judgement).map_err(throw)
}

#[wasm_bindgen(js_name = reportedMeasurements, unchecked_return_type = "ReportedMeasurements")]
pub fn reported_measurements(
    text: &str,
    file: &str,
    #[wasm_bindgen(unchecked_param_type = "MetricDefinition[]")] metrics: JsValue,
) -> JsResult {
    let metrics: Vec<history::MetricDefinition> = from_js(metrics, "the list of metrics")?;
    done(gate::reported(text, file, &metrics))
}

#[wasm_bindgen(js_name = isPullRequestEvent)]
pub fn is_pull_request_event(name: &str) -> bool {
    history::is_pull_request_event(name)
}

#[wasm_bindgen(js_name = gateMarker)]
pub fn gate_marker(marker: Option<String>) -> String {
    gate::marker_line(marker.as_deref())
}

/// Bytes of the host, copied to where they are wanted and nowhere else: a large history would
/// otherwise be in the engine's memory twice, which never shrinks.
struct HostBytes {
    bytes: js_sys::Uint8Array,
    at: u32,
    /// Told when they are no longer read, so that the host gives their memory back before the checks.
    taken: Option<js_sys::Function>,
}

impl Drop for HostBytes {
    fn drop(&mut self) {
        if let Some(taken) = &self.taken {
            // What it throws is the host's own affair: the copy is made.
            let _ = taken.call0(&JsValue::UNDEFINED);
        }
    }
}

impl Read for HostBytes {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let left = self.bytes.length() - self.at;
        let count = left.min(u32::try_from(room.len()).unwrap_or(u32::MAX));
        let part = self.bytes.subarray(self.at, self.at + count);
        part.copy_to(&mut room[..count as usize]);
        self.at += count;
        Ok(count as usize)
    }
}

fn read_history(
    bytes: js_sys::Uint8Array,
    check: Check,
    taken: Option<js_sys::Function>,
) -> Result<history::History> {
    let length = bytes.length() as usize;
    history::History::read(HostBytes { bytes, at: 0, taken }, length, check, Limits::default())
}

#[wasm_bindgen]
pub fn preview(
    config_text: &str,
    #[wasm_bindgen(unchecked_param_type = "ReportFacts")] facts: JsValue,
    style: &str,
    script: &str,
) -> JsResult<String> {
    let facts = from_js(facts, "the report's facts")?;
    api::preview(config_text, &facts, Assets { style, script }).map_err(throw)
}

/// A history in the engine's memory.
#[wasm_bindgen]
pub struct History(history::History);

#[wasm_bindgen]
impl History {
    pub fn open(
        image: Option<js_sys::Uint8Array>,
        proved: bool,
        taken: Option<js_sys::Function>,
    ) -> JsResult<History> {
        match image {
            Some(image) => read_history(image, if proved { Check::Quick } else { Check::Whole }, taken),
            None => history::History::open(None, Limits::default()),
        }
        .map(History)
        .map_err(throw)
    }

    #[wasm_bindgen(js_name = checkRun, unchecked_return_type = "TypeChange[]")]
    pub fn check_run(
        &self,
        #[wasm_bindgen(unchecked_param_type = "BuildContext")] context: JsValue,
        #[wasm_bindgen(unchecked_param_type = "MetricDefinition[]")] metrics: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Circumstances")] circumstances: JsValue,
    ) -> JsResult {
        let context = from_js(context, "the build's context")?;
        let metrics: Vec<history::MetricDefinition> = from_js(metrics, "the list of metrics")?;
        let circumstances: history::Circumstances = from_js(circumstances, "the run's circumstances")?;
        done(self.0.check_run(&context, &metrics, &circumstances))
    }

    #[wasm_bindgen(js_name = typeChanges, unchecked_return_type = "TypeChange[]")]
    pub fn type_changes(
        &self,
        #[wasm_bindgen(unchecked_param_type = "MetricDefinition[]")] metrics: JsValue,
    ) -> JsResult {
        let metrics: Vec<history::MetricDefinition> = from_js(metrics, "the list of metrics")?;
        done(self.0.type_changes(&metrics))
    }

    #[wasm_bindgen(unchecked_return_type = "RecordedBuild")]
    pub fn record(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "BuildContext")] context: JsValue,
        #[wasm_bindgen(unchecked_param_type = "RecordedMetric[]")] metrics: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Circumstances")] circumstances: JsValue,
    ) -> JsResult {
        let context = from_js(context, "the build's context")?;
        let metrics: Vec<history::RecordedMetric> = from_js(metrics, "the list of metrics")?;
        let circumstances: history::Circumstances = from_js(circumstances, "the run's circumstances")?;
        done(self.0.record_in(&context, &metrics, &circumstances))
    }

    #[wasm_bindgen(unchecked_return_type = "RecordedBuild")]
    pub fn fold(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "BuildContext")] context: JsValue,
        #[wasm_bindgen(unchecked_param_type = "RecordedMetric[]")] metrics: JsValue,
        measured_at: Option<f64>,
    ) -> JsResult {
        let context = from_js(context, "the build's context")?;
        let metrics: Vec<history::RecordedMetric> = from_js(metrics, "the list of metrics")?;
        done(self.0.fold(&context, &metrics, measured_at.map(|time| time as i64)))
    }

    #[wasm_bindgen(unchecked_return_type = "Merged")]
    pub fn merge(&mut self, image: js_sys::Uint8Array, of_one_repository: bool) -> JsResult {
        let other = read_history(image, Check::Whole, None).map_err(throw)?;
        if of_one_repository {
            self.0.check_merge(&other).map_err(throw)?;
        }
        done(self.0.merge(&other))
    }

    #[wasm_bindgen(unchecked_return_type = "Series")]
    pub fn series(
        &self,
        metric: &str,
        #[wasm_bindgen(unchecked_param_type = "BuildFilter")] filter: JsValue,
    ) -> JsResult {
        list_to_js(self.0.series(metric, &from_js(filter, "the filter")?))
    }

    #[wasm_bindgen(unchecked_return_type = "Baseline | null")]
    pub fn baseline(
        &self,
        metric: &str,
        #[wasm_bindgen(unchecked_param_type = "BaselineQuery")] query: JsValue,
    ) -> JsResult {
        done(self.0.baseline(metric, &from_js(query, "the baseline's query")?))
    }

    #[wasm_bindgen(unchecked_return_type = "Value[][]")]
    pub fn recent(
        &self,
        metrics: Vec<String>,
        #[wasm_bindgen(unchecked_param_type = "RecentQuery")] query: JsValue,
    ) -> JsResult {
        done(self.0.recent(&metrics, &from_js(query, "the query")?))
    }

    #[wasm_bindgen(js_name = valuesByBuildId, unchecked_return_type = "StoredValue[]")]
    pub fn values_by_build_id(&self, id: f64) -> JsResult {
        done(self.0.metric_values_by_build_id(id as i64))
    }

    #[wasm_bindgen(js_name = buildCount)]
    pub fn build_count(&self) -> usize {
        self.0.build_count()
    }

    #[wasm_bindgen(js_name = reportedBuilds)]
    pub fn reported_builds(&self, now: &str) -> JsResult<usize> {
        api::reported_builds(&self.0, now).map_err(throw)
    }

    #[wasm_bindgen(unchecked_return_type = "Build[]")]
    pub fn builds(
        &self,
        #[wasm_bindgen(unchecked_param_type = "BuildFilter")] filter: JsValue,
        limit: Option<u32>,
    ) -> JsResult {
        list_to_js(self.0.builds(&from_js(filter, "the filter")?, limit.map(|limit| limit as usize)))
    }

    #[wasm_bindgen(js_name = futureBuilds, unchecked_return_type = "FutureBuilds")]
    pub fn future_builds(&self, now: &str, most: u32) -> JsResult {
        done(self.0.future_builds(now, most as usize))
    }

    #[wasm_bindgen(js_name = metricDefinitions, unchecked_return_type = "MetricDefinition[]")]
    pub fn metric_definitions(&self) -> JsResult {
        done(self.0.metrics())
    }

    pub fn report(
        &self,
        config_text: Option<String>,
        #[wasm_bindgen(unchecked_param_type = "ReportFacts")] facts: JsValue,
        style: &str,
        script: &str,
    ) -> JsResult<String> {
        let facts = from_js(facts, "the report's facts")?;
        api::report(&self.0, config_text.as_deref(), &facts, Assets { style, script }).map_err(throw)
    }

    pub fn gate(
        &self,
        change: &Change,
        #[wasm_bindgen(unchecked_param_type = "GateMeasurement[]")] measurements: JsValue,
        #[wasm_bindgen(unchecked_param_type = "GateFacts")] facts: JsValue,
    ) -> JsResult<Judgement> {
        judged(Some(&self.0), change, measurements, facts)
    }

    pub fn save(&mut self) -> JsResult<js_sys::Uint8Array> {
        self.0.save_with(|image| image.into()).map_err(throw)
    }

    pub fn badge(
        &self,
        config_text: Option<String>,
        metric: &str,
        #[wasm_bindgen(unchecked_param_type = "BadgeWish")] wish: JsValue,
    ) -> JsResult<String> {
        let wish = from_js(wish, "what is wanted of the badge")?;
        api::badge(&self.0, config_text.as_deref(), metric, &wish).map_err(throw)
    }
}

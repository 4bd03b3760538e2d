//! What a key of the configuration means where it is left out, for as far as one value says it.
//! Reading, the JSON Schema and whatever falls back to a default take it from here.

use super::{ColourMode, GateMode, OnMissing, Severity, StorageType};

/// Milliseconds after which a shell command is killed.
pub const TIMEOUT: u32 = 60_000;
/// Where the history lives.
pub const STORAGE: StorageType = StorageType::SqliteArtifact;
/// What a failed threshold does to a run.
pub const MODE: GateMode = GateMode::Soft;
/// Whether a verdict is posted as a comment.
pub const COMMENT: bool = true;
/// Rows of the comment.
pub const COMMENT_METRICS: u32 = 30;
/// Characters of the comment.
pub const COMMENT_CHARACTERS: u32 = 20_000;
/// Days after which a build is too old to compare with.
pub const MAX_AGE_DAYS: u32 = 90;
/// How much worse than the baseline `no-regression` allows.
pub const TOLERANCE: f64 = 0.5;
/// Builds that `anomaly` looks at.
pub const WINDOW: u32 = 30;
/// Scaled deviations that `anomaly` allows.
pub const SENSITIVITY: f64 = 6.0;
/// What a failed threshold means.
pub const SEVERITY: Severity = Severity::Blocker;
/// The colours of the report.
pub const COLOUR_MODE: ColourMode = ColourMode::Auto;

/// What a missing value means for a threshold.
pub const fn on_missing(severity: Severity) -> OnMissing {
    match severity {
        Severity::Blocker => OnMissing::Fail,
        Severity::Warning => OnMissing::Warn,
    }
}

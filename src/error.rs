//! What can go wrong, named once. Every failure of the engine is an [`Error`] with a stable
//! [`Code`]; callers branch on codes and never on words. What the codes mean to a caller (the
//! type, whether a retry can help) is decided here; exit codes belong to the host.

use serde::Serialize;

/// A failure of the engine: what happened, why, where, and what to do about it.
///
/// `message` is lower case without a final period and quotes what the user wrote in backticks;
/// `hint` is a sentence that names the remedy, empty when there is none to give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "EngineError"))]
#[error("{message}")]
#[serde(rename_all = "camelCase")]
pub struct Error {
    /// The stable code, part of the public interface.
    pub code: Code,
    /// Cause and location, for a person.
    pub message: String,
    /// The remedy as a sentence, or empty.
    pub hint: String,
}

impl Error {
    /// An error with a message and no remedy yet; add one with [`Error::hint`].
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: String::new() }
    }

    /// The same error with a remedy.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

/// The result of everything in the engine that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// What part of a run a failure belongs to; the host derives the exit code from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum FailureType {
    /// Configuration or usage.
    Validation,
    /// The history or where it is kept.
    Storage,
    /// A metric could not be collected.
    Collection,
    /// The report could not be rendered.
    Report,
    /// The quality gate.
    Gate,
    /// A bug.
    Internal,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal, $type:ident;)+) => {
        /// The stable codes. Each is spelled in upper snake case outside the engine.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        pub enum Code {
            $($(#[doc = $doc])+ #[cfg_attr(test, ts(rename = $text))] $variant,)+
        }

        impl Code {
            /// Every code, for documentation and tests.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)+];

            /// The code as users, logs and outputs see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)+ }
            }

            /// The part of a run it belongs to.
            pub fn error_type(self) -> FailureType {
                match self { $(Code::$variant => FailureType::$type,)+ }
            }
        }
    };
}

codes! {
    /// The configuration is not JSON or breaks its grammar.
    ConfigInvalid = "CONFIG_INVALID", Validation;
    /// A directory's name cannot be part of a shell command.
    GroupDirectory = "GROUP_DIRECTORY", Collection;
    /// A call was made with arguments that make no sense.
    UsageInvalid = "USAGE_INVALID", Validation;
    /// The arguments of an `@collect` line are wrong.
    CollectorUsage = "COLLECTOR_USAGE", Validation;
    /// A file given to a collector does not hold what the collector reads.
    CollectorFormat = "COLLECTOR_FORMAT", Collection;
    /// A number of a file has more digits than are kept.
    NumberInexact = "NUMBER_INEXACT", Collection;
    /// A collector found nothing to measure.
    CollectorNothing = "COLLECTOR_NOTHING", Collection;
    /// A warning: a coverage report's own totals are not the sum of its records.
    CoverageTotals = "COVERAGE_TOTALS", Collection;
    /// A warning: a record of a coverage report cannot be read and costs only what it says.
    CoverageRecord = "COVERAGE_RECORD", Collection;
    /// A command's output is not a value of the metric's type.
    OutputInvalid = "OUTPUT_INVALID", Collection;
    /// A metric's type is not the one that the history holds it with.
    MetricTypeChanged = "METRIC_TYPE_CHANGED", Collection;
    /// The history is not an SQLite database.
    HistoryNotSqlite = "HISTORY_NOT_SQLITE", Storage;
    /// The history is an SQLite database with damage.
    HistoryCorrupt = "HISTORY_CORRUPT", Storage;
    /// The history is a sound database of something else.
    HistoryForeign = "HISTORY_FOREIGN", Storage;
    /// The history was written by a newer program.
    HistoryNewer = "HISTORY_NEWER", Storage;
    /// The history is larger than the limit.
    HistoryTooLarge = "HISTORY_TOO_LARGE", Storage;
    /// A build could not be recorded as given.
    BuildInvalid = "BUILD_INVALID", Validation;
    /// The history's builds are of another repository.
    HistoryOtherRepository = "HISTORY_OTHER_REPOSITORY", Storage;
    /// A build is dated more than a day after now.
    BuildFromTheFuture = "BUILD_FROM_THE_FUTURE", Validation;
    /// SQLite refused an operation for another reason.
    HistoryFailed = "HISTORY_FAILED", Storage;
    /// A blocker failed in the mode `hard`.
    GateFailed = "GATE_FAILED", Gate;
    /// What the base branch demands is not known, in the mode `hard`.
    BaseConfigUnknown = "BASE_CONFIG_UNKNOWN", Gate;
    /// What a change says of the storage, the files that count or the comment is not used yet.
    ConfigUnmerged = "CONFIG_UNMERGED", Gate;
    /// The file with another run's measurements is not what the gate writes.
    ClaimsInvalid = "CLAIMS_INVALID", Validation;
    /// Measurements of metrics that the base branch does not have.
    ClaimsUnknown = "CLAIMS_UNKNOWN", Gate;
    /// The run of the pull request could not measure a metric.
    ClaimFailed = "CLAIM_FAILED", Collection;
    /// The report could not be rendered.
    ReportFailed = "REPORT_FAILED", Report;
    /// The engine broke one of its own rules.
    Internal = "INTERNAL", Internal;
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_shouted() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            let text = code.as_str();
            assert!(seen.insert(text), "{text} stands twice");
            assert!(text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{text}");
        }
    }
}

//! What a verdict makes a run fail with, or warn of, in words.

use super::verdict::GateVerdict;
use crate::error::{Code, Error};

/// Why a run that its gate blocks must fail. `None` where the history was refused: the host has said why.
pub(super) fn blocked(shown: &GateVerdict) -> Option<Error> {
    let names: Vec<String> =
        shown.failing_metrics.iter().map(|metric| format!("`{}`", metric.metric)).collect();
    if !names.is_empty() {
        let message = format!("the quality gate failed: {}", names.join(", "));
        return Some(Error::new(Code::GateFailed, message).hint(
            "Each says what was found and what is demanded. Fix them, or change the thresholds on the base branch.",
        ));
    }
    let problem = shown.configuration_problem.as_ref()?;
    let message = format!("the quality gate is not known: {problem}");
    Some(Error::new(Code::BaseConfigUnknown, message).hint(
        "In the mode `hard` a change passes only what its base branch demands. See the warning for what to do; \
         `quality-gate-mode: soft` as an input lets this run pass.",
    ))
}

/// A warning of a change that names another location of the history, other files to count or another
/// comment, which is worth one beside its line in the list.
pub(super) fn unmerged(shown: &GateVerdict) -> Option<Error> {
    let is_worth = |what: &str| {
        what.starts_with("storage.")
            || what.starts_with("maxComment")
            || matches!(what, "sources" | "enablePullRequestComment")
    };
    let changes = shown.configuration_changes.iter().map(|change| change.what.as_str());
    let names: Vec<String> = changes.filter(|what| is_worth(what)).map(|what| format!("`{what}`")).collect();
    if names.is_empty() {
        return None;
    }
    let message = format!("what this change says of {} holds once it is merged", names.join(", "));
    Some(
        Error::new(Code::ConfigUnmerged, message)
            .hint("In this run the base branch's configuration decides, after flags and inputs."),
    )
}

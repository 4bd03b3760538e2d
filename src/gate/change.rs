//! What a change is judged by, before anything of it is measured: its own configuration and that of
//! the branch it goes to, each read once, and the mode that is in force.

use super::configuration::{self, Terms};
use super::given;
use crate::config::{self, CheckedConfig, Config, GateMode, GroupListing};
use crate::error::{Code, Error, Result};
use crate::text::{list_or, quote};
use serde::{Deserialize, Serialize};

/// What binds a change beside its own configuration, as the host knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct ChangeFacts {
    /// The text of the base branch's configuration.
    #[serde(default)]
    pub base_config_text: Option<String>,
    /// Its name in messages.
    #[serde(default)]
    pub base_config_name: Option<String>,
    /// Why it could not be read, where there is or may be one.
    #[serde(default)]
    pub base_config_problem: Option<String>,
    /// The mode that was asked for: `off`, `soft` or `hard`; before the configurations'.
    #[serde(default)]
    pub mode: Option<String>,
    /// Whether the values are those that another run reports: they are of the base branch's metrics
    /// then, and what the change's own configuration says decides nothing.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub reported: bool,
}

/// What decides before anything is measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ChangeTerms {
    /// The mode that is in force.
    pub mode: GateMode,
    /// The reference branch that the configuration which decides names.
    pub reference_branch: Option<String>,
    /// What the base branch's configuration means, where there is a text of it.
    pub base: Option<CheckedConfig>,
}

/// A change's configuration with that of the branch it goes to.
#[derive(Debug, Clone)]
pub struct Change {
    own: Config,
    base: Option<CheckedConfig>,
    /// The mode that was asked for.
    asked: Option<GateMode>,
    /// Why the base branch's configuration could not be read.
    problem: Option<String>,
    terms: Terms,
}

impl Change {
    /// Reads what binds a change.
    ///
    /// With the base branch's configuration a change is judged by that and by what its own tightens,
    /// and all differences are listed. Where that cannot be read, a change's own `off` counts as
    /// `soft`: only whoever asks for a mode switches the gate off.
    ///
    /// # Errors
    /// `USAGE_INVALID` where the mode asked for is none.
    pub fn new(own: Config, facts: &ChangeFacts) -> Result<Self> {
        let name = facts.base_config_name.as_deref().unwrap_or("the base branch's configuration");
        let base = facts.base_config_text.as_deref().map(|text| config::check(text, name));
        let own = match base.as_ref().and_then(|base| base.config.as_ref()) {
            Some(base) if facts.reported && facts.base_config_problem.is_none() => base.clone(),
            _ => own,
        };
        let mode = |mode: &str| {
            GateMode::parse(mode).ok_or_else(|| {
                let words: Vec<String> = GateMode::WORDS.iter().map(|word| quote(word)).collect();
                let message =
                    format!("the quality gate's mode is {}, expected {}", quote(mode), list_or(&words));
                Error::new(Code::UsageInvalid, message)
            })
        };
        let asked = given(facts.mode.as_deref()).map(mode).transpose()?;
        let problem = facts.base_config_problem.clone();
        let terms = terms(&own, base.as_ref().map(configuration::base), asked, problem.as_deref());
        Ok(Self { own, base, asked, problem, terms })
    }

    /// The change with the metrics of its groups, and those of the base branch's, as they were listed.
    pub(super) fn expanded(&self, own: &[GroupListing], base: &[GroupListing]) -> (Config, Terms) {
        let own = self.own.expanded(own).config;
        let theirs = self.base.as_ref().map(configuration::base);
        let theirs = theirs.map(|theirs| theirs.map(|theirs| theirs.expanded(base).config));
        let theirs = theirs.as_ref().map(|theirs| theirs.as_ref().map_err(Clone::clone));
        let terms = terms(&own, theirs, self.asked, self.problem.as_deref());
        (own, terms)
    }

    /// What decides, as the host needs it.
    #[must_use]
    pub fn decides(&self) -> ChangeTerms {
        ChangeTerms {
            mode: self.terms.mode,
            reference_branch: self.terms.reference_branch.clone(),
            base: self.base.clone(),
        }
    }
}

fn terms(
    own: &Config,
    base: Option<std::result::Result<&Config, String>>,
    asked: Option<GateMode>,
    problem: Option<&str>,
) -> Terms {
    let mut terms = configuration::terms(own, base);
    if terms.problem.is_none() {
        terms.problem = problem.map(str::to_owned);
    }
    if let Some(mode) = asked {
        terms.mode = mode;
    } else if terms.problem.is_some() && terms.mode == GateMode::Off {
        terms.mode = GateMode::Soft;
    }
    terms
}

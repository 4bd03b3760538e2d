//! The metric templates that `$ref` names. A template fills what the user leaves out and decides
//! nothing else.

use crate::metric::{Direction, Unit};

/// A prepared numeric metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// What `$ref` says.
    pub name: &'static str,
    /// The metric's description.
    pub description: &'static str,
    /// The metric's unit.
    pub unit: Unit,
    /// `None` where only the user's project can know it.
    pub command: Option<&'static str>,
    /// `None` where the unit decides.
    pub direction: Option<Direction>,
}

/// Every template, in the order of the documentation.
pub const TEMPLATES: &[Template] = &[
    percent("coverage", "Share of the lines that the tests run"),
    percent("branch-coverage", "Share of the branches that the tests take"),
    percent("function-coverage", "Share of the functions that the tests call"),
    Template {
        command: Some("@collect loc ."),
        ..count("loc", "Lines of code without comments and blanks", None)
    },
    Template {
        name: "size",
        description: "Size of the built files",
        unit: Unit::Bytes,
        command: Some("@collect size dist"),
        direction: None,
    },
    duration("build-time", "Time that a build takes"),
    duration("test-time", "Time that the tests take"),
    count("dependencies-count", "Packages that the project depends on", Some(Direction::LowerIsBetter)),
    count("test-count", "Tests that were run", Some(Direction::HigherIsBetter)),
    count("test-failures", "Tests that failed", Some(Direction::LowerIsBetter)),
    duration("benchmark", "Time that a benchmark takes"),
];

/// The names of all templates.
pub(super) const NAMES: &[&str] = &names::<{ TEMPLATES.len() }>(false);

/// The names of the templates that need a command from the user.
pub(super) const COMMANDLESS: &[&str] = &names::<{ TEMPLATES.len() - with_command() }>(true);

/// The template that a name means.
pub(super) fn find(name: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.name == name)
}

const fn percent(name: &'static str, description: &'static str) -> Template {
    Template { name, description, unit: Unit::Percent, command: None, direction: None }
}

const fn duration(name: &'static str, description: &'static str) -> Template {
    Template { name, description, unit: Unit::Duration, command: None, direction: None }
}

const fn count(name: &'static str, description: &'static str, direction: Option<Direction>) -> Template {
    Template { name, description, unit: Unit::Integer, command: None, direction }
}

const fn with_command() -> usize {
    let (mut index, mut count) = (0, 0);
    while index < TEMPLATES.len() {
        count += TEMPLATES[index].command.is_some() as usize;
        index += 1;
    }
    count
}

const fn names<const N: usize>(commandless_only: bool) -> [&'static str; N] {
    let mut names = [""; N];
    let (mut index, mut next) = (0, 0);
    while index < TEMPLATES.len() {
        if !(commandless_only && TEMPLATES[index].command.is_some()) {
            names[next] = TEMPLATES[index].name;
            next += 1;
        }
        index += 1;
    }
    names
}

//! What a configuration means: the checked types that the rest of the engine trusts, and
//! [`check`], the only way to get them from text. The grammar lives in [`grammar`], positions and
//! wording of problems in [`diagnostic`].

use serde::Serialize;

/// The unit of a numeric metric; decides how its values are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Percentage points, 0-100.
    Percent,
    /// A count.
    Integer,
    /// Bytes.
    Bytes,
    /// Seconds.
    Duration,
    /// A number with two decimals.
    Decimal,
}

/// Whether a metric's values are numbers or words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricType {
    /// One finite number.
    Numeric,
    /// One line of text.
    Label,
}

/// Which way a metric gets better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// More is better (coverage).
    HigherIsBetter,
    /// Less is better (size, duration).
    LowerIsBetter,
    /// Neither; `no-regression` treats it as higher-is-better.
    None,
}

/// A metric with its template applied and its defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metric {
    /// The key in the configuration and in the history.
    pub id: String,
    /// What people read; the id where none was given.
    pub name: String,
    /// Numeric or label.
    #[serde(rename = "type")]
    pub kind: MetricType,
    /// A sentence on what it measures.
    pub description: Option<String>,
    /// A shell command or an `@collect` line.
    pub command: String,
    /// How numbers are shown; `None` for labels and plain numbers.
    pub unit: Option<Unit>,
    /// Milliseconds after which a shell command is killed.
    pub timeout: u32,
    /// Which way it gets better.
    pub direction: Direction,
}

/// How the report is laid out and coloured.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Sections in order; empty means one section with a chart for every metric.
    pub sections: Vec<Section>,
    /// Colours.
    pub theme: Theme,
    /// Light, dark or what the reader's system says.
    pub mode: ColourMode,
}

/// A titled group of charts.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Section {
    /// Heading.
    pub name: String,
    /// A line below the heading.
    pub description: Option<String>,
    /// At least one.
    pub charts: Vec<Chart>,
}

/// One chart over one or more metrics.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chart {
    /// Ids of configured metrics.
    pub metrics: Vec<String>,
    /// Replaces the metrics' names above the chart.
    pub title: Option<String>,
}

/// Light, dark, or the reader's preference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColourMode {
    /// Follow the reader's system.
    #[default]
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// A named theme or the user's own colours.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    /// `lattice`, `flux`, `halftone` or `specimen`.
    Named(String),
    /// `(variable, #rrggbb)` pairs for each scheme; unset variables keep the default theme's.
    Custom {
        /// For dark.
        dark: Vec<(String, String)>,
        /// For light.
        light: Vec<(String, String)>,
    },
}

impl Default for Theme {
    fn default() -> Self {
        Theme::Named("lattice".into())
    }
}

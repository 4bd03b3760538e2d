//! Counts added up by language. It knows nothing of files beyond how many there were.

use super::table::LANGUAGES;
use super::{Counts, LanguageId};
use serde::Serialize;

/// Counts added up by language.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Row {
    files: u64,
    counts: Counts,
}

/// What one language comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LanguageTotal {
    /// The language's name.
    pub language: &'static str,
    /// Files counted.
    pub files: u64,
    /// Their lines.
    #[serde(flatten)]
    pub counts: Counts,
}

impl Tally {
    /// Adds one file's lines.
    pub fn add(&mut self, language: LanguageId, counts: Counts) {
        let row = self.row(language);
        row.files += 1;
        row.counts += counts;
    }

    /// Adds everything that another tally holds.
    pub fn merge(&mut self, other: &Tally) {
        for (number, row) in (0u16..).zip(&other.rows) {
            let own = self.row(LanguageId(number));
            own.files += row.files;
            own.counts += row.counts;
        }
    }

    /// The lines of all languages, or of the given one.
    pub fn total(&self, only: Option<LanguageId>) -> Counts {
        let mut total = Counts::default();
        for (number, row) in (0u16..).zip(&self.rows) {
            if only.is_none_or(|id| id.0 == number) {
                total += row.counts;
            }
        }
        total
    }

    /// How many files were counted.
    pub fn files(&self) -> u64 {
        self.rows.iter().map(|row| row.files).sum()
    }

    /// The languages that have files, most code first, then by name.
    pub fn by_language(&self) -> Vec<LanguageTotal> {
        let mut list: Vec<_> = LANGUAGES
            .iter()
            .zip(&self.rows)
            .filter(|(_, row)| row.files > 0)
            .map(|(language, row)| LanguageTotal {
                language: language.name,
                files: row.files,
                counts: row.counts,
            })
            .collect();
        list.sort_unstable_by(|a, b| b.counts.code.cmp(&a.counts.code).then(a.language.cmp(b.language)));
        list
    }

    /// The tally as numbers, five a language that has files: id, files, code, comments, blanks.
    pub fn to_numbers(&self) -> Vec<f64> {
        let mut numbers = Vec::new();
        for (id, row) in self.rows.iter().enumerate().filter(|(_, row)| row.files > 0) {
            let Counts { code, comments, blanks } = row.counts;
            numbers.push(id as f64);
            numbers.extend([row.files, code, comments, blanks].map(|n| n as f64));
        }
        numbers
    }

    /// The reverse of [`Tally::to_numbers`]; groups that name no language are left out.
    pub fn from_numbers(numbers: &[f64]) -> Self {
        let mut tally = Self::default();
        for group in numbers.chunks_exact(5) {
            let id = group[0] as u16;
            if usize::from(id) < LANGUAGES.len() {
                let row = tally.row(LanguageId(id));
                row.files += group[1] as u64;
                row.counts +=
                    Counts { code: group[2] as u64, comments: group[3] as u64, blanks: group[4] as u64 };
            }
        }
        tally
    }

    fn row(&mut self, language: LanguageId) -> &mut Row {
        if self.rows.is_empty() {
            self.rows.resize(LANGUAGES.len(), Row::default());
        }
        &mut self.rows[usize::from(language.0)]
    }
}

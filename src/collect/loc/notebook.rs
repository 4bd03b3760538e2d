//! The lines of a Jupyter notebook: those of its code cells in the kernel's language, and those of
//! its other cells as prose. Outputs, images and metadata are not lines anybody wrote.

use super::{Counts, LanguageId, counter, detect, lookup, named};
use serde::Deserialize;

#[derive(Deserialize)]
struct Notebook {
    cells: Vec<Cell>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Cell {
    cell_type: String,
    #[serde(default)]
    source: Source,
}

/// The format allows a cell's text as one string or as a list of lines.
#[derive(Deserialize)]
#[serde(untagged)]
enum Source {
    Whole(String),
    Lines(Vec<String>),
}

impl Default for Source {
    fn default() -> Self {
        Self::Whole(String::new())
    }
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    kernelspec: Kernel,
    #[serde(default)]
    language_info: LanguageInfo,
}

#[derive(Deserialize, Default)]
struct Kernel {
    language: Option<String>,
}

#[derive(Deserialize, Default)]
struct LanguageInfo {
    name: Option<String>,
    file_extension: Option<String>,
}

/// The lines of a notebook, or `None` if the text is none.
pub(super) fn count(text: &[u8]) -> Option<Counts> {
    let notebook: Notebook = serde_json::from_slice(text).ok()?;
    let language = language(&notebook.metadata);
    let prose = named("Markdown");
    let mut total = Counts::default();
    for cell in &notebook.cells {
        let source = match &cell.source {
            Source::Whole(text) => text.clone(),
            Source::Lines(lines) => lines.concat(),
        };
        let language = if cell.cell_type == "code" { language } else { prose };
        total += counter::count(language, source.as_bytes());
    }
    Some(total)
}

fn language(metadata: &Metadata) -> LanguageId {
    let named_by = |name: &Option<String>| name.as_ref().and_then(|name| lookup(&name.to_lowercase()));
    let extension = metadata.language_info.file_extension.as_deref().unwrap_or_default();
    named_by(&metadata.kernelspec.language)
        .or_else(|| named_by(&metadata.language_info.name))
        .or_else(|| detect::by_extension(extension.trim_start_matches('.')))
        .unwrap_or_else(|| named("Python"))
}

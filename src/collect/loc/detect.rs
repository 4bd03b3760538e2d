//! Which language a file is written in: by its name, else its extension, else its first bytes.
//! Reading the file is the caller's business; nothing here opens one.

use super::table::LANGUAGES;
use super::{LanguageId, named};
use std::collections::HashMap;
use std::sync::LazyLock;

/// How many bytes from the start of a file [`detect_content`] wants to see at most.
pub const HEAD_BYTES: usize = 4096;

/// What a path says about its language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detection {
    /// The path decides it.
    Language(LanguageId),
    /// The path leaves it open; [`detect_content`] decides it by the file's first bytes.
    ByContent(Question),
    /// No language that is counted.
    Unknown,
}

/// What is to be asked of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Whether the first line names an interpreter (the file has no extension).
    Interpreter,
    /// Whether a `.v` file is Verilog, V or Coq.
    ExtensionV,
    /// Whether a `.m` file is Objective-C or MATLAB.
    ExtensionM,
}

impl Detection {
    /// The detection as one number, for hosts that detect in bulk: a language's id, or one of the
    /// values from 65280 upwards, of which 65535 is unknown and the others are questions.
    pub fn to_code(self) -> u16 {
        match self {
            Self::Language(id) => id.0,
            Self::ByContent(Question::Interpreter) => 0xFF00,
            Self::ByContent(Question::ExtensionV) => 0xFF01,
            Self::ByContent(Question::ExtensionM) => 0xFF02,
            Self::Unknown => 0xFFFF,
        }
    }

    /// The reverse of [`Detection::to_code`]; a number without a meaning is unknown.
    pub fn from_code(code: u16) -> Self {
        match code {
            0xFF00 => Self::ByContent(Question::Interpreter),
            0xFF01 => Self::ByContent(Question::ExtensionV),
            0xFF02 => Self::ByContent(Question::ExtensionM),
            id if usize::from(id) < LANGUAGES.len() => Self::Language(LanguageId(id)),
            _ => Self::Unknown,
        }
    }
}

/// The language of the file at a path, as far as the path shows it. Directories may be separated by
/// `/` or `\`; upper and lower case are the same.
pub fn detect(path: &str) -> Detection {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let lowered;
    let name = if name.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) {
        lowered = name.to_ascii_lowercase();
        lowered.as_str()
    } else {
        name
    };
    if let Some(&id) = INDEX.files.get(name) {
        return Detection::Language(id);
    }
    if name.ends_with(".blade.php") {
        return INDEX.extensions.get("blade").map_or(Detection::Unknown, |&id| Detection::Language(id));
    }
    match name.rsplit_once('.') {
        // A leading dot hides the file and starts no extension.
        None | Some(("", _)) => Detection::ByContent(Question::Interpreter),
        Some((_, "v")) => Detection::ByContent(Question::ExtensionV),
        Some((_, "m")) => Detection::ByContent(Question::ExtensionM),
        Some((_, extension)) => {
            INDEX.extensions.get(extension).map_or(Detection::Unknown, |&id| Detection::Language(id))
        }
    }
}

/// [`detect`] for many paths at once, each ended by a NUL byte, as [`Detection::to_code`] numbers.
pub fn detect_many(paths: &str) -> Vec<u16> {
    paths.split_terminator('\0').map(|path| detect(path).to_code()).collect()
}

/// Answers what a path left open from the file's first bytes, of which [`HEAD_BYTES`] are enough.
pub fn detect_content(question: Question, head: &[u8]) -> Option<LanguageId> {
    match question {
        Question::Interpreter => detect_shebang(head),
        Question::ExtensionV => Some(named(dialect_of_v(head))),
        Question::ExtensionM => Some(named(dialect_of_m(head))),
    }
}

/// The language whose interpreter the first line names, such as `#!/usr/bin/env python3`.
pub fn detect_shebang(first_bytes: &[u8]) -> Option<LanguageId> {
    let line = first_bytes.split(|&b| b == b'\n').next()?.strip_prefix(b"#!")?;
    let line = std::str::from_utf8(&line[..line.len().min(256)]).ok()?;
    let mut words = line.split_whitespace();
    let mut program = base_name(words.next()?);
    if program == "env" {
        // `env` takes options and assignments before the command.
        program = base_name(words.find(|word| !word.starts_with('-') && !word.contains('='))?);
    }
    let lowered = program.to_ascii_lowercase();
    let bare = lowered.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    INDEX.interpreters.get(lowered.as_str()).or_else(|| INDEX.interpreters.get(bare)).copied()
}

/// The language that has this extension (lower case, no dot), if one alone has it.
pub(super) fn by_extension(extension: &str) -> Option<LanguageId> {
    INDEX.extensions.get(extension).copied()
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// V's functions, Verilog's modules and directives and Coq's sentences are unmistakable; what has
/// none of them is Verilog, the most common of the three.
fn dialect_of_v(head: &[u8]) -> &'static str {
    let begins = |words: &[&str]| {
        head.split(|&b| b == b'\n').any(|line| {
            let line = line.trim_ascii_start();
            words.iter().any(|word| line.starts_with(word.as_bytes()))
        })
    };
    if begins(&["fn ", "pub fn ", "pub struct "]) {
        "V"
    } else if begins(&["module ", "endmodule", "`"]) {
        "Verilog"
    } else if begins(&[
        "(*",
        "Require ",
        "From ",
        "Theorem ",
        "Lemma ",
        "Definition ",
        "Inductive ",
        "Module ",
    ]) {
        "Coq"
    } else {
        "Verilog"
    }
}

/// MATLAB comments with `%` and opens with `function` or `classdef`; Objective-C does neither.
fn dialect_of_m(head: &[u8]) -> &'static str {
    let first = head.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty());
    let matlab = first.is_some_and(|line| {
        line.starts_with(b"%") || line.starts_with(b"function ") || line.starts_with(b"classdef ")
    });
    if matlab { "MATLAB" } else { "Objective-C" }
}

struct Index {
    files: HashMap<&'static str, LanguageId>,
    extensions: HashMap<&'static str, LanguageId>,
    interpreters: HashMap<&'static str, LanguageId>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index { files: HashMap::new(), extensions: HashMap::new(), interpreters: HashMap::new() };
    for (number, language) in (0u16..).zip(LANGUAGES) {
        let id = LanguageId(number);
        index.files.extend(language.files.split_whitespace().map(|file| (file, id)));
        index.extensions.extend(language.extensions.split_whitespace().map(|ext| (ext, id)));
        index.interpreters.extend(language.interpreters.split_whitespace().map(|name| (name, id)));
    }
    index
});

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_name_extension_or_interpreter_belongs_to_one_language() {
        let mut seen = HashSet::new();
        for language in LANGUAGES {
            let keys = [
                ("file", language.files),
                ("extension", language.extensions),
                ("interpreter", language.interpreters),
            ];
            for (what, list) in keys {
                for key in list.split_whitespace() {
                    assert_eq!(key, key.to_ascii_lowercase());
                    assert!(seen.insert((what, key)), "{what} `{key}` of {} stands twice", language.name);
                }
            }
        }
    }

    #[test]
    fn the_table_is_in_the_order_of_names() {
        for pair in LANGUAGES.windows(2) {
            assert!(pair[0].name.to_ascii_lowercase() < pair[1].name.to_lowercase(), "{}", pair[1].name);
        }
        assert!(LANGUAGES.len() < 0xFF00);
    }
}

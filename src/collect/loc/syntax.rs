//! What a language's source looks like as far as counting its lines needs to know: comment
//! markers, quotes, and how whole files are to be taken. It names syntaxes that several languages
//! share; which language has which syntax is in the table, and what is done with it in the
//! counter.

/// The two ends of a comment or a string.
pub(super) type Pair = (&'static str, &'static str);

/// The markers of one language. Where several could start at the same position the list is in the
/// order in which they are tried, longest first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Syntax {
    /// What starts a comment that ends with the line.
    pub(super) line: &'static [&'static str],
    /// Comments with two ends.
    pub(super) block: &'static [Pair],
    /// Whether every `block` comment nests.
    pub(super) nested: bool,
    /// Comments with two ends that nest although `block` ones do not.
    pub(super) nesting: &'static [Pair],
    /// Strings in which a backslash escapes.
    pub(super) quotes: &'static [Pair],
    /// Strings in which a backslash is an ordinary character.
    pub(super) verbatim: &'static [Pair],
    /// Documentation strings; they are code, like other strings, and escape like them.
    pub(super) docs: &'static [Pair],
    /// How a file is to be taken as a whole.
    pub(super) kind: Kind,
}

/// How a file is to be taken as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Lines are code unless they are comments or blank.
    Code,
    /// Code in fixed columns: letters and stars mark a comment only in the first column.
    Columns,
    /// Writing for people: every line that is not blank is a comment.
    Prose,
    /// Markup that holds scripts, styles and templates with a syntax of their own.
    Embedding,
    /// A Jupyter notebook: the lines are those of its cells.
    Notebook,
}

pub(super) const SLASHES: &[&str] = &["//"];
pub(super) const HASH: &[&str] = &["#"];
pub(super) const SEMICOLON: &[&str] = &[";"];
pub(super) const DASHES: &[&str] = &["--"];

pub(super) const STARRED: &[Pair] = &[("/*", "*/")];
pub(super) const MARKUP: &[Pair] = &[("<!--", "-->")];
pub(super) const BRACE_DASH: &[Pair] = &[("{-", "-}")];
pub(super) const PAREN_STAR: &[Pair] = &[("(*", "*)")];
pub(super) const HASH_BAR: &[Pair] = &[("#|", "|#")];

pub(super) const DOUBLE: &[Pair] = &[("\"", "\"")];
pub(super) const SINGLE: &[Pair] = &[("'", "'")];
pub(super) const BOTH: &[Pair] = &[("\"", "\""), ("'", "'")];
pub(super) const TICKS: &[Pair] = &[("\"", "\""), ("'", "'"), ("`", "`")];
pub(super) const TRIPLE: &[Pair] = &[("\"\"\"", "\"\"\""), ("\"", "\"")];
pub(super) const TRIPLES: &[Pair] = &[("\"\"\"", "\"\"\""), ("'''", "'''"), ("\"", "\""), ("'", "'")];
pub(super) const DOCSTRINGS: &[Pair] = &[("\"\"\"", "\"\"\""), ("'''", "'''")];

/// No comments and no strings: every line that is not blank is code.
pub(super) const NONE: Syntax = Syntax {
    line: &[],
    block: &[],
    nested: false,
    nesting: &[],
    quotes: &[],
    verbatim: &[],
    docs: &[],
    kind: Kind::Code,
};

pub(super) const C_BARE: Syntax = Syntax { line: SLASHES, block: STARRED, ..NONE };
pub(super) const C: Syntax = Syntax { quotes: DOUBLE, ..C_BARE };
pub(super) const C_BOTH: Syntax = Syntax { quotes: BOTH, ..C_BARE };
pub(super) const C_NESTED: Syntax = Syntax { nested: true, ..C };
pub(super) const JS: Syntax = Syntax { quotes: TICKS, ..C_BARE };
pub(super) const SLASHED: Syntax = Syntax { line: SLASHES, quotes: DOUBLE, ..NONE };

pub(super) const HASHED: Syntax = Syntax { line: HASH, ..NONE };
pub(super) const HASHED_QUOTED: Syntax = Syntax { quotes: DOUBLE, ..HASHED };
pub(super) const SCRIPT: Syntax = Syntax { quotes: BOTH, ..HASHED };
pub(super) const PYTHON: Syntax = Syntax { docs: DOCSTRINGS, ..SCRIPT };
pub(super) const RUBY: Syntax = Syntax { block: &[("=begin", "=end")], ..SCRIPT };

pub(super) const LISP: Syntax = Syntax { line: SEMICOLON, ..NONE };
pub(super) const LISP_QUOTED: Syntax = Syntax { quotes: DOUBLE, ..LISP };
pub(super) const SCHEME: Syntax = Syntax { block: HASH_BAR, nested: true, ..LISP };

pub(super) const DASHED: Syntax = Syntax { line: DASHES, ..NONE };
pub(super) const HASKELL: Syntax = Syntax { block: BRACE_DASH, nested: true, ..DASHED };
pub(super) const ML: Syntax = Syntax { block: PAREN_STAR, quotes: DOUBLE, ..NONE };
pub(super) const PROLOG: Syntax = Syntax { line: &["%"], block: STARRED, quotes: DOUBLE, ..NONE };

pub(super) const XML: Syntax = Syntax { block: MARKUP, quotes: BOTH, ..NONE };
pub(super) const HTML: Syntax = Syntax { kind: Kind::Embedding, ..XML };
pub(super) const PROSE: Syntax = Syntax { kind: Kind::Prose, ..NONE };

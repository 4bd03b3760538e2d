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
    /// The same that end with the line at the latest, unless a backslash is its last character.
    pub(super) short: &'static [Pair],
    /// Strings in which a backslash is an ordinary character.
    pub(super) verbatim: &'static [Pair],
    /// Documentation strings; they are code, like other strings, and escape like them.
    pub(super) docs: &'static [Pair],
    /// What holds code within a string, after which strings it does.
    pub(super) holes: &'static [Hole],
    /// Literals that no pair of quotes describes.
    pub(super) literals: &'static [Literal],
    /// How a file is to be taken as a whole.
    pub(super) kind: Kind,
}

/// Code within a string.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hole {
    /// The quote that opens such a string.
    pub(super) quote: &'static str,
    /// What opens the hole, such as `${`; its last byte is the bracket that the other end closes.
    pub(super) open: &'static str,
}

/// Literals that no pair of quotes describes; `literals` reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Literal {
    /// `'x'` or `'\n'`; any other `'` is a lifetime, a digit separator, a symbol or an attribute.
    Character,
    /// The same where names may hold and end in `'`.
    Prime,
    /// `?x` and `?\n`, where no name is before it.
    Question,
    /// `r"…"`, `r#"…"#` with any number of signs, also behind `b` and `c`.
    RawRust,
    /// `R"x(…)x"`.
    RawCpp,
    /// `@"…""…"` and `"""…"""` with any number of quotes.
    RawCSharp,
    /// `#"…"#` with any number of signs, also of three quotes.
    RawHashed,
    /// `r"…"` and `r'…'` in which a backslash is an ordinary character.
    RawLetter,
    /// `[[…]]` and `[==[…]==]`, as a string or behind `--` as a comment.
    LongBracket,
    /// `/…/` where a value is expected.
    Regex,
    /// The same where a name may be followed by its first argument: `puts /…/`.
    CommandRegex,
    /// `<<WORD` and its kin: the lines that follow, up to one that is the word.
    Heredoc,
    /// `%w[…]`, `%q(…)`, `%{…}` as in Ruby.
    Percent,
    /// `q(…)`, `qw/…/`, `m{…}`, `s|…|…|` as in Perl.
    QuoteLike,
    /// `$'`, `$"` and `$#`, which are names.
    Dollar,
    /// Markup up to the next `<?`, as in PHP.
    Markup,
    /// `<a>…</a>` where a value is expected, with text in it.
    Jsx,
}

/// How a file is to be taken as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Lines are code unless they are comments or blank.
    Code,
    /// Code in fixed columns: letters and stars mark a comment only in the first column.
    Columns,
    /// Code as of shells: a sign of a comment that is part of a word is none.
    Words,
    /// PHP: markup around code, a comment ends where the code does, and `#[` opens an attribute.
    Php,
    /// YAML: what is indented below `|` or `>` is text.
    Blocks,
    /// Writing for people: it is what the file holds, so every line that is not blank counts.
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
    short: &[],
    verbatim: &[],
    docs: &[],
    holes: &[],
    literals: &[],
    kind: Kind::Code,
};

pub(super) const CHARACTER: &[Literal] = &[Literal::Character];
pub(super) const PRIME: &[Literal] = &[Literal::Prime];

pub(super) const C_BARE: Syntax = Syntax { line: SLASHES, block: STARRED, ..NONE };
/// Strings end with the line, and a quote may stand in a character literal.
pub(super) const C: Syntax = Syntax { short: DOUBLE, literals: CHARACTER, ..C_BARE };
pub(super) const CPP: Syntax =
    Syntax { short: DOUBLE, literals: &[Literal::RawCpp, Literal::Character], ..C_BARE };
pub(super) const C_BOTH: Syntax = Syntax { short: BOTH, ..C_BARE };
pub(super) const C_NESTED: Syntax = Syntax { nested: true, ..C };
/// Text blocks of three quotes besides.
pub(super) const C_TEXTS: Syntax = Syntax { docs: &[("\"\"\"", "\"\"\"")], ..C };
pub(super) const TS: Syntax = Syntax {
    short: BOTH,
    quotes: &[("`", "`")],
    holes: &[Hole { quote: "`", open: "${" }],
    literals: &[Literal::Regex],
    ..C_BARE
};
pub(super) const JS: Syntax = Syntax { literals: &[Literal::Regex, Literal::Jsx], ..TS };
pub(super) const SLASHED: Syntax = Syntax { line: SLASHES, quotes: DOUBLE, ..NONE };

pub(super) const HASHED: Syntax = Syntax { line: HASH, ..NONE };
pub(super) const HASHED_QUOTED: Syntax = Syntax { quotes: DOUBLE, ..HASHED };
pub(super) const SCRIPT: Syntax = Syntax { quotes: BOTH, ..HASHED };
pub(super) const PYTHON: Syntax = Syntax { docs: DOCSTRINGS, short: BOTH, ..HASHED };
pub(super) const RUBY: Syntax = Syntax {
    block: &[("=begin", "=end")],
    holes: &[Hole { quote: "\"", open: "#{" }],
    literals: &[
        Literal::Question,
        Literal::Dollar,
        Literal::Heredoc,
        Literal::Percent,
        Literal::CommandRegex,
    ],
    ..SCRIPT
};
/// Shells: nothing escapes in single quotes, and what follows `<<` is text.
pub(super) const SHELL: Syntax = Syntax {
    quotes: &[("$'", "'"), ("\"", "\"")],
    verbatim: SINGLE,
    literals: &[Literal::Heredoc],
    kind: Kind::Words,
    ..HASHED
};

pub(super) const LISP: Syntax = Syntax { line: SEMICOLON, ..NONE };
pub(super) const LISP_QUOTED: Syntax = Syntax { quotes: DOUBLE, ..LISP };
pub(super) const SCHEME: Syntax = Syntax { block: HASH_BAR, nested: true, quotes: DOUBLE, ..LISP };

pub(super) const DASHED: Syntax = Syntax { line: DASHES, ..NONE };
pub(super) const HASKELL: Syntax =
    Syntax { block: BRACE_DASH, nested: true, short: DOUBLE, literals: PRIME, ..DASHED };
pub(super) const ML: Syntax =
    Syntax { block: PAREN_STAR, nested: true, quotes: DOUBLE, literals: PRIME, ..NONE };
pub(super) const PROLOG: Syntax = Syntax { line: &["%"], block: STARRED, quotes: DOUBLE, ..NONE };

pub(super) const XML: Syntax = Syntax { block: MARKUP, ..NONE };
pub(super) const HTML: Syntax = Syntax { kind: Kind::Embedding, ..XML };
pub(super) const PROSE: Syntax = Syntax { kind: Kind::Prose, ..NONE };

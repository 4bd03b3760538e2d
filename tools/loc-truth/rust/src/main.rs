//! Code lines of Rust files by the compiler's own lexer: one path a line on standard input, a path and a number a line
//! on standard output. Files with a literal that has no end are left out.

use ra_ap_rustc_lexer::{LiteralKind, TokenKind, strip_shebang, tokenize};
use std::io::Read;

fn main() {
    let mut paths = String::new();
    std::io::stdin().read_to_string(&mut paths).expect("paths on standard input");
    for path in paths.lines() {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        if let Some(lines) = code_lines(text) {
            println!("{path}\t{lines}");
        }
    }
}

fn code_lines(text: &str) -> Option<usize> {
    let mut at = strip_shebang(text).unwrap_or(0);
    let mut lines = usize::from(at > 0);
    // The first line that is not counted yet.
    let mut next = lines;
    let mut line = 0;
    for token in tokenize(&text[at..]) {
        let end = at + token.len as usize;
        let ends = text[at..end].matches('\n').count();
        match token.kind {
            TokenKind::Whitespace => {}
            TokenKind::LineComment { .. } => {}
            TokenKind::BlockComment { terminated, .. } => terminated.then_some(())?,
            TokenKind::Unknown | TokenKind::Eof => return None,
            kind => {
                if let TokenKind::Literal { kind, .. } = kind
                    && !is_whole(kind)
                {
                    return None;
                }
                let first = line.max(next);
                if line + ends >= first {
                    lines += line + ends - first + 1;
                    next = line + ends + 1;
                }
            }
        }
        line += ends;
        at = end;
    }
    Some(lines)
}

fn is_whole(kind: LiteralKind) -> bool {
    match kind {
        LiteralKind::Char { terminated }
        | LiteralKind::Byte { terminated }
        | LiteralKind::Str { terminated }
        | LiteralKind::ByteStr { terminated }
        | LiteralKind::CStr { terminated } => terminated,
        LiteralKind::RawStr { n_hashes }
        | LiteralKind::RawByteStr { n_hashes }
        | LiteralKind::RawCStr { n_hashes } => n_hashes.is_some(),
        LiteralKind::Int { .. } | LiteralKind::Float { .. } => true,
    }
}

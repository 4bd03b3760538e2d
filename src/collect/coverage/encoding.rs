//! The text of a report, whatever its bytes are encoded in. Reports are UTF-8 nearly always; this
//! file deals with the rest: byte order marks, UTF-16 as PowerShell's redirection writes it, and
//! what an XML declaration says. It does not check that UTF-8 is valid: the formats do.

use std::borrow::Cow;

/// The report as UTF-8 (or bytes that claim to be), without a byte order mark.
///
/// UTF-16 is recognised by its mark; ISO-8859-1 by the XML declaration. A declaration of UTF-16 in
/// a file of single bytes is ignored, because .NET writes it into files that it stores as UTF-8.
///
/// # Errors
/// The cause, in words, when the encoding is another one and the file needs more than ASCII.
pub(in crate::collect) fn decode(bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return Ok(Cow::Borrowed(rest));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return utf16(rest, u16::from_le_bytes).map(Cow::Owned);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return utf16(rest, u16::from_be_bytes).map(Cow::Owned);
    }
    let Some(declared) = declared(bytes) else { return Ok(Cow::Borrowed(bytes)) };
    let label = declared.to_ascii_lowercase();
    match label.as_str() {
        "utf-8" | "utf8" | "us-ascii" | "ascii" | "utf-16" | "utf-16le" | "utf-16be" => {
            Ok(Cow::Borrowed(bytes))
        }
        _ if bytes.is_ascii() => Ok(Cow::Borrowed(bytes)),
        "iso-8859-1" | "iso8859-1" | "latin1" | "latin-1" => {
            Ok(Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into_bytes()))
        }
        _ => Err(format!("expected UTF-8, UTF-16 or ISO-8859-1, found the encoding `{declared}`")),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Vec<u8>, String> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return Err("the UTF-16 text ends in the middle of a character".to_owned());
    }
    char::decode_utf16(pairs.iter().map(|&pair| unit(pair)))
        .collect::<Result<String, _>>()
        .map(String::into_bytes)
        .map_err(|_| "the UTF-16 text holds half of a surrogate pair".to_owned())
}

/// The value of `encoding` in an XML declaration at the very start, where XML demands it.
fn declared(bytes: &[u8]) -> Option<String> {
    let declaration = bytes.strip_prefix(b"<?xml")?;
    let declaration = &declaration[..memchr::memchr(b'>', &declaration[..declaration.len().min(512)])?];
    let found = memchr::memmem::find(declaration, b"encoding")?;
    let value = declaration[found + b"encoding".len()..].trim_ascii_start().strip_prefix(b"=")?;
    let (quote, value) = value.trim_ascii_start().split_first()?;
    let value = &value[..memchr::memchr(*quote, value)?];
    Some(String::from_utf8_lossy(value).into_owned())
}

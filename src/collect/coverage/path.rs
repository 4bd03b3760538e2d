//! The spelling of source paths, made the same for every report so that the same source has the
//! same name. Works on text alone: it does not know what exists or where the project is.

/// The path with `/` as separator, and without `.`, empty and resolvable `..` parts.
///
/// A leading `/`, `//` (a Windows share) or drive stays; `..` that leads out stays.
pub(super) fn normalise(path: &str) -> String {
    let path = path.trim().replace('\\', "/");
    let root = if path.starts_with("//") && !path.starts_with("///") {
        "//"
    } else if path.starts_with('/') {
        "/"
    } else {
        ""
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != ".." && !is_drive(last)) => {
                parts.pop();
            }
            // Nothing is above a root.
            ".." if !root.is_empty() || parts.last().is_some_and(|last| is_drive(last)) => {}
            _ => parts.push(part),
        }
    }
    format!("{root}{}", parts.join("/"))
}

/// Whether a normalised path says where it starts by itself.
pub(super) fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || path.split('/').next().is_some_and(is_drive)
}

fn is_drive(part: &str) -> bool {
    matches!(part.as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic())
}

/// The part of a normalised path below `root`, itself normalised; `None` when it is elsewhere.
/// Drive letters are compared without regard to case.
pub(super) fn below<'p>(path: &'p str, root: &str) -> Option<&'p str> {
    let (head, rest) = path.split_at_checked(root.len())?;
    let same = head == root
        || (root.split('/').next().is_some_and(is_drive)
            && head[..1].eq_ignore_ascii_case(&root[..1])
            && head[1..] == root[1..]);
    if !same {
        return None;
    }
    if root.ends_with('/') { Some(rest) } else { rest.strip_prefix('/') }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_path_agree() {
        let cases = [
            ("src/a.rs", "src/a.rs"),
            ("./src/./a.rs", "src/a.rs"),
            ("src\\sub\\a.cs", "src/sub/a.cs"),
            ("C:\\work\\a.cs", "C:/work/a.cs"),
            ("C:\\..\\a.cs", "C:/a.cs"),
            ("\\\\share\\dir\\a.cs", "//share/dir/a.cs"),
            ("/work//src/../a.c", "/work/a.c"),
            ("/../a.c", "/a.c"),
            ("../a.c", "../a.c"),
            ("a/../../b", "../b"),
            ("///a", "/a"),
            ("", ""),
            (".", ""),
        ];
        for (given, expected) in cases {
            assert_eq!(normalise(given), expected, "{given}");
        }
    }

    #[test]
    fn only_what_lies_below_a_root_is_shortened() {
        let cases = [
            ("/work/src/a.rs", "/work", Some("src/a.rs")),
            ("/workshop/a.rs", "/work", None),
            ("/a.rs", "/", Some("a.rs")),
            ("c:/work/a.cs", "C:/work", Some("a.cs")),
            ("src/a.rs", "/work", None),
            ("/work", "/work", None),
        ];
        for (path, root, expected) in cases {
            assert_eq!(below(path, root), expected, "{path} below {root}");
        }
    }
}

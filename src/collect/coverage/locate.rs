//! Which file of the repository a report means: reports are written in containers, in other checkouts, on other
//! systems and below packages, and name their sources as they saw them there. A pure function of the report's
//! location, the name, the repository's files and what the user mapped; every name is decided by itself, so that
//! the result does not depend on how a run was split over reports.
//!
//! In this order: a mapping of the user; a name below this checkout; a relative name in the report's directory or
//! the nearest of those above it, up to the repository's root; the longest suffix that names exactly one file. A
//! name without a match stays what it is.

use super::measure::Coverage;
use super::path::{below, is_absolute, normalise};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The files of the repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct FileList {
    /// The directory that contains them all, absolute: the repository's root, or the configuration's directory.
    pub root: String,
    /// The configuration's directory, relative to `root`; empty where it is the same.
    pub home: String,
    /// The files' paths relative to `root`, in any order.
    pub files: Vec<String>,
}

/// A part of paths that stands for another one: `/app=packages/a`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PathMap {
    from: String,
    to: String,
}

impl PathMap {
    /// Reads `FROM=TO`; `None` without an equals sign or without a `FROM`. `.` as `FROM` means every relative name, as
    /// `TO` the configuration's directory.
    pub fn parse(text: &str) -> Option<PathMap> {
        let (from, to) = text.split_once('=')?;
        (!from.trim().is_empty()).then(|| PathMap { from: normalise(from), to: normalise(to) })
    }

    fn apply(&self, name: &str) -> Option<String> {
        if self.from.is_empty() {
            return (!is_absolute(name) && !is_url(name)).then(|| join(&self.to, name));
        }
        if name == self.from {
            return Some(self.to.clone());
        }
        below(name, &self.from).map(|rest| join(&self.to, rest))
    }
}

/// Where the sources of reports are.
#[derive(Debug, Default)]
pub struct Tree {
    /// Absolute and normalised; empty where it is unknown.
    root: String,
    /// The configuration's directory below the root.
    home: String,
    /// Relative to the root, sorted.
    files: Vec<String>,
    /// The files' segments from the last to the first, in lower case, with the file's place in `files`. Sorted, so
    /// that the files of one suffix lie together.
    reversed: Vec<(String, u32)>,
}

/// What the host looks up before the names of a report can be placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct OpenReport {
    /// The directories in which its relative names are looked for, the nearest first; relative to the configuration's.
    pub directories: Vec<String>,
    /// Those names.
    pub names: Vec<String>,
    /// Whether it has names that only a list of all files can place.
    pub elsewhere: bool,
}

/// What a name was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A path relative to the configuration's directory.
    Found(String),
    /// No file that is known, or several: the name as it is.
    Open,
}

/// Segments of directories that hold other people's code or the toolchain's: a file below them is none of the
/// repository's, whatever its last segments are.
const FOREIGN: &[&str] = &[
    "node_modules",
    "bower_components",
    "site-packages",
    "dist-packages",
    ".cargo",
    ".rustup",
    "rustc",
    ".m2",
    ".gradle",
    ".nuget",
    ".pub-cache",
    ".yarn",
    ".pnpm",
    "include",
];

/// Directories whose files have a namesake elsewhere: what was built, generated or copied.
const DERIVED: &[&str] = &[
    "dist",
    "build",
    "out",
    "bin",
    "obj",
    "lib",
    "lib64",
    "target",
    "generated",
    "gen",
    "vendor",
    "third_party",
];

/// What separates the segments of a reversed path: less than every character of a name, so that what has its first
/// segments in common lies together.
const BETWEEN: &str = "\0";

/// How many namesakes are compared by where they lie; of more, none is meant.
const MOST_NAMESAKES: usize = 256;

impl Coverage {
    /// What must be known to place the sources of the report at `report`.
    pub fn open_names(&self, tree: &Tree, report: &str, maps: &[PathMap]) -> OpenReport {
        let mut open =
            OpenReport { directories: tree.directories(report), names: Vec::new(), elsewhere: false };
        for name in self.sources() {
            if maps.iter().any(|map| map.apply(name).is_some()) {
                continue;
            }
            if tree.is_elsewhere(name) {
                open.elsewhere = true;
            } else if !is_absolute(name) && !is_url(name) {
                open.names.push(name.to_owned());
            }
        }
        open
    }

    /// Gives every source of the report at `report` the path at which it is found; those that meet are merged. A relative
    /// name without a file is kept apart from the same name in reports of other packages: see [`name_of`].
    pub fn place(&mut self, tree: &Tree, report: &str, maps: &[PathMap]) {
        let package = package_of(report);
        let around = tree.around(report);
        let mut places: HashMap<String, String> = HashMap::new();
        for name in self.sources() {
            let place = match tree.find(&around, name, maps) {
                Place::Found(path) => path,
                Place::Open if package.is_empty() || is_absolute(name) || is_url(name) => continue,
                Place::Open => format!("{name}{BETWEEN}{package}"),
            };
            if place != name {
                places.insert(name.to_owned(), place);
            }
        }
        self.rename(|name| places.get(name).cloned());
    }
}

/// The name of a placed source, without the package that keeps it apart.
pub fn name_of(placed: &str) -> &str {
    placed.split(BETWEEN).next().unwrap_or(placed)
}

impl Tree {
    /// The tree of a repository's files.
    pub fn new(FileList { root, home, mut files }: FileList) -> Tree {
        files.sort_unstable();
        files.dedup();
        let mut reversed: Vec<(String, u32)> =
            files.iter().zip(0..).map(|(file, at)| (reversed(file), at)).collect();
        reversed.sort_unstable();
        Tree { root: normalise(&root), home: normalise(&home), files, reversed }
    }

    /// Whether only a list of all files can place the name: it is neither relative nor below this checkout.
    pub fn is_elsewhere(&self, name: &str) -> bool {
        let (path, absolute) = plain(name);
        absolute && self.own(&path).is_none()
    }

    /// The directories in which a relative name of that report is looked for, the nearest first: relative to the
    /// configuration's directory, which is among them.
    pub fn directories(&self, report: &str) -> Vec<String> {
        self.around(report).iter().map(|directory| self.seen_from_home(directory)).collect()
    }

    /// The file that `name` means in the report at `report`, which is relative to the configuration's directory or
    /// absolute. Both are normalised or will be.
    pub fn locate(&self, report: &str, name: &str, maps: &[PathMap]) -> Place {
        self.find(&self.around(report), name, maps)
    }

    /// The same for a report with these directories [around](Tree::around) it.
    fn find(&self, around: &[String], name: &str, maps: &[PathMap]) -> Place {
        let name = normalise(name);
        // The longest of several that apply is the most exact one.
        let mapped = maps
            .iter()
            .filter_map(|map| map.apply(&name).map(|path| (map.from.len(), path)))
            .max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)));
        if let Some((_, path)) = mapped {
            return Place::Found(match self.own(&path) {
                Some(inside) => self.seen_from_home(inside),
                None => normalise(&path),
            });
        }
        let (path, absolute) = plain(&name);
        if let Some(inside) = self.own(&path) {
            return Place::Found(self.seen_from_home(inside));
        }
        if !absolute {
            for directory in around {
                let tried = join(directory, &path);
                if let Ok(at) = self.files.binary_search(&tried) {
                    return Place::Found(self.seen_from_home(&self.files[at]));
                }
            }
        }
        match self.by_suffix(around, &path, absolute) {
            Some(file) => Place::Found(self.seen_from_home(file)),
            None => Place::Open,
        }
    }

    /// The longest suffix that names exactly one file; of several files the one that is nearest to the report.
    fn by_suffix(&self, around: &[String], path: &str, absolute: bool) -> Option<&str> {
        let segments: Vec<&str> = segments(path).collect();
        let key = reversed(path);
        let at = self.reversed.partition_point(|(file, _)| file.as_str() < key.as_str());
        let neighbours = [at.checked_sub(1), Some(at)];
        let depth = neighbours
            .into_iter()
            .flatten()
            .filter_map(|at| self.reversed.get(at))
            .map(|(file, _)| common(file, &key))
            .max()
            .filter(|depth| *depth > 0)?;
        let rest = &segments[..segments.len() - depth];
        if rest.iter().any(|segment| FOREIGN.contains(segment)) {
            return None;
        }
        // A relative name is all that a report knows. Only Go's begin with the module's path, and Kotlin's may
        // with a package that has no directory.
        if !absolute && !rest.is_empty() && !path.ends_with(".go") && !path.ends_with(".kt") {
            return None;
        }
        let prefix = key.split(BETWEEN).take(depth).collect::<Vec<_>>().join(BETWEEN);
        let first = self.reversed.partition_point(|(file, _)| file.as_str() < prefix.as_str());
        let namesakes: Vec<&str> = self.reversed[first..]
            .iter()
            .take_while(|(file, _)| {
                file.strip_prefix(&prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(BETWEEN))
            })
            .map(|(_, at)| self.files[*at as usize].as_str())
            .take(MOST_NAMESAKES + 1)
            .collect();
        let suffix = segments[segments.len() - depth..].join("/");
        let exact: Vec<&str> = namesakes.iter().copied().filter(|file| ends_with(file, &suffix)).collect();
        let candidates = if exact.is_empty() { namesakes } else { exact };
        let found = nearest(around, &candidates, &suffix)?;
        let whole = rest.is_empty()
            || found.len() == suffix.len()
            || self.seen_from_home(found).len() == suffix.len();
        let derived = rest.last().is_some_and(|last| DERIVED.contains(last));
        (whole || depth > 1 || !derived).then_some(found)
    }

    /// The path below this checkout; of a relative one none.
    fn own<'p>(&self, path: &'p str) -> Option<&'p str> {
        if self.root.is_empty() { None } else { below(path, &self.root) }
    }

    /// The report's directory and those above it, relative to the root, the nearest first; then the configuration's.
    fn around(&self, report: &str) -> Vec<String> {
        let report = normalise(report);
        let path = match self.own(&report) {
            Some(inside) => inside.to_owned(),
            None if is_absolute(&report) => String::new(),
            None => join(&self.home, &report),
        };
        let mut directories = Vec::new();
        let mut rest = path.as_str();
        while let Some(slash) = rest.rfind('/') {
            rest = &rest[..slash];
            if rest != ".." && !rest.starts_with("../") {
                directories.push(rest.to_owned());
            }
        }
        if !directories.contains(&self.home) && !self.home.is_empty() {
            directories.push(self.home.clone());
        }
        directories.push(String::new());
        directories
    }

    /// A path below the root as it is seen from the configuration's directory.
    fn seen_from_home(&self, path: &str) -> String {
        let parts = |path: &'_ str| path.split('/').filter(|part| !part.is_empty()).count();
        let shared: usize =
            self.home.split('/').zip(path.split('/')).take_while(|(a, b)| a == b && !a.is_empty()).count();
        let up = std::iter::repeat_n("..", parts(&self.home) - shared);
        up.chain(path.split('/').skip(shared)).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }
}

/// The directory of the package that a report belongs to, by the first directory of reports in its path:
/// `packages/a` of `packages/a/coverage/lcov.info`; empty where nothing tells.
pub fn package_of(report: &str) -> String {
    const REPORTS: &[&str] = &[
        "coverage",
        "cov",
        ".nyc_output",
        "htmlcov",
        "lcov",
        "report",
        "test-re",
        "testre",
        "target",
        "build",
        "out",
        "artifact",
        "shard",
        "part",
        "job",
        "jacoco",
        "dist",
        "bin",
    ];
    let report = normalise(report);
    if is_absolute(&report) || report.starts_with("..") {
        return String::new();
    }
    let Some((directory, _)) = report.rsplit_once('/') else { return String::new() };
    let holds_reports = |segment: &&str| {
        let segment = segment.to_ascii_lowercase();
        REPORTS.iter().any(|name| segment.starts_with(name))
    };
    let before = |at| directory.split('/').take(at).collect::<Vec<_>>().join("/");
    directory.split('/').position(|segment| holds_reports(&segment)).map_or_else(String::new, before)
}

/// Of files that end alike, the one that is meant: the only one, or the only one in a directory around the report.
fn nearest<'f>(around: &[String], candidates: &[&'f str], suffix: &str) -> Option<&'f str> {
    if let [only] = candidates {
        return Some(only);
    }
    if candidates.len() > MOST_NAMESAKES {
        return None;
    }
    around.iter().find_map(|directory| {
        let mut inside = candidates
            .iter()
            .copied()
            .filter(|file| directory.is_empty() || below(file, directory).is_some())
            .peekable();
        let first = *inside.peek()?;
        let whole = join(directory, suffix);
        match inside.clone().nth(1) {
            None => Some(first),
            Some(_) => inside.find(|file| *file == whole),
        }
    })
}

/// A name as a path, and whether it says by itself where it starts. Of a URL only the path is left.
fn plain(name: &str) -> (String, bool) {
    if !is_url(name) {
        return (name.to_owned(), is_absolute(name));
    }
    let rest = name.split_once('/').map_or("", |(_scheme, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let path = normalise(&decoded(rest));
    if is_absolute(&path) { (path, true) } else { (format!("/{path}"), true) }
}

/// Whether a normalised name begins with a scheme. A single letter is a drive.
fn is_url(name: &str) -> bool {
    name.split('/').next().and_then(|first| first.strip_suffix(':')).is_some_and(|scheme| {
        scheme.len() > 1
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

/// The text behind `%20` and the like; what is no such code, or gives no text, stays.
fn decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let code = code.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        plain.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8(plain).unwrap_or_else(|_| text.to_owned())
}

/// The segments that can name a file or directory: neither a drive nor what leads out.
fn segments(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|segment| {
        !segment.is_empty() && *segment != ".." && !(segment.len() == 2 && segment.ends_with(':'))
    })
}

/// The segments from the last to the first, in lower case.
fn reversed(path: &str) -> String {
    segments(path).rev().map(str::to_lowercase).collect::<Vec<_>>().join(BETWEEN)
}

/// How many segments two paths have in common from the start.
fn common(a: &str, b: &str) -> usize {
    a.split(BETWEEN).zip(b.split(BETWEEN)).take_while(|(a, b)| a == b).count()
}

/// Whether a path ends in these segments, spelled so.
fn ends_with(path: &str, suffix: &str) -> bool {
    path.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

fn join(directory: &str, path: &str) -> String {
    if directory.is_empty() || is_absolute(path) {
        normalise(path)
    } else {
        normalise(&format!("{directory}/{path}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(home: &str, files: &[&str]) -> Tree {
        let files = files.iter().map(|&file| file.to_owned()).collect();
        Tree::new(FileList { root: "/work/repo".into(), home: home.into(), files })
    }

    fn located(tree: &Tree, report: &str, name: &str) -> Option<String> {
        match tree.locate(report, name, &[]) {
            Place::Found(path) => Some(path),
            Place::Open => None,
        }
    }

    #[test]
    fn a_file_is_found_where_it_is() {
        let plain = tree("", &["src/a.js", "src/lib.rs", "README.md", "src/my file.js", "src/odd/c.js"]);
        let packages =
            tree("", &["a/src/index.js", "b/src/index.js", "a/src/only.js", "a/main.go", "index.js"]);
        let java = tree(
            "",
            &[
                "a/src/main/java/com/shop/Cart.java",
                "b/src/main/java/com/shop/Cart.java",
                "b/src/main/java/App.java",
            ],
        );
        let go = tree("", &["main.go", "cmd/x/main.go", "pkg/a.go", "internal/pkg/b.go"]);
        let cases: &[(&Tree, &str, &str, Option<&str>)] = &[
            // A container, another checkout, another system, another case, URLs.
            (&plain, "lcov.info", "/app/src/a.js", Some("src/a.js")),
            (&plain, "lcov.info", "/usr/src/app/src/a.js", Some("src/a.js")),
            (&plain, "lcov.info", "C:\\a\\repo\\repo\\src\\a.js", Some("src/a.js")),
            (&plain, "lcov.info", "\\\\server\\share\\src\\a.js", Some("src/a.js")),
            (&plain, "lcov.info", "/home/ci/cases/paths/SRC/a.js", Some("src/a.js")),
            (&plain, "lcov.info", "webpack:///./src/a.js", Some("src/a.js")),
            (&plain, "lcov.info", "webpack://name/./src/a.js?1f2e", Some("src/a.js")),
            (&plain, "lcov.info", "file:///home/ci/x/src/my%20file.js", Some("src/my file.js")),
            (&plain, "lcov.info", "file:///C:/x/src/a.js", Some("src/a.js")),
            (&plain, "lcov.info", "file:///work/repo/src/a.js", Some("src/a.js")),
            (&plain, "lcov.info", "http://localhost:3000/src/a.js", Some("src/a.js")),
            // This checkout, whether the file is listed or not.
            (&plain, "coverage/lcov.info", "/work/repo/src/a.js", Some("src/a.js")),
            (&plain, "coverage/lcov.info", "/work/repo/dist/a.js", Some("dist/a.js")),
            // No file of this repository.
            (&plain, "lcov.info", "/root/.cargo/registry/src/x/foo-1.0/src/lib.rs", None),
            (&plain, "lcov.info", "/app/node_modules/x/src/a.js", None),
            (&plain, "lcov.info", "/usr/include/c++/12/a.js", None),
            (&plain, "lcov.info", "/app/dist/c.js", None),
            (&plain, "lcov.info", "/app/odd/c.js", Some("src/odd/c.js")),
            (&plain, "lcov.info", "other/a.js", None),
            (&plain, "lcov.info", "/app/src/ab.js", None),
            (&plain, "lcov.info", "/", None),
            (&plain, "lcov.info", "", None),
            (&plain, "lcov.info", "..", None),
            // Packages: the nearest file is meant.
            (&packages, "a/coverage/lcov.info", "src/index.js", Some("a/src/index.js")),
            (&packages, "b/coverage/deep/lcov.info", "src/index.js", Some("b/src/index.js")),
            (&packages, "coverage/lcov.info", "src/index.js", None),
            (&packages, "a/coverage/lcov.info", "../src/index.js", Some("a/src/index.js")),
            (&packages, "b/coverage/lcov.info", "a/src/index.js", Some("a/src/index.js")),
            (&packages, "coverage/lcov.info", "src/only.js", Some("a/src/only.js")),
            (&packages, "coverage/lcov.info", "/app/src/index.js", None),
            (&packages, "b/coverage/lcov.info", "/app/src/index.js", Some("b/src/index.js")),
            (&packages, "coverage/lcov.info", "/app/index.js", Some("index.js")),
            (&packages, "/elsewhere/lcov.info", "index.js", Some("index.js")),
            (&packages, "../elsewhere/lcov.info", "index.js", Some("index.js")),
            // A package's directory instead of a path.
            (
                &java,
                "a/target/site/jacoco/jacoco.xml",
                "com/shop/Cart.java",
                Some("a/src/main/java/com/shop/Cart.java"),
            ),
            (&java, "jacoco.xml", "com/shop/Cart.java", None),
            (&java, "jacoco.xml", "App.java", Some("b/src/main/java/App.java")),
            // A module's path before the file's.
            (&go, "cover.out", "example.com/m/main.go", Some("main.go")),
            (&go, "cover.out", "example.com/m/cmd/x/main.go", Some("cmd/x/main.go")),
            (&go, "cover.out", "example.com/m/pkg/a.go", Some("pkg/a.go")),
            (&go, "cover.out", "m/internal/pkg/b.go", Some("internal/pkg/b.go")),
        ];
        for (tree, report, name, expected) in cases {
            assert_eq!(located(tree, report, name).as_deref(), *expected, "{name} in {report}");
        }
    }

    #[test]
    fn paths_start_at_the_configuration() {
        let tree = tree("packages/a", &["packages/a/src/i.js", "packages/b/src/i.js", "top.js"]);
        let cases = [
            ("coverage/lcov.info", "src/i.js", Some("src/i.js")),
            ("../b/coverage/lcov.info", "src/i.js", Some("../b/src/i.js")),
            ("coverage/lcov.info", "packages/b/src/i.js", Some("../b/src/i.js")),
            ("coverage/lcov.info", "/work/repo/packages/b/src/i.js", Some("../b/src/i.js")),
            ("coverage/lcov.info", "/work/repo/packages/a/src/new.js", Some("src/new.js")),
            ("coverage/lcov.info", "/app/top.js", Some("../../top.js")),
        ];
        for (report, name, expected) in cases {
            assert_eq!(located(&tree, report, name).as_deref(), expected, "{name} in {report}");
        }
        assert_eq!(tree.directories("coverage/lcov.info"), ["coverage", "", "..", "../.."]);
        assert_eq!(tree.directories("../../../x/lcov.info"), ["", "../.."]);
    }

    #[test]
    fn a_mapping_settles_what_stays_open() {
        let tree = tree("", &["a/src/i.js", "b/src/i.js"]);
        let maps = |texts: &[&str]| -> Vec<PathMap> {
            texts.iter().map(|text| PathMap::parse(text).expect("a mapping")).collect()
        };
        let cases: &[(&[&str], &str, Option<&str>)] = &[
            (&["/app=a"], "/app/src/i.js", Some("a/src/i.js")),
            (&["/app/=b/"], "/app/src/i.js", Some("b/src/i.js")),
            (&["/app=a", "/app/src=b/src"], "/app/src/i.js", Some("b/src/i.js")),
            (&["/app="], "/app/a/src/i.js", Some("a/src/i.js")),
            (&["/app=/work/repo/a"], "/app/src/i.js", Some("a/src/i.js")),
            (&["C:\\ws=a"], "c:/ws/src/i.js", Some("a/src/i.js")),
            (&[".=a"], "src/i.js", Some("a/src/i.js")),
            (&["src=b/src"], "src/i.js", Some("b/src/i.js")),
            (&["webpack://x=a"], "webpack://x/./src/i.js", Some("a/src/i.js")),
            (&["/app=a"], "/apple/src/i.js", None),
        ];
        for (texts, name, expected) in cases {
            let place = tree.locate("lcov.info", name, &maps(texts));
            let expected = expected.map_or(Place::Open, |path| Place::Found(path.into()));
            assert_eq!(place, expected, "{texts:?} {name}");
        }
        assert_eq!(PathMap::parse("app"), None);
        assert_eq!(PathMap::parse("=a"), None);
    }

    #[test]
    fn a_reports_package_is_above_its_directory_of_reports() {
        let cases = [
            ("a/coverage/lcov.info", "a"),
            ("packages/a/target/site/jacoco/jacoco.xml", "packages/a"),
            ("coverage/lcov.info", ""),
            ("shard-1/coverage/lcov.info", ""),
            ("a/lcov.info", ""),
            ("lcov.info", ""),
            ("/ci/a/coverage/lcov.info", ""),
            ("../a/coverage/lcov.info", ""),
        ];
        for (report, expected) in cases {
            assert_eq!(package_of(report), expected, "{report}");
        }
    }
}

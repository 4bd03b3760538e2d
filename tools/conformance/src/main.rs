//! Compares the engine's line counts with tokei's over directory trees, file by file, and says by
//! which class of reason they differ. It judges only files that both programs count; which files
//! a project counts is the walker's matter.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokei::{CodeStats, Config, LanguageType};
use unentropy::collect::loc::{self, Detection, LanguageId};

const USAGE: &str = "usage: unentropy-conformance [--min PERCENT] [--samples N] DIR...

Counts every file below the directories with the engine and with tokei and compares their code
lines. Fails when fewer than PERCENT of the files (default 99.9) agree or differ for a known reason.";

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let files = files(&options.directories);
    let mut total = Comparison::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let shared = Mutex::new(&mut total);
    std::thread::scope(|scope| {
        for part in 0..threads {
            let (files, shared) = (&files, &shared);
            scope.spawn(move || {
                let mut own = Comparison::default();
                for path in files.iter().skip(part).step_by(threads) {
                    own.file(path);
                }
                shared.lock().expect("no thread panicked").merge(own);
            });
        }
    });
    total.print(&options);
    if total.files == 0 {
        eprintln!("no file is counted by both");
        return ExitCode::from(2);
    }
    if total.agreement() < options.minimum {
        eprintln!("agreement is {:.3} %, at least {} % is asked for", total.agreement(), options.minimum);
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

struct Options {
    directories: Vec<PathBuf>,
    minimum: f64,
    samples: usize,
}

impl Options {
    fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { directories: Vec::new(), minimum: 99.9, samples: 3 };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("`{argument}` wants a value"));
            match argument.as_str() {
                "--min" => options.minimum = value()?.parse().map_err(|e| format!("`--min`: {e}"))?,
                "--samples" => options.samples = value()?.parse().map_err(|e| format!("`--samples`: {e}"))?,
                option if option.starts_with('-') => return Err(format!("unknown option `{option}`")),
                directory => options.directories.push(directory.into()),
            }
        }
        if options.directories.is_empty() {
            return Err("no directory given".to_owned());
        }
        Ok(options)
    }
}

fn files(directories: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for directory in directories {
        let walk = ignore::WalkBuilder::new(directory).standard_filters(false).build();
        let entries = walk.filter_map(Result::ok).filter(|e| e.file_type().is_some_and(|t| t.is_file()));
        files.extend(entries.map(ignore::DirEntry::into_path));
    }
    files
}

/// Why a file's counts differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Class {
    /// tokei counts binary files as if they were text.
    Binary,
    /// tokei drops a line with a string literal that a documentation comment follows.
    BeforeDocComment,
    /// tokei counts one-line scripts as three lines, and drops or doubles lines around others.
    Embedded,
    /// tokei takes any Fortran line with `c` first for a comment, and misses indented ones.
    Fortran,
    /// tokei knows only the upper-case `REM`.
    BatchRemark,
    /// tokei takes the quote that starts a Vim script's comment for a string that goes on.
    VimComment,
    /// tokei counts a notebook's every cell, and none if an optional part is missing.
    Notebook,
    /// No known reason.
    Unexplained,
}

#[derive(Default)]
struct Comparison {
    files: u64,
    identical: u64,
    /// Files with the same code that hold no embedded language, and those of them whose comments and
    /// blank lines are the same, too.
    comparable: u64,
    to_the_line: u64,
    bytes: u64,
    languages: BTreeMap<&'static str, Row>,
    classes: HashMap<Class, u64>,
    /// Languages that one program finds and the other does not, or finds to be another.
    detection: BTreeMap<String, u64>,
    only_ours: u64,
    only_theirs: u64,
    unreadable: u64,
    our_time: Duration,
    their_time: Duration,
}

#[derive(Default)]
struct Row {
    files: u64,
    identical: u64,
    ours: u64,
    theirs: u64,
    differing: Vec<Difference>,
}

struct Difference {
    path: PathBuf,
    class: Class,
    ours: u64,
    theirs: u64,
}

impl Comparison {
    fn file(&mut self, path: &Path) {
        let Ok(bytes) = std::fs::read(path) else {
            self.unreadable += 1;
            return;
        };
        let config = Config::default();
        let theirs = LanguageType::from_path(path, &config);
        let ours = detect(path, &bytes);
        let (theirs, ours) = match (theirs, ours) {
            (Some(theirs), Some(ours)) => (theirs, ours),
            (None, None) => return,
            (theirs, ours) => {
                self.only_theirs += u64::from(theirs.is_some());
                self.only_ours += u64::from(ours.is_some());
                let theirs = theirs.map_or("-", LanguageType::name);
                let ours = ours.map_or("-", LanguageId::name);
                *self.detection.entry(format!("{theirs} -> {ours}")).or_default() += 1;
                return;
            }
        };
        if !theirs.name().eq_ignore_ascii_case(ours.name()) {
            *self.detection.entry(format!("{} -> {}", theirs.name(), ours.name())).or_default() += 1;
            return;
        }
        let started = Instant::now();
        let counted = loc::count(ours, &bytes);
        self.our_time += started.elapsed();
        let started = Instant::now();
        let Ok(report) = theirs.parse(path.to_owned(), &config) else {
            self.unreadable += 1;
            return;
        };
        self.their_time += started.elapsed();
        self.files += 1;
        self.bytes += bytes.len() as u64;
        let our_code = counted.map_or(0, |counts| counts.code);
        let their_code = code(theirs, &report.stats);
        let row = self.languages.entry(ours.name()).or_default();
        row.files += 1;
        row.ours += our_code;
        row.theirs += their_code;
        if our_code == their_code {
            row.identical += 1;
            self.identical += 1;
            if report.stats.blobs.is_empty() {
                self.comparable += 1;
                let theirs = (report.stats.comments as u64, report.stats.blanks as u64);
                self.to_the_line +=
                    u64::from(counted.map_or((0, 0), |counts| (counts.comments, counts.blanks)) == theirs);
            }
            return;
        }
        let class = class(theirs, &bytes, our_code, counted.is_err());
        *self.classes.entry(class).or_default() += 1;
        row.differing.push(Difference { path: path.to_owned(), class, ours: our_code, theirs: their_code });
    }

    fn merge(&mut self, other: Self) {
        self.files += other.files;
        self.identical += other.identical;
        self.comparable += other.comparable;
        self.to_the_line += other.to_the_line;
        self.bytes += other.bytes;
        self.only_ours += other.only_ours;
        self.only_theirs += other.only_theirs;
        self.unreadable += other.unreadable;
        self.our_time += other.our_time;
        self.their_time += other.their_time;
        for (class, count) in other.classes {
            *self.classes.entry(class).or_default() += count;
        }
        for (pair, count) in other.detection {
            *self.detection.entry(pair).or_default() += count;
        }
        for (name, row) in other.languages {
            let own = self.languages.entry(name).or_default();
            own.files += row.files;
            own.identical += row.identical;
            own.ours += row.ours;
            own.theirs += row.theirs;
            own.differing.extend(row.differing);
        }
    }

    /// Percent of the files that agree or differ for a known reason.
    fn agreement(&self) -> f64 {
        let unexplained = self.classes.get(&Class::Unexplained).copied().unwrap_or_default();
        percent(self.files - unexplained, self.files)
    }

    fn print(&self, options: &Options) {
        let (ours, theirs) = self
            .languages
            .values()
            .fold((0, 0), |(ours, theirs), row| (ours + row.ours, theirs + row.theirs));
        println!("files compared      {:>12}", self.files);
        println!("  identical         {:>12}  {:.3} %", self.identical, percent(self.identical, self.files));
        let to_the_line = percent(self.to_the_line, self.comparable);
        println!("    comments, too   {:>12}  {to_the_line:.3} % of {}", self.to_the_line, self.comparable);
        println!("  or explained      {:>12}  {:.3} %", "", self.agreement());
        println!("code lines, ours    {ours:>12}");
        println!("code lines, tokei   {theirs:>12}");
        println!("counted by us only  {:>12}", self.only_ours);
        println!("by tokei only       {:>12}", self.only_theirs);
        println!("unreadable          {:>12}", self.unreadable);
        let speed = |time: Duration| self.bytes as f64 / 1e6 / time.as_secs_f64();
        println!("MB/s a thread, ours {:>12.0}", speed(self.our_time));
        println!("tokei, with reading {:>12.0}", speed(self.their_time));

        println!("\n{:<24}{:>9}{:>9}{:>10}{:>12}{:>12}", "language", "files", "same", "%", "ours", "tokei");
        let mut rows: Vec<_> = self.languages.iter().collect();
        rows.sort_by_key(|(_, row)| {
            (std::cmp::Reverse(row.files - row.identical), std::cmp::Reverse(row.files))
        });
        for (name, row) in rows.iter().take(40) {
            let share = percent(row.identical, row.files);
            println!(
                "{name:<24}{:>9}{:>9}{share:>10.3}{:>12}{:>12}",
                row.files, row.identical, row.ours, row.theirs
            );
        }

        println!("\nwhy");
        let mut classes: Vec<_> = self.classes.iter().collect();
        classes.sort();
        for (class, count) in classes {
            println!("{count:>9}  {class:?}");
        }
        if options.samples > 0 {
            println!("\nsamples (ours, tokei)");
            for (_, row) in rows {
                let mut differing: Vec<_> = row.differing.iter().collect();
                differing.sort_by_key(|d| (std::cmp::Reverse(d.class), d.ours.abs_diff(d.theirs)));
                for d in differing.iter().take(options.samples) {
                    println!("{:>9}{:>9}  {:?}  {}", d.ours, d.theirs, d.class, d.path.display());
                }
            }
        }
        println!("\ntaken for another language (tokei -> ours)");
        let mut pairs: Vec<_> = self.detection.iter().collect();
        pairs.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (pair, count) in pairs.iter().take(20) {
            println!("{count:>9}  {pair}");
        }
    }
}

fn detect(path: &Path, bytes: &[u8]) -> Option<LanguageId> {
    match loc::detect(&path.to_string_lossy()) {
        Detection::Language(id) => Some(id),
        Detection::ByContent(question) => {
            loc::detect_content(question, &bytes[..bytes.len().min(loc::HEAD_BYTES)])
        }
        Detection::Unknown => None,
    }
}

/// tokei's code lines by our rule that lines belong to the file's language: with those of embedded
/// languages, unless they stand in prose or in documentation comments.
fn code(language: LanguageType, stats: &CodeStats) -> u64 {
    match language {
        LanguageType::Rust | LanguageType::Markdown | LanguageType::Jupyter => stats.code as u64,
        _ => stats.summarise().code as u64,
    }
}

fn class(language: LanguageType, bytes: &[u8], ours: u64, uncountable: bool) -> Class {
    match language {
        LanguageType::Jupyter => Class::Notebook,
        _ if uncountable => Class::Binary,
        LanguageType::Rust => {
            // Without documentation comments nothing is left that tokei could drop lines before.
            let plain = String::from_utf8_lossy(bytes).replace("///", "// ").replace("//!", "// ");
            let counted = language.parse_from_str(plain, &Config::default());
            if counted.code as u64 == ours { Class::BeforeDocComment } else { Class::Unexplained }
        }
        LanguageType::Html
        | LanguageType::RubyHtml
        | LanguageType::Svelte
        | LanguageType::Vue
        | LanguageType::GlimmerJs
        | LanguageType::GlimmerTs => Class::Embedded,
        LanguageType::FortranLegacy | LanguageType::FortranModern => Class::Fortran,
        LanguageType::Batch => Class::BatchRemark,
        LanguageType::VimScript => Class::VimComment,
        _ => Class::Unexplained,
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 100.0 } else { part as f64 * 100.0 / whole as f64 }
}

//! Times the reading of coverage reports of about 50 MB against `wc -l` of the same files:
//! `cargo run --release --example coverage_timing -- DIRECTORY` writes the files there once and
//! prints the best of several runs in milliseconds.
#![allow(clippy::disallowed_methods, reason = "a program on the host, not part of the engine")]

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use unentropy::collect::coverage::{Format, Kind, parse};

const SIZE: usize = 50_000_000;
const RUNS: usize = 25;

/// Appends the source of that number to a report.
type Generate = fn(&mut String, u32);

fn main() {
    let directory = std::env::args().nth(1).expect("a directory to write the reports to");
    let generators: [(&str, Format, Generate); 4] = [
        ("lines.info", Format::Lcov, lcov_lines),
        ("full.info", Format::Lcov, lcov_full),
        ("cobertura.xml", Format::Cobertura, cobertura),
        ("clover.xml", Format::Clover, clover),
    ];
    for (name, format, generate) in generators {
        let path = Path::new(&directory).join(name);
        if !path.exists() {
            std::fs::write(&path, report(format, generate)).expect("the directory is writable");
        }
        let bytes = std::fs::read(&path).expect("the report was just written");
        let count = best(|| {
            let status = Command::new("wc").arg("-l").arg(&path).stdout(Stdio::null()).status();
            assert!(status.expect("wc runs").success());
        });
        let mut lines = 0;
        let read = best(|| {
            let coverage = parse(format, &bytes, name).expect("the report is valid");
            lines = coverage.count(Kind::Line, &|_| true).total;
        });
        let ratio = read.as_secs_f64() / count.as_secs_f64();
        println!(
            "{name:14} {:5.1} MB  {lines:8} lines  wc {count:6.1?}  parse {read:6.1?}  {ratio:.1}x",
            bytes.len() as f64 / 1e6
        );
    }
}

fn best(mut run: impl FnMut()) -> Duration {
    let timed = (0..RUNS).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    timed.min().expect("at least one run")
}

fn report(format: Format, generate: Generate) -> String {
    let (head, tail) = match format {
        Format::Lcov => ("", ""),
        Format::Cobertura => (
            "<?xml version=\"1.0\" ?>\n<coverage line-rate=\"0.9\"><sources><source>/work</source></sources>\
             <packages><package name=\"p\"><classes>\n",
            "</classes></package></packages></coverage>\n",
        ),
        Format::Clover => (
            "<?xml version=\"1.0\"?>\n<coverage generated=\"1\"><project timestamp=\"1\">\n",
            "</project></coverage>\n",
        ),
    };
    let mut text = head.to_owned();
    let mut file = 0;
    while text.len() < SIZE {
        generate(&mut text, file);
        file += 1;
    }
    text + tail
}

fn hits(file: u32, line: u32) -> u32 {
    (file.wrapping_mul(31) ^ line).wrapping_mul(2_654_435_761) >> 24
}

fn lcov_lines(text: &mut String, file: u32) {
    let _ = writeln!(text, "TN:\nSF:/work/src/module{}/file{file}.c", file % 97);
    for line in (1..1200).filter(|line| line % 3 != 0) {
        let _ = writeln!(text, "DA:{line},{}", hits(file, line));
    }
    let _ = writeln!(text, "LF:800\nLH:750\nend_of_record");
}

fn lcov_full(text: &mut String, file: u32) {
    let _ = writeln!(text, "TN:\nSF:/work/src/module{}/file{file}.ts", file % 97);
    for line in (1..1200).step_by(20) {
        let _ = writeln!(text, "FN:{line},(anonymous_{line})");
    }
    for line in (1..1200).step_by(20) {
        let _ = writeln!(text, "FNDA:{},(anonymous_{line})", hits(file, line));
    }
    let _ = writeln!(text, "FNF:60\nFNH:50");
    for line in (1..1200).filter(|line| line % 3 != 0) {
        let _ = writeln!(text, "DA:{line},{}", hits(file, line));
    }
    for line in (1..1200).step_by(6) {
        let _ = writeln!(text, "BRDA:{line},{},0,{}", line / 6, hits(file, line));
        let _ = writeln!(text, "BRDA:{line},{},1,-", line / 6);
    }
    let _ = writeln!(text, "end_of_record");
}

fn cobertura(text: &mut String, file: u32) {
    let _ = writeln!(
        text,
        "<class name=\"file{file}.py\" filename=\"src/module{}/file{file}.py\" complexity=\"0\" \
         line-rate=\"0.97\" branch-rate=\"0\">\n\t\t\t\t\t<methods/>\n\t\t\t\t\t<lines>",
        file % 97
    );
    for line in (1..1200).filter(|line| line % 3 != 0) {
        let hits = hits(file, line);
        let _ = if line % 10 == 0 {
            writeln!(
                text,
                "\t\t\t\t\t\t<line number=\"{line}\" hits=\"{hits}\" branch=\"true\" \
                 condition-coverage=\"50% (1/2)\" missing-branches=\"{}\"/>",
                line + 1
            )
        } else {
            writeln!(text, "\t\t\t\t\t\t<line number=\"{line}\" hits=\"{hits}\"/>")
        };
    }
    let _ = writeln!(text, "\t\t\t\t\t</lines>\n\t\t\t\t</class>");
}

fn clover(text: &mut String, file: u32) {
    let _ = writeln!(text, "    <file name=\"/work/src/module{}/File{file}.php\">", file % 97);
    for line in (1..1200).filter(|line| line % 3 != 0) {
        let hits = hits(file, line);
        let _ = match line % 20 {
            1 => writeln!(
                text,
                "      <line num=\"{line}\" type=\"method\" name=\"get{line}\" visibility=\"public\" \
                 complexity=\"1\" crap=\"1\" count=\"{hits}\"/>"
            ),
            10 => writeln!(
                text,
                "      <line num=\"{line}\" type=\"cond\" truecount=\"{hits}\" falsecount=\"0\"/>"
            ),
            _ => writeln!(text, "      <line num=\"{line}\" type=\"stmt\" count=\"{hits}\"/>"),
        };
    }
    let _ = writeln!(text, "      <metrics loc=\"1200\" ncloc=\"900\" statements=\"760\"/>\n    </file>");
}

//! Writes the report of a made-up history to standard output:
//! `cargo run --example render_sample -- walk 400 10 [theme] [mode]`. The names of the histories
//! stand in `tests/fixtures/report/sample.rs`. With `--time` it prints how long rendering took,
//! and how long one pass over the same values takes, to standard error.

#[path = "../tests/fixtures/report/sample.rs"]
#[allow(unreachable_pub, dead_code)]
mod sample;

use std::io::Write as _;
use unentropy::config::{ColourMode, Theme};

#[expect(clippy::disallowed_methods, reason = "an example is a host: it has a command line and a clock")]
fn main() -> std::io::Result<()> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let timed = words.iter().any(|w| w == "--time");
    words.retain(|w| w != "--time");
    let word = |index: usize, default: &str| words.get(index).map_or(default, String::as_str).to_owned();
    let number = |index, default| word(index, default).parse().expect("a number of builds or metrics");
    let mut sample =
        sample::named(&word(0, "walk"), number(1, "400"), number(2, "10")).expect("a sample's name");
    sample.layout.theme = Theme::Named(word(3, "lattice"));
    sample.layout.mode = match word(4, "auto").as_str() {
        "light" => ColourMode::Light,
        "dark" => ColourMode::Dark,
        _ => ColourMode::Auto,
    };
    let start = std::time::Instant::now();
    let html = sample.render();
    let rendering = start.elapsed();
    if timed {
        let start = std::time::Instant::now();
        let text = serde_json::to_string(&sample.columns).expect("columns are plain data");
        eprintln!(
            "{} bytes of HTML in {rendering:?}; the same columns as plain JSON: {} bytes in {:?}",
            html.len(),
            text.len(),
            start.elapsed()
        );
    }
    std::io::stdout().write_all(html.as_bytes())
}

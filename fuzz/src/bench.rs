//! Benchmark reports. What any of them gives is a finite number with a name; times and sizes are not negative.

use crate::is_sound;
use unentropy::collect::bench::Benchmarks;
use unentropy::error::Code;
use unentropy::metric::Unit;

const ALLOWED: [Code; 3] = [Code::CollectorFormat, Code::CollectorNothing, Code::CollectorUsage];

/// Bytes as a report, alone and beside the halves of itself.
pub fn report(bytes: &[u8]) {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let mut session = Benchmarks::default();
    let files =
        [("a/new/estimates.json", bytes), ("a/new/benchmark.json", first), ("a/new/sample.json", second)];
    for (name, part) in files {
        session.add(name, part);
    }
    let whole = ["a/new/estimates.json".to_owned()];
    let all: Vec<String> = files.iter().map(|it| it.0.to_owned()).collect();
    for names in [&whole[..], &all[..]] {
        for stat in [None, Some("median"), Some("throughput")] {
            match session.all(names, stat) {
                Ok((values, failed)) => {
                    for it in &values {
                        assert!(it.value.is_finite(), "{} of {}", it.value, it.name);
                        let measured = matches!(it.unit, Some(Unit::Duration | Unit::Bytes));
                        assert!(!measured || it.value >= 0.0, "{} of {}", it.value, it.name);
                        assert!(it.spread.is_none_or(|spread| spread.is_finite() && spread >= 0.0));
                    }
                    for it in failed {
                        is_sound(&it.error, &ALLOWED);
                    }
                    // Whoever asks for one by its name gets the same.
                    for it in values.iter().take(20) {
                        let one = session.value(names, Some(&it.name), stat);
                        assert!(one.as_ref() == Ok(it), "{one:?} is not {it:?}");
                    }
                }
                Err(error) => is_sound(&error, &ALLOWED),
            }
            if let Err(error) = session.value(names, None, stat) {
                is_sound(&error, &ALLOWED);
            }
        }
    }
}

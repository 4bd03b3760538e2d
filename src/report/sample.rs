//! A made-up history of a configuration's metrics, for a preview of the report before there is
//! anything to show. The same metrics and the same day give the same history; nothing shows it
//! unless it was asked for.

use crate::config::MetricConfig;
use crate::history::{BuildTable, Columns, MetricColumn, Values};
use crate::metric::{MetricType, Unit};

/// Builds of the history.
const BUILDS: usize = 260;

const DAY: i64 = 86_400_000;

/// What a label metric takes in turns.
const LABELS: [&str; 3] = ["sample A", "sample B", "sample C"];

/// A linear congruential sequence (Knuth's MMIX constants) from 0 to 1.
struct Sequence(u64);

impl Sequence {
    /// Starts at a state that a text decides (FNV-1a).
    fn of(text: &str) -> Self {
        Self(text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }

    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Builds of about nine months up to `until` (milliseconds since 1970), one in five of a second
/// branch, with a value of every metric.
pub(super) fn columns(metrics: &[MetricConfig], until: i64) -> Columns {
    let mut chance = Sequence::of("builds");
    let mut builds = BuildTable {
        branches: vec!["main".into(), "develop".into()],
        events: vec!["push".into()],
        ..BuildTable::default()
    };
    for number in 0..BUILDS {
        let back = (BUILDS - 1 - number) as i64;
        let side = number % 5 == 3;
        builds.id.push(number as i64);
        builds.branch.push(u32::from(side));
        builds.event.push(0);
        builds.run_number.push(number as i64 + 1);
        builds.run_id.push(format!("{}", 9_000_000 + number * 37));
        builds.timestamp.push(
            until - back * DAY - if back == 0 { 0 } else { (chance.next() * 2e7) as i64 / 1000 * 1000 },
        );
        builds
            .commit
            .push((0..5).map(|_| format!("{:08x}", (chance.next() * 4_294_967_296.0) as u64)).collect());
    }
    let metrics = metrics
        .iter()
        .map(|metric| MetricColumn {
            id: metric.id.clone(),
            kind: metric.kind,
            unit: metric.unit,
            description: metric.description.clone(),
            values: match metric.kind {
                MetricType::Numeric => Values::Numeric(course(metric)),
                MetricType::Label => Values::Label(states(metric), LABELS.map(String::from).to_vec()),
            },
        })
        .collect();
    Columns { builds, metrics }
}

/// A course with drift, wandering noise and one step, of the size that the unit is mostly met in.
fn course(metric: &MetricConfig) -> Vec<Option<f64>> {
    let mut chance = Sequence::of(&metric.id);
    let (start, places) = match metric.unit {
        Some(Unit::Percent) => (62.0 + 20.0 * chance.next(), 2),
        Some(Unit::Bytes) => (200_000.0 + 1_500_000.0 * chance.next(), 0),
        Some(Unit::Duration) => (20.0 + 200.0 * chance.next(), 1),
        Some(Unit::Integer) => (50.0 + 20_000.0 * chance.next().powi(2), 0),
        Some(Unit::Decimal) => (2.0 + 10.0 * chance.next(), 2),
        None => (10.0 + 100.0 * chance.next(), 1),
    };
    let percent = metric.unit == Some(Unit::Percent);
    let (drift, step) = ((chance.next() - 0.35) * 0.25, (chance.next() - 0.6) * 0.25);
    let turn = 0.3 + 0.5 * chance.next();
    let mut noise = 0.0;
    let factor = 10f64.powi(places);
    (0..BUILDS)
        .map(|number| {
            noise = noise * 0.85 + (chance.next() - 0.5) * 0.012;
            let part = number as f64 / BUILDS as f64;
            let change = drift * part + if part > turn { step } else { 0.0 } + noise;
            let value = start * (1.0 + if percent { change * 0.5 } else { change });
            let value = if percent { value.clamp(0.0, 100.0) } else { value };
            Some((value * factor).round() / factor)
        })
        .collect()
}

fn states(metric: &MetricConfig) -> Vec<Option<u32>> {
    let mut chance = Sequence::of(&metric.id);
    let mut state = 0;
    (0..BUILDS)
        .map(|_| {
            if chance.next() < 0.02 {
                state = (state + 1 + u32::from(chance.next() < 0.3)) % LABELS.len() as u32;
            }
            Some(state)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Direction;

    fn metric(id: &str, kind: MetricType, unit: Option<Unit>) -> MetricConfig {
        MetricConfig {
            id: id.to_owned(),
            name: id.to_owned(),
            kind,
            description: None,
            command: String::new(),
            unit,
            timeout: 0,
            direction: Direction::None,
            group: None,
        }
    }

    #[test]
    fn a_sample_is_the_same_every_time_and_what_its_unit_allows() {
        let until = 1_798_718_400_000;
        let units = [
            Some(Unit::Percent),
            Some(Unit::Bytes),
            Some(Unit::Duration),
            Some(Unit::Integer),
            Some(Unit::Decimal),
            None,
        ];
        for seed in 0..40 {
            for unit in units {
                let metrics = [metric(&format!("m{seed}"), MetricType::Numeric, unit)];
                let made = columns(&metrics, until);
                assert_eq!(made, columns(&metrics, until));
                let Values::Numeric(values) = &made.metrics[0].values else { panic!("not numeric") };
                let values: Vec<f64> = values.iter().copied().map(Option::unwrap).collect();
                let whole = matches!(unit, Some(Unit::Bytes | Unit::Integer));
                assert!(values.iter().all(|v| *v >= 0.0 && (!whole || v.fract() == 0.0)), "{unit:?}");
                assert!(unit != Some(Unit::Percent) || values.iter().all(|v| *v <= 100.0));
                assert!(values.iter().any(|v| *v != values[0]), "{unit:?} {seed}");
            }
        }
    }

    #[test]
    fn a_samples_builds_are_in_order_and_end_now() {
        let made = columns(&[metric("state", MetricType::Label, None)], 1_798_718_400_000).builds;
        assert_eq!(made.timestamp.last(), Some(&1_798_718_400_000));
        assert!(made.timestamp.is_sorted() && made.commit.iter().all(|c| c.len() == 40));
    }
}

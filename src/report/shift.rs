//! Where a metric's level is likely to have shifted for good: found once, by the engine, so that
//! the page's cards, charts and lists agree. It judges a course of numbers and knows neither
//! metrics nor builds.
//!
//! The method. At every place the median of the [`WINDOW`] values after it is compared with that
//! of as many before it: the jump. Medians shrug off single outliers. A jump is a shift where it
//! is large beside both
//!
//! - the scatter of the values about their medians on the two sides, or of neighbouring values in
//!   the whole course if that is larger ([`LOCAL`] standard deviations), and
//! - the jumps of the whole course, less their median ([`USUAL`] standard deviations). This holds
//!   steady drift and wandering courses, whose jumps are many and alike, apart from true steps.
//!
//! Both standard deviations are estimated by the median absolute deviation times 1.4826 (P. J.
//! Rousseeuw and C. Croux, "Alternatives to the Median Absolute Deviation", 1993). The bounds are
//! set by simulation so that a course of 300 values without a step has a false alarm less often
//! than once in fifty, be its noise independent, heavy-tailed, autocorrelated or a random walk; a
//! step of five standard deviations is found in three of four. In courses of fewer than about a
//! hundred values a step is a large part of what it is compared with, and must be larger. The tests
//! below repeat the simulation.

/// Values on either side of a place.
const WINDOW: usize = 9;

/// The fewest values of a course that is judged.
const LEAST: usize = 30;

/// A jump's size in standard deviations of the values, at least.
const LOCAL: f64 = 3.4;

/// A jump's size in standard deviations of the course's jumps, at least.
const USUAL: f64 = 6.0;

/// A jump's size as a part of the level before it, at least: what is smaller is of no interest.
const RELATIVE: f64 = 0.01;

/// From a median absolute deviation to the standard deviation of a normal distribution.
const NORMAL: f64 = 1.4826;

/// A likely shift of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shift {
    /// The place of the first value on the new level.
    pub(super) at: usize,
    /// The level before it: the median of the window, carried to this place by the course's drift.
    pub(super) before: f64,
    /// The level from it on, likewise.
    pub(super) after: f64,
}

/// The likely shifts of `values`, oldest first, in their order. All values are finite.
pub(super) fn shifts(values: &[f64]) -> Vec<Shift> {
    // The medians' differences must not overflow.
    if values.len() < LEAST || values.iter().any(|v| v.abs() > 1e300) {
        return Vec::new();
    }
    let (usual, spread) = centre_and_spread(jumps_of(&rolling_medians(values)));
    // Without the drift that the whole course has.
    let level: Vec<f64> =
        values.iter().enumerate().map(|(n, v)| v - n as f64 * usual / WINDOW as f64).collect();
    let medians = rolling_medians(&level);
    let jumps = jumps_of(&medians);
    let steps = level.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let noise = centre_and_spread(steps).1 / std::f64::consts::SQRT_2;

    let score = |place: usize| jumps[place].abs();
    let stands_out = |place: usize| {
        let jump = score(place);
        jump > USUAL * spread
            && jump > LOCAL * noise
            && jump >= RELATIVE * values[place + WINDOW / 2].abs()
            && jump > LOCAL * scatter(&level, &medians, place)
    };
    let mut found: Vec<(usize, f64)> = Vec::new();
    for place in (0..jumps.len()).filter(|&place| jumps[place] != 0.0 && stands_out(place)) {
        match found.last_mut() {
            // One step is seen from every place around it; its best view counts.
            Some(last) if place - last.0 < WINDOW => {
                if score(place) > last.1 {
                    *last = (place, score(place));
                }
            }
            _ => found.push((place, score(place))),
        }
    }
    let shift = |(place, _)| {
        let at = settle(&level, &medians, place);
        // The levels on either side, where the windows do not reach over the course's ends, with the
        // drift up to this place given back.
        let here = |median: f64| match at as f64 * usual / WINDOW as f64 {
            0.0 => median,
            drift => format!("{:.6e}", median + drift).parse().unwrap_or(median),
        };
        let before = here(medians[at.saturating_sub(WINDOW)]);
        Shift { at, before, after: here(medians[at.min(medians.len() - 1)]) }
    };
    found.into_iter().map(shift).collect()
}

fn jumps_of(medians: &[f64]) -> Vec<f64> {
    medians.iter().zip(&medians[WINDOW..]).map(|(before, after)| after - before).collect()
}

/// The median of each run of [`WINDOW`] values, by the place of its first.
fn rolling_medians(values: &[f64]) -> Vec<f64> {
    let mut sorted = Vec::with_capacity(WINDOW);
    for value in &values[..WINDOW] {
        sorted.insert(place_of(*value, &sorted), *value);
    }
    let mut medians = Vec::with_capacity(values.len() - WINDOW + 1);
    medians.push(sorted[WINDOW / 2]);
    for (old, new) in values.iter().zip(&values[WINDOW..]) {
        sorted.remove(place_of(*old, &sorted));
        sorted.insert(place_of(*new, &sorted), *new);
        medians.push(sorted[WINDOW / 2]);
    }
    medians
}

fn place_of(value: f64, sorted: &[f64]) -> usize {
    sorted.partition_point(|other| other.total_cmp(&value).is_lt())
}

/// The median, and the standard deviation that the median absolute deviation stands for.
fn centre_and_spread(mut values: Vec<f64>) -> (f64, f64) {
    let centre = median(&mut values);
    for value in &mut values {
        *value = (*value - centre).abs();
    }
    (centre, median(&mut values) * NORMAL)
}

/// The upper median of at least one value.
fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The standard deviation of the values on both sides of the jump at `place`, about their medians.
fn scatter(values: &[f64], medians: &[f64], place: usize) -> f64 {
    let mut away: Vec<f64> = (place..place + 2 * WINDOW)
        .map(|at| (values[at] - medians[if at < place + WINDOW { place } else { place + WINDOW }]).abs())
        .collect();
    median(&mut away) * NORMAL
}

/// The place within reach where the values change from being nearer to the level before to being
/// nearer to the one after: least absolute deviations from the two.
fn settle(values: &[f64], medians: &[f64], place: usize) -> usize {
    let (before, after) = (medians[place], medians[place + WINDOW]);
    let (mut cost, mut least, mut at) = (0.0, 0.0, place);
    for (index, value) in values.iter().enumerate().skip(place).take(2 * WINDOW) {
        cost += (value - before).abs() - (value - after).abs();
        if cost < least {
            (least, at) = (cost, index + 1);
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers without pattern, the same in every run (xorshift), evenly from 0 to 1.
    struct Noise(u64);

    impl Noise {
        fn even(&mut self) -> f64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as f64 / (1u64 << 53) as f64
        }

        /// Standard normal: the sum of twelve even numbers is near enough.
        fn normal(&mut self) -> f64 {
            (0..12).map(|_| self.even()).sum::<f64>() - 6.0
        }
    }

    type Course = fn(&mut Noise, usize) -> Vec<f64>;

    fn independent(noise: &mut Noise, count: usize) -> Vec<f64> {
        (0..count).map(|_| 100.0 + noise.normal()).collect()
    }

    fn heavy_tailed(noise: &mut Noise, count: usize) -> Vec<f64> {
        // Student's t with three degrees of freedom.
        let t = |noise: &mut Noise| {
            let chi: f64 = (0..3).map(|_| noise.normal().powi(2)).sum();
            noise.normal() / (chi / 3.0).sqrt()
        };
        (0..count).map(|_| 100.0 + t(noise)).collect()
    }

    fn drifting(noise: &mut Noise, count: usize) -> Vec<f64> {
        (0..count).map(|n| 0.4 * n as f64 - 200.0 + noise.normal()).collect()
    }

    fn following(noise: &mut Noise, count: usize) -> Vec<f64> {
        let mut now = 0.0;
        (0..count)
            .map(|_| {
                now = 0.7 * now + noise.normal();
                100.0 + now
            })
            .collect()
    }

    fn wandering(noise: &mut Noise, count: usize) -> Vec<f64> {
        let mut now = 100.0;
        (0..count)
            .map(|_| {
                now += noise.normal();
                now
            })
            .collect()
    }

    const COURSES: [(&str, Course); 5] = [
        ("independent", independent),
        ("heavy-tailed", heavy_tailed),
        ("drifting", drifting),
        ("following", following),
        ("wandering", wandering),
    ];

    #[test]
    fn a_course_without_a_step_seldom_has_a_false_alarm() {
        for (name, course) in COURSES {
            for (length, rounds, most) in [(40, 300, 9), (300, 100, 2), (3_000, 10, 1)] {
                let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
                let alarms = (0..rounds).filter(|_| !shifts(&course(&mut noise, length)).is_empty()).count();
                assert!(alarms <= most, "{name}, {length} values: {alarms} of {rounds}");
            }
        }
    }

    #[test]
    fn a_step_of_five_standard_deviations_is_found_where_it_is() {
        for (name, course) in &COURSES[..3] {
            for (length, at) in [(300, 40), (300, 285), (3_000, 1_000)] {
                let mut noise = Noise(0x2545_F491_4F6C_DD1D);
                let mut found = 0;
                for round in 0..40 {
                    let step = if round % 2 == 0 { 5.0 } else { -5.0 };
                    let mut values = course(&mut noise, length);
                    values[at..]
                        .iter_mut()
                        .for_each(|v| *v += step * if *name == "heavy-tailed" { 1.7 } else { 1.0 });
                    found += usize::from(
                        shifts(&values)
                            .iter()
                            .any(|s| s.at.abs_diff(at) <= 2 && (s.after > s.before) == (step > 0.0)),
                    );
                }
                assert!(found >= 30, "{name}, {length} values, step at {at}: {found} of 40");
            }
        }
    }

    #[test]
    fn exact_courses_have_exact_shifts() {
        let level = |pieces: &[(usize, f64)]| {
            pieces.iter().flat_map(|&(count, value)| vec![value; count]).collect::<Vec<_>>()
        };
        let found = |values: &[f64]| {
            shifts(values)
                .iter()
                .map(|s| format!("{}:{}>{}", s.at, s.before, s.after))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let cases = [
            (level(&[]), ""),
            (level(&[(500, 7.0)]), ""),
            (level(&[(29, 7.0)]), ""),
            (level(&[(50, 10.0), (50, 12.0)]), "50:10>12"),
            (level(&[(50, 10.0), (30, 12.0), (70, 9.0)]), "50:10>12 80:12>9"),
            // An outage of a few builds is no new level.
            (level(&[(50, 10.0), (3, 0.0), (50, 10.0)]), ""),
            // Too small to be of interest.
            (level(&[(50, 1000.0), (50, 1001.0)]), ""),
            (level(&[(50, f64::MAX), (50, -f64::MAX)]), ""),
            (level(&[(50, 0.0), (50, 1e-9)]), "50:0>0.000000001"),
            ((0..200).map(f64::from).collect(), ""),
            ((0..200).map(|n| f64::from(n) + if n < 120 { 0.0 } else { 80.0 }).collect(), "120:120>200"),
        ];
        for (values, expected) in cases {
            assert_eq!(found(&values), expected, "{} values from {:?}", values.len(), values.first());
        }
    }
}

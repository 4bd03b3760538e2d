//! Where a metric's level is likely to have shifted for good: found once, by the engine, so that
//! the page's cards, charts and lists agree. It judges a course of numbers and knows neither
//! metrics nor builds.
//!
//! The method. At every position the median of the [`WINDOW`] values after it is compared with that
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
//!
//! A slow step is seen as several jumps in a row. Jumps that go the same way, no more than six windows apart and without a
//! level of its own between them, are one shift: from the level before the first to the level after the last.

/// Values on either side of a position.
const WINDOW: usize = 9;

/// The fewest values of a course that is judged.
const LEAST: usize = 30;

/// A jump's size in standard deviations of the values, at least.
const LOCAL: f64 = 3.4;

/// A jump's size in standard deviations of the course's jumps, at least.
const USUAL: f64 = 6.0;

/// A jump's size as a part of the level before it, at least: what is smaller is of no interest.
const RELATIVE: f64 = 0.01;

/// The most values between two jumps of one slow step.
const SLOWEST: usize = 6 * WINDOW;

/// From a median absolute deviation to the standard deviation of a normal distribution.
const NORMAL: f64 = 1.4826;

/// A likely shift of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shift {
    /// The index of the first value on the new level, or of a slow step the first that is well on its way there.
    pub(super) at: usize,
    /// The level before it: the median of the window, carried to this position by the series' drift.
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
            // One step is seen from every position around it; its best view counts.
            Some(last) if place - last.0 < WINDOW => {
                if score(place) > last.1 {
                    *last = (place, score(place));
                }
            }
            _ => found.push((place, score(place))),
        }
    }
    let steps = found.into_iter().map(|(place, _)| {
        let at = settle(&level, &medians, place);
        // The windows on either side, where they do not reach over the course's ends.
        Step { first: at, last: at, before: at.saturating_sub(WINDOW), after: at.min(medians.len() - 1) }
    });
    let shift = |step: Step| {
        // With the drift up to this position given back.
        let here = |median: f64| match step.first as f64 * usual / WINDOW as f64 {
            0.0 => median,
            drift => format!("{:.6e}", median + drift).parse().unwrap_or(median),
        };
        Shift { at: step.first, before: here(medians[step.before]), after: here(medians[step.after]) }
    };
    joined(&level, &medians, steps).into_iter().map(shift).collect()
}

/// One jump or several that are one slow step: the positions of its first and its last, and of the windows whose medians
/// are the levels before and after.
#[derive(Clone, Copy)]
struct Step {
    first: usize,
    last: usize,
    before: usize,
    after: usize,
}

/// The steps with those joined that go on from one to the next.
fn joined(level: &[f64], medians: &[f64], steps: impl Iterator<Item = Step>) -> Vec<Step> {
    let jump = |step: &Step| medians[step.after] - medians[step.before];
    let goes_on = |one: &Step, next: &Step| {
        let between = &level[one.last..next.first];
        if jump(one) * jump(next) <= 0.0 || between.len() > SLOWEST {
            return false;
        }
        // On a slow step the values go on as fast as the jumps on either side say; half of that is nearer to it than to a
        // level of its own. From the middle of the first third to that of the last are two thirds of the way.
        let slope = jump(one).abs().min(jump(next).abs()) / WINDOW as f64;
        let third = (between.len() / 3).max(1);
        let climb = median(&mut between[between.len() - third..].to_vec())
            - median(&mut between[..third.min(between.len())].to_vec());
        climb * jump(one).signum() > slope * between.len() as f64 / 3.0
    };
    let mut out: Vec<(Step, Step)> = Vec::new();
    for step in steps {
        match out.last_mut() {
            Some((whole, last)) if goes_on(last, &step) => {
                (whole.last, whole.after) = (step.last, step.after);
                *last = step;
            }
            _ => out.push((step, step)),
        }
    }
    let mut whole: Vec<Step> = out.into_iter().map(|(whole, _)| whole).collect();
    for n in 0..whole.len() {
        let Step { first, last, mut before, mut after } = whole[n];
        if first == last {
            continue;
        }
        // A slow step started a little before its first jump stood out and went on a little after its last: up to a window
        // farther, as long as the level moves the same way, and not into another shift.
        let way = jump(&whole[n]).signum();
        let least = if n > 0 { whole[n - 1].last } else { 0 }.max(before.saturating_sub(WINDOW));
        let most = whole.get(n + 1).map_or(medians.len(), |next| next.first.saturating_sub(WINDOW - 1));
        let most = most.min(after + WINDOW + 1);
        while before > least && (medians[before] - medians[before - 1]) * way > 0.0 {
            before -= 1;
        }
        while after + 1 < most && (medians[after + 1] - medians[after]) * way > 0.0 {
            after += 1;
        }
        whole[n] = Step { first, last, before, after };
    }
    whole
}

fn jumps_of(medians: &[f64]) -> Vec<f64> {
    medians.iter().zip(&medians[WINDOW..]).map(|(before, after)| after - before).collect()
}

/// The median of each run of [`WINDOW`] values, by the position of its first.
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

/// The median, and the standard deviation that the median absolute deviation estimates.
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

/// The position within reach where the values change from being nearer to the level before to being
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
    fn a_slow_step_is_one_shift_between_the_levels_before_and_after_it() {
        let mut noise = Noise(0x1234_5678_9ABC_DEF1);
        for (from, to) in [(100.0, 160.0), (160.0, 100.0)] {
            for length in [20, 30, 45, 60] {
                for scatter in [0.0, 0.3] {
                    let course: Vec<f64> = (0..400)
                        .map(|n| {
                            let part = (f64::from(n - 170) / f64::from(length)).clamp(0.0, 1.0);
                            from + (to - from) * part + scatter * noise.normal()
                        })
                        .collect();
                    let found = shifts(&course);
                    let told = format!("{from} to {to} in {length} with {scatter}: {found:?}");
                    let [shift] = found[..] else { panic!("{told}") };
                    assert!((160..=170 + length as usize).contains(&shift.at), "{told}");
                    assert!((shift.before - from).abs() < 3.0 && (shift.after - to).abs() < 3.0, "{told}");
                }
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
            // Two steps the same way with a level between them are two.
            (level(&[(50, 10.0), (14, 12.0), (70, 15.0)]), "50:10>12 64:12>15"),
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

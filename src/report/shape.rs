//! The drawings that need no script: lines and state bars as SVG path data and rectangles, thinned
//! to what their width can show. Colours, sizes on the page and words belong to others.

use crate::metric::Unit;
use std::fmt::Write as _;

/// The drawing area in its own units; the style sheet stretches it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    /// Units across.
    pub(super) width: f64,
    /// Units down.
    pub(super) height: f64,
    /// Kept free at the top and the bottom for the line's own thickness.
    pub(super) margin: f64,
}

/// The ends of a drawing for values from `low` to `high`: never closer together than the unit makes a difference of, so
/// that noise below any meaning stays small, and never past zero or 100 % where the values are not. Half a point of a percentage, two of what is counted, and 1 % of the size
/// for all but percentages, as for shifts of level (`shift.rs`). The page does the same (`page/axis.js`).
pub(super) fn widened((low, high): (f64, f64), unit: Option<Unit>) -> (f64, f64) {
    let part = low.abs().max(high.abs()) * 0.01;
    let least = match unit {
        Some(Unit::Percent) => 0.5,
        Some(Unit::Integer) => part.max(2.0),
        _ => part,
    };
    let pad = (least - (high - low)) / 2.0;
    let (mut bottom, mut top) = (low - pad, high + pad);
    // The difference of far values is infinite and then wide enough.
    if pad.is_nan() || pad <= 0.0 || !bottom.is_finite() || !top.is_finite() {
        return (low, high);
    }
    if low >= 0.0 {
        bottom = bottom.max(0.0);
    } else if high <= 0.0 {
        top = top.min(0.0);
    }
    if unit == Some(Unit::Percent) && high <= 100.0 {
        top = top.min(100.0);
    }
    (bottom, top)
}

/// A stretch of time in milliseconds since 1970, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// The oldest build.
    pub(super) from: i64,
    /// The newest build.
    pub(super) to: i64,
}

impl Span {
    /// The position of `time` in the span, 0 to 1; the middle of a span without length.
    fn place(self, time: i64) -> f64 {
        if self.to > self.from { (time - self.from) as f64 / (self.to - self.from) as f64 } else { 0.5 }
    }
}

/// The path of a line through `points` (time, value; `None` breaks the line), oldest first. Where
/// there are more points than the width can show, each column of about two units keeps its least
/// and its greatest value, so that no spike is lost. A lone point becomes a dot (a line without
/// length, for a round line cap).
pub(super) fn line(points: &[(i64, Option<f64>)], span: Span, range: (f64, f64), area: Area) -> String {
    let columns = (area.width / 2.0).max(1.0) as usize;
    let thinned;
    let points = if points.len() > columns * 3 {
        thinned = thin(points, span, columns);
        &thinned
    } else {
        points
    };
    let (low, high) = range;
    let mut out = String::new();
    let (mut open, mut length) = (false, 0);
    for (time, value) in points {
        let Some(value) = value else {
            close(&mut out, open, length);
            (open, length) = (false, 0);
            continue;
        };
        // Halved before subtracting: the difference of two finite numbers may overflow.
        let part = if high > low { (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0) } else { 0.5 };
        let x = span.place(*time) * area.width;
        let y = area.margin + (1.0 - part) * (area.height - 2.0 * area.margin);
        out.push(if open { 'L' } else { 'M' });
        coordinate(&mut out, x);
        out.push(' ');
        coordinate(&mut out, y);
        (open, length) = (true, length + 1);
    }
    close(&mut out, open, length);
    out
}

fn close(out: &mut String, open: bool, length: usize) {
    if open && length == 1 {
        out.push_str("h0");
    }
}

/// The points without those that miss a value in the metric's usual rhythm, so that only gaps
/// interrupt the line: where most builds have a value, each that has none; else where values are more than three times
/// their median distance apart. The page does the same (`page/gaps.js`).
pub(super) fn with_rhythm(points: &[(i64, Option<f64>)]) -> Vec<(i64, Option<f64>)> {
    let present: Vec<usize> =
        points.iter().enumerate().filter_map(|(index, point)| point.1.map(|_| index)).collect();
    let mut distances: Vec<usize> = present.windows(2).map(|pair| pair[1] - pair[0]).collect();
    distances.sort_unstable();
    let usual = distances.get(distances.len().saturating_sub(1) / 2).copied().unwrap_or(1);
    let reach = if usual == 1 { 1 } else { 3 * usual };
    let mut out = Vec::with_capacity(points.len());
    let mut last = None;
    for at in present {
        if let Some(gap) = last.map(|last| last + 1..at).filter(|gap| gap.len() >= reach) {
            out.extend_from_slice(&points[gap]);
        }
        out.push(points[at]);
        last = Some(at);
    }
    out
}

/// Keeps the first and the last point, and of each column of time the least and the greatest. A
/// column with builds but no value breaks the line.
fn thin(points: &[(i64, Option<f64>)], span: Span, columns: usize) -> Vec<(i64, Option<f64>)> {
    let column = |time: i64| ((span.place(time) * columns as f64) as usize).min(columns - 1);
    let mut out = Vec::with_capacity(columns * 2 + 2);
    let mut rest = points;
    while let Some((time, _)) = rest.first() {
        let own = column(*time);
        let end = rest.iter().position(|(t, _)| column(*t) != own).unwrap_or(rest.len());
        let (these, others) = rest.split_at(end);
        let present = || these.iter().filter_map(|(t, v)| v.map(|v| (*t, v)));
        let mut picks: Vec<(i64, f64)> = Vec::with_capacity(4);
        picks.extend(if out.is_empty() { present().next() } else { None });
        let least = present().min_by(|a, b| a.1.total_cmp(&b.1));
        let most = present().max_by(|a, b| a.1.total_cmp(&b.1));
        match (least, most) {
            (Some(least), Some(most)) if least.0 <= most.0 => picks.extend([least, most]),
            (Some(least), Some(most)) => picks.extend([most, least]),
            _ => out.push((these[0].0, None)),
        }
        picks.extend(if others.is_empty() { present().next_back() } else { None });
        picks.dedup();
        out.extend(picks.into_iter().map(|(t, v)| (t, Some(v))));
        rest = others;
    }
    out
}

/// A coordinate with at most one decimal.
fn coordinate(out: &mut String, value: f64) {
    let tenths = (value * 10.0).round() as i64;
    let _ = match tenths % 10 {
        0 => write!(out, "{}", tenths / 10),
        _ => write!(out, "{}", tenths as f64 / 10.0),
    };
}

/// A stretch of one state.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bar {
    /// The state, an index into the metric's labels.
    pub(super) label: u32,
    /// Left edge.
    pub(super) x: String,
    /// Width, never nothing.
    pub(super) width: String,
}

/// The states of a label metric: each lasts until the next build that has a value or the span's
/// end. States too short for the width are swallowed by the one before them.
pub(super) fn bars(points: &[(i64, Option<u32>)], span: Span, width: f64) -> Vec<Bar> {
    let mut starts: Vec<(f64, u32)> = Vec::new();
    for (time, label) in points.iter().filter_map(|(t, l)| l.map(|l| (*t, l))) {
        let x = if span.to > span.from { span.place(time) * width } else { 0.0 };
        match starts.last() {
            Some((_, last)) if *last == label => {}
            Some((start, _)) if x - start < 1.0 => {}
            _ => starts.push((x, label)),
        }
    }
    let text = |value: f64| {
        let mut out = String::new();
        coordinate(&mut out, value);
        out
    };
    let mut out = Vec::with_capacity(starts.len());
    for (index, (x, label)) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(width, |next| next.0);
        out.push(Bar { label: *label, x: text(*x), width: text((end - x).max(1.0)) });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Area = Area { width: 100.0, height: 20.0, margin: 2.0 };

    fn drawn(values: &[Option<f64>]) -> String {
        let points: Vec<_> = values.iter().enumerate().map(|(t, v)| (t as i64 * 10, *v)).collect();
        let known = || values.iter().flatten().copied();
        let range = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
        let to = points.last().map_or(0, |p| p.0);
        line(&points, Span { from: 0, to }, range, AREA)
    }

    #[test]
    fn lines_are_drawn_through_their_points() {
        let cases: &[(&[Option<f64>], &str)] = &[
            (&[], ""),
            (&[Some(5.0)], "M50 10h0"),
            (&[Some(5.0), Some(5.0)], "M0 10L100 10"),
            (&[Some(0.0), Some(1.0), Some(0.5)], "M0 18L50 2L100 10"),
            (&[Some(0.0), None, Some(1.0), Some(0.0)], "M0 18h0M66.7 2L100 18"),
            (&[None, None], ""),
            (&[Some(f64::MIN), Some(f64::MAX)], "M0 18L100 2"),
        ];
        for (values, path) in cases {
            assert_eq!(drawn(values), *path, "{values:?}");
        }
    }

    #[test]
    fn a_build_that_did_not_measure_is_a_gap_unless_that_is_the_rhythm() {
        let rhythm = |present: &str| {
            let points: Vec<_> =
                present.chars().enumerate().map(|(t, c)| (t as i64, (c == 'x').then_some(1.0))).collect();
            with_rhythm(&points).iter().map(|p| if p.1.is_some() { 'x' } else { '.' }).collect::<String>()
        };
        let cases = [
            ("", ""),
            ("...", ""),
            ("xxx.xx", "xxx.xx"),
            ("xxx..xx", "xxx..xx"),
            ("x.x..x.x.x", "xxxxx"),
            ("xxx...xx", "xxx...xx"),
            ("..x..x..x..x..", "xxxx"),
            ("x..x..x........x..x", "xxxxx"),
            ("x..x..x.........x..x", "xxx.........xx"),
        ];
        for (points, drawn) in cases {
            assert_eq!(rhythm(points), drawn, "{points}");
        }
    }

    #[test]
    fn noise_below_any_meaning_does_not_fill_a_drawing() {
        use Unit::{Bytes, Duration, Integer, Percent};
        let cases = [
            ((1_000_000.0, 1_000_010.0), Some(Bytes), (995_004.95, 1_005_005.05)),
            ((100.0, 100.2), Some(Duration), (99.599, 100.601)),
            ((40.0, 40.0), None, (39.8, 40.2)),
            ((83.3, 83.4), Some(Percent), (83.1, 83.6)),
            ((5.0, 6.0), Some(Integer), (4.5, 6.5)),
            ((1_000.0, 1_001.0), Some(Integer), (995.495, 1_005.505)),
            ((0.0, 0.0), None, (0.0, 0.0)),
            ((0.0, 1.0), Some(Integer), (0.0, 1.5)),
            ((-1.0, 0.0), Some(Integer), (-1.5, 0.0)),
            ((99.9, 100.0), Some(Percent), (99.7, 100.0)),
            ((10.0, 20.0), None, (10.0, 20.0)),
            ((-f64::MAX, f64::MAX), None, (-f64::MAX, f64::MAX)),
        ];
        for (range, unit, expected) in cases {
            let (low, high) = widened(range, unit);
            let near = |one: f64, other: f64| one == other || (one - other).abs() < 1e-9 * other.abs();
            assert!(near(low, expected.0) && near(high, expected.1), "{range:?} {unit:?}: {low} {high}");
        }
    }

    #[test]
    fn thinning_keeps_spikes_ends_and_wide_gaps() {
        let mut values: Vec<_> = (0..50_000).map(|n| Some(f64::from(n % 7))).collect();
        values[31_234] = Some(1000.0);
        values[10_000..20_000].fill(None);
        values[0] = Some(3.0);
        let path = drawn(&values);
        assert!(path.len() < 3_000, "{} bytes", path.len());
        assert!(path.contains(" 2L"), "the spike reaches the top: {path}");
        assert_eq!(path.matches('M').count(), 2, "one gap: {path}");
        assert!(path.starts_with("M0 18") && path.contains("L100 "), "{path}");
    }

    #[test]
    fn states_last_until_the_next_one() {
        let span = Span { from: 0, to: 100 };
        let states = |points: &[(i64, Option<u32>)]| {
            bars(points, span, 100.0)
                .iter()
                .map(|b| format!("{}@{}+{}", b.label, b.x, b.width))
                .collect::<Vec<_>>()
        };
        assert_eq!(states(&[]), Vec::<String>::new());
        assert_eq!(states(&[(0, Some(0)), (30, Some(0)), (50, Some(1))]), ["0@0+50", "1@50+50"]);
        assert_eq!(states(&[(20, Some(1)), (40, None), (60, Some(0))]), ["1@20+40", "0@60+40"]);
        assert_eq!(states(&[(100, Some(4))]), ["4@100+1"]);
        let flicker: Vec<_> = (0..100_000).map(|n| (n / 1000, Some((n % 2) as u32))).collect();
        assert!(bars(&flicker, span, 100.0).len() <= 101);
    }
}

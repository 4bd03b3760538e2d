//! A series of numbers as a line of text blocks. Knows nothing of metrics.

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One block for each number, its height by where the number is between the least and the
/// greatest of them; numbers that are all the same are in the middle. Fewer than two numbers,
/// and numbers that are not finite, make no line.
#[must_use]
pub fn sparkline(numbers: &[f64]) -> String {
    let numbers: Vec<f64> = numbers.iter().copied().filter(|number| number.is_finite()).collect();
    if numbers.len() < 2 {
        return String::new();
    }
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let top = (BLOCKS.len() - 1) as f64;
    let height = |number: f64| {
        // Halves: the difference of the largest doubles would not be finite.
        let share = (number / 2.0 - least / 2.0) / (greatest / 2.0 - least / 2.0);
        if share.is_finite() { (share * top).round() as usize } else { 3 }
    };
    numbers.into_iter().map(|number| BLOCKS[height(number).min(BLOCKS.len() - 1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_follow_the_numbers() {
        for (numbers, line) in [
            (&[][..], ""),
            (&[1.0], ""),
            (&[1.0, 2.0], "▁█"),
            (&[5.0, 5.0, 5.0], "▄▄▄"),
            (&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], "▁▂▃▄▅▆▇█"),
            (&[-10.0, 0.0, 10.0], "▁▅█"),
            (&[f64::MAX, f64::MIN], "█▁"),
            (&[1.0, f64::NAN, 2.0, f64::INFINITY], "▁█"),
        ] {
            assert_eq!(sparkline(numbers), line, "{numbers:?}");
        }
    }
}

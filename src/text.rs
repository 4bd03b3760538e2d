//! Numbers with their units, as every page, comment and terminal line shows them.

use crate::config::Unit;

/// A value in its unit: `83.4%`, `12,345`, `1.5 KB`, `1m 0s`, `3.14`.
pub fn format_value(value: f64, unit: Option<Unit>) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    let size = value.abs();
    let body = match unit {
        Some(Unit::Percent) => format!("{size:.1}%"),
        Some(Unit::Integer) => thousands(&format!("{:.0}", size.round())),
        Some(Unit::Decimal) => thousands(&format!("{size:.2}")),
        Some(Unit::Bytes) => bytes(size),
        Some(Unit::Duration) => duration(size),
        None => thousands(&format!("{size}")),
    };
    format!("{sign}{body}")
}

/// A difference in its unit, always with a sign.
pub fn format_delta(delta: f64, unit: Option<Unit>) -> String {
    let sign = if delta < 0.0 { "-" } else { "+" };
    format!("{sign}{}", format_value(delta.abs(), unit))
}

fn thousands(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

fn bytes(mut size: f64) -> String {
    let mut step = 0;
    while step < 4 && (size * 10.0).round() >= 10240.0 {
        size /= 1024.0;
        step += 1;
    }
    let text = format!("{size:.1}");
    format!("{} {}", thousands(text.strip_suffix(".0").unwrap_or(&text)), ["B", "KB", "MB", "GB", "TB"][step])
}

fn duration(seconds: f64) -> String {
    if (seconds * 1000.0).round() < 1000.0 {
        return format!("{:.0}ms", seconds * 1000.0);
    }
    let whole = seconds.round();
    if whole < 60.0 {
        return format!("{whole:.0}s");
    }
    if whole < 3600.0 {
        return format!("{}m {}s", (whole / 60.0).floor(), whole % 60.0);
    }
    let minutes = (seconds / 60.0).round();
    format!("{}h {}m", thousands(&format!("{:.0}", (minutes / 60.0).floor())), minutes % 60.0)
}

//! Points in time as the page writes them: always UTC, always with the year, digits only, so that
//! no locale and no time zone shows through.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

fn utc(milliseconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(milliseconds.div_euclid(1000)).ok()
}

/// `2026-11-05 14:03`; the bare number beyond the year 9999.
pub(super) fn minute(milliseconds: i64) -> String {
    utc(milliseconds).map_or_else(|| milliseconds.to_string(), written)
}

/// `2026-11-05`; the bare number beyond the year 9999.
pub(super) fn day(milliseconds: i64) -> String {
    utc(milliseconds).map_or_else(|| milliseconds.to_string(), |at| at.date().to_string())
}

/// An RFC 3339 time as [`minute`] would write it; any other text as it is.
pub(super) fn minute_of(text: &str) -> String {
    OffsetDateTime::parse(text, &Rfc3339)
        .map_or_else(|_| text.to_owned(), |at| written(at.to_offset(time::UtcOffset::UTC)))
}

/// An RFC 3339 time in milliseconds since 1970.
pub(super) fn milliseconds(text: &str) -> Option<i64> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(|at| at.unix_timestamp() * 1000)
}

fn written(at: OffsetDateTime) -> String {
    format!("{} {:02}:{:02}", at.date(), at.hour(), at.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_utc() {
        assert_eq!(minute(0), "1970-01-01 00:00");
        assert_eq!(minute(-1), "1969-12-31 23:59");
        assert_eq!(day(1_709_164_800_000), "2024-02-29");
        assert_eq!(minute(i64::MAX), i64::MAX.to_string());
        assert_eq!(minute_of("2026-11-05T01:03:00+02:00"), "2026-11-04 23:03");
        assert_eq!(minute_of("yesterday"), "yesterday");
    }
}

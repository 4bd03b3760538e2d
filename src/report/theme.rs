//! The report's colours: the palettes of the named themes, a user's own colours over them, and
//! the style sheet text that declares them for light, dark and print. Layout is not its concern;
//! that is `page/report.css`, which uses nothing but the variables declared here.

use crate::config::{THEME_VARIABLES as VARIABLES, Theme};
use crate::error::{Code, Error, Result};
use std::fmt::Write as _;

/// A colour for each of the variables, in their order.
type Palette = [&'static str; VARIABLES.len()];

struct Named {
    name: &'static str,
    light: Palette,
    dark: Palette,
}

/// Texts keep a contrast of 4.5:1 on all three surfaces; a test holds them to it.
const THEMES: [Named; 4] = [
    // Cool slate and a calm blue.
    Named {
        name: "lattice",
        light: [
            "#f5f7fa", "#ebeff4", "#ffffff", "#cfd7e1", "#e4e9f0", "#17202c", "#435064", "#566276",
            "#2459c9", "#0b6b43", "#b3261e", "#8a5200",
        ],
        dark: [
            "#0e131a", "#161d27", "#151c25", "#2f3a49", "#222b37", "#e7edf5", "#b5c1d0", "#93a1b4",
            "#7aa7ff", "#56c991", "#ff8a80", "#e8b35a",
        ],
    },
    // Violet on near-black, lilac paper in daylight.
    Named {
        name: "flux",
        light: [
            "#f8f5fc", "#f0eaf8", "#ffffff", "#d9cde9", "#eae2f4", "#21162f", "#52425f", "#675673",
            "#7b2fd0", "#0a6a5c", "#b8155c", "#8a4f00",
        ],
        dark: [
            "#120d1a", "#1c1527", "#1a1324", "#3b2f4e", "#2a2038", "#f1eaf9", "#c7bad6", "#a898ba",
            "#c79bff", "#4fd1b5", "#ff85b0", "#efb366",
        ],
    },
    // Ink on newsprint with one red.
    Named {
        name: "halftone",
        light: [
            "#f4f3ef", "#e9e7e1", "#fbfaf7", "#cbc8bf", "#dfdcd4", "#1a1a18", "#474641", "#5b5a53",
            "#b3311b", "#2d6330", "#9b1b30", "#7a5500",
        ],
        dark: [
            "#131312", "#1d1d1b", "#1b1b19", "#3d3c38", "#2a2a27", "#efeee8", "#c2c0b8", "#a09e95",
            "#ff8f73", "#8cc98a", "#ff8795", "#dfb65c",
        ],
    },
    // Botanical green on pale paper.
    Named {
        name: "specimen",
        light: [
            "#f4f7f1", "#e8eee3", "#fdfefb", "#c8d4c0", "#dde6d7", "#16231a", "#3e5044", "#516357",
            "#1f6b4f", "#2b6a16", "#a63a15", "#7d5600",
        ],
        dark: [
            "#0d1410", "#151f19", "#131d17", "#2d3f34", "#1f2d25", "#e6f0e8", "#b3c6b8", "#90a696",
            "#6fd3a5", "#9bd06b", "#ff9474", "#e3bb5c",
        ],
    },
];

/// Line colours beside the accent, for light and for dark, a hue each. The one whose hue is
/// nearest to the accent is left out, so that no two lines of a chart look alike.
const SERIES: [(&str, &str); 8] = [
    ("#2459c9", "#7aa7ff"),
    ("#b4540a", "#f2a65e"),
    ("#0b7a6f", "#4fd0c0"),
    ("#b02a6e", "#ff8dbf"),
    ("#6d3fc4", "#b99bff"),
    ("#5c7400", "#b9d052"),
    ("#0a6f9e", "#6cc7f0"),
    ("#a3302a", "#ff9186"),
];

/// The number of line colours, `--s1` to `--s8`.
pub(super) const SERIES_COUNT: usize = SERIES.len();

/// The style sheet text that declares every variable of `theme` for each `data-mode` (`auto`,
/// `light`, `dark`) of the root element; where the system forces its own colours, those that suit its surfaces; on paper
/// it is always light.
///
/// # Errors
/// [`Code::ReportFailed`] for a theme, a variable or a colour that does not exist; the
/// configuration's check lets none through, and none may reach the page unchecked.
pub(super) fn css(theme: &Theme) -> Result<String> {
    let (light, dark) = match theme {
        Theme::Named(name) => {
            let named = THEMES.iter().find(|t| t.name == name).ok_or_else(|| {
                Error::new(Code::ReportFailed, format!("found theme `{name}`, expected one of {}", names()))
                    .hint("Set `report.theme` to one of the named themes.")
            })?;
            (named.light.map(String::from), named.dark.map(String::from))
        }
        Theme::Custom { dark, light } => (over(&THEMES[0].light, light)?, over(&THEMES[0].dark, dark)?),
    };
    let (light, dark) = (declarations(&readable(light), false), declarations(&readable(dark), true));
    Ok(format!(
        ":root{{{light}}}:root[data-mode=dark]{{{dark}}}\
         @media(prefers-color-scheme:dark){{:root[data-mode=auto]{{{dark}}}}}\
         @media(forced-colors:active){{:root[data-mode]{{{light}}}}}\
         @media(forced-colors:active) and (prefers-color-scheme:dark){{:root[data-mode]{{{dark}}}}}\
         @media print{{:root,:root[data-mode]{{{light};--bg:#ffffff;--surface-card:#ffffff}}}}"
    ))
}

fn names() -> String {
    THEMES.iter().map(|t| format!("`{}`", t.name)).collect::<Vec<_>>().join(", ")
}

fn over(base: &Palette, own: &[(String, String)]) -> Result<[String; 12]> {
    let mut colours = base.map(String::from);
    for (variable, colour) in own {
        let place = VARIABLES.iter().position(|v| v == variable);
        let hex = colour
            .strip_prefix('#')
            .is_some_and(|h| h.len() == 6 && h.bytes().all(|b| b.is_ascii_hexdigit()));
        match place {
            Some(index) if hex => colours[index].clone_from(colour),
            Some(_) => {
                let message = format!("found colour `{colour}` for `{variable}`, expected `#rrggbb`");
                return Err(Error::new(Code::ReportFailed, message)
                    .hint("Write the colour as a number sign and six hexadecimal digits."));
            }
            None => {
                let message =
                    format!("found theme variable `{variable}`, expected one of {}", VARIABLES.join(", "));
                return Err(Error::new(Code::ReportFailed, message)
                    .hint("Remove the variable or correct its name in `report.theme`."));
            }
        }
    }
    Ok(colours)
}

/// What text needs beside the surface it is on, by WCAG 2.2 (1.4.3).
const TEXT: f64 = 4.5;

/// The palette with every text colour moved towards black or white, just as far as it takes to be
/// read on all three surfaces. The named themes come out as they are. Where surfaces are so far
/// apart that no colour is read on all of them, the end that is read best.
fn readable(mut colours: [String; 12]) -> [String; 12] {
    let surfaces: [String; 3] = std::array::from_fn(|index| colours[index].clone());
    let least = |colour: &str| surfaces.iter().map(|s| contrast(colour, s)).fold(f64::INFINITY, f64::min);
    let end = if least("#000000") > least("#ffffff") { 0.0 } else { 255.0 };
    for colour in &mut colours[5..] {
        let own = channels(colour).map(|channel| channel * 255.0);
        for step in 0..=32 {
            if least(colour) >= TEXT {
                break;
            }
            let [r, g, b] =
                own.map(|channel| (channel + (end - channel) * f64::from(step) / 32.0).round() as u8);
            *colour = format!("#{r:02x}{g:02x}{b:02x}");
        }
    }
    colours
}

fn declarations(colours: &[String; 12], dark: bool) -> String {
    let mut out = format!("color-scheme:{}", if dark { "dark" } else { "light" });
    for (variable, colour) in VARIABLES.iter().zip(colours) {
        _ = write!(out, ";{variable}:{colour}");
    }
    for (index, colour) in series(&colours[8], dark).iter().enumerate() {
        _ = write!(out, ";--s{}:{colour}", index + 1);
    }
    out
}

/// The accent first, then the line colours without the one that resembles it most.
fn series(accent: &str, dark: bool) -> Vec<String> {
    let pick = |pair: &(&'static str, &'static str)| if dark { pair.1 } else { pair.0 };
    let away = |colour: &str| {
        let turn = (hue(colour) - hue(accent)).abs();
        turn.min(360.0 - turn)
    };
    let nearest = (0..SERIES.len())
        .min_by(|a, b| away(pick(&SERIES[*a])).total_cmp(&away(pick(&SERIES[*b]))))
        .unwrap_or(0);
    let rest = SERIES.iter().enumerate().filter(|(index, _)| *index != nearest);
    std::iter::once(accent.to_owned()).chain(rest.map(|(_, pair)| pick(pair).to_owned())).collect()
}

fn channels(colour: &str) -> [f64; 3] {
    [1, 3, 5].map(|at| {
        let digits = colour.get(at..at + 2).unwrap_or("00");
        f64::from(u8::from_str_radix(digits, 16).unwrap_or(0)) / 255.0
    })
}

/// The contrast ratio of two colours as WCAG 2.2 defines it.
pub(super) fn contrast(one: &str, two: &str) -> f64 {
    let luminance = |colour: &str| {
        let [r, g, b] =
            channels(colour).map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (one, two) = (luminance(one) + 0.05, luminance(two) + 0.05);
    if one > two { one / two } else { two / one }
}

/// The hue in degrees, 0 for greys.
fn hue(colour: &str) -> f64 {
    let [red, green, blue] = channels(colour);
    let (high, low) = (red.max(green).max(blue), red.min(green).min(blue));
    let spread = high - low;
    if spread == 0.0 {
        0.0
    } else if high == red {
        60.0 * ((green - blue) / spread).rem_euclid(6.0)
    } else if high == green {
        60.0 * ((blue - red) / spread + 2.0)
    } else {
        60.0 * ((red - green) / spread + 4.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_lines_stand_out_from_every_surface() {
        let mut weak = Vec::new();
        for theme in &THEMES {
            for (scheme, palette) in [("light", &theme.light), ("dark", &theme.dark)] {
                for surface in 0..3 {
                    for text in 5..12 {
                        let ratio = contrast(palette[surface], palette[text]);
                        if ratio < 4.5 {
                            weak.push(format!(
                                "{} {scheme} {} on {}: {ratio:.2}",
                                theme.name, VARIABLES[text], VARIABLES[surface]
                            ));
                        }
                    }
                    for line in series(palette[8], scheme == "dark") {
                        // Axis labels in a line's colour are on cards alone.
                        let least = if surface == 2 { 4.5 } else { 3.0 };
                        if contrast(palette[surface], &line) < least {
                            weak.push(format!("{} {scheme} {line} on {}", theme.name, VARIABLES[surface]));
                        }
                    }
                }
            }
        }
        assert!(weak.is_empty(), "{}", weak.join("\n"));
    }

    #[test]
    fn own_colours_are_moved_until_they_can_be_read() {
        let palette = |surfaces: [&str; 3], text: &str| -> [String; 12] {
            std::array::from_fn(|index| (if index < 3 { surfaces[index] } else { text }).to_owned())
        };
        // Grey steps of surfaces that lie together, with text from the same greys and with bright colours.
        for level in (0..=240).step_by(15) {
            let near = |offset: u32| format!("#{0:02x}{0:02x}{0:02x}", (level + offset).min(255));
            let surfaces = [near(0), near(8), near(15)];
            for text in ["#808080", "#ff0000", "#00ff00", "#0000ff", "#ffff00", &surfaces[1]] {
                let made = readable(palette([&surfaces[0], &surfaces[1], &surfaces[2]], text));
                let best =
                    |colour: &str| surfaces.iter().map(|s| contrast(colour, s)).fold(f64::INFINITY, f64::min);
                let reachable = best("#000000").max(best("#ffffff")).min(TEXT);
                assert!(best(&made[5]) >= reachable - 1e-9, "{text} on {surfaces:?}: {}", made[5]);
            }
        }
        let kept = readable(THEMES[1].light.map(String::from));
        assert_eq!(kept, THEMES[1].light.map(String::from), "what is readable stays");
        assert_eq!(readable(palette(["#ffffff"; 3], "#777777"))[5], "#737373");
    }

    #[test]
    fn own_colours_replace_the_default_ones() {
        let theme = Theme::Custom {
            dark: vec![("--accent".into(), "#ABCDEF".into())],
            light: vec![("--bg".into(), "#fefefe".into())],
        };
        let css = css(&theme).unwrap();
        assert!(css.contains("--accent:#ABCDEF") && css.contains("--bg:#fefefe"));
        assert!(css.contains(THEMES[0].light[8]));
    }

    #[test]
    fn what_is_no_colour_never_reaches_the_style_sheet() {
        let cases = [
            ("--accent", "red"),
            ("--accent", "#12345"),
            ("--accent", "#12345g"),
            ("--accent", "#fff;}</style><script>"),
            ("--x", "#123456"),
            ("--bg;x", "#123456"),
        ];
        for (variable, colour) in cases {
            let own = vec![(variable.to_owned(), colour.to_owned())];
            let theme = Theme::Custom { dark: Vec::new(), light: own };
            assert_eq!(css(&theme).unwrap_err().code, Code::ReportFailed, "{colour}");
        }
        assert!(css(&Theme::Named("neon".into())).is_err());
    }
}

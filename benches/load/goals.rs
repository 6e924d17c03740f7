//! The table of goals: what each row found, held against what it should be.

use std::fmt::{self, Display};

/// One goal and what came of it.
pub(crate) struct Line {
    /// The row of the table it belongs to.
    pub(crate) row: u8,
    /// What is measured, under which work.
    pub(crate) what: String,
    /// What it should be; empty where a figure is only told.
    pub(crate) goal: String,
    /// What it is, and what it is held against.
    pub(crate) measured: String,
    /// Measured over what it is held against.
    pub(crate) ratio: Option<f64>,
    pub(crate) verdict: Verdict,
}

/// What came of a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// There is no goal.
    Told,
    /// It could not be measured.
    Unknown,
}

impl Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Met => "met",
            Self::Missed => "MISSED",
            Self::Told => "",
            Self::Unknown => "UNKNOWN",
        })
    }
}

/// Which side of a bound is good.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn is_kept_by(self, figure: f64) -> bool {
        match self {
            Self::AtMost(bound) => figure <= bound,
            Self::AtLeast(bound) => figure >= bound,
        }
    }
}

impl Line {
    /// A ratio with a bound.
    pub(crate) fn ratio(
        row: u8,
        what: &str,
        bound: Bound,
        ratio: Result<f64, String>,
        measured: String,
    ) -> Self {
        let goal = match bound {
            Bound::AtMost(most) => format!("≤ ×{most}"),
            Bound::AtLeast(least) => format!("≥ ×{least}"),
        };
        let (ratio, verdict, measured) = match ratio {
            Ok(ratio) if bound.is_kept_by(ratio) => (Some(ratio), Verdict::Met, measured),
            Ok(ratio) => (Some(ratio), Verdict::Missed, measured),
            Err(why) => (None, Verdict::Unknown, why),
        };
        Self { row, what: what.to_owned(), goal, measured, ratio, verdict }
    }

    /// A figure with a bound, in this unit.
    pub(crate) fn figure(row: u8, what: &str, bound: Bound, figure: f64, unit: &str) -> Self {
        let (sign, value) = match bound {
            Bound::AtMost(most) => ("≤", most),
            Bound::AtLeast(least) => ("≥", least),
        };
        let verdict = if bound.is_kept_by(figure) { Verdict::Met } else { Verdict::Missed };
        let measured = format!("{} {unit}", short(figure));
        let ratio = (value != 0.0).then(|| figure / value);
        Self {
            row,
            what: what.to_owned(),
            goal: format!("{sign} {value} {unit}"),
            measured,
            ratio,
            verdict,
        }
    }

    /// Something to know that is no goal.
    pub(crate) fn told(row: u8, what: &str, measured: String) -> Self {
        Self {
            row,
            what: what.to_owned(),
            goal: String::new(),
            measured,
            ratio: None,
            verdict: Verdict::Told,
        }
    }

    /// Why a row has nothing to show.
    pub(crate) fn unknown(row: u8, what: &str, why: impl Display) -> Self {
        Self { verdict: Verdict::Unknown, ..Self::told(row, what, why.to_string()) }
    }
}

/// As many digits as mean something.
pub(crate) fn short(figure: f64) -> String {
    match figure.abs() {
        100.0.. => format!("{figure:.0}"),
        10.0.. => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

/// What stands above the lines.
pub(crate) fn head() -> String {
    format!(
        "{:>3}  {:<58} {:<14} {:<52} {:>6}  {}",
        "row", "work and figure", "goal", "measured", "ratio", "verdict"
    )
}

impl Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, what, goal, measured, ratio, verdict } = self;
        let ratio = ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        write!(formatter, "{row:>3}  {what:<58} {goal:<14} {measured:<52} {ratio:>6}  {verdict}")
    }
}

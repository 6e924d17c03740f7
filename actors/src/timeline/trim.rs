//! How large one fact may be.

use super::EventKind;

/// Longest text, in bytes.
const TEXT: usize = 500;
/// All texts of a list together, in bytes.
const LIST: usize = 4096;

impl EventKind {
    /// The same, within bounds: long texts end in `…`; of stderr the last lines are kept, of other
    /// lists the first entries, and one more entry says how many are left out.
    #[must_use]
    pub(super) fn trimmed(mut self) -> Self {
        match &mut self {
            Self::State { state, cause } => {
                cut(state);
                cause.iter_mut().for_each(cut);
            }
            Self::Attempt { urgency: text, .. }
            | Self::Probe { outcome: text, .. }
            | Self::Verdict { text }
            | Self::Noise { excerpt: text, .. }
            | Self::Breaker { state: text }
            | Self::Operator { action: text } => cut(text),
            Self::Call { tool, outcome, .. } => [tool, outcome].into_iter().for_each(cut),
            Self::Tools { added, removed, .. } => [added, removed].into_iter().for_each(shorten),
            Self::Quality { trend, issues, .. } => {
                cut(trend);
                shorten(issues);
            }
            Self::Stderr { lines } => {
                lines.reverse();
                shorten(lines);
                lines.reverse();
            }
            Self::Skipped { .. } => {}
        }
        self
    }
}

/// Cuts one text.
fn cut(text: &mut String) {
    if text.len() > TEXT {
        let boundary = (0..=TEXT).rev().find(|&at| text.is_char_boundary(at));
        text.truncate(boundary.unwrap_or_default());
        text.push('…');
        text.shrink_to_fit();
    }
}

/// Keeps the first texts, cut, and says how many more there were.
fn shorten(texts: &mut Vec<String>) {
    let mut sum = 0;
    let keep = texts.iter().take_while(|text| {
        sum += text.len().clamp(16, TEXT);
        sum <= LIST
    });
    let keep = keep.count();
    let more = texts.len() - keep;
    texts.truncate(keep);
    texts.iter_mut().for_each(cut);
    if more > 0 {
        texts.push(format!("… {more} more"));
        texts.shrink_to_fit();
    }
}

/// How many texts a list had before it was shortened.
pub(super) fn amount(texts: &[String]) -> usize {
    let more = |last: &String| last.strip_prefix("… ")?.strip_suffix(" more")?.parse().ok();
    texts.last().and_then(more).map_or(texts.len(), |more: usize| texts.len() - 1 + more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        let kind = EventKind::Verdict { text: "ä".repeat(1000) }.trimmed();
        assert_eq!(kind, EventKind::Verdict { text: format!("{}…", "ä".repeat(250)) });
        let short = EventKind::Verdict { text: "short".into() };
        assert_eq!(short.clone().trimmed(), short);
    }

    #[test]
    fn of_stderr_the_last_lines_are_kept_and_of_tools_the_first() {
        let many = |n: usize| (0..n).map(|n| format!("{n:0>100}")).collect::<Vec<_>>();
        let EventKind::Stderr { lines } = EventKind::Stderr { lines: many(100) }.trimmed() else {
            panic!("another kind")
        };
        assert_eq!(lines.first().map(String::as_str), Some("… 60 more"));
        assert_eq!(lines.last(), many(100).last());
        assert_eq!(lines.len(), 41);
        let tools = EventKind::Tools { count: 100, added: many(100), removed: Vec::new() };
        let EventKind::Tools { count: 100, added, removed } = tools.trimmed() else {
            panic!("another kind")
        };
        assert_eq!((amount(&added), amount(&many(3)), amount(&[])), (100, 3, 0));
        assert_eq!((added.first(), removed.len()), (many(100).first(), 0));
        assert_eq!(added.last().map(String::as_str), Some("… 60 more"));
    }

    #[test]
    fn a_list_of_nothings_is_bounded_too() {
        let lines = vec![String::new(); 1_000_000];
        let EventKind::Stderr { lines } = (EventKind::Stderr { lines }).trimmed() else {
            panic!("another kind")
        };
        assert_eq!(lines.len(), 257);
    }
}

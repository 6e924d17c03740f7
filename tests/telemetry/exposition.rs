//! A strict reader of Prometheus text: what `promtool check metrics` would complain of fails here.
//!
//! Source: Prometheus documentation, "Exposition formats", text format 0.0.4.

use std::collections::{BTreeMap, BTreeSet};

/// The labels of a series.
type Labels = Vec<(String, String)>;

/// One metric: its type and its samples.
#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) help: String,
    /// By the rest of the sample's name (`_bucket`, `_sum`, `_count` or nothing) and its labels.
    pub(crate) samples: BTreeMap<(String, Labels), f64>,
}

impl Family {
    /// The sum of all samples whose labels include these.
    pub(crate) fn total(&self, suffix: &str, labels: &[(&str, &str)]) -> f64 {
        let fits = |own: &[(String, String)]| {
            labels.iter().all(|(k, v)| own.iter().any(|(key, value)| key == k && value == v))
        };
        let of = self.samples.iter().filter(|((rest, own), _)| rest == suffix && fits(own));
        of.map(|(_, value)| value).sum()
    }

    /// The names of all labels.
    pub(crate) fn labels(&self) -> BTreeSet<&str> {
        let names = self.samples.keys().flat_map(|(_, labels)| labels.iter());
        names.map(|(name, _)| name.as_str()).filter(|name| *name != "le").collect()
    }
}

fn is_name(text: &str) -> bool {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == ':');
    first && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

/// `a="b",c="d"` with `\\`, `\"` and `\n` in values.
fn labels(text: &str) -> Labels {
    let (mut all, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("labels: {text}"));
        assert!(is_name(name) && !name.contains(':'), "label {name}");
        let (mut value, mut chars) = (String::new(), after.char_indices());
        let end = loop {
            match chars.next().unwrap_or_else(|| panic!("open quote: {text}")) {
                (at, '"') => break at,
                (_, '\\') => match chars.next().map(|(_, c)| c) {
                    Some('n') => value.push('\n'),
                    Some(c @ ('\\' | '"')) => value.push(c),
                    other => panic!("escape {other:?}: {text}"),
                },
                (_, c) => value.push(c),
            }
        };
        all.push((name.to_owned(), value));
        rest = &after[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    let names: BTreeSet<_> = all.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), all.len(), "a label twice: {text}");
    all
}

/// Reads all of it, or panics with what is wrong.
pub(crate) fn parse(text: &str) -> BTreeMap<String, Family> {
    assert!(text.ends_with('\n'), "the last line ends, too");
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap_or((help, ""));
            assert!(is_name(name), "{line}");
            let family = families.entry(name.to_owned()).or_default();
            assert!(family.help.is_empty() && family.samples.is_empty(), "twice or late: {line}");
            assert!(!help.is_empty(), "a metric without help: {line}");
            help.clone_into(&mut family.help);
            name.clone_into(&mut current);
            continue;
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect(line);
            assert_eq!(name, current, "help and type stand together");
            assert!(matches!(kind, "counter" | "gauge" | "histogram"), "{line}");
            let family = families.entry(name.to_owned()).or_default();
            assert!(family.kind.is_empty(), "typed twice: {line}");
            kind.clone_into(&mut family.kind);
            let counts = kind == "counter";
            assert_eq!(name.ends_with("_total"), counts, "counters alone end in _total: {name}");
            continue;
        }
        assert!(!line.starts_with('#') && !line.is_empty(), "{line}");
        let (series, value) = line.rsplit_once(' ').expect(line);
        let (name, own) = match series.split_once('{') {
            Some((name, own)) => (name, labels(own.strip_suffix('}').expect(line))),
            None => (series, Vec::new()),
        };
        assert!(is_name(name), "{line}");
        let family = families.get_mut(&current).expect("a type before samples");
        let suffix = name.strip_prefix(current.as_str()).unwrap_or_else(|| panic!("{line}"));
        let suffixes: &[&str] =
            if family.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
        assert!(suffixes.contains(&suffix), "{line}");
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
        let before = family.samples.insert((suffix.to_owned(), own), value);
        assert_eq!(before, None, "a series twice: {line}");
    }
    families.iter().filter(|(_, it)| it.kind == "histogram").for_each(|(name, it)| grows(name, it));
    families
}

/// Buckets grow, and the last one is all.
fn grows(name: &str, family: &Family) {
    let mut buckets: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    for ((suffix, labels), value) in &family.samples {
        if suffix == "_bucket" {
            let (le, others): (Vec<_>, Vec<_>) =
                labels.iter().cloned().partition(|(key, _)| key == "le");
            let bound = le[0].1.parse().expect("a bound");
            buckets.entry(others).or_default().push((bound, *value));
        }
    }
    for (labels, mut of) in buckets {
        of.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(of.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{name} {labels:?}: {of:?}");
        let (bound, last) = *of.last().expect("buckets");
        assert!(bound.is_infinite(), "{name} {labels:?}");
        let count = family.samples.get(&("_count".to_owned(), labels.clone()));
        assert_eq!(count, Some(&last), "{name} {labels:?}");
    }
}

#[test]
fn the_reader_itself_is_strict() {
    let good = "# HELP a_total A.\n# TYPE a_total counter\na_total{b=\"c\\\"d\"} 1\n";
    assert_eq!(parse(good)["a_total"].total("", &[("b", "c\"d")]), 1.0);
    for bad in [
        "a 1\n",
        "# HELP a A.\n# TYPE a counter\na 1\n",
        "# HELP a A.\n# TYPE a gauge\na 1\na 2\n",
        "# HELP a A.\n# TYPE a gauge\nb 1\n",
        "# HELP a A.\n# TYPE a gauge\na{1=\"\"} 1\n",
        "# HELP a A.\n# TYPE a gauge\na 1",
    ] {
        assert!(std::panic::catch_unwind(|| parse(bad)).is_err(), "{bad}");
    }
}

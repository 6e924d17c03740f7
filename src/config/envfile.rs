//! Files of `NAME=value` lines, as other programs read them.
//!
//! Comments, `export ` and one pair of quotes are understood; nothing is expanded.
//!
//! *Invariant:* no message quotes a line or the path, for both may hold a secret.

use secrecy::SecretString;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes of the largest file.
const MOST: u64 = 1 << 20;

/// Reads the file; the error is what is to be said of it.
pub(super) fn load(path: &Path) -> Result<Vec<(String, SecretString)>, String> {
    let unreadable = |error| format!("cannot be read: {error}");
    // to open a pipe may take for ever; nothing at all is often written so
    let is_file = path.metadata().map_err(unreadable)?.is_file();
    if !is_file && path != Path::new("/dev/null") {
        return Err("is no regular file".to_owned());
    }
    let file = File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    let count = file.take(MOST + 1).read_to_string(&mut text).map_err(unreadable)?;
    if count as u64 > MOST {
        return Err("is larger than 1 MiB".to_owned());
    }
    parse(&text).map_err(|line| format!("has no `NAME=value` in line {line}"))
}

/// The pairs, or the number of the first line that is none.
fn parse(text: &str) -> Result<Vec<(String, SecretString)>, usize> {
    let mut pairs = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or(at + 1)?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(at + 1);
        }
        pairs.push((name.to_owned(), unquoted(value.trim()).into()));
    }
    Ok(pairs)
}

fn unquoted(value: &str) -> &str {
    let inside = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    match inside('"').or_else(|| inside('\'')) {
        Some(text) => text,
        // A comment behind an unquoted value.
        None => value.split(" #").next().unwrap_or(value).trim_end(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn lines_are_read_as_shells_and_editors_do() {
        let text = "# c\n\nA=1\nexport B = two words # c\nC=\"x # y\"\nD='q'\nE=\n";
        let pairs = parse(text).unwrap();
        let plain: Vec<_> = pairs.iter().map(|(k, v)| (k.as_str(), v.expose_secret())).collect();
        assert_eq!(plain, [("A", "1"), ("B", "two words"), ("C", "x # y"), ("D", "q"), ("E", "")]);
        assert_eq!(parse("A=1\nnonsense\n").unwrap_err(), 2);
    }

    #[test]
    fn what_is_no_file_is_not_opened() {
        assert_eq!(load(Path::new("/")).unwrap_err(), "is no regular file");
    }
}

//! Two answers compared. Values.

use serde_json::Value;
use std::collections::BTreeSet;

/// Most differences that are told.
const TOLD: usize = 10;

/// Where two answers differ, as JSON pointers; nothing when they are the same. What the pointers of
/// `ignored` lead to does not count. What is no JSON differs as a whole, unless it is byte for byte the
/// same.
pub(super) fn differences(expected: &str, got: &str, ignored: &[String]) -> Vec<String> {
    if expected == got {
        return Vec::new();
    }
    let (Ok(mut expected), Ok(mut got)) =
        (serde_json::from_str(expected), serde_json::from_str(got))
    else {
        return vec![String::new()];
    };
    for pointer in ignored {
        forget(&mut expected, pointer);
        forget(&mut got, pointer);
    }
    let mut found = Vec::new();
    walk(&expected, &got, &mut String::new(), &mut found);
    found
}

/// Takes out what a pointer leads to; in an array its place stays.
fn forget(value: &mut Value, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    let key = last.replace("~1", "/").replace("~0", "~");
    match value.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.remove(&key);
        }
        Some(Value::Array(items)) => {
            if let Some(item) = key.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                *item = Value::Null;
            }
        }
        _ => {}
    }
}

fn walk(expected: &Value, got: &Value, at: &mut String, found: &mut Vec<String>) {
    if found.len() >= TOLD {
        return;
    }
    let mut below = |key: &str, one: Option<&Value>, other: Option<&Value>| {
        let length = at.len();
        at.push('/');
        at.push_str(&key.replace('~', "~0").replace('/', "~1"));
        match (one, other) {
            (Some(one), Some(other)) => walk(one, other, at, found),
            _ if found.len() < TOLD => found.push(at.clone()),
            _ => {}
        }
        at.truncate(length);
    };
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            let keys: BTreeSet<_> = expected.keys().chain(got.keys()).collect();
            for key in keys {
                below(key, expected.get(key), got.get(key));
            }
        }
        (Value::Array(expected), Value::Array(got)) => {
            for index in 0..expected.len().max(got.len()) {
                below(&index.to_string(), expected.get(index), got.get(index));
            }
        }
        (expected, got) if expected == got => {}
        _ => found.push(at.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_where_they_are_and_what_is_ignored_does_not_count() {
        for (expected, got, ignored, found) in [
            (r#"{"a":1,"b":[1]}"#, r#"{"b":[1], "a":1}"#, &[][..], &[][..]),
            (r#"{"a":1,"b":[1,2]}"#, r#"{"a":2,"b":[1]}"#, &[], &["/a", "/b/1"]),
            (r#"{"a/b":{"~":1}}"#, r#"{"a/b":{"~":2}}"#, &[], &["/a~1b/~0"]),
            (r#"{"a":{"t":1},"b":1}"#, r#"{"a":{"t":2},"b":1}"#, &["/a/t"], &[]),
            (r#"{"a":[1,{"t":1}]}"#, r#"{"a":[2,{"t":1}]}"#, &["/a/0", "/no/thing"], &[]),
            (r#"{"a":1}"#, "{}", &["/a"], &[]),
            ("[]", "{}", &[], &[""]),
            ("same", "same", &[], &[]),
            ("{torn", "{}", &[], &[""]),
        ] {
            let ignored: Vec<String> = ignored.iter().map(|&pointer| pointer.to_owned()).collect();
            assert_eq!(differences(expected, got, &ignored), found, "{expected} {got}");
        }
        let many: Vec<Value> = (0..50).map(Value::from).collect();
        let others: Vec<Value> = (1..51).map(Value::from).collect();
        let (many, others) = (Value::from(many).to_string(), Value::from(others).to_string());
        assert_eq!(differences(&many, &others, &[]).len(), TOLD);
    }
}

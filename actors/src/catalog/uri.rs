//! URIs that say which server they are of: `mcpvisor+<server>:<the server's own URI>`.
//!
//! A scheme has neither `_` nor a case of its own, and clients that parse URIs write it in small
//! letters. So a server's name is written in a scheme with `.` for `_` and `+a` for `A`, which no two
//! names share.

/// What such a URI begins with.
const SCHEME: &str = "mcpvisor+";

/// A server's URI with the server in it. Works for templates, too.
pub(super) fn of_server(server: &str, uri: &str) -> String {
    format!("{SCHEME}{}:{uri}", in_scheme(server))
}

/// How a server is called in a scheme.
pub(super) fn in_scheme(server: &str) -> String {
    let mut text = String::with_capacity(server.len());
    for letter in server.chars() {
        match letter {
            '_' => text.push('.'),
            'A'..='Z' => text.extend(['+', letter.to_ascii_lowercase()]),
            _ => text.push(letter),
        }
    }
    text
}

/// The server as it is called in the scheme, and the server's own URI.
pub(super) fn apart(uri: &str) -> Option<(&str, &str)> {
    let begins = uri.get(..SCHEME.len())?.eq_ignore_ascii_case(SCHEME);
    uri[SCHEME.len()..].split_once(':').filter(|_| begins)
}

/// What every URI of a template begins with.
///
/// Source: RFC 6570, literals and expressions.
pub(super) fn literal(template: &str) -> &str {
    template.split('{').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_server_is_part_of_the_scheme_and_the_scheme_is_one() {
        assert_eq!(of_server("files", "file:///a_b"), "mcpvisor+files:file:///a_b");
        assert_eq!(of_server("My_Files-2", "x:{y}"), "mcpvisor++my.+files-2:x:{y}");
        assert_eq!(apart("MCPVISOR+files:a:b"), Some(("files", "a:b")));
        assert_eq!(apart("mcpvisor+files"), None);
        assert_eq!(apart("demo://readme"), None);
        assert_eq!(apart("mcpvisör+"), None);
        assert_eq!(literal("file:///{path}/{+rest}"), "file:///");
        assert_eq!(literal("demo://fixed"), "demo://fixed");
    }

    proptest! {
        #[test]
        fn server_and_uri_come_back(server in "[A-Za-z0-9_-]{1,64}", other in "[A-Za-z0-9_-]{1,64}", uri in ".*") {
            let whole = of_server(&server, &uri);
            let (scheme, own) = apart(&whole).expect("one of ours");
            prop_assert_eq!((scheme, own), (&*in_scheme(&server), &*uri));
            let (head, _) = whole.split_once(':').expect("a scheme");
            prop_assert!(head.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c)));
            prop_assert_eq!(in_scheme(&server) == in_scheme(&other), server == other);
        }
    }
}

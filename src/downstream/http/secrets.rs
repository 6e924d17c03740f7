//! What a server must not get us to repeat: the configured secrets, should it quote them in an error.

use crate::downstream::HttpTarget;
use secrecy::{ExposeSecret, SecretString};

/// Shorter values are no secrets worth the name, and hiding them would garble ordinary text.
const SHORTEST: usize = 6;

/// What stands in their place.
const MASK: &str = "***";

/// The secret parts of a target.
pub(super) struct Secrets(Vec<SecretString>);

impl Secrets {
    /// Header values (also without their scheme, as in `Bearer x`), the URL's password, and the
    /// values of its query.
    pub(super) fn of(target: &HttpTarget) -> Self {
        let mut found = Vec::new();
        for value in target.headers.values() {
            let value = value.expose_secret();
            found.push(value.to_owned());
            found.extend(value.rsplit_once(' ').map(|(_, token)| token.to_owned()));
        }
        found.extend(target.url_secrets().map(|secret| secret.expose_secret().to_owned()));
        found.retain(|value| value.len() >= SHORTEST);
        found.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self(found.into_iter().map(SecretString::from).collect())
    }

    /// The text with every secret masked.
    pub(super) fn hide(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| {
            let secret = secret.expose_secret();
            if text.contains(secret) { text.replace(secret, MASK) } else { text }
        })
    }
}

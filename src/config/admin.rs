//! The checks of what guards the API.
//!
//! *Invariant:* no message tells anything of the token.

use super::file;
use super::settings::Admin;
use super::validate::Judge;
use secrecy::ExposeSecret;

/// Characters of the shortest token.
const SHORTEST: usize = 16;

/// Judges the keys of `admin`.
pub(super) fn admin(admin: file::Admin, judge: &mut Judge<'_>) -> Admin {
    let token = admin.token.map(|token| token.0);
    if let Some(token) = &token {
        let text = token.expose_secret();
        if text.len() < SHORTEST {
            let message = "is shorter than 16 characters";
            judge.fault(&["admin", "token"], message, "write a long random text");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = "holds characters that cannot be sent as a token";
            judge.fault(&["admin", "token"], message, "use visible ASCII characters, no spaces");
        }
    }
    Admin { token }
}

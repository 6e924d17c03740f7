//! `requestState`: a sealed handle to a call that is parked here while its client gathers input.
//!
//! The client carries it and may do with it what it likes, so it is encrypted and authenticated, and
//! bound to who may use it, until when, and for which request.
//!
//! *Invariant:* opening it never proves that it is used for the first time. The caller takes the call
//! out of its table by the handle, which works once.

use super::RequestDigest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::hmac;
use std::fmt;

/// Names the format, so that another one is never taken for it.
const VERSION: u8 = 1;
const DOMAIN: &[u8] = b"mcpvisor request state 1";
const SEALED_LEN: usize = 16 + 8 + 32 + 32;
const TAG_LEN: usize = 16;

/// What names a parked call: random, used once.
pub type Handle = [u8; 16];

/// What is sealed.
#[derive(Debug, Clone, Copy)]
pub struct Parked<'a> {
    /// The parked call.
    pub handle: Handle,
    /// Who may come back for it; any text that tells principals apart.
    pub principal: &'a str,
    /// Until when, in milliseconds since 1970.
    pub expires_ms: u64,
    /// For which request.
    pub request: RequestDigest,
}

/// Why a `requestState` is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadState {
    /// Not sealed by this gateway, or altered since.
    #[error("it was not made by this gateway, or was changed")]
    Forged,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// It was given to somebody else.
    #[error("it belongs to another client")]
    OtherPrincipal,
    /// It was given for another request.
    #[error("it belongs to another request")]
    OtherRequest,
    /// Used already, or the call it names is gone; told by the caller.
    #[error("it was used already, or its call is over")]
    Spent,
}

/// The key that seals; made once for the life of the parked calls.
pub struct SealKey {
    aead: LessSafeKey,
    nonces: hmac::Key,
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(…)")
    }
}

impl SealKey {
    /// Derives the key from 32 random bytes; `None` only if the library refuses a key of that length.
    pub fn new(secret: &[u8; 32]) -> Option<Self> {
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derived = |label: &[u8]| hmac::sign(&root, &[DOMAIN, label].concat());
        let aead = UnboundKey::new(&AES_256_GCM, derived(b" seal").as_ref()).ok()?;
        let nonces = hmac::Key::new(hmac::HMAC_SHA256, derived(b" nonce").as_ref());
        Some(Self { aead: LessSafeKey::new(aead), nonces })
    }

    /// Seals a handle. `None` only if the cipher fails, which it does for no input of this size.
    pub fn seal(&self, parked: &Parked<'_>) -> Option<String> {
        let mut sealed = Vec::with_capacity(SEALED_LEN + TAG_LEN);
        sealed.extend_from_slice(&parked.handle);
        sealed.extend_from_slice(&parked.expires_ms.to_be_bytes());
        sealed.extend_from_slice(digest(&SHA256, parked.principal.as_bytes()).as_ref());
        sealed.extend_from_slice(parked.request.as_bytes());
        // made of what is sealed: the same nonce never meets two different texts
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&hmac::sign(&self.nonces, &sealed).as_ref()[..NONCE_LEN]);
        let mut out = vec![VERSION];
        out.extend_from_slice(&nonce);
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.aead.seal_in_place_append_tag(nonce, Aad::from(DOMAIN), &mut sealed).ok()?;
        out.extend_from_slice(&sealed);
        Some(URL_SAFE_NO_PAD.encode(out))
    }

    /// Opens what a client brings back; `now_ms` in milliseconds since 1970.
    pub fn open(
        &self,
        state: &str,
        principal: &str,
        request: &RequestDigest,
        now_ms: u64,
    ) -> Result<Handle, BadState> {
        const LEN: usize = 1 + NONCE_LEN + SEALED_LEN + TAG_LEN;
        if state.len() > LEN * 4 / 3 + 4 {
            return Err(BadState::Forged);
        }
        let bytes = URL_SAFE_NO_PAD.decode(state).map_err(|_| BadState::Forged)?;
        if bytes.len() != LEN || bytes[0] != VERSION {
            return Err(BadState::Forged);
        }
        let (nonce, sealed) = bytes[1..].split_at(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| BadState::Forged)?;
        let mut sealed = sealed.to_vec();
        let plain = self
            .aead
            .open_in_place(nonce, Aad::from(DOMAIN), &mut sealed)
            .map_err(|_| BadState::Forged)?;
        let (handle, rest) = plain.split_first_chunk::<16>().ok_or(BadState::Forged)?;
        let (expires, rest) = rest.split_first_chunk::<8>().ok_or(BadState::Forged)?;
        let (owner, asked) = rest.split_at(32);
        if owner != digest(&SHA256, principal.as_bytes()).as_ref() {
            return Err(BadState::OtherPrincipal);
        }
        if u64::from_be_bytes(*expires) <= now_ms {
            return Err(BadState::Expired);
        }
        if asked != request.as_bytes() {
            return Err(BadState::OtherRequest);
        }
        Ok(*handle)
    }
}

#[cfg(test)]
mod tests;

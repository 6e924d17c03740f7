//! Strings of JSON: where they end.
//!
//! They are looked at by words and more, but the first bytes one by one: most keys end there, and where can then
//! be guessed by the processor before it is known.
//!
//! *Invariant:* what is taken for a string the parser takes for the same one.

/// Bytes looked at in one word.
const WORD: usize = size_of::<u64>();
/// Words of a string looked at before it counts as long.
const WORDS: usize = 3;
/// Bytes of a long string looked at together.
const STRIDE: usize = 64;
/// A one in each byte of a word.
pub(super) const ONES: u64 = u64::from_ne_bytes([1; WORD]);

/// The rest of a string whose opening quote was taken.
#[inline(always)]
pub(super) fn string(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        match plain(rest) {
            [b'"', after @ ..] => return Some(after),
            [b'\\', after @ ..] => rest = escape(after)?,
            _ => return None,
        }
    }
}

#[inline(always)]
fn escape(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', after @ ..] => Some(after),
        [b'u', digits @ ..] => {
            let (digits, after) = digits.split_first_chunk::<4>()?;
            digits.iter().all(u8::is_ascii_hexdigit).then_some(after)
        }
        _ => None,
    }
}

/// From the first byte of a string on that is special.
#[inline(always)]
fn plain(rest: &[u8]) -> &[u8] {
    let Some((word, after)) = rest.split_first_chunk::<WORD>() else { return tail(rest) };
    for (at, &byte) in word.iter().enumerate() {
        if SPECIAL[usize::from(byte)] {
            return &rest[at..];
        }
    }
    long(after)
}

#[inline(never)]
fn long(mut rest: &[u8]) -> &[u8] {
    let mut words = 0;
    while let Some((word, after)) = rest.split_first_chunk() {
        let specials = specials(u64::from_le_bytes(*word));
        if specials != 0 {
            return &rest[first(specials)..];
        }
        rest = after;
        words += 1;
        if words == WORDS {
            rest = strides(rest);
        }
    }
    tail(rest)
}

/// From a stride on in which something is special.
#[inline(always)]
fn strides(mut rest: &[u8]) -> &[u8] {
    while let Some((stride, after)) = rest.split_first_chunk::<STRIDE>() {
        if stride.iter().fold(false, |any, &byte| any | is_special(byte)) {
            break;
        }
        rest = after;
    }
    rest
}

/// The same at the end of the text.
#[inline(never)]
fn tail(rest: &[u8]) -> &[u8] {
    let plain = rest.iter().take_while(|byte| !is_special(**byte)).count();
    &rest[plain..]
}

/// A bit in each byte that is special, and maybe in some after the first one.
#[inline(always)]
fn specials(word: u64) -> u64 {
    let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound);
    let quote = below(word ^ (ONES * 0x22), 1);
    let backslash = below(word ^ (ONES * 0x5c), 1);
    (quote | backslash | below(word, 0x20)) & !word & (ONES << 7)
}

/// The first byte of a word that has a bit.
#[inline(always)]
pub(super) fn first(word: u64) -> usize {
    (word.trailing_zeros() / u8::BITS) as usize
}

/// What ends a run of plain bytes in a string.
#[expect(clippy::needless_bitwise_bool, reason = "without branches many are looked at together")]
const fn is_special(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < b' ')
}

/// The same for each byte.
static SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0_u8;
    loop {
        special[byte as usize] = is_special(byte);
        if byte == u8::MAX {
            break special;
        }
        byte += 1;
    }
};

//! Writes protobuf: the few kinds of field that OTLP has, straight into bytes.
//!
//! It stands in for generated types, which would copy every name and value into memory of its own first.
//!
//! Source: Protocol Buffers, "Encoding".
//!
//! *Invariant:* the bytes are those an ordinary encoder writes: shortest numbers, no field that says nothing.

/// A number of any size.
const VARINT: u64 = 0;
/// Eight bytes.
const FIXED64: u64 = 1;
/// A length, and so many bytes.
const LENGTH: u64 = 2;
/// Four bytes.
const FIXED32: u64 = 5;
/// The longest varint.
const LONGEST: usize = 10;

/// A message that is being written. `field` is always the field's number.
#[derive(Debug, Default)]
pub(in crate::telemetry) struct Message(Vec<u8>);

impl Message {
    /// One with room for so many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// How many bytes were written.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// What was written.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Fields that are written already.
    pub(super) fn fields(&mut self, written: &[u8]) {
        self.0.extend_from_slice(written);
    }

    /// Bytes, if there are any.
    pub(super) fn bytes(&mut self, field: u64, value: &[u8]) {
        if !value.is_empty() {
            self.chosen_bytes(field, value);
        }
    }

    /// Text, if there is any.
    pub(super) fn text(&mut self, field: u64, value: &str) {
        self.bytes(field, value.as_bytes());
    }

    /// A number, unless it is 0.
    pub(super) fn number(&mut self, field: u64, value: u64) {
        if value != 0 {
            self.chosen_number(field, value);
        }
    }

    /// A number of eight bytes, unless it is 0.
    pub(super) fn fixed64(&mut self, field: u64, value: u64) {
        if value != 0 {
            self.chosen_fixed64(field, value);
        }
    }

    /// A number of four bytes, unless it is 0.
    pub(super) fn fixed32(&mut self, field: u64, value: u32) {
        if value != 0 {
            self.key(field, FIXED32);
            self.0.extend_from_slice(&value.to_le_bytes());
        }
    }

    /// The bytes that were chosen among alternatives; then none are said, too.
    pub(super) fn chosen_bytes(&mut self, field: u64, value: &[u8]) {
        self.key(field, LENGTH);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    /// The number that was chosen among alternatives; then 0 is said, too.
    pub(super) fn chosen_number(&mut self, field: u64, value: u64) {
        self.key(field, VARINT);
        self.varint(value);
    }

    /// The same for one of eight bytes.
    pub(super) fn chosen_fixed64(&mut self, field: u64, value: u64) {
        self.key(field, FIXED64);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// A message within this one, also when it is empty.
    pub(super) fn message(&mut self, field: u64, write: impl FnOnce(&mut Self)) {
        self.key(field, LENGTH);
        let at = self.0.len();
        // the length is not known yet; most fit into the one byte that is kept free
        self.0.push(0);
        write(self);
        let length = self.0.len() - at - 1;
        match u8::try_from(length) {
            Ok(short) if short < 0x80 => self.0[at] = short,
            _ => {
                let (digits, count) = digits(length as u64);
                self.0.splice(at..=at, digits.into_iter().take(count));
            }
        }
    }

    fn key(&mut self, field: u64, kind: u64) {
        self.varint(field << 3 | kind);
    }

    fn varint(&mut self, value: u64) {
        match u8::try_from(value) {
            Ok(short) if short < 0x80 => self.0.push(short),
            _ => {
                let (digits, count) = digits(value);
                self.0.extend_from_slice(&digits[..count]);
            }
        }
    }
}

/// A varint: seven bits a byte, the lowest first; all but the last byte have the highest bit set.
fn digits(mut value: u64) -> ([u8; LONGEST], usize) {
    let mut digits = [0; LONGEST];
    let mut count = 0;
    for digit in &mut digits {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        count += 1;
        if value == 0 {
            *digit = low & 0x7f;
            break;
        }
        *digit = low | 0x80;
    }
    (digits, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Message)) -> Vec<u8> {
        let mut message = Message::default();
        write(&mut message);
        message.into_bytes()
    }

    #[test]
    fn fields_are_written_as_the_encoding_says() {
        assert_eq!(written(|it| it.number(1, 150)), [0x08, 0x96, 0x01]);
        assert_eq!(written(|it| it.text(2, "testing")), b"\x12\x07testing");
        assert_eq!(written(|it| it.message(3, |it| it.number(1, 150))), b"\x1a\x03\x08\x96\x01");
        assert_eq!(written(|it| it.fixed64(1, 2)), [9, 2, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(written(|it| it.fixed32(16, 0x101)), [0x85, 0x01, 1, 1, 0, 0]);
        let all = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(written(|it| it.number(1, u64::MAX))[1..], all);
    }

    #[test]
    fn what_says_nothing_is_left_out_unless_it_was_chosen() {
        let nothing = written(|it| {
            it.text(1, "");
            it.number(2, 0);
            it.fixed64(3, 0);
            it.fixed32(4, 0);
        });
        assert!(nothing.is_empty());
        let chosen = written(|it| {
            it.chosen_bytes(1, b"");
            it.chosen_number(2, 0);
            it.message(3, |_| ());
        });
        assert_eq!(chosen, [0x0a, 0, 0x10, 0, 0x1a, 0]);
    }

    #[test]
    fn a_long_message_has_a_long_length() {
        for size in [0, 124, 125, 126, 127, 128, 16_380, 16_381, 16_384, 3_000_000] {
            let text = "x".repeat(size);
            let inner = written(|it| it.chosen_bytes(1, text.as_bytes()));
            let outer = written(|it| it.message(5, |it| it.chosen_bytes(1, text.as_bytes())));
            assert_eq!(outer, written(|it| it.chosen_bytes(5, &inner)), "{size}");
        }
    }
}

//! As much of Protocol Buffers as event files need: a message is its fields one after another, each behind a key of its number and
//! kind (<https://protobuf.dev/programming-guides/encoding>).

/// A message being written.
#[derive(Clone, Debug, Default)]
pub(super) struct Message(Vec<u8>);

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const DELIMITED: u64 = 2;
const FIXED32: u64 = 5;

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn key(&mut self, field: u64, kind: u64) {
        self.varint(field << 3 | kind);
    }

    /// A whole number.
    pub(super) fn int(mut self, field: u64, number: u64) -> Self {
        self.key(field, VARINT);
        self.varint(number);
        self
    }

    /// A number in double precision.
    pub(super) fn double(mut self, field: u64, number: f64) -> Self {
        self.key(field, FIXED64);
        self.0.extend(number.to_le_bytes());
        self
    }

    /// A number in single precision.
    pub(super) fn float(mut self, field: u64, number: f32) -> Self {
        self.key(field, FIXED32);
        self.0.extend(number.to_le_bytes());
        self
    }

    /// A text, or bytes.
    pub(super) fn text(mut self, field: u64, text: &[u8]) -> Self {
        self.key(field, DELIMITED);
        self.varint(text.len() as u64);
        self.0.extend(text);
        self
    }

    /// A message within it.
    pub(super) fn message(self, field: u64, inner: &Self) -> Self {
        self.text(field, &inner.0)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_as_the_encoding_has_them() {
        // The guide's own: 150 in field 1 is 08 96 01, "testing" in field 2 is 12 07 and its letters.
        assert_eq!(Message::default().int(1, 150).bytes(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::default().text(2, b"testing").bytes(), b"\x12\x07testing");
        let inner = Message::default().int(1, 150);
        assert_eq!(Message::default().message(3, &inner).bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(Message::default().double(1, 1.0).bytes(), [0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
        assert_eq!(Message::default().float(2, 1.0).bytes(), [0x15, 0, 0, 0x80, 0x3f]);
    }
}

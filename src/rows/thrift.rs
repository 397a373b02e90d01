//! As much of Thrift's compact protocol as Parquet's metadata needs: a struct is its fields in order, each behind the distance of
//! its number to the last one's and its type (`thrift-compact-protocol.md` of Apache Thrift).

/// A struct being written; fields in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Struct {
    bytes: Vec<u8>,
    last: u8,
}

const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// A whole number, seven bits a byte, the lowest first.
pub(super) fn varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Numbers near zero become small, whatever their sign.
fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

impl Struct {
    fn field(&mut self, number: u8, kind: u8) {
        debug_assert!(number > self.last && number - self.last < 16, "in order, and near");
        self.bytes.push((number - self.last) << 4 | kind);
        self.last = number;
    }

    /// A whole number of 32 bits; enums are such.
    pub(super) fn i32(mut self, field: u8, number: i32) -> Self {
        self.field(field, I32);
        varint(&mut self.bytes, zigzag(i64::from(number)));
        self
    }

    /// A whole number of 64 bits.
    pub(super) fn i64(mut self, field: u8, number: u64) -> Self {
        self.field(field, I64);
        varint(&mut self.bytes, zigzag(number as i64));
        self
    }

    /// A text.
    pub(super) fn text(mut self, field: u8, text: &str) -> Self {
        self.field(field, BINARY);
        varint(&mut self.bytes, text.len() as u64);
        self.bytes.extend(text.as_bytes());
        self
    }

    /// A struct within it.
    pub(super) fn inner(mut self, field: u8, inner: &Self) -> Self {
        self.field(field, STRUCT);
        self.bytes.extend(inner.whole());
        self
    }

    /// A list of structs.
    pub(super) fn structs(mut self, field: u8, list: &[Self]) -> Self {
        self.list(field, STRUCT, list.len());
        list.iter().for_each(|one| self.bytes.extend(one.whole()));
        self
    }

    /// A list of whole numbers of 32 bits.
    pub(super) fn numbers(mut self, field: u8, list: &[i32]) -> Self {
        self.list(field, I32, list.len());
        list.iter().for_each(|one| varint(&mut self.bytes, zigzag(i64::from(*one))));
        self
    }

    /// A list of one text.
    pub(super) fn one_text(mut self, field: u8, text: &str) -> Self {
        self.list(field, BINARY, 1);
        varint(&mut self.bytes, text.len() as u64);
        self.bytes.extend(text.as_bytes());
        self
    }

    fn list(&mut self, field: u8, kind: u8, count: usize) {
        self.field(field, LIST);
        match count {
            0..15 => self.bytes.push((count as u8) << 4 | kind),
            _ => {
                self.bytes.push(0xf0 | kind);
                varint(&mut self.bytes, count as u64);
            }
        }
    }

    /// Its bytes, with the one that ends it.
    pub(super) fn whole(&self) -> Vec<u8> {
        [&self.bytes[..], &[0]].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structs_are_written_as_the_protocol_has_them() {
        assert_eq!([0, -1, 1, -2, i64::MIN].map(zigzag), [0, 1, 2, 3, u64::MAX]);
        assert_eq!(Struct::default().i32(1, 150).whole(), [0x15, 0xac, 0x02, 0]);
        assert_eq!(Struct::default().i64(3, 1).text(4, "ab").whole(), [0x36, 2, 0x18, 2, b'a', b'b', 0]);
        let inner = Struct::default().i32(1, 0);
        assert_eq!(Struct::default().inner(2, &inner).whole(), [0x2c, 0x15, 0, 0, 0]);
        assert_eq!(
            Struct::default().structs(1, &[inner.clone(), inner]).whole(),
            [0x19, 0x2c, 0x15, 0, 0, 0x15, 0, 0, 0]
        );
        assert_eq!(Struct::default().numbers(1, &[0; 16]).whole()[..3], [0x19, 0xf5, 16]);
        assert_eq!(Struct::default().one_text(1, "a").whole(), [0x19, 0x18, 1, b'a', 0]);
    }
}

//! Rows as a Parquet file: columns of one type each, of which every value may be missing. As little of the format as serves: pages
//! are not compressed, texts are numbers into a dictionary, repeated values are counted. (The crate of Apache Arrow that writes all of the
//! format takes a quarter of the time in which this whole program compiles.) After `parquet.thrift` and `Encodings.md` of
//! apache/parquet-format.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::Value;

use super::field::RowField;
use super::thrift::{Struct, varint};

/// Opens and closes a file.
const MAGIC: &[u8; 4] = b"PAR1";

/// Rows that are held before they are written, where types are known; more make fewer, larger groups.
const GROUP: usize = 1 << 17;

/// What all values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnType {
    Truth,
    Whole,
    Number,
    Text,
}

impl ColumnType {
    /// Its number in `Type`.
    fn physical(self) -> i32 {
        match self {
            Self::Truth => 0,
            Self::Whole => 2,
            Self::Number => 5,
            Self::Text => 6,
        }
    }

    /// What holds the values of all fields.
    fn of<'a>(fields: impl Iterator<Item = &'a RowField>) -> Self {
        let own = |field: &RowField| match field {
            RowField::Missing | RowField::Value(Value::Null) => None,
            RowField::Number(_) => Some(Self::Number),
            RowField::Value(Value::Bool(_)) => Some(Self::Truth),
            RowField::Value(Value::Number(number)) if number.is_i64() => Some(Self::Whole),
            RowField::Value(Value::Number(_)) => Some(Self::Number),
            RowField::Text(_) | RowField::Value(_) => Some(Self::Text),
        };
        let both = |one: Self, other: Self| match (one, other) {
            _ if one == other => one,
            (Self::Whole | Self::Number, Self::Whole | Self::Number) => Self::Number,
            _ => Self::Text,
        };
        fields.filter_map(own).reduce(both).unwrap_or(Self::Text)
    }
}

/// A field as a text.
fn text(field: &RowField) -> Option<String> {
    match field {
        RowField::Missing | RowField::Value(Value::Null) => None,
        RowField::Text(text) | RowField::Value(Value::String(text)) => Some(text.clone()),
        RowField::Number(number) => Some(number.to_string()),
        RowField::Value(value) => Some(value.to_string()),
    }
}

/// A field as a number.
fn number(field: &RowField) -> Option<f64> {
    match field {
        RowField::Number(number) => Some(*number),
        RowField::Value(value) => value.as_f64(),
        RowField::Missing | RowField::Text(_) => None,
    }
}

/// Writes a file, a group of rows at a time where the types of its columns are told beforehand, else in one.
pub(super) struct ParquetWriter<'a> {
    out: &'a mut dyn Write,
    written: u64,
    headers: Vec<String>,
    types: Option<Vec<ColumnType>>,
    /// What is not written yet, by column.
    held: Vec<Vec<RowField>>,
    groups: Vec<Struct>,
    rows: u64,
}

impl<'a> ParquetWriter<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, written: 0, headers: Vec::new(), types: None, held: Vec::new(), groups: Vec::new(), rows: 0 }
    }

    pub(super) fn headers(&mut self, headers: &[String], types: Option<Vec<ColumnType>>) -> io::Result<()> {
        self.headers = headers.to_vec();
        self.held = vec![Vec::new(); headers.len()];
        self.types = types;
        self.put(MAGIC)
    }

    pub(super) fn row(&mut self, fields: &[RowField]) -> io::Result<()> {
        self.held.iter_mut().zip(fields).for_each(|(column, field)| column.push(field.clone()));
        self.rows += 1;
        match &self.types {
            Some(types) if self.held.first().is_some_and(|column| column.len() >= GROUP) => {
                let types = types.clone();
                self.group(&types)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        let types = match self.types.take() {
            Some(types) => types,
            None => self.held.iter().map(|column| ColumnType::of(column.iter())).collect(),
        };
        if self.held.first().is_some_and(|column| !column.is_empty()) {
            self.group(&types)?;
        }
        let root = Struct::default().text(4, "schema").i32(5, self.headers.len() as i32);
        let column = |(name, of): (&String, &ColumnType)| {
            // 1: it may be missing.
            let element = Struct::default().i32(1, of.physical()).i32(3, 1).text(4, name);
            match of {
                // UTF-8, as older readers and as newer ones are told.
                ColumnType::Text => element.i32(6, 0).inner(10, &Struct::default().inner(1, &Struct::default())),
                _ => element,
            }
        };
        let schema: Vec<Struct> = std::iter::once(root).chain(self.headers.iter().zip(&types).map(column)).collect();
        let about = Struct::default().i32(1, 1).structs(2, &schema).i64(3, self.rows).structs(4, &self.groups);
        let about = about.text(6, concat!("drr-lab version ", env!("CARGO_PKG_VERSION"))).whole();
        self.put(&about)?;
        self.put(&(about.len() as u32).to_le_bytes())?;
        self.put(MAGIC)?;
        self.out.flush()
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// Writes what is held as a group of rows.
    fn group(&mut self, types: &[ColumnType]) -> io::Result<()> {
        let rows = self.held.first().map_or(0, Vec::len) as u64;
        let begin = self.written;
        let mut chunks = Vec::with_capacity(types.len());
        for (at, of) in types.iter().enumerate() {
            let fields = std::mem::take(&mut self.held[at]);
            chunks.push(self.column(at, *of, &fields)?);
        }
        let size = self.written - begin;
        self.groups.push(Struct::default().structs(1, &chunks).i64(2, size).i64(3, rows));
        Ok(())
    }

    /// Writes a column of a group; what the footer says of it.
    fn column(&mut self, at: usize, of: ColumnType, fields: &[RowField]) -> io::Result<Struct> {
        let begin = self.written;
        let (mut present, mut values) = (Vec::with_capacity(fields.len()), Vec::new());
        let mut dictionary = None;
        match of {
            ColumnType::Text => {
                let (texts, places) = placed(fields, &mut present);
                // Bits that the greatest place has.
                let bits = (u32::BITS - (texts.len().max(2) as u32 - 1).leading_zeros()) as u8;
                values.push(bits);
                runs(&mut values, &places, usize::from(bits.div_ceil(8)));
                let mut bytes = Vec::new();
                for text in &texts {
                    bytes.extend((text.len() as u32).to_le_bytes());
                    bytes.extend(text.as_bytes());
                }
                let about = Struct::default().i32(1, texts.len() as i32).i32(2, PLAIN);
                self.page(DICTIONARY_PAGE, &bytes, 7, &about)?;
                dictionary = Some(begin);
            }
            ColumnType::Number => {
                numbers(fields, &mut present, &mut values, |field| number(field).map(f64::to_le_bytes))
            }
            ColumnType::Whole => numbers(fields, &mut present, &mut values, |field| match field {
                RowField::Value(value) => value.as_i64().map(i64::to_le_bytes),
                _ => None,
            }),
            ColumnType::Truth => {
                let truths: Vec<Option<bool>> = fields
                    .iter()
                    .map(|field| if let RowField::Value(value) = field { value.as_bool() } else { None })
                    .collect();
                present.extend(truths.iter().map(|truth| u32::from(truth.is_some())));
                let known: Vec<bool> = truths.into_iter().flatten().collect();
                let byte = |eight: &[bool]| eight.iter().rev().fold(0, |byte, truth| byte << 1 | u8::from(*truth));
                values.extend(known.chunks(8).map(byte));
            }
        }
        let mut levels = Vec::new();
        runs(&mut levels, &present, 1);
        let page = [&(levels.len() as u32).to_le_bytes()[..], &levels, &values].concat();
        let encoding = if dictionary.is_some() { DICTIONARY } else { PLAIN };
        let about = Struct::default().i32(1, fields.len() as i32).i32(2, encoding).i32(3, RLE).i32(4, RLE);
        let data = self.written;
        self.page(DATA_PAGE, &page, 5, &about)?;
        let size = self.written - begin;
        let about = Struct::default()
            .i32(1, of.physical())
            .numbers(2, &[PLAIN, RLE, encoding])
            .one_text(3, &self.headers[at])
            .i32(4, 0)
            .i64(5, fields.len() as u64)
            .i64(6, size)
            .i64(7, size)
            .i64(9, data);
        let about = match dictionary {
            Some(place) => about.i64(11, place),
            None => about,
        };
        Ok(Struct::default().i64(2, begin).inner(3, &about))
    }

    /// Writes a page behind its header, whose `field` says what is special to its kind.
    fn page(&mut self, kind: i32, bytes: &[u8], field: u8, about: &Struct) -> io::Result<()> {
        let size = i32::try_from(bytes.len()).map_err(|_| io::Error::other("a column is too large for a page"))?;
        let header = Struct::default().i32(1, kind).i32(2, size).i32(3, size).inner(field, about).whole();
        self.put(&header)?;
        self.put(bytes)
    }
}

const DATA_PAGE: i32 = 0;
const DICTIONARY_PAGE: i32 = 2;
const PLAIN: i32 = 0;
const RLE: i32 = 3;
const DICTIONARY: i32 = 8;

/// The texts of a column, each once, and the place of each field's among them.
fn placed(fields: &[RowField], present: &mut Vec<u32>) -> (Vec<String>, Vec<u32>) {
    let (mut texts, mut places): (Vec<String>, Vec<u32>) = Default::default();
    let mut known: HashMap<String, u32> = HashMap::new();
    for field in fields {
        let text = text(field);
        present.push(u32::from(text.is_some()));
        let Some(text) = text else { continue };
        let place = known.get(&text).copied().unwrap_or_else(|| {
            let place = texts.len() as u32;
            texts.push(text.clone());
            known.insert(text, place);
            place
        });
        places.push(place);
    }
    (texts, places)
}

fn numbers(
    fields: &[RowField],
    present: &mut Vec<u32>,
    values: &mut Vec<u8>,
    bytes: impl Fn(&RowField) -> Option<[u8; 8]>,
) {
    for field in fields {
        let value = bytes(field);
        present.push(u32::from(value.is_some()));
        values.extend(value.into_iter().flatten());
    }
}

/// Values that repeat, each run as twice its length and the value in `width` bytes.
fn runs(bytes: &mut Vec<u8>, values: &[u32], width: usize) {
    for run in values.chunk_by(|one, other| one == other) {
        varint(bytes, (run.len() as u64) << 1);
        bytes.extend(&run[0].to_le_bytes()[..width]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_column_is_of_what_holds_all_of_its_values() {
        let of = |values: &[Value]| {
            let fields: Vec<RowField> = values.iter().cloned().map(RowField::Value).collect();
            ColumnType::of(fields.iter())
        };
        assert_eq!(of(&[json!(1), json!(2), Value::Null]), ColumnType::Whole);
        assert_eq!(of(&[json!(1), json!(0.5)]), ColumnType::Number);
        assert_eq!(of(&[json!(true), json!(false)]), ColumnType::Truth);
        assert_eq!(of(&[json!(true), json!(1)]), ColumnType::Text);
        assert_eq!(of(&[json!([1, 2])]), ColumnType::Text);
        assert_eq!(of(&[json!(u64::MAX)]), ColumnType::Number, "beyond what whole numbers hold");
        assert_eq!(of(&[Value::Null]), ColumnType::Text);
        assert_eq!(ColumnType::of([RowField::Number(f64::NAN)].iter()), ColumnType::Number);
    }

    #[test]
    fn what_repeats_is_counted() {
        let mut bytes = Vec::new();
        runs(&mut bytes, &[1; 200], 1);
        assert_eq!(bytes, [0x90, 3, 1], "400 in seven bits a byte, then the value");
        bytes.clear();
        runs(&mut bytes, &[1, 1, 300], 2);
        assert_eq!(bytes, [4, 1, 0, 2, 0x2c, 1]);
    }
}

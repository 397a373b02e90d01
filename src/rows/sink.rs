//! Rows written as they come: CSV, JSON lines, Parquet.

use std::io::{self, Write};

use serde_json::{Number, Value};

use super::RowFormat;
use super::field::RowField;
use super::parquet::{ColumnType, ParquetWriter};
use crate::error::{Error, Result};
use crate::neutral::guarded;

/// A number with as many digits as it takes to read it back.
fn digits(number: f64) -> String {
    // Of what is no number or has no end there is no JSON.
    Number::from_f64(number).map_or_else(|| number.to_string(), |number| number.to_string())
}

/// Where rows go.
pub(super) struct Sink<'a> {
    to: Writing<'a>,
    headers: Vec<String>,
    rows: u64,
}

enum Writing<'a> {
    Csv(Box<csv::Writer<&'a mut dyn Write>>),
    Jsonl(&'a mut dyn Write),
    Parquet(Box<ParquetWriter<'a>>),
}

fn failed(error: &io::Error) -> Error {
    Error::disk("cannot write the rows".to_owned(), error)
}

impl<'a> Sink<'a> {
    pub(super) fn new(format: RowFormat, out: &'a mut dyn Write) -> Self {
        let to = match format {
            RowFormat::Csv => Writing::Csv(Box::new(csv::Writer::from_writer(out))),
            RowFormat::Jsonl => Writing::Jsonl(out),
            RowFormat::Parquet => Writing::Parquet(Box::new(ParquetWriter::new(out))),
        };
        Self { to, headers: Vec::new(), rows: 0 }
    }

    /// The columns, before any row.
    pub(super) fn headers(&mut self, headers: Vec<String>) -> Result<()> {
        self.typed_headers(headers, None)
    }

    /// The columns with the types of their values: many rows need not be held until all are known.
    pub(super) fn typed_headers(&mut self, headers: Vec<String>, types: Option<Vec<ColumnType>>) -> Result<()> {
        match &mut self.to {
            Writing::Csv(writer) => {
                let cells = headers.iter().map(|header| guarded(header).into_owned());
                writer.write_record(cells).map_err(|error| failed(&error.into()))?;
            }
            Writing::Jsonl(_) => {}
            Writing::Parquet(writer) => writer.headers(&headers, types).map_err(|error| failed(&error))?,
        }
        self.headers = headers;
        Ok(())
    }

    /// A row, a field a column.
    pub(super) fn row(&mut self, fields: &[RowField]) -> Result<()> {
        debug_assert_eq!(fields.len(), self.headers.len(), "a field a column");
        self.rows += 1;
        match &mut self.to {
            Writing::Csv(writer) => writer.write_record(fields.iter().map(cell)).map_err(|error| failed(&error.into())),
            Writing::Jsonl(out) => {
                let members = self.headers.iter().zip(fields).filter_map(|(header, field)| {
                    let value = match field {
                        RowField::Missing => return None,
                        RowField::Text(text) => Value::from(text.as_str()),
                        RowField::Number(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
                        RowField::Value(value) => value.clone(),
                    };
                    Some(format!("{}:{value}", Value::from(header.as_str())))
                });
                let line = members.collect::<Vec<_>>().join(",");
                writeln!(out, "{{{line}}}").map_err(|error| failed(&error))
            }
            Writing::Parquet(writer) => writer.row(fields).map_err(|error| failed(&error)),
        }
    }

    /// How many rows were written, all of them out of hand.
    pub(super) fn finish(self) -> Result<u64> {
        match self.to {
            Writing::Csv(mut writer) => writer.flush(),
            Writing::Jsonl(out) => out.flush(),
            Writing::Parquet(writer) => writer.finish(),
        }
        .map_err(|error| failed(&error))?;
        Ok(self.rows)
    }
}

fn cell(field: &RowField) -> String {
    match field {
        RowField::Missing => String::new(),
        RowField::Text(text) => guarded(text).into_owned(),
        RowField::Number(number) => digits(*number),
        RowField::Value(Value::String(text)) => guarded(text).into_owned(),
        RowField::Value(value) => value.to_string(),
    }
}

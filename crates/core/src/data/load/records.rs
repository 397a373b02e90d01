//! Lines into fields, for every layout: tabs, `::`, spaces, and quoted CSV. One pass over the bytes; nothing is copied but
//! fields that hold an escaped quote. Numbers lines as an editor does, blank ones included.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::error::{LoadError, bad_line};

/// What stands between two fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// One byte; quotes are ordinary characters.
    Plain(u8),
    /// Two colons.
    DoubleColon,
    /// One byte; a field may stand in double quotes (RFC 4180), line breaks included.
    Quoted(u8),
    /// One or more spaces or tabs.
    Spaces,
}

impl Delimiter {
    /// What a person calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Delimiter::DoubleColon => "double colon",
            Delimiter::Spaces => "space",
            Delimiter::Plain(byte) | Delimiter::Quoted(byte) => match byte {
                b'\t' => "tab",
                b';' => "semicolon",
                b'|' => "bar",
                _ => "comma",
            },
        }
    }
}

/// A quote that is never closed, with the line it opens on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclosed<'a> {
    pub(super) line: u64,
    pub(super) text: &'a [u8],
}

/// A cursor over the records of a file.
#[derive(Clone)]
pub(super) struct FileRecords<'a> {
    bytes: &'a [u8],
    position: usize,
    next_line: u64,
    delimiter: Delimiter,
    /// Line of the record read last, counted from one.
    pub(super) line: u64,
    /// The record read last, as it stands in the file.
    pub(super) text: &'a [u8],
}

impl<'a> FileRecords<'a> {
    pub(super) fn new(bytes: &'a [u8], delimiter: Delimiter) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        Self { bytes, position: 0, next_line: 1, delimiter, line: 0, text: b"" }
    }

    /// Whether the record read last goes over several lines.
    pub(super) fn spans(&self) -> bool {
        self.next_line > self.line + 1
    }

    /// Reads the next record that is not blank into `fields`; false at the end.
    pub(super) fn next(&mut self, fields: &mut Vec<Cow<'a, [u8]>>) -> Result<bool, Unclosed<'a>> {
        fields.clear();
        while self.position < self.bytes.len() {
            let start = self.position;
            let rest = &self.bytes[start..];
            let end = memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            self.line = self.next_line;
            self.text = line;
            if let Delimiter::Quoted(delimiter) = self.delimiter
                && memchr(b'"', line).is_some()
            {
                let Some(length) = quoted(rest, delimiter, fields) else {
                    // Whoever goes on goes on below that line.
                    self.position = start + (end + 1).min(rest.len());
                    self.next_line += 1;
                    return Err(Unclosed { line: self.line, text: line });
                };
                self.next_line += memchr::memchr_iter(b'\n', &rest[..length]).count() as u64;
                self.position = start + length;
                return Ok(true);
            }
            self.position = start + (end + 1).min(rest.len());
            self.next_line += 1;
            if line.trim_ascii().is_empty() {
                continue;
            }
            match self.delimiter {
                Delimiter::Plain(byte) | Delimiter::Quoted(byte) => plain(line, byte, fields),
                Delimiter::DoubleColon => double_colon(line, fields),
                Delimiter::Spaces => {
                    let words = line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
                    fields.extend(words.map(Cow::Borrowed));
                }
            }
            return Ok(true);
        }
        Ok(false)
    }
}

/// Reads the next record of a file; an unclosed quote is an error.
pub(super) fn next<'a>(
    file: &str,
    records: &mut FileRecords<'a>,
    fields: &mut Vec<Cow<'a, [u8]>>,
) -> Result<bool, LoadError> {
    records.next(fields).map_err(|unclosed| bad_line(file, unclosed.line, unclosed.text, "a closing quote"))
}

/// The fields of the first `most` lines.
pub(super) fn head(bytes: &[u8], delimiter: Delimiter, most: usize) -> Vec<Vec<Cow<'_, [u8]>>> {
    let mut records = FileRecords::new(bytes, delimiter);
    let mut lines = Vec::new();
    let mut fields = Vec::new();
    // An unclosed quote is reported when the file is read.
    while lines.len() < most && records.next(&mut fields) == Ok(true) {
        lines.push(std::mem::take(&mut fields));
    }
    lines
}

fn plain<'a>(line: &'a [u8], delimiter: u8, fields: &mut Vec<Cow<'a, [u8]>>) {
    let mut rest = line;
    while let Some(end) = memchr(delimiter, rest) {
        fields.push(Cow::Borrowed(&rest[..end]));
        rest = &rest[end + 1..];
    }
    fields.push(Cow::Borrowed(rest));
}

fn double_colon<'a>(line: &'a [u8], fields: &mut Vec<Cow<'a, [u8]>>) {
    let (mut start, mut from) = (0, 0);
    while let Some(offset) = memchr(b':', &line[from..]) {
        let colon = from + offset;
        if line.get(colon + 1) == Some(&b':') {
            fields.push(Cow::Borrowed(&line[start..colon]));
            start = colon + 2;
            from = start;
        } else {
            from = colon + 1;
        }
    }
    fields.push(Cow::Borrowed(&line[start..]));
}

/// One record with quotes from the start of `bytes`: its length with the line break, or `None` for an unclosed quote.
fn quoted<'a>(bytes: &'a [u8], delimiter: u8, fields: &mut Vec<Cow<'a, [u8]>>) -> Option<usize> {
    let mut position = 0;
    loop {
        let mut field = Cow::Borrowed(&bytes[position..position]);
        if bytes.get(position) == Some(&b'"') {
            position += 1;
            loop {
                let end = position + memchr(b'"', &bytes[position..])?;
                append(&mut field, &bytes[position..end]);
                position = end + 1;
                if bytes.get(position) != Some(&b'"') {
                    break;
                }
                append(&mut field, b"\"");
                position += 1;
            }
        }
        // The unquoted field, or what a careless writer left between a closing quote and the delimiter.
        let rest = &bytes[position..];
        let end = memchr2(delimiter, b'\n', rest).unwrap_or(rest.len());
        let last = rest.get(end) != Some(&delimiter);
        let tail = &rest[..end];
        append(&mut field, if last { tail.strip_suffix(b"\r").unwrap_or(tail) } else { tail });
        fields.push(field);
        position += end;
        if last {
            return Some((position + 1).min(bytes.len()));
        }
        position += 1;
    }
}

fn append<'a>(field: &mut Cow<'a, [u8]>, bytes: &'a [u8]) {
    if field.is_empty() {
        *field = Cow::Borrowed(bytes);
    } else if !bytes.is_empty() {
        field.to_mut().extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, delimiter: Delimiter) -> Vec<(u64, Vec<String>)> {
        let mut records = FileRecords::new(text.as_bytes(), delimiter);
        let (mut fields, mut all) = (Vec::new(), Vec::new());
        while records.next(&mut fields).expect("quotes are closed") {
            let texts = fields.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
            all.push((records.line, texts));
        }
        all
    }

    fn row(line: u64, fields: &[&str]) -> (u64, Vec<String>) {
        (line, fields.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn lines_are_numbered_as_an_editor_does() {
        let text = "\u{feff}a\tb\r\n\n  \nc\t\"d";
        assert_eq!(all(text, Delimiter::Plain(b'\t')), [row(1, &["a", "b"]), row(4, &["c", "\"d"])]);
    }

    #[test]
    fn double_colons_leave_single_ones_alone() {
        let text = "1::Alien: the film::x\n2::::\n";
        assert_eq!(all(text, Delimiter::DoubleColon), [row(1, &["1", "Alien: the film", "x"]), row(2, &["2", "", ""])]);
    }

    #[test]
    fn quotes_hold_delimiters_quotes_and_line_breaks() {
        let text = "1,\"a, \"\"b\"\"\",x\r\n2,\"two\nlines\",\"\"\r\n3,c,\"d\"e\n4,plain,q\"q";
        assert_eq!(
            all(text, Delimiter::Quoted(b',')),
            [
                row(1, &["1", "a, \"b\"", "x"]),
                row(2, &["2", "two\nlines", ""]),
                row(4, &["3", "c", "de"]),
                row(5, &["4", "plain", "q\"q"])
            ]
        );
    }

    #[test]
    fn spaces_count_once_however_many() {
        let text = " 1  2\t3 \n4 5 6\r\n";
        assert_eq!(all(text, Delimiter::Spaces), [row(1, &["1", "2", "3"]), row(2, &["4", "5", "6"])]);
    }

    #[test]
    fn an_unclosed_quote_names_the_line_it_opens_on() {
        let mut records = FileRecords::new(b"a,b\n1,\"x\n2,y\n", Delimiter::Quoted(b','));
        let mut fields = Vec::new();
        assert_eq!(records.next(&mut fields), Ok(true));
        assert_eq!(records.next(&mut fields), Err(Unclosed { line: 2, text: b"1,\"x" }));
    }
}

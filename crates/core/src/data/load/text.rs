//! What a file is before it is a table: text in UTF-8, text in another encoding, which is read, or something that is no
//! text at all, which is named with what mends it.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::error::LoadError;

/// How the bytes of a file were made into text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As they are: UTF-8.
    Utf8,
    /// From UTF-16, as some Windows programs write.
    Utf16,
    /// From Windows-1252, of which Latin-1 is a part: what is not UTF-8.
    Windows1252,
}

/// What a file is, by the bytes it begins with, and what makes a table of text of it.
type Beginning = (&'static [u8], &'static str, &'static str);

/// No table of text begins so.
const BINARY: &[Beginning] = &[
    (b"\x1f\x8b", "compressed by gzip", "`gunzip` unpacks it"),
    (b"PK\x03\x04", "a ZIP archive", "`unzip` unpacks it"),
    (b"PK\x05\x06", "an empty ZIP archive", "download it anew"),
    (b"\xfd7zXZ\0", "compressed by xz", "`unxz` unpacks it"),
    (b"\x28\xb5\x2f\xfd", "compressed by Zstandard", "`unzstd` unpacks it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "`7z x` unpacks it"),
    (b"Rar!\x1a", "a RAR archive", "`unrar x` unpacks it"),
    (b"\x89HDF\r\n", "an HDF5 file", CSV_BY_PANDAS),
    (b"\x93NUMPY", "a NumPy array", "write it as text by `numpy.savetxt(FILE, array, delimiter=\",\", fmt=\"%s\")`"),
    (b"SQLite format 3\0", "an SQLite database", "`sqlite3 -csv -header FILE 'SELECT …'` writes a table as CSV"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel spreadsheet", "save the sheet as CSV"),
];

/// A table may begin so, for ids are any text: looked at where a file cannot be read.
const PRINTABLE: &[Beginning] = &[
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself", "`git lfs pull` fetches the file"),
    (b"BZh", "compressed by bzip2", "`bunzip2` unpacks it"),
    (b"PAR1", "a Parquet table", CSV_BY_PANDAS),
    (b"ARROW1", "an Arrow table", CSV_BY_PANDAS),
    (b"FEA1", "a Feather table", CSV_BY_PANDAS),
    (b"%PDF", "a PDF document", "it needs a table of text, such as CSV"),
    (b"{", "JSON", CSV_BY_PANDAS),
    (b"[", "JSON", CSV_BY_PANDAS),
];

const CSV_BY_PANDAS: &str = "write it as CSV, for example by pandas' `to_csv(FILE, index=False)`";

/// Where a web page says that it is one, within the first bytes.
const PAGE: [&[u8]; 4] = [b"<!doctype html", b"<html", b"<head", b"<?xml"];

/// What the last bytes of the range 0x80 to 0x9f are in Windows-1252; the five it leaves open stay control characters.
const WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Brings the bytes of a file called `file` into lines that end as they do here. Looks at the first bytes only, and at the
/// whole file where it has no line feed; whether it is UTF-8 is left to [`decoded`], and what else it may be to [`instead`].
///
/// # Errors
/// [`LoadError::Foreign`] for what is no text.
pub(super) fn prepared<'a>(file: &str, bytes: &'a [u8]) -> Result<(Cow<'a, [u8]>, Encoding), LoadError> {
    let foreign = |what, mend| LoadError::Foreign { file: file.to_owned(), what, mend };
    if let Some(text) = utf16(bytes) {
        return Ok((line_feeds(text.into_bytes().into()), Encoding::Utf16));
    }
    if let Some((what, mend)) = begins(bytes, BINARY) {
        return Err(foreign(what, mend));
    }
    let head = &bytes[..bytes.len().min(4096)];
    if let Some(at) = memchr(0, head) {
        // Every other byte of English text in UTF-16 is zero.
        let half = head.iter().filter(|byte| **byte == 0).count() * 3 > head.len();
        if let Some((what, mend)) = begins(bytes, PRINTABLE) {
            return Err(foreign(what, mend));
        }
        return Err(match (half, at % 2) {
            (true, 0) => {
                foreign("text in UTF-16 without a mark of it", "`iconv -f utf-16be -t utf-8` makes it readable")
            }
            (true, _) => {
                foreign("text in UTF-16 without a mark of it", "`iconv -f utf-16le -t utf-8` makes it readable")
            }
            (false, _) => foreign("a binary file", "it needs a table of text, such as CSV"),
        });
    }
    Ok((line_feeds(bytes.into()), Encoding::Utf8))
}

/// What a file that cannot be read is instead of a table, if that can be told.
pub(super) fn instead(file: &str, bytes: &[u8], error: LoadError) -> LoadError {
    let start = bytes[..bytes.len().min(512)].trim_ascii_start();
    let is_page = PAGE.iter().any(|page| start.get(..page.len()).is_some_and(|it| it.eq_ignore_ascii_case(page)));
    let page = ("a web page", "a download that needs a log-in or a click leaves such a page: fetch the file anew");
    match is_page.then_some(page).or_else(|| begins(start, PRINTABLE)) {
        Some((what, mend)) => LoadError::Foreign { file: file.to_owned(), what, mend },
        None => error,
    }
}

fn begins(bytes: &[u8], with: &[Beginning]) -> Option<(&'static str, &'static str)> {
    with.iter().find(|(start, ..)| bytes.starts_with(start)).map(|&(_, what, mend)| (what, mend))
}

/// The text of a file, from Windows-1252 where it is not UTF-8. MovieLens' older titles are Latin-1, a part of that.
pub(super) fn decoded(bytes: &[u8]) -> (Cow<'_, str>, Encoding) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.into(), Encoding::Utf8),
        Err(_) => {
            let character = |&byte: &u8| match byte {
                0x80..0xa0 => WINDOWS[usize::from(byte) - 0x80],
                byte => char::from(byte),
            };
            (bytes.iter().map(character).collect::<String>().into(), Encoding::Windows1252)
        }
    }
}

/// UTF-16 that says so by its mark; what cannot be read becomes a replacement character.
fn utf16(bytes: &[u8]) -> Option<String> {
    let units: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let units = bytes[2..].chunks_exact(2).map(|pair| units([pair[0], pair[1]]));
    Some(char::decode_utf16(units).map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// Carriage returns alone, as old Macs ended lines, become line feeds.
fn line_feeds(bytes: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if memchr(b'\n', &bytes).is_some() || memmem::find(&bytes, b"\r").is_none() {
        return bytes;
    }
    bytes.iter().map(|&byte| if byte == b'\r' { b'\n' } else { byte }).collect::<Vec<u8>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(bytes: &[u8]) -> String {
        let empty = LoadError::Empty { file: "x".to_owned() };
        prepared("x", bytes).err().unwrap_or_else(|| instead("x", bytes, empty)).to_string()
    }

    #[test]
    fn what_is_no_text_is_named() {
        assert_eq!(said(b"\x1f\x8b\x08rest"), "x is compressed by gzip");
        assert_eq!(said(b"PK\x03\x04rest"), "x is a ZIP archive");
        assert_eq!(said(b"PAR1rest"), "x is a Parquet table");
        assert_eq!(said(b"PAR1\0\0rest"), "x is a Parquet table");
        assert_eq!(
            said(b"version https://git-lfs.github.com/spec/v1\noid"),
            "x is a Git LFS pointer, not the file itself"
        );
        assert_eq!(said(b"\n <!DOCTYPE html><html>"), "x is a web page");
        assert_eq!(said(b"[\n {\"user\": 1}]"), "x is JSON");
        assert_eq!(said(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "x is an Excel spreadsheet");
        assert_eq!(said(b"1\0,\x002\0"), "x is text in UTF-16 without a mark of it");
        assert_eq!(said(b"1,2,3\n4,\0,6\n"), "x is a binary file");
        for text in [b"".as_slice(), b"1,2,3", b"<3,b,5\n", b"\xb5{"] {
            assert_eq!(said(text), "x: no rows in it");
        }
    }

    #[test]
    fn utf_16_and_old_line_ends_are_read() {
        let units =
            |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> { text.encode_utf16().flat_map(bytes).collect() };
        for bytes in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
            let (text, encoding) =
                prepared("x", &units("\u{feff}é,1\n", bytes)).map(|(text, it)| (text.into_owned(), it)).expect("text");
            assert_eq!((String::from_utf8_lossy(&text).as_ref(), encoding), ("é,1\n", Encoding::Utf16));
        }
        let read = |text: &'static str| prepared("x", text.as_bytes()).expect("text").0;
        assert_eq!(*read("a,b\rc,d\r"), *b"a,b\nc,d\n");
        assert_eq!(*read("a\r\nb\rc\n"), *b"a\r\nb\rc\n");
    }

    #[test]
    fn older_files_are_windows_1252() {
        assert_eq!(decoded(b"Mis\xe9rables"), ("Misérables".into(), Encoding::Windows1252));
        assert_eq!(decoded(b"\x93Noir\x94 \x96 \x85 \x80"), ("“Noir” – … €".into(), Encoding::Windows1252));
        assert_eq!(decoded("Misérables".as_bytes()), ("Misérables".into(), Encoding::Utf8));
    }
}

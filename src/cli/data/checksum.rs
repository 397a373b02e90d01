//! Checksums of downloads: computed as the bytes are read, compared once, both named where they differ.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use sha2::Digest as _;

/// What a download must hash to, as 64 or 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checksum {
    /// MD5: what GroupLens publishes. It guards against broken downloads; the fingerprint guards the content.
    Md5(&'static str),
    /// SHA-256.
    Sha256(&'static str),
}

/// A file whose checksum is another.
#[derive(Debug, thiserror::Error)]
#[error("the {kind} of {file} is {found}, expected {expected}")]
pub(super) struct Mismatch {
    kind: &'static str,
    file: String,
    found: String,
    expected: &'static str,
}

impl Checksum {
    /// Hashes a file and compares.
    pub(super) fn check(self, path: &Path) -> io::Result<Result<(), Mismatch>> {
        let mut file = File::open(path)?;
        let (mut md5, mut sha256) = (md5::Md5::new(), sha2::Sha256::new());
        let mut buffer = vec![0; 1 << 16];
        loop {
            let length = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            match self {
                Checksum::Md5(_) => md5.update(&buffer[..length]),
                Checksum::Sha256(_) => sha256.update(&buffer[..length]),
            }
        }
        let (kind, expected, found) = match self {
            Checksum::Md5(expected) => ("MD5", expected, hex(&md5.finalize())),
            Checksum::Sha256(expected) => ("SHA-256", expected, hex(&sha256.finalize())),
        };
        if found == expected {
            return Ok(Ok(()));
        }
        let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Ok(Err(Mismatch { kind, file, found, expected }))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mismatch_names_both() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("x.zip");
        std::fs::write(&file, "abc").expect("can be written");
        let md5 = "900150983cd24fb0d6963f7d28e17f72";
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(Checksum::Md5(md5).check(&file).expect("can be read").is_ok());
        assert!(Checksum::Sha256(sha256).check(&file).expect("can be read").is_ok());
        let error = Checksum::Md5("0123").check(&file).expect("can be read").expect_err("another sum");
        assert_eq!(error.to_string(), format!("the MD5 of x.zip is {md5}, expected 0123"));
    }
}

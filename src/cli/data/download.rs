//! One file over HTTPS: bounded in length and in time, with a progress bar.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::time::Duration;

use super::failure::Failure;
use super::present::byte_bar;
use super::trust;
use crate::cli::OutputFormat;
use crate::error::Error;

/// Longest wait for an address, a connection, or the next bytes.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest download altogether.
const LONGEST: Duration = Duration::from_secs(3600);

/// Downloads `url` to the new file `path`; more than `limit` bytes are refused.
pub(super) fn download(url: &str, path: &Path, limit: u64, output: OutputFormat) -> Result<(), Failure> {
    let agent = ureq::Agent::config_builder()
        .https_only(true)
        .tls_config(trust::tls().map_err(Failure::Fatal)?)
        .user_agent(concat!("drr-lab/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(PATIENCE))
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_per_read(Some(PATIENCE))
        .timeout_global(Some(LONGEST))
        .build()
        .new_agent();
    let unreachable = |why: &dyn std::fmt::Display| Failure::Network(not_reached(url, &why.to_string()));
    let too_long = || Failure::Fatal(Error::environment(format!("{url} is longer than {limit} bytes")));
    let response = agent.get(url).call().map_err(|error| unreachable(&error))?;
    let body = response.into_body();
    let total = body.content_length();
    if total.is_some_and(|total| total > limit) {
        return Err(too_long());
    }
    let bar = byte_bar(output, total);
    let saved = save(&mut body.into_reader(), path, limit, |length| bar.set_position(length));
    bar.finish_and_clear();
    saved.map_err(|stopped| match stopped {
        Stopped::Reading(error) => unreachable(&error),
        Stopped::Writing(error) => {
            let failure = Error::environment(format!("cannot write {}: {error}", path.display()));
            Failure::Fatal(failure.hint("is there space on the disk?"))
        }
        Stopped::TooLong => too_long(),
    })
}

/// That an address gave nothing, and what may mend it.
fn not_reached(url: &str, why: &str) -> Error {
    let error = Error::environment(format!("{url}: {why}"));
    if !why.contains("certificate") {
        return error;
    }
    error.hint(format!("{} names a PEM file of the certificates to trust, a proxy's among them", trust::VARIABLE))
}

/// Why a download ended early.
#[derive(Debug)]
enum Stopped {
    Reading(io::Error),
    Writing(io::Error),
    TooLong,
}

/// Copies at most `limit` bytes to the new file `path`.
fn save(reader: &mut impl Read, path: &Path, limit: u64, mut progress: impl FnMut(u64)) -> Result<(), Stopped> {
    let mut file = File::create_new(path).map_err(Stopped::Writing)?;
    let mut buffer = vec![0; 1 << 16];
    let mut length = 0;
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stopped::Reading(error)),
        };
        length += read as u64;
        if length > limit {
            return Err(Stopped::TooLong);
        }
        file.write_all(&buffer[..read]).map_err(Stopped::Writing)?;
        progress(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that hangs up.
    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }

    #[test]
    fn who_is_not_trusted_may_be_named() {
        let hint = |why| not_reached("https://example.org/x.zip", why).hint;
        assert_eq!(hint("io: Connection refused"), None);
        let said = hint("io: invalid peer certificate: UnknownIssuer").expect("a hint");
        assert!(said.starts_with("SSL_CERT_FILE names"), "{said}");
    }

    #[test]
    fn a_download_is_whole_or_says_why_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        let mut told = 0;
        save(&mut [7; 100_000].as_slice(), &path("a"), 100_000, |length| told = length).expect("it fits");
        assert_eq!((told, std::fs::read(path("a")).expect("is there").len()), (100_000, 100_000));
        assert!(matches!(save(&mut io::repeat(0), &path("b"), 100_000, |_| ()), Err(Stopped::TooLong)));
        assert!(std::fs::metadata(path("b")).expect("is there").len() <= 100_000);
        let mut cut = b"half".chain(Broken);
        assert!(matches!(save(&mut cut, &path("c"), 100_000, |_| ()), Err(Stopped::Reading(_))));
        assert!(matches!(save(&mut io::empty(), &path("no/d"), 9, |_| ()), Err(Stopped::Writing(_))));
    }
}

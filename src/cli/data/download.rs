//! One file over HTTPS: bounded in length and in time, with a progress bar.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use super::fetch::Failure;
use super::present::byte_bar;
use crate::cli::Output;
use crate::error::Error;

/// Longest wait for an address, a connection, or the next bytes.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest download altogether.
const LONGEST: Duration = Duration::from_secs(3600);

/// Downloads `url` to the new file `path`; more than `limit` bytes are refused.
pub(super) fn download(url: &str, path: &Path, limit: u64, output: Output) -> Result<(), Failure> {
    let agent = ureq::Agent::config_builder()
        .https_only(true)
        .user_agent(concat!("drr-lab/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(PATIENCE))
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_per_read(Some(PATIENCE))
        .timeout_global(Some(LONGEST))
        .build()
        .new_agent();
    let unreachable = |why: &dyn std::fmt::Display| Failure::Network(Error::environment(format!("{url}: {why}")));
    let too_long = || Failure::Fatal(Error::environment(format!("{url} is longer than {limit} bytes")));
    let response = agent.get(url).call().map_err(|error| unreachable(&error))?;
    let body = response.into_body();
    let total = body.content_length();
    if total.is_some_and(|total| total > limit) {
        return Err(too_long());
    }
    let local = |error: io::Error| {
        let failure = Error::environment(format!("cannot write {}: {error}", path.display()));
        Failure::Fatal(failure.hint("is there space on the disk?"))
    };
    let bar = byte_bar(output, total);
    let mut reader = body.into_reader();
    let mut file = File::create_new(path).map_err(local)?;
    let mut buffer = vec![0; 1 << 16];
    let mut length = 0;
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreachable(&error)),
        };
        length += read as u64;
        if length > limit {
            return Err(too_long());
        }
        file.write_all(&buffer[..read]).map_err(local)?;
        bar.set_position(length);
    }
    bar.finish_and_clear();
    Ok(())
}

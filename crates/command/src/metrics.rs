//! A command's metrics as they come: from the file it appends to, or from lines among others of its output.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use drr_core::journal::Point;
use drr_core::neutral::{self, HiddenCharacter};

use crate::metric_lines::{MetricLine, read};
use drr_kinds::training::Metrics;

/// Points that are told at once, at most.
pub const BATCH: usize = 8192;

/// Bytes that are read at once, at most.
const CHUNK: usize = 1 << 20;

/// A line longer than this is none.
const LONGEST: usize = 1 << 20;

/// What was read of a command's metrics so far.
#[derive(Default)]
pub struct MetricsRead {
    /// Points that were not yet told.
    pub points: Vec<Point>,
    /// The value told last, by name.
    last: Metrics,
    /// The step told last.
    step: u64,
    lines: u64,
    /// The names met, in the order in which the last line had them: the next line has most probably the same.
    names: Vec<String>,
}

impl MetricsRead {
    /// The value told last of each metric.
    pub fn last(self) -> Metrics {
        self.last
    }

    /// Takes in a line.
    ///
    /// # Errors
    /// What is wrong with it.
    fn take(&mut self, line: &MetricLine<'_>) -> Result<(), String> {
        if let Some(step) = line.step {
            self.step = step;
        }
        for (at, (name, value)) in line.values.iter().enumerate() {
            if self.names.get(at).is_none_or(|known| *known != **name) {
                if name.is_empty() || name.len() > 200 {
                    return Err(format!("`{name}` cannot name a metric: up to 200 bytes, one at least"));
                }
                if let Some(hidden) = HiddenCharacter::first_in(name) {
                    return Err(format!("the name of a metric holds {hidden}"));
                }
                self.names.truncate(at);
                self.names.push(name.to_string());
            }
            match self.last.get_mut(&**name) {
                Some(last) => *last = *value,
                None => drop(self.last.insert(name.to_string(), *value)),
            }
            self.points.push(Point::new(name.as_ref(), self.step, *value));
        }
        Ok(())
    }
}

/// A file of metrics that grows.
pub struct MetricsFile {
    path: PathBuf,
    file: Option<File>,
    /// Bytes that were read of it.
    read: u64,
    /// The beginning of a line that has no end yet.
    rest: Vec<u8>,
    buffer: Vec<u8>,
}

impl MetricsFile {
    /// The file at `path`, which may not be there yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None, read: 0, rest: Vec::new(), buffer: Vec::new() }
    }

    /// Reads on for a chunk; whether there was any.
    ///
    /// # Errors
    /// A file that cannot be read, or a line that is none, by its number.
    pub fn read_on(&mut self, into: &mut MetricsRead) -> Result<bool, String> {
        let failed = |error: io::Error| format!("its metrics cannot be read: {error}");
        if self.file.is_none() {
            match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&self.path) {
                Ok(file) if file.metadata().is_ok_and(|it| it.is_file()) => self.file = Some(file),
                Ok(_) => return Err("the file of its metrics is none".to_owned()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(failed(error)),
            }
            self.buffer.resize(CHUNK, 0);
        }
        let Some(file) = &mut self.file else { return Ok(false) };
        let own = file.metadata().map_err(failed)?;
        let is_same = |there: &Metadata| (there.dev(), there.ino()) == (own.dev(), own.ino());
        if own.len() < self.read || !self.path.symlink_metadata().is_ok_and(|there| is_same(&there)) {
            return Err("the file of its metrics was shortened or replaced: lines are appended to it".to_owned());
        }
        let count = file.read(&mut self.buffer).map_err(failed)?;
        self.read += count as u64;
        let (chunk, mut from) = (&self.buffer[..count], 0);
        for end in memchr::memchr_iter(b'\n', chunk) {
            let bytes = if self.rest.is_empty() {
                &chunk[from..end]
            } else {
                self.rest.extend_from_slice(&chunk[from..end]);
                &self.rest[..]
            };
            one(bytes, into)?;
            self.rest.clear();
            from = end + 1;
        }
        if self.rest.len() + count - from > LONGEST {
            return Err(format!("line {} of its metrics is longer than 1 MiB", into.lines + 1));
        }
        self.rest.extend_from_slice(&chunk[from..]);
        Ok(count > 0)
    }

    /// Takes in the last line, which may lack its end.
    ///
    /// # Errors
    /// A line that is none.
    pub fn finish(&mut self, into: &mut MetricsRead) -> Result<(), String> {
        let rest = std::mem::take(&mut self.rest);
        if rest.is_empty() { Ok(()) } else { one(&rest, into) }
    }

    /// Whether there is the beginning of a line that was never ended.
    pub fn is_cut_off(&self) -> bool {
        !self.rest.is_empty()
    }
}

fn one(bytes: &[u8], into: &mut MetricsRead) -> Result<(), String> {
    into.lines += 1;
    let mut line = MetricLine::default();
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let taken = read(bytes, &mut line).and_then(|()| into.take(&line));
    taken.map_err(|why| {
        let shown: String = neutral::line(&String::from_utf8_lossy(bytes)).chars().take(80).collect();
        format!("line {} of its metrics is no line of metrics: {why}: {shown}", into.lines)
    })
}

/// Takes in a line of output, if it is one of metrics: an object of numbers.
pub fn take_output(bytes: &[u8], into: &mut MetricsRead) {
    let mut line = MetricLine::default();
    if bytes.first() == Some(&b'{') && read(bytes, &mut line).is_ok() && !line.values.is_empty() {
        let _ = into.take(&line);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_growing_file_is_read_on_and_its_last_line_may_lack_an_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("metrics");
        let (mut file, mut read) = (MetricsFile::new(&path), MetricsRead::default());
        assert_eq!(file.read_on(&mut read), Ok(false), "it is not there yet");
        let mut writer = File::create(&path).expect("created");
        writer.write_all(b"{\"step\": 1, \"loss\": 0.5}\n\n{\"step\": 2, \"lo").expect("written");
        assert_eq!(file.read_on(&mut read), Ok(true));
        assert_eq!((read.points.len(), file.is_cut_off()), (1, true));
        writer.write_all(b"ss\": 0.25}\n{\"accuracy\": 0.75}").expect("written");
        while file.read_on(&mut read).expect("fine") {}
        file.finish(&mut read).expect("whole");
        let points: Vec<_> = read.points.iter().map(|point| (point.name.as_str(), point.step, point.value)).collect();
        assert_eq!(points, [("loss", 1, 0.5), ("loss", 2, 0.25), ("accuracy", 2, 0.75)]);
        assert_eq!(read.last(), Metrics::from([("loss".to_owned(), 0.25), ("accuracy".to_owned(), 0.75)]));
    }

    #[test]
    fn a_file_that_is_written_anew_is_no_stream_of_metrics() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("metrics");
        std::fs::write(&path, "{\"a\": 1}\n{\"a\": 2}\n").expect("written");
        for change in [
            (|path| std::fs::write(path, "{\"a\": 3}\n")) as fn(&Path) -> io::Result<()>,
            |path| std::fs::remove_file(path).and_then(|()| std::fs::write(path, "{\"a\": 3}\n{\"a\": 4}\n")),
            |path| std::fs::remove_file(path),
        ] {
            let (mut file, mut read) = (MetricsFile::new(&path), MetricsRead::default());
            std::fs::write(&path, "{\"a\": 1}\n{\"a\": 2}\n").expect("written");
            file.read_on(&mut read).expect("fine");
            change(&path).expect("changed");
            assert!(file.read_on(&mut read).expect_err("changed").contains("shortened or replaced"));
        }
    }

    #[test]
    fn a_line_that_is_none_is_named_by_its_number() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("metrics");
        for (text, says) in [
            ("{\"a\": 1}\n{\"a\": }\n", "line 2 of its metrics is no line of metrics: `a` is no number"),
            ("{\"a\": 1}\nhello\n", "line 2 of its metrics is no line of metrics: expected `{` at byte 1"),
            ("{\"\\u001b[2J\": 1}\n", "the name of a metric holds the control character U+001B"),
        ] {
            std::fs::write(&path, text).expect("written");
            let error = MetricsFile::new(&path).read_on(&mut MetricsRead::default()).expect_err(says);
            assert!(error.contains(says), "{error}");
        }
        std::fs::write(&path, "{\"a\": 1").expect("written");
        let (mut file, mut read) = (MetricsFile::new(&path), MetricsRead::default());
        file.read_on(&mut read).expect("nothing is whole yet");
        assert!(file.finish(&mut read).expect_err("half a line").contains("cut off"));
    }

    #[test]
    fn of_other_output_only_objects_of_numbers_are_metrics() {
        let mut read = MetricsRead::default();
        for line in ["epoch 1", "{\"step\": 1, \"loss\": 0.5}", "{\"config\": {\"lr\": 1}}", "{'loss': 1}", "{}", ""] {
            take_output(line.as_bytes(), &mut read);
        }
        assert_eq!(read.points, [Point::new("loss", 1, 0.5)]);
    }
}

//! The words of the command line and the folders they name, refused before anything starts where nothing could hold them.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use crate::error::{Error, Result};

/// The command line. Paths go through messages and records, which are UTF-8, so what is not is refused here.
pub(super) fn all() -> Result<Vec<String>> {
    let text = |argument: OsString| {
        argument.into_string().map_err(|argument| {
            Error::input(format!("the argument {argument:?} is not UTF-8")).hint("rename the file or folder it names")
        })
    };
    std::env::args_os().map(text).collect()
}

/// Refuses a folder that cannot be one, or whose name workers and records could not hold, before anything starts.
pub(super) fn folder(path: PathBuf, option: &str) -> Result<PathBuf> {
    let absolute = std::path::absolute(&path)
        .map_err(|error| Error::environment(format!("cannot tell where {} is: {error}", path.display())))?;
    if absolute.to_str().is_none() {
        return Err(Error::input(format!("the name of the folder {absolute:?} is not UTF-8"))
            .hint(format!("rename it, or name another folder with {option}")));
    }
    let is_link = path.is_symlink();
    match path.metadata() {
        Ok(found) if !found.is_dir() => {
            Err(Error::input(format!("{} is not a folder", path.display())).hint(format!("{option} names a folder")))
        }
        Err(error) if is_link && error.kind() == io::ErrorKind::NotFound => {
            Err(Error::input(format!("{} is a link that points nowhere", path.display()))
                .hint(format!("make its target, or name another folder with {option}")))
        }
        _ => Ok(path),
    }
}

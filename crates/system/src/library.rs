//! Libraries that are loaded at run time, because a machine may not have them.

use std::ffi::OsStr;
use std::path::Path;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LOCAL, RTLD_NOW};

/// Who sees the names of a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Whoever asks the library.
    Own,
    /// What else is loaded, as if this had been linked with it.
    Everywhere,
}

/// Loads a library of NVIDIA's or of PyTorch's.
pub(crate) fn load(library: &OsStr, names: Names) -> Result<Library, libloading::Error> {
    let flags = match names {
        Names::Own => RTLD_LOCAL,
        Names::Everywhere => RTLD_GLOBAL,
    };
    // SAFETY: these libraries may be loaded at any time: their initialisers ask for nothing, as linking would show.
    unsafe { Library::open(Some(library), RTLD_NOW | flags) }
}

/// Loads libtorch's CUDA half, to stay; whether it is there and can be loaded.
pub fn load_torch_cuda(library: &Path) -> bool {
    library.ends_with("libtorch_cuda.so")
        && load(library.as_os_str(), Names::Everywhere).is_ok_and(|library| {
            // What libtorch's other half has registered in it is not to be unloaded.
            let _ = library.into_raw();
            true
        })
}

/// Calls a function of a library by its name, with the types of its arguments and of its result. Whoever writes one in this
/// crate has seen that its name and types are those of the library's documentation, that handles are the library's own, and
/// that what it writes to lives there and is as large as it is told.
macro_rules! call {
    ($library:expr, $name:tt($($argument:expr => $type:ty),*) -> $result:ty) => {{
        type Function = unsafe extern "C" fn($($type),*) -> $result;
        // SAFETY: as the macro's comment says.
        unsafe { $library.get::<Function>($name.as_bytes()).map(|function| function($($argument),*)) }
            .map_err(|error| error.to_string())
    }};
}
pub(crate) use call;

//! The GPU as its driver describes it. Asked of the driver's own library, which is loaded at run time: libtorch says nothing of
//! a GPU that it cannot use.

use std::ffi::{CStr, c_char, c_int};

use crate::library::{self, Names};

/// Where the driver puts it.
const LIBRARY: &str = "libcuda.so.1";

/// Characters that a name fits into, with the zero behind it.
const LONGEST: usize = 96;

/// The numbers of the compute capability among a GPU's attributes.
const CAPABILITY: [c_int; 2] = [75, 76];

/// A GPU, and its driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrivenGpu {
    /// What it is called.
    pub name: String,
    /// Its compute capability, for example `sm_90`.
    pub capability: String,
    /// The driver's version.
    pub driver: String,
    /// The newest CUDA that the driver knows, for example `13.0`.
    pub cuda: String,
}

/// Calls a function of the library that answers with a code.
macro_rules! call {
    ($library:expr, $name:tt($($argument:expr => $type:ty),*)) => {
        match library::call!($library, $name($($argument => $type),*) -> c_int) {
            Ok(0) => Ok(()),
            Ok(code) => Err(format!("{} fails with {code}", $name)),
            Err(error) => Err(error),
        }
    };
}

/// The first GPU that this process is shown.
///
/// # Errors
/// There is no driver, it does not work, or it shows none.
pub fn first() -> Result<DrivenGpu, String> {
    let library = library::load(LIBRARY.as_ref(), Names::Own).map_err(|error| format!("no NVIDIA driver ({error})"))?;
    call!(library, "cuInit"(0 => u32))?;
    let (mut device, mut version): (c_int, c_int) = (0, 0);
    call!(library, "cuDeviceGet"(&raw mut device => *mut c_int, 0 => c_int))?;
    call!(library, "cuDriverGetVersion"(&raw mut version => *mut c_int))?;
    let mut text = [0_u8; LONGEST];
    call!(library, "cuDeviceGetName"(
        text.as_mut_ptr().cast() => *mut c_char, LONGEST as c_int => c_int, device => c_int
    ))?;
    let mut capability = String::from("sm_");
    for number in CAPABILITY {
        let mut value: c_int = 0;
        call!(library, "cuDeviceGetAttribute"(
            &raw mut value => *mut c_int, number => c_int, device => c_int
        ))?;
        capability += &value.to_string();
    }
    let name = CStr::from_bytes_until_nul(&text).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let cuda = format!("{}.{}", version / 1000, version % 1000 / 10);
    let driver = std::fs::read_to_string("/sys/module/nvidia/version").map(|text| text.trim().to_owned());
    // Where the kernel's module cannot be seen, the driver is what it can do.
    let driver = driver.unwrap_or_else(|_| format!("for CUDA {cuda}"));
    Ok(DrivenGpu { name, capability, driver, cuda })
}

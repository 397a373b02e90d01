//! The NVIDIA driver's own library (NVML), loaded at run time: the few of its functions that are asked here.

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulonglong, c_void};
use std::ptr;

use libloading::Library;

/// Where the driver puts it.
const LIBRARY: &str = "libnvidia-ml.so.1";

/// Characters that any text of it fits into, with the zero behind them.
const LONGEST: usize = 96;

/// A device, as the library knows it.
type Handle = *mut c_void;

/// Numbers of a device's memory, bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct NvmlMemory {
    pub total: c_ulonglong,
    pub free: c_ulonglong,
    used: c_ulonglong,
}

/// The library, initialised; it stays so until the process ends.
#[derive(Debug)]
pub(super) struct Nvml(Library);

/// Calls a function of the library by its name, with the types of its arguments.
macro_rules! call {
    ($nvml:expr, $name:tt($($argument:expr => $type:ty),*)) => {{
        type Function = unsafe extern "C" fn($($type),*) -> c_int;
        // SAFETY: the names and types are those of NVML's documentation; handles are the library's own, and what it writes to
        // lives here and is as large as it is told.
        let code = unsafe { $nvml.0.get::<Function>($name.as_bytes()).map(|function| function($($argument),*)) };
        code.map_err(|error| error.to_string()).and_then(|code| $nvml.done(code))
    }};
}

impl Nvml {
    /// Loads and initialises it.
    ///
    /// # Errors
    /// There is no driver, or it does not work.
    pub fn load() -> Result<Self, String> {
        // SAFETY: the driver's library may be loaded at any time; its initialisers ask for nothing.
        let nvml = Self(unsafe { Library::new(LIBRARY) }.map_err(|error| error.to_string())?);
        call!(nvml, "nvmlInit_v2"())?;
        Ok(nvml)
    }

    /// How many devices there are.
    pub fn count(&self) -> Result<u32, String> {
        let mut count: c_uint = 0;
        call!(self, "nvmlDeviceGetCount_v2"(&raw mut count => *mut c_uint)).map(|()| count)
    }

    /// What a device in PCI order is called.
    pub fn name(&self, index: u32) -> Result<String, String> {
        self.text_of("nvmlDeviceGetName", index)
    }

    /// Its own name, the same whatever the order.
    pub fn uuid(&self, index: u32) -> Result<String, String> {
        self.text_of("nvmlDeviceGetUUID", index)
    }

    /// What one of the functions that name a device says.
    fn text_of(&self, function: &str, index: u32) -> Result<String, String> {
        let (handle, mut text) = (self.handle(index)?, [0_u8; LONGEST]);
        call!(self, function(
            handle => Handle, text.as_mut_ptr().cast() => *mut c_char, LONGEST as c_uint => c_uint
        ))
        .map(|()| read(&text))
    }

    /// Its memory.
    pub fn memory(&self, index: u32) -> Result<NvmlMemory, String> {
        let (handle, mut memory) = (self.handle(index)?, NvmlMemory { total: 0, free: 0, used: 0 });
        call!(self, "nvmlDeviceGetMemoryInfo"(handle => Handle, &raw mut memory => *mut NvmlMemory)).map(|()| memory)
    }

    /// The driver's version.
    pub fn driver(&self) -> Result<String, String> {
        let mut text = [0_u8; LONGEST];
        call!(self, "nvmlSystemGetDriverVersion"(text.as_mut_ptr().cast() => *mut c_char, LONGEST as c_uint => c_uint))
            .map(|()| read(&text))
    }

    fn handle(&self, index: u32) -> Result<Handle, String> {
        let mut handle: Handle = ptr::null_mut();
        call!(self, "nvmlDeviceGetHandleByIndex_v2"(index => c_uint, &raw mut handle => *mut Handle)).map(|()| handle)
    }

    /// A function's answer.
    fn done(&self, code: c_int) -> Result<(), String> {
        type Say = unsafe extern "C" fn(c_int) -> *const c_char;
        if code == 0 {
            return Ok(());
        }
        // SAFETY: this is its signature; it takes any number and gives a text that stays.
        let text = unsafe { self.0.get::<Say>(b"nvmlErrorString").map(|say| CStr::from_ptr(say(code))) };
        Err(text.map_or_else(|error| error.to_string(), |text| text.to_string_lossy().into_owned()))
    }
}

/// A text that ends with a zero, or fills its place.
fn read(text: &[u8; LONGEST]) -> String {
    let end = text.iter().position(|&byte| byte == 0).unwrap_or(LONGEST);
    String::from_utf8_lossy(&text[..end]).into_owned()
}

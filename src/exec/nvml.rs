//! The NVIDIA driver's own library (NVML), loaded at run time: the few of its functions that are asked here.

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulonglong, c_void};
use std::mem::MaybeUninit;

use libloading::{Library, Symbol};

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

impl Nvml {
    /// Loads and initialises it.
    ///
    /// # Errors
    /// There is no driver, or it does not work.
    pub fn load() -> Result<Self, String> {
        // SAFETY: the driver's library may be loaded at any time; its initialisers ask for nothing.
        let library = unsafe { Library::new(LIBRARY) }.map_err(|error| error.to_string())?;
        let nvml = Self(library);
        // SAFETY: this is its signature.
        let init = unsafe { nvml.function::<unsafe extern "C" fn() -> c_int>(b"nvmlInit_v2")? };
        // SAFETY: it takes nothing.
        nvml.done(unsafe { init() })?;
        Ok(nvml)
    }

    /// How many devices there are.
    pub fn count(&self) -> Result<u32, String> {
        let mut count: c_uint = 0;
        // SAFETY: this is its signature, and it writes one number.
        let code = unsafe {
            self.function::<unsafe extern "C" fn(*mut c_uint) -> c_int>(b"nvmlDeviceGetCount_v2")?(&raw mut count)
        };
        self.done(code).map(|()| count)
    }

    /// What a device in PCI order is called.
    pub fn name(&self, index: u32) -> Result<String, String> {
        self.text_of(b"nvmlDeviceGetName", self.handle(index)?)
    }

    /// Its own name, the same whatever the order.
    pub fn uuid(&self, index: u32) -> Result<String, String> {
        self.text_of(b"nvmlDeviceGetUUID", self.handle(index)?)
    }

    /// Its memory.
    pub fn memory(&self, index: u32) -> Result<NvmlMemory, String> {
        type Get = unsafe extern "C" fn(Handle, *mut NvmlMemory) -> c_int;
        let handle = self.handle(index)?;
        let mut memory = NvmlMemory { total: 0, free: 0, used: 0 };
        // SAFETY: this is its signature, the handle is the library's, and it writes one structure of this layout.
        let code = unsafe { self.function::<Get>(b"nvmlDeviceGetMemoryInfo")?(handle, &raw mut memory) };
        self.done(code).map(|()| memory)
    }

    /// The driver's version.
    pub fn driver(&self) -> Result<String, String> {
        type Get = unsafe extern "C" fn(*mut c_char, c_uint) -> c_int;
        let mut text = [0; LONGEST];
        // SAFETY: this is its signature, and it writes no more than it is told there is place for.
        let code =
            unsafe { self.function::<Get>(b"nvmlSystemGetDriverVersion")?(text.as_mut_ptr(), LONGEST as c_uint) };
        self.done(code).map(|()| read(&text))
    }

    fn handle(&self, index: u32) -> Result<Handle, String> {
        type Get = unsafe extern "C" fn(c_uint, *mut Handle) -> c_int;
        let mut handle = MaybeUninit::uninit();
        // SAFETY: this is its signature, and it writes one handle.
        let code = unsafe { self.function::<Get>(b"nvmlDeviceGetHandleByIndex_v2")?(index, handle.as_mut_ptr()) };
        // SAFETY: it has succeeded, and then it has written one.
        self.done(code).map(|()| unsafe { handle.assume_init() })
    }

    fn text_of(&self, name: &[u8], handle: Handle) -> Result<String, String> {
        type Get = unsafe extern "C" fn(Handle, *mut c_char, c_uint) -> c_int;
        let mut text = [0; LONGEST];
        // SAFETY: this is the signature of both names that come here, the handle is the library's, and it writes no more
        // than it is told there is place for.
        let code = unsafe { self.function::<Get>(name)?(handle, text.as_mut_ptr(), LONGEST as c_uint) };
        self.done(code).map(|()| read(&text))
    }

    /// A function of the library.
    ///
    /// # Safety
    /// `F` is its signature.
    unsafe fn function<F>(&self, name: &[u8]) -> Result<Symbol<'_, F>, String> {
        // SAFETY: as this function's.
        unsafe { self.0.get(name) }.map_err(|error| error.to_string())
    }

    /// A function's answer.
    fn done(&self, code: c_int) -> Result<(), String> {
        type Say = unsafe extern "C" fn(c_int) -> *const c_char;
        if code == 0 {
            return Ok(());
        }
        // SAFETY: this is its signature.
        let say = unsafe { self.function::<Say>(b"nvmlErrorString")? };
        // SAFETY: it takes any number and gives a text that stays.
        Err(unsafe { CStr::from_ptr(say(code)) }.to_string_lossy().into_owned())
    }
}

/// A text that ends with a zero, or fills its place.
fn read(text: &[c_char; LONGEST]) -> String {
    let bytes: Vec<u8> = text.iter().take_while(|&&c| c != 0).map(|&c| c.cast_unsigned()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

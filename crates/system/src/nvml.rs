//! The NVIDIA driver's own library (NVML), loaded at run time: the few of its functions that are asked here.

use std::ffi::{CStr, OsStr, c_char, c_int, c_uint, c_ulonglong, c_void};
use std::ptr;

use libloading::os::unix::Library;

use crate::library::{self, Names};

/// Where the driver puts it.
const LIBRARY: &str = "libnvidia-ml.so.1";

/// Characters that any text of it fits into, with the zero behind them.
const LONGEST: usize = 96;

/// A device, as the library knows it.
type Handle = *mut c_void;

/// What can be computed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpuUnit {
    /// The GPU's place in PCI order.
    pub gpu: u32,
    /// Which of its slices, where it is divided.
    pub slice: Option<u32>,
}

/// Numbers of a device's memory, bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct NvmlMemory {
    /// All of it.
    pub total: c_ulonglong,
    /// What nobody uses.
    pub free: c_ulonglong,
    used: c_ulonglong,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoNvml {
    /// No driver is installed.
    NotThere(String),
    /// There is one, and it does not work.
    Broken(String),
}

/// The library, initialised; it stays so until the process ends.
#[derive(Debug)]
pub struct Nvml(Library);

/// Calls a function of the library that answers with a code.
macro_rules! call {
    ($nvml:expr, $name:tt($($argument:expr => $type:ty),*)) => {
        library::call!($nvml.0, $name($($argument => $type),*) -> c_int).and_then(|code| $nvml.done(code))
    };
}

impl Nvml {
    /// Loads and initialises it.
    ///
    /// # Errors
    /// There is no driver, or it does not work.
    pub fn load() -> Result<Self, NoNvml> {
        Self::load_from(LIBRARY.as_ref())
    }

    fn load_from(library: &OsStr) -> Result<Self, NoNvml> {
        let library = library::load(library, Names::Own);
        let nvml = Self(library.map_err(|error| NoNvml::NotThere(error.to_string()))?);
        call!(nvml, "nvmlInit_v2"()).map_err(NoNvml::Broken)?;
        Ok(nvml)
    }

    /// What can be computed on, in PCI order: every GPU, or the slices of one that is divided (MIG). One that has fallen off the
    /// bus keeps its place, so that the others keep theirs.
    ///
    /// # Errors
    /// The driver does not answer.
    pub fn units(&self) -> Result<Vec<GpuUnit>, String> {
        let mut count: c_uint = 0;
        call!(self, "nvmlDeviceGetCount_v2"(&raw mut count => *mut c_uint))?;
        let mut units = Vec::new();
        for gpu in 0..count {
            let Some(handle) = self.gpu(gpu).ok().filter(|&handle| self.is_divided(handle)) else {
                units.push(GpuUnit { gpu, slice: None });
                continue;
            };
            let mut most: c_uint = 0;
            call!(self, "nvmlDeviceGetMaxMigDeviceCount"(handle => Handle, &raw mut most => *mut c_uint))?;
            let slices = (0..most).map(|slice| GpuUnit { gpu, slice: Some(slice) });
            units.extend(slices.filter(|&unit| self.handle(unit).is_ok()));
        }
        Ok(units)
    }

    /// Whether a GPU is divided into slices. An old driver knows of no such thing.
    fn is_divided(&self, handle: Handle) -> bool {
        let (mut current, mut pending): (c_uint, c_uint) = (0, 0);
        let found = call!(self, "nvmlDeviceGetMigMode"(
            handle => Handle, &raw mut current => *mut c_uint, &raw mut pending => *mut c_uint
        ));
        found.is_ok() && current == 1
    }

    /// What it is called.
    pub fn name(&self, unit: GpuUnit) -> Result<String, String> {
        self.text_of("nvmlDeviceGetName", unit)
    }

    /// Its own name, the same whatever the order.
    pub fn uuid(&self, unit: GpuUnit) -> Result<String, String> {
        self.text_of("nvmlDeviceGetUUID", unit)
    }

    /// What one of the functions that name a device says.
    fn text_of(&self, function: &str, unit: GpuUnit) -> Result<String, String> {
        let (handle, mut text) = (self.handle(unit)?, [0_u8; LONGEST]);
        call!(self, function(
            handle => Handle, text.as_mut_ptr().cast() => *mut c_char, LONGEST as c_uint => c_uint
        ))
        .map(|()| read(&text))
    }

    /// Its memory.
    pub fn memory(&self, unit: GpuUnit) -> Result<NvmlMemory, String> {
        let (handle, mut memory) = (self.handle(unit)?, NvmlMemory { total: 0, free: 0, used: 0 });
        call!(self, "nvmlDeviceGetMemoryInfo"(handle => Handle, &raw mut memory => *mut NvmlMemory)).map(|()| memory)
    }

    /// The driver's version.
    pub fn driver(&self) -> Result<String, String> {
        let mut text = [0_u8; LONGEST];
        call!(self, "nvmlSystemGetDriverVersion"(text.as_mut_ptr().cast() => *mut c_char, LONGEST as c_uint => c_uint))
            .map(|()| read(&text))
    }

    fn gpu(&self, index: u32) -> Result<Handle, String> {
        let mut handle: Handle = ptr::null_mut();
        call!(self, "nvmlDeviceGetHandleByIndex_v2"(index => c_uint, &raw mut handle => *mut Handle)).map(|()| handle)
    }

    fn handle(&self, unit: GpuUnit) -> Result<Handle, String> {
        let (gpu, mut handle): (Handle, Handle) = (self.gpu(unit.gpu)?, ptr::null_mut());
        let Some(slice) = unit.slice else { return Ok(gpu) };
        call!(self, "nvmlDeviceGetMigDeviceHandleByIndex"(
            gpu => Handle, slice => c_uint, &raw mut handle => *mut Handle
        ))
        .map(|()| handle)
    }

    /// A function's answer.
    fn done(&self, code: c_int) -> Result<(), String> {
        if code == 0 {
            return Ok(());
        }
        let text = library::call!(self.0, "nvmlErrorString"(code => c_int) -> *const c_char)?;
        // SAFETY: the function takes any number and gives a text that stays.
        Err(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
    }
}

/// A text that ends with a zero, or fills its place.
fn read(text: &[u8; LONGEST]) -> String {
    let end = text.iter().position(|&byte| byte == 0).unwrap_or(LONGEST);
    String::from_utf8_lossy(&text[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use super::*;

    /// A driver's library that is compiled for the occasion; what it says is chosen by definitions.
    fn made_up(folder: &Path, defined: &[&str]) -> PathBuf {
        let library = folder.join(LIBRARY);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/nvml_made_up.c");
        let definitions = defined.iter().map(|it| format!("-D{it}"));
        let built =
            Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).args(definitions).status();
        assert!(built.expect("a C compiler").success());
        library
    }

    fn loaded(defined: &[&str]) -> Result<Nvml, NoNvml> {
        let folder = tempfile::tempdir().expect("a folder");
        Nvml::load_from(made_up(folder.path(), defined).as_os_str())
    }

    #[test]
    fn a_divided_gpu_is_its_slices() {
        let nvml = loaded(&["GPUS=3", "DIVIDED=1", "SLICES=2"]).expect("a driver");
        let units = nvml.units().expect("units");
        let unit = |gpu, slice| GpuUnit { gpu, slice };
        assert_eq!(units, [unit(0, None), unit(1, Some(0)), unit(1, Some(1)), unit(2, None)]);
        assert_eq!(nvml.uuid(units[0]).as_deref(), Ok("GPU-0000"));
        assert_eq!(nvml.uuid(units[2]).as_deref(), Ok("MIG-0001-1"));
        assert_eq!(nvml.memory(units[2]).expect("memory").total, 10 << 30);
        assert_eq!(nvml.driver().as_deref(), Ok("580.0 made up"));
    }

    #[test]
    fn one_that_is_lost_keeps_its_place_and_one_that_does_not_start_says_why() {
        let nvml = loaded(&["GPUS=3", "LOST=1"]).expect("a driver");
        let units = nvml.units().expect("units");
        assert_eq!(units.iter().map(|unit| nvml.memory(*unit).is_ok()).collect::<Vec<_>>(), [true, false, true]);
        let broken = loaded(&["BROKEN=18"]).expect_err("it does not start");
        assert_eq!(broken, NoNvml::Broken("Driver/library version mismatch".to_owned()));
        assert!(matches!(Nvml::load_from("/nowhere/x.so".as_ref()), Err(NoNvml::NotThere(_))));
    }
}

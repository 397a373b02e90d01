//! Memory that the kernels read and fill: the CPU's as slices, a device's by what computes there.

use std::any::Any;

use super::accelerator::{Accelerator, DeviceMemory};
use super::lines::Lines;

/// How the kernels compute.
#[derive(Clone, Copy, Debug)]
pub enum Backend {
    /// Loops over CPU memory.
    Slices,
    /// Operations on a device, one launch each for a whole cohort.
    Device(&'static dyn Accelerator),
}

impl Backend {
    /// Whether the loops of this crate compute.
    pub fn is_slices(self) -> bool {
        matches!(self, Self::Slices)
    }
}

/// A dense single-precision array that owns its memory.
pub struct Array {
    memory: Memory,
    shape: Vec<usize>,
}

enum Memory {
    Slices(Lines),
    Device(Box<dyn DeviceMemory>, &'static dyn Accelerator),
}

impl Array {
    /// Zeros of the given shape.
    pub fn zeros(shape: &[usize], backend: Backend) -> Self {
        let memory = match backend {
            Backend::Slices => Memory::Slices(Lines::zeros(shape.iter().product())),
            Backend::Device(device) => Memory::Device(device.zeros(shape), device),
        };
        Self { memory, shape: shape.to_vec() }
    }

    /// What the device made for it.
    ///
    /// # Panics
    /// If the array is of slices.
    pub fn on_device(&self) -> &dyn Any {
        match &self.memory {
            Memory::Device(memory, _) => memory.as_any(),
            Memory::Slices(_) => panic!("an array of slices lies on no device"),
        }
    }

    /// The shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Size of dimension `index`.
    pub fn size(&self, index: usize) -> usize {
        self.shape[index]
    }

    /// How it is computed with.
    pub fn backend(&self) -> Backend {
        match &self.memory {
            Memory::Slices(_) => Backend::Slices,
            Memory::Device(_, device) => Backend::Device(*device),
        }
    }

    fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// The values, of an array of slices.
    ///
    /// # Panics
    /// If the array lies on a device.
    pub fn as_slice(&self) -> &[f32] {
        match &self.memory {
            Memory::Slices(values) => values,
            Memory::Device(..) => panic!("an array on a device has no slices"),
        }
    }

    /// The values of an array of slices, to write.
    ///
    /// # Panics
    /// If the array lies on a device.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        match &mut self.memory {
            Memory::Slices(values) => values,
            Memory::Device(..) => panic!("an array on a device has no slices"),
        }
    }

    /// Replaces all values, wherever they lie.
    pub fn fill_from(&mut self, values: &[f32]) {
        match &mut self.memory {
            Memory::Slices(own) => own.copy_from_slice(values),
            Memory::Device(own, _) => own.write(values),
        }
    }

    /// Copies all values to the host.
    pub fn read_into(&self, values: &mut [f32]) {
        match &self.memory {
            Memory::Slices(own) => values.copy_from_slice(own),
            Memory::Device(own, _) => own.read(values),
        }
    }

    /// All values, on the host.
    pub fn to_vec(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.count()];
        self.read_into(&mut values);
        values
    }
}

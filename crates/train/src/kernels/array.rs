//! Memory that the kernels read and fill: on the CPU as slices, on a GPU as tensors.

#[cfg(feature = "libtorch")]
use tch::{Device, Kind, Tensor};

use super::lines::Lines;

/// How the kernels compute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Backend {
    /// Loops over CPU memory.
    Slices,
    /// libtorch operations on a device, one launch each for a whole cohort.
    #[cfg(feature = "libtorch")]
    Tensors(Device),
}

/// A dense single-precision array that owns its memory.
pub struct Array {
    memory: Memory,
    shape: Vec<usize>,
}

enum Memory {
    Slices(Lines),
    #[cfg(feature = "libtorch")]
    Tensors(Tensor, Device),
}

impl Array {
    /// Zeros of the given shape.
    pub fn zeros(shape: &[usize], backend: Backend) -> Self {
        let memory = match backend {
            Backend::Slices => Memory::Slices(Lines::zeros(shape.iter().product())),
            #[cfg(feature = "libtorch")]
            Backend::Tensors(device) => {
                let sizes: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
                Memory::Tensors(Tensor::zeros(sizes, (Kind::Float, device)), device)
            }
        };
        Self { memory, shape: shape.to_vec() }
    }

    /// The tensor, for libtorch.
    ///
    /// # Panics
    /// If the array is of slices.
    #[cfg(feature = "libtorch")]
    pub fn tensor(&self) -> &Tensor {
        match &self.memory {
            Memory::Tensors(tensor, _) => tensor,
            Memory::Slices(_) => panic!("an array of slices has no tensor"),
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
            #[cfg(feature = "libtorch")]
            Memory::Tensors(_, device) => Backend::Tensors(*device),
        }
    }

    fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// The values, of an array of slices.
    ///
    /// # Panics
    /// If the array is of tensors.
    pub fn as_slice(&self) -> &[f32] {
        match &self.memory {
            Memory::Slices(values) => values,
            #[cfg(feature = "libtorch")]
            Memory::Tensors(..) => panic!("an array of tensors has no slices"),
        }
    }

    /// The values of an array of slices, to write.
    ///
    /// # Panics
    /// If the array is of tensors.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        match &mut self.memory {
            Memory::Slices(values) => values,
            #[cfg(feature = "libtorch")]
            Memory::Tensors(..) => panic!("an array of tensors has no slices"),
        }
    }

    /// Replaces all values, wherever they lie.
    pub fn fill_from(&mut self, values: &[f32]) {
        match &mut self.memory {
            Memory::Slices(own) => own.copy_from_slice(values),
            #[cfg(feature = "libtorch")]
            Memory::Tensors(own, _) => own.copy_(&Tensor::from_slice(values).view_as(own)),
        }
    }

    /// Copies all values to the host.
    pub fn read_into(&self, values: &mut [f32]) {
        match &self.memory {
            Memory::Slices(own) => values.copy_from_slice(own),
            #[cfg(feature = "libtorch")]
            Memory::Tensors(own, _) => own.to_device(Device::Cpu).contiguous().copy_data(values, self.count()),
        }
    }

    /// All values, on the host.
    pub fn to_vec(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.count()];
        self.read_into(&mut values);
        values
    }
}

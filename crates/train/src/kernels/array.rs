//! Memory that the kernels read and fill: on the CPU as slices, on a GPU as tensors.

use tch::{Device, Kind, Tensor};

/// How the kernels compute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Backend {
    /// Loops over CPU memory.
    Slices,
    /// libtorch operations on a device, one launch each for a whole cohort.
    Tensors(Device),
}

impl Backend {
    /// Where the memory lies.
    pub fn device(self) -> Device {
        match self {
            Self::Slices => Device::Cpu,
            Self::Tensors(device) => device,
        }
    }
}

/// A dense single-precision array. Owns its memory: slices come from `&self` and `&mut self`, and views for libtorch
/// are only used inside calls that hold the array.
pub struct Array {
    tensor: Tensor,
    shape: Vec<usize>,
    backend: Backend,
}

impl Array {
    /// Zeros of the given shape.
    pub fn zeros(shape: &[usize], backend: Backend) -> Self {
        let sizes: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
        let tensor = Tensor::zeros(sizes, (Kind::Float, backend.device()));
        Self { tensor, shape: shape.to_vec(), backend }
    }

    /// The tensor, for libtorch.
    pub fn tensor(&self) -> &Tensor {
        &self.tensor
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
        self.backend
    }

    fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// The values, of an array in CPU memory.
    ///
    /// # Panics
    /// If the array lies on a GPU.
    pub fn as_slice(&self) -> &[f32] {
        assert_eq!(self.backend.device(), Device::Cpu, "slices are of CPU memory");
        // SAFETY: the tensor is contiguous, on the CPU, of type float and lives as long as self.
        unsafe { std::slice::from_raw_parts(self.tensor.data_ptr().cast(), self.count()) }
    }

    /// The values of an array in CPU memory, to write.
    ///
    /// # Panics
    /// If the array lies on a GPU.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        assert_eq!(self.backend.device(), Device::Cpu, "slices are of CPU memory");
        // SAFETY: as above; libtorch touches the memory only within calls, none of which runs while `self` is borrowed.
        unsafe { std::slice::from_raw_parts_mut(self.tensor.data_ptr().cast(), self.count()) }
    }

    /// Replaces all values, wherever they lie.
    pub fn fill_from(&mut self, values: &[f32]) {
        match self.backend {
            Backend::Slices => self.as_mut_slice().copy_from_slice(values),
            Backend::Tensors(_) => self.tensor.copy_(&Tensor::from_slice(values).view_as(&self.tensor)),
        }
    }

    /// Copies all values to the host.
    pub fn read_into(&self, values: &mut [f32]) {
        match self.backend {
            Backend::Slices => values.copy_from_slice(self.as_slice()),
            Backend::Tensors(_) => self.tensor.to_device(Device::Cpu).contiguous().copy_data(values, self.count()),
        }
    }

    /// All values, on the host.
    pub fn to_vec(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.count()];
        self.read_into(&mut values);
        values
    }

    /// A view for libtorch of any shape and strides at `offset`.
    ///
    /// # Panics
    /// If the view would leave the array.
    pub fn view(&self, shape: [usize; 3], strides: [usize; 3], offset: usize) -> Tensor {
        let last: usize = shape.iter().zip(strides).map(|(size, stride)| (size - 1) * stride).sum();
        assert!(offset + last < self.count(), "a view lies inside its array");
        let long = |sizes: [usize; 3]| sizes.map(|size| size as i64);
        self.tensor.as_strided(long(shape), long(strides), offset as i64)
    }
}

//! The small operations between the matrix products, and memory that both they and libtorch see.

pub mod simd;
pub mod slices;

use tch::{Device, Kind, Tensor};

/// A dense single-precision array that libtorch multiplies and loops over slices fill. Owns its memory: slices come
/// from `&self` and `&mut self`, and views for libtorch are only used inside calls that hold the array.
pub struct Array {
    tensor: Tensor,
    size: usize,
}

impl Array {
    /// Zeros of the given shape on the CPU.
    pub fn zeros(shape: &[usize]) -> Self {
        let sizes: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
        Self { tensor: Tensor::zeros(sizes, (Kind::Float, Device::Cpu)), size: shape.iter().product() }
    }

    /// The tensor, for libtorch's products.
    pub fn tensor(&self) -> &Tensor {
        &self.tensor
    }

    /// The values.
    pub fn as_slice(&self) -> &[f32] {
        // SAFETY: the tensor is contiguous, on the CPU, of type float and lives as long as self.
        unsafe { std::slice::from_raw_parts(self.tensor.data_ptr().cast(), self.size) }
    }

    /// The values, to write.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        // SAFETY: as above; libtorch touches the memory only within calls, none of which runs while `self` is borrowed.
        unsafe { std::slice::from_raw_parts_mut(self.tensor.data_ptr().cast(), self.size) }
    }

    /// A view of columns or rows for libtorch: `[c, rows, width]` at `offset` in each member's `stride` values.
    pub fn view(&self, shape: [usize; 3], strides: [usize; 3], offset: usize) -> Tensor {
        let last: usize = shape.iter().zip(strides).map(|(size, stride)| (size - 1) * stride).sum();
        assert!(offset + last < self.size, "a view lies inside its array");
        let long = |sizes: [usize; 3]| sizes.map(|size| size as i64);
        self.tensor.as_strided(long(shape), long(strides), offset as i64)
    }
}

//! A cohort's memory on a device, in blocks of [`BLOCK`] members: whatever a library chooses its algorithm for by the shape,
//! a product or a sum, is asked for block by block. So a member's bits are the same alone, among two and among two hundred.

use std::any::Any;

use drr_train::kernels::accelerator::{BLOCK, DeviceMemory};
use drr_train::kernels::{Array, Columns, Region};
use tch::{Device, Kind, Tensor};

/// The memory of an array of a cohort; members up to whole blocks are zeros, and nothing reads them.
pub(crate) struct TensorMemory {
    tensor: Tensor,
    members: i64,
}

/// Members in whole blocks.
pub(crate) fn padded(members: usize) -> usize {
    members.next_multiple_of(BLOCK)
}

impl TensorMemory {
    pub fn zeros(shape: &[usize], device: Device) -> Self {
        let mut sizes: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
        let members = sizes[0];
        sizes[0] = padded(shape[0]) as i64;
        Self { tensor: Tensor::zeros(sizes, (Kind::Float, device)), members }
    }

    fn own(&self) -> Tensor {
        self.tensor.narrow(0, 0, self.members)
    }
}

impl DeviceMemory for TensorMemory {
    fn write(&mut self, values: &[f32]) {
        let own = self.own();
        own.shallow_clone().copy_(&Tensor::from_slice(values).view_as(&own));
    }

    fn read(&self, values: &mut [f32]) {
        self.own().to_device(Device::Cpu).contiguous().copy_data(values, values.len());
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The tensor of an array on one of libtorch's devices, in whole blocks.
pub(crate) fn tensor(array: &Array) -> &Tensor {
    let memory: Option<&TensorMemory> = array.on_device().downcast_ref();
    &memory.expect("libtorch made its memory").tensor
}

/// Some of its columns.
pub(crate) fn columns_of(array: &Array, columns: Columns) -> Tensor {
    tensor(array).narrow(2, columns.offset as i64, columns.width as i64)
}

/// Parameters at `at`, `[C, 1, width]`.
pub(crate) fn row(parameters: &Array, at: usize, width: usize) -> Tensor {
    part(parameters, at, width).unsqueeze(1)
}

/// Parameters at `at`, `[C, width]`.
pub(crate) fn part(parameters: &Array, at: usize, width: usize) -> Tensor {
    tensor(parameters).narrow(1, at as i64, width as i64)
}

/// The array is borrowed as libtorch borrows: its memory is the device's.
pub(crate) fn write(out: &Array, value: &Tensor) {
    tensor(out).shallow_clone().copy_(value);
}

/// A matrix of every member, in whole blocks.
pub(crate) fn view(array: &Array, region: Region) -> Tensor {
    let long = |sizes: [usize; 3]| sizes.map(|size| size as i64);
    let [members, rows, columns] = region.shape;
    tensor(array).as_strided(long([padded(members), rows, columns]), long(region.strides), region.offset as i64)
}

/// Block by block.
pub(crate) fn block_by_block(x: &Tensor) -> impl Iterator<Item = Tensor> + '_ {
    let block = BLOCK as i64;
    (0..x.size()[0] / block).map(move |at| x.narrow(0, at * block, block))
}

/// The sum over dimensions of a member's numbers, which keep their places where `keeps`.
pub(crate) fn sum(x: &Tensor, dimensions: &[i64], keeps: bool) -> Tensor {
    let sums: Vec<Tensor> =
        block_by_block(x).map(|block| block.sum_dim_intlist(dimensions, keeps, Kind::Float)).collect();
    joined(sums)
}

/// The same of every block.
pub(crate) fn joined(mut parts: Vec<Tensor>) -> Tensor {
    if parts.len() == 1 { parts.remove(0) } else { Tensor::cat(&parts, 0) }
}

/// out = left · right, member by member.
pub(crate) fn product_into(left: &Tensor, right: &Tensor, out: &Tensor) {
    for ((left, right), out) in block_by_block(left).zip(block_by_block(right)).zip(block_by_block(out)) {
        let _ = left.bmm_out(&out, &right);
    }
}

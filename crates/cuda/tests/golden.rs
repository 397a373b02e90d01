//! The kernels of libtorch against the updates of PyTorch that hold the loops of the CPU.
#![cfg(feature = "libtorch")]

#[path = "../../train/tests/goldens/mod.rs"]
mod goldens;

use drr_cuda::{devices, kernels};
use goldens::{goldens, whole_updates_agree_with_pytorch};
use tch::Device;

fn agrees(device: Device) {
    let _no_gradients = tch::no_grad_guard();
    goldens().for_each(|golden| whole_updates_agree_with_pytorch(&golden, kernels::backend(device)));
}

#[test]
fn whole_updates_agree_with_pytorch_on_the_cpu() {
    agrees(Device::Cpu);
}

#[test]
#[ignore = "needs a GPU"]
fn whole_updates_agree_with_pytorch_on_a_gpu() {
    assert!(devices::load_cuda(), "there is no GPU that libtorch can use");
    agrees(Device::Cuda(0));
}

//! What exactly is installed: PyTorch's own wheels from PyPI, by file name and SHA-256.
//!
//! A wheel is fixed for Python 3.11 whatever Python the machine has, since only its C++ libraries are used; so one
//! checksum serves every machine. The libraries look for each other in their own folder (an RPATH of `$ORIGIN`), so
//! those of all wheels lie in one `lib/`.

/// The libtorch that the pinned `tch` binds.
pub const VERSION: &str = "2.11.0";

/// Which libtorch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// What computes on CPU. libtorch_cpu.so itself needs CUDA's run-time and profiling libraries to load.
    Cpu,
    /// The full set.
    Cuda,
}

/// One wheel and what is taken from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wheel {
    /// Its name on PyPI.
    pub file: &'static str,
    /// SHA-256 of the file.
    pub sha256: &'static str,
    /// Shell patterns of the libraries taken from its `lib` folders.
    pub libraries: &'static [&'static str],
    /// Whether libtorch's headers are taken from it.
    pub headers: Headers,
}

/// Whether headers are taken from a wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headers {
    None,
    /// `torch/include`.
    Torch,
}

const EVERY_LIBRARY: &[&str] = &["*.so", "*.so.*"];

const TORCH: Wheel = Wheel {
    file: "torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl",
    sha256: "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
    libraries: &["libtorch_cpu.so", "libc10.so", "libgomp.so.1"],
    headers: Headers::Torch,
};

const TORCH_WITH_CUDA: Wheel = Wheel {
    libraries: &[
        "libtorch_cpu.so",
        "libc10.so",
        "libgomp.so.1",
        "libtorch.so",
        "libtorch_cuda.so",
        "libtorch_cuda_linalg.so",
        "libtorch_nvshmem.so",
        "libc10_cuda.so",
        "libcaffe2_nvrtc.so",
    ],
    ..TORCH
};

const CUDA_RUNTIME: Wheel = Wheel {
    file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    libraries: &["libcudart.so.13"],
    headers: Headers::None,
};

const CUDA_PROFILING: Wheel = Wheel {
    file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
    sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
    libraries: &["libcupti.so.13"],
    headers: Headers::None,
};

const CPU_WHEELS: &[Wheel] = &[CUDA_RUNTIME, CUDA_PROFILING, TORCH];

/// What torch 2.11.0 requires on Linux (its `Requires-Dist`, resolved), without its Python packages.
const CUDA_WHEELS: &[Wheel] = &[
    CUDA_RUNTIME,
    CUDA_PROFILING,
    TORCH_WITH_CUDA,
    Wheel {
        file: "nvidia_cublas-13.1.0.3-py3-none-manylinux_2_27_x86_64.whl",
        sha256: "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
        libraries: EVERY_LIBRARY,
        headers: Headers::None,
    },
    Wheel {
        file: "nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
        sha256: "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
        libraries: EVERY_LIBRARY,
        headers: Headers::None,
    },
    Wheel {
        file: "nvidia_cudnn_cu13-9.19.0.56-py3-none-manylinux_2_27_x86_64.whl",
        sha256: "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf",
        libraries: EVERY_LIBRARY,
        headers: Headers::None,
    },
    Wheel {
        file: "nvidia_cufft-12.0.0.61-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        sha256: "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
        libraries: EVERY_LIBRARY,
        headers: Headers::None,
    },
    Wheel {
        file: "nvidia_cufile-1.15.1.6-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        sha256: "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
        libraries: EVERY_LIBRARY,
        headers: Headers::None,
    },
    Wheel {
        file: "nvidia_curand-10.4.0.35-py3-none-manylinux_2_27_x86_64.whl",
        sha256: "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
        libraries: EVERY_LIBRARY,
        headers: Headers::None,
    },
    Wheel {
        file: "nvidia_cusolver-12.0.4.66-py3-none-manylinux_2_27_x86_64.whl",
        sha256: "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112",
        libraries: EVERY_LIBRARY,
        headers: Headers::None,
    },
    Wheel {
        file: "nvidia_cusparse-12.6.3.3-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        sha256: "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
        libraries: EVERY_LIBRARY,
        headers: Headers::None,
    },
    Wheel {
        file: "nvidia_cusparselt_cu13-0.8.0-py3-none-manylinux2014_x86_64.whl",
        sha256: "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd",
        libraries: EVERY_LIBRARY,
        headers: Headers::None,
    },
    Wheel {
        file: "nvidia_nccl_cu13-2.28.9-py3-none-manylinux_2_18_x86_64.whl",
        sha256: "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
        libraries: EVERY_LIBRARY,
        headers: Headers::None,
    },
    Wheel {
        file: "nvidia_nvjitlink-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
        sha256: "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
        libraries: EVERY_LIBRARY,
        headers: Headers::None,
    },
    Wheel {
        file: "nvidia_nvshmem_cu13-3.4.5-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        sha256: "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
        libraries: EVERY_LIBRARY,
        headers: Headers::None,
    },
    Wheel {
        file: "nvidia_nvtx-13.0.85-py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.whl",
        sha256: "4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4",
        libraries: EVERY_LIBRARY,
        headers: Headers::None,
    },
];

impl Variant {
    pub const ALL: [Self; 2] = [Self::Cpu, Self::Cuda];

    /// The end of its folder's name.
    pub fn name(self) -> &'static str {
        match self {
            Variant::Cpu => "cpu",
            Variant::Cuda => "cu130",
        }
    }

    /// The version as torch-sys checks it.
    pub fn build_version(self) -> String {
        format!("{VERSION}+{}", self.name())
    }

    /// The wheels it is made of.
    pub fn wheels(self) -> &'static [Wheel] {
        match self {
            Variant::Cpu => CPU_WHEELS,
            Variant::Cuda => CUDA_WHEELS,
        }
    }

    /// The libraries without which it is not whole.
    pub fn libraries(self) -> &'static [&'static str] {
        match self {
            Variant::Cpu => {
                &["libtorch_cpu.so", "libc10.so", "libgomp.so.1", "libcudart.so.13", "libcupti.so.13", "libtorch.so"]
            }
            Variant::Cuda => TORCH_WITH_CUDA.libraries,
        }
    }

    /// Disk taken at the worst moment of an installation, in MB: the wheels, pip's second copy of the largest or the
    /// unpacked libraries, and some air.
    pub fn disk_mb(self) -> u64 {
        match self {
            Variant::Cpu => 1_400,
            Variant::Cuda => 7_000,
        }
    }
}

impl Wheel {
    /// The requirement that names this release, for example `torch==2.11.0`.
    pub fn requirement(&self) -> String {
        let mut parts = self.file.split('-');
        let (name, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        format!("{}=={version}", name.replace('_', "-"))
    }

    /// Its platform tag: asking pip for exactly this one leaves it no other file to choose.
    pub fn platform(&self) -> &'static str {
        let tags = self.file.trim_end_matches(".whl").rsplit('-').next().unwrap_or_default();
        tags.split('.').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_wheels_name_tells_what_to_ask_pip_for() {
        assert_eq!(TORCH.requirement(), "torch==2.11.0");
        assert_eq!(TORCH.platform(), "manylinux_2_28_x86_64");
        assert_eq!(CUDA_RUNTIME.requirement(), "nvidia-cuda-runtime==13.0.96");
        assert_eq!(CUDA_RUNTIME.platform(), "manylinux2014_x86_64");
    }

    #[test]
    fn every_pin_is_well_formed_and_single() {
        for variant in Variant::ALL {
            let wheels = variant.wheels();
            let names: BTreeSet<_> = wheels.iter().map(Wheel::requirement).collect();
            let sums: BTreeSet<_> = wheels.iter().map(|wheel| wheel.sha256).collect();
            assert_eq!((names.len(), sums.len()), (wheels.len(), wheels.len()));
            for wheel in wheels {
                assert!(wheel.file.ends_with("x86_64.whl") && wheel.file.split('-').count() == 5, "{}", wheel.file);
                assert!(wheel.sha256.len() == 64 && wheel.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()));
                assert!(!wheel.libraries.is_empty());
            }
            assert!(wheels.iter().any(|wheel| wheel.headers == Headers::Torch));
        }
        assert_eq!(Variant::Cpu.build_version(), "2.11.0+cpu");
        assert_eq!(Variant::Cuda.build_version(), "2.11.0+cu130");
    }
}

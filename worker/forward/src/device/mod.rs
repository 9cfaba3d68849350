//! Where forward passes are computed, chosen at run time.

#[cfg(feature = "cuda")]
mod cuda;

use std::{fmt, str::FromStr};

/// Where forward passes are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Device {
    /// On this machine's cores, through burn's Flex backend: as many threads as the rayon pool has in which a pass is made.
    #[default]
    Cpu,
    /// On a GPU of NVIDIA, through burn's CUDA backend.
    Cuda {
        /// Which of those that the driver lists, from 0.
        index: usize,
    },
}

/// What is asked for on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The first GPU, or the cores where there is none.
    #[default]
    Auto,
    /// This one and no other.
    Only(Device),
}

/// A device that was asked for and cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// The program was built for CPUs only.
    #[error("this program was built without CUDA: build it with `make cuda`, or ask for --device cpu")]
    NotBuilt,
    /// NVIDIA's driver is missing or broken.
    #[error("no CUDA device can be used: {0}; ask for --device cpu to compute on the cores")]
    Driver(String),
    /// There are GPUs, but not this one.
    #[error("there is no device cuda:{index}: the driver lists {count}, from cuda:0")]
    NoSuchDevice {
        /// Which was asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
}

impl DeviceChoice {
    /// The device to use, seen to be there. When nothing was asked for and the cores are taken although the program
    /// could use a GPU, why that is.
    ///
    /// # Errors
    /// When the one that was asked for cannot be had.
    pub fn device(self) -> Result<(Device, Option<DeviceError>), DeviceError> {
        match self {
            Self::Only(device) => device.check().map(|()| (device, None)),
            Self::Auto => {
                let first = Device::Cuda { index: 0 };
                Ok(match first.check() {
                    Ok(()) => (first, None),
                    Err(DeviceError::NotBuilt) => (Device::Cpu, None),
                    Err(error) => (Device::Cpu, Some(error)),
                })
            }
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let index = match text {
            "auto" => return Ok(Self::Auto),
            "cpu" => return Ok(Self::Only(Device::Cpu)),
            "cuda" => Some(0),
            _ => text.strip_prefix("cuda:").and_then(|index| index.parse().ok()),
        };
        match index {
            Some(index) => Ok(Self::Only(Device::Cuda { index })),
            None => Err("expected auto, cpu, cuda or cuda:<number>".to_owned()),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Only(device) => device.fmt(f),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda { index } => write!(f, "cuda:{index}"),
        }
    }
}

#[cfg(not(feature = "cuda"))]
mod cuda {
    use super::DeviceError;

    pub(super) fn check(_: usize) -> Result<(), DeviceError> {
        Err(DeviceError::NotBuilt)
    }

    pub(super) fn free_memory(_: usize) -> Option<u64> {
        None
    }

    pub(super) fn label(_: usize) -> String {
        "CUDA, which this program was built without".to_owned()
    }
}

impl Device {
    /// What computes there, as workers report and results record it: like `burn-flex (CPU)`.
    #[must_use]
    pub fn backend(self) -> String {
        match self {
            Self::Cpu => "burn-flex (CPU)".to_owned(),
            Self::Cuda { index } => cuda::label(index),
        }
    }

    /// Bytes that are free there now; `None` for the cores, whose memory others share, and when it cannot be told.
    #[must_use]
    pub fn free_memory(self) -> Option<u64> {
        match self {
            Self::Cpu => None,
            Self::Cuda { index } => cuda::free_memory(index),
        }
    }

    fn check(self) -> Result<(), DeviceError> {
        match self {
            Self::Cpu => Ok(()),
            Self::Cuda { index } => cuda::check(index),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_as_it_is_shown() {
        for name in ["auto", "cpu", "cuda:0", "cuda:7"] {
            assert_eq!(name.parse::<DeviceChoice>().map(|choice| choice.to_string()), Ok(name.to_owned()));
        }
        assert_eq!("cuda".parse(), Ok(DeviceChoice::Only(Device::Cuda { index: 0 })));
        for name in ["", "gpu", "cuda:", "cuda:-1", "CPU"] {
            assert!(name.parse::<DeviceChoice>().is_err(), "{name}");
        }
    }

    #[test]
    fn without_a_gpu_the_cores_are_taken_and_a_gpu_is_refused() {
        // What is true on every machine: what `auto` takes can be had, and what is refused is not what it takes.
        let (taken, _) = DeviceChoice::Auto.device().expect("the cores are always there");
        assert_eq!(DeviceChoice::Only(taken).device(), Ok((taken, None)));
        let error = DeviceChoice::Only(Device::Cuda { index: 4096 }).device().expect_err("no machine has so many");
        let told = error.to_string();
        assert!(told.contains("cpu") || told.contains("cuda:4096"), "{told}");
    }
}

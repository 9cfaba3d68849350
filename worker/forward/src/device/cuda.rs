//! What NVIDIA's driver says of its GPUs, asked without ending the process where there is no driver.

use super::DeviceError;
use cudarc::{
    driver::{CudaContext, DriverError},
    nvrtc,
};
use std::sync::Arc;

/// Whether the driver's and the compiler's libraries are there; what calls them panics where they are not.
#[allow(unsafe_code)]
fn libraries() -> Result<(), DeviceError> {
    // SAFETY: both load a library of NVIDIA's by its own name and unload it again. Loading runs the library's
    // constructors, which are the ones that the first real use would run.
    let [driver, compiler] = unsafe { [cudarc::driver::sys::is_culib_present(), nvrtc::sys::is_culib_present()] };
    if !driver {
        return Err(DeviceError::Driver("libcuda.so.1 is not found: NVIDIA's driver is not installed".to_owned()));
    }
    if !compiler {
        return Err(DeviceError::Driver(
            "libnvrtc.so is not found: install CUDA's runtime compiler, as docs/gpu.md says".to_owned(),
        ));
    }
    Ok(())
}

fn refused(error: DriverError) -> DeviceError {
    DeviceError::Driver(format!("NVIDIA's driver says {error}"))
}

fn context(index: usize) -> Result<Arc<CudaContext>, DeviceError> {
    libraries()?;
    let count = CudaContext::device_count().map_err(refused)?;
    let count = usize::try_from(count).unwrap_or(0);
    match count {
        0 => Err(DeviceError::Driver("NVIDIA's driver lists no GPU".to_owned())),
        count if index >= count => Err(DeviceError::NoSuchDevice { index, count }),
        _ => CudaContext::new(index).map_err(refused),
    }
}

pub(super) fn check(index: usize) -> Result<(), DeviceError> {
    context(index).map(drop)
}

pub(super) fn free_memory(index: usize) -> Option<u64> {
    let (free, _) = context(index).ok()?.mem_get_info().ok()?;
    Some(free as u64)
}

/// Like `burn-cuda (NVIDIA H200)`.
pub(super) fn label(index: usize) -> String {
    let name = context(index).ok().and_then(|context| context.name().ok());
    format!("burn-cuda ({})", name.as_deref().unwrap_or("no GPU"))
}

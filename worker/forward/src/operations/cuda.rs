//! Norms and activations on NVIDIA's GPUs: burn's own operations, which its CUDA backend fuses into one kernel each.

use super::Operations;
use burn::backend::Cuda;

impl Operations for Cuda {}

//! The tensor operations blocks are made of: the one place that knows burn's operations.
//!
//! A matrix product, a row selection and a sum are burn's own. A norm and an activation are each several operations in
//! burn and one pass over a row in memory, and on the CPU the passes decide whether the matrix products are what takes
//! the time. So they are methods of a trait: [`Operations`] composes them from burn's operations for any backend, and
//! [`flex`] overrides them with passes for the CPU backend. A backend is added by implementing the trait for it.

#[cfg(feature = "cuda")]
mod cuda;
mod flex;

use burn::tensor::{DType, FloatDType, Int, Tensor, activation, backend::Backend};
use superposed_identity::Precision;

/// A projection `y = x W + b`.
pub(crate) struct Linear<B: Backend> {
    /// `[in, out]`, in `precision`
    pub(crate) weight: Tensor<B, 2>,
    /// `[out]`
    pub(crate) bias: Option<Tensor<B, 1>>,
    /// What both factors and the product are rounded to.
    pub(crate) precision: Precision,
}

/// burn's name of a precision, where numbers are rounded at all.
pub(crate) fn rounded_to(precision: Precision) -> Option<FloatDType> {
    match precision {
        Precision::F32 => None,
        Precision::Bf16 => Some(FloatDType::BF16),
        Precision::F16 => Some(FloatDType::F16),
    }
}

/// A norm of rows.
pub(crate) struct Norm<B: Backend> {
    pub(crate) kind: NormKind,
    /// `[width]`
    pub(crate) scale: Tensor<B, 1>,
    /// `[width]`
    pub(crate) shift: Option<Tensor<B, 1>>,
    pub(crate) epsilon: f64,
}

/// What a row is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NormKind {
    /// Its standard deviation, after its mean was taken off.
    Layer,
    /// The root of its mean square.
    Rms,
}

impl<B: Backend> Linear<B> {
    /// `[rows, in]` to `[rows, out]`.
    pub(crate) fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.with_bias(match rounded_to(self.precision) {
            None => x.matmul(self.weight.clone()),
            Some(rounded) => x.cast(rounded).matmul(self.weight.clone()),
        })
    }

    /// What one-hots at these inputs project to: `[rows, out]`.
    pub(crate) fn rows(&self, inputs: Tensor<B, 1, Int>) -> Tensor<B, 2> {
        self.with_bias(self.weight.clone().select(0, inputs))
    }

    fn with_bias(&self, y: Tensor<B, 2>) -> Tensor<B, 2> {
        // Without a cast nothing is copied.
        let y = if y.dtype() == DType::F32 { y } else { y.cast(FloatDType::F32) };
        match &self.bias {
            Some(bias) => y + bias.clone().unsqueeze(),
            None => y,
        }
    }
}

/// A burn backend that forward passes can be computed on. Its own numbers are `f32`; only [`Linear`] has others.
pub(crate) trait Operations: Backend {
    /// `(x − mean) / √(variance + ε) · scale + shift`, or `x / √(mean square + ε) · scale`, row by row.
    fn norm(x: Tensor<Self, 2>, norm: &Norm<Self>) -> Tensor<Self, 2> {
        composed::norm(x, norm)
    }

    /// `x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))`
    fn gelu_tanh(x: Tensor<Self, 2>) -> Tensor<Self, 2> {
        composed::gelu_tanh(x)
    }

    /// `silu(gate) · up`
    fn swiglu(gate: Tensor<Self, 2>, up: Tensor<Self, 2>) -> Tensor<Self, 2> {
        composed::swiglu(gate, up)
    }
}

/// The operations from burn's own, for backends without a better way, and to test the better ways against.
mod composed {
    use super::{Backend, Norm, NormKind, Tensor, activation};
    use std::f64::consts::FRAC_2_PI;

    pub(super) fn norm<B: Backend>(x: Tensor<B, 2>, norm: &Norm<B>) -> Tensor<B, 2> {
        let x = match norm.kind {
            NormKind::Layer => x.clone() - x.mean_dim(1),
            NormKind::Rms => x,
        };
        let variance = x.clone().powf_scalar(2.0).mean_dim(1);
        let x = x / (variance + norm.epsilon).sqrt() * norm.scale.clone().unsqueeze();
        match &norm.shift {
            Some(shift) => x + shift.clone().unsqueeze(),
            None => x,
        }
    }

    pub(super) fn gelu_tanh<B: Backend>(x: Tensor<B, 2>) -> Tensor<B, 2> {
        let cube = x.clone() * x.clone() * x.clone();
        let inner = (x.clone() + cube * 0.044_715) * FRAC_2_PI.sqrt();
        x * 0.5 * (inner.tanh() + 1.0)
    }

    pub(super) fn swiglu<B: Backend>(gate: Tensor<B, 2>, up: Tensor<B, 2>) -> Tensor<B, 2> {
        activation::silu(gate) * up
    }
}

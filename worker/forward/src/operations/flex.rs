//! Norms and activations on the CPU: one pass over each row, rows shared out among the cores.
//!
//! Each row is computed alone and its sums are always added up in the same order, so its bits depend on nothing but
//! itself. The loops are written for the compiler to vectorize: eight partial sums, and an exponential without branches
//! or library calls (burn's GELU, which calls `tanh`, takes half as long as the matrix product before it).

use super::{Norm, NormKind, Operations};
use burn::{
    backend::Flex,
    tensor::{Tensor, TensorData},
};
use rayon::prelude::*;

/// How many numbers a core takes at a time.
const GRAIN: usize = 16 * 1024;

impl Operations for Flex {
    fn norm(x: Tensor<Self, 2>, norm: &Norm<Self>) -> Tensor<Self, 2> {
        let scale = norm.scale.to_data();
        let shift = norm.shift.as_ref().map(Tensor::to_data);
        let (scale, shift) = (numbers(&scale), shift.as_ref().map(numbers));
        let [_, width] = x.dims();
        let epsilon = norm.epsilon as f32;
        let kind = norm.kind;
        in_chunks(x, width, |chunk| {
            for row in chunk.chunks_exact_mut(width) {
                norm_row(row, kind, epsilon, scale, shift);
            }
        })
    }

    fn gelu_tanh(x: Tensor<Self, 2>) -> Tensor<Self, 2> {
        in_chunks(x, 1, |chunk| chunk.iter_mut().for_each(|x| *x = gelu_tanh(*x)))
    }

    fn swiglu(gate: Tensor<Self, 2>, up: Tensor<Self, 2>) -> Tensor<Self, 2> {
        let device = gate.device();
        let (mut gate, up) = (gate.into_data(), up.into_data());
        numbers_mut(&mut gate).par_chunks_mut(GRAIN).zip(numbers(&up).par_chunks(GRAIN)).for_each(|(gate, up)| {
            for (gate, up) in gate.iter_mut().zip(up) {
                *gate = silu(*gate) * up;
            }
        });
        Tensor::from_data(gate, &device)
    }
}

/// Changes a tensor's numbers in chunks of whole rows of `width`. In place when nobody else holds the tensor.
fn in_chunks(x: Tensor<Flex, 2>, width: usize, pass: impl Fn(&mut [f32]) + Send + Sync) -> Tensor<Flex, 2> {
    let device = x.device();
    let mut data = x.into_data();
    let rows = (GRAIN / width).max(1);
    numbers_mut(&mut data).par_chunks_mut(rows * width).for_each(pass);
    Tensor::from_data(data, &device)
}

fn numbers(data: &TensorData) -> &[f32] {
    data.as_slice().expect("all tensors are f32")
}

fn numbers_mut(data: &mut TensorData) -> &mut [f32] {
    data.as_mut_slice().expect("all tensors are f32")
}

fn norm_row(row: &mut [f32], kind: NormKind, epsilon: f32, scale: &[f32], shift: Option<&[f32]>) {
    let width = row.len() as f32;
    if kind == NormKind::Layer {
        let mean = sum(row, |x| x) / width;
        row.iter_mut().for_each(|x| *x -= mean);
    }
    let factor = 1.0 / (sum(row, |x| x * x) / width + epsilon).sqrt();
    for (x, scale) in row.iter_mut().zip(scale) {
        *x = *x * factor * scale;
    }
    if let Some(shift) = shift {
        for (x, shift) in row.iter_mut().zip(shift) {
            *x += shift;
        }
    }
}

/// The sum of `f` over a row, in eight partial sums: the order is fixed, and the error smaller than one by one.
fn sum(row: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let (eights, rest) = row.as_chunks::<8>();
    let mut sums = [0f32; 8];
    for eight in eights {
        for (sum, x) in sums.iter_mut().zip(eight) {
            *sum += f(*x);
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *sum += f(*x);
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// GELU by tanh, as `x · σ(2u)`: the same function, without the cancellation in `1 + tanh(u)` for negative `x`.
fn gelu_tanh(x: f32) -> f32 {
    const TWICE_SQRT_2_OVER_PI: f32 = 1.595_769;
    x * sigmoid(TWICE_SQRT_2_OVER_PI * (x + 0.044_715 * x * x * x))
}

fn silu(x: f32) -> f32 {
    x * sigmoid(x)
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `e^x` to within a few units in the last place; below −86 and above 88 what it is there. NaN is not kept: callers
/// multiply by the number they started from.
fn exp(x: f32) -> f32 {
    // Added and taken off again, it rounds a number below 2^22 to an integer; in between, that integer is in the low
    // bits of the sum.
    const ROUND: f32 = 1.5 * (1 << 23) as f32;
    // ln 2 in two parts, the first short enough for its product with the integer to be exact.
    const LN_2_HIGH: f32 = 355.0 / 512.0;
    const LN_2_LOW: f32 = (std::f64::consts::LN_2 - 355.0 / 512.0) as f32;
    let x = x.clamp(-86.0, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let power = rounded - ROUND;
    let rest = x - power * LN_2_HIGH - power * LN_2_LOW;
    // |rest| ≤ ln 2 / 2, where the series is good to 24 bits after seven terms.
    let series = [720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0]
        .into_iter()
        .fold(1.0 / 5040.0, |sum, factorial| sum * rest + 1.0 / factorial);
    f32::from_bits(series.to_bits().wrapping_add(rounded.to_bits() << 23))
}

#[cfg(test)]
mod tests {
    use super::super::composed;
    use super::*;

    fn spread(rows: usize, width: usize, scale: f32) -> Tensor<Flex, 2> {
        let numbers: Vec<f32> = (0..rows * width).map(|n| ((n * 7919 % 1009) as f32 / 504.5 - 1.0) * scale).collect();
        Tensor::from_data(TensorData::new(numbers, [rows, width]), &Default::default())
    }

    fn assert_close(found: Tensor<Flex, 2>, expected: Tensor<Flex, 2>) {
        let (found, expected) = (found.into_data(), expected.into_data());
        for (found, expected) in numbers(&found).iter().zip(numbers(&expected)) {
            assert!((found - expected).abs() <= 2e-6 * expected.abs().max(1.0), "{found} is not {expected}");
        }
    }

    #[test]
    fn the_passes_compute_what_burns_operations_compute() {
        for (rows, width) in [(1, 1), (3, 7), (5, 64), (40, 1000)] {
            for kind in [NormKind::Layer, NormKind::Rms] {
                for shift in [None, Some(spread(1, width, 0.5).reshape([width]))] {
                    let norm = Norm { kind, scale: spread(1, width, 2.0).reshape([width]), shift, epsilon: 1e-5 };
                    let x = spread(rows, width, 3.0);
                    assert_close(Flex::norm(x.clone(), &norm), composed::norm(x, &norm));
                }
            }
            let (x, y) = (spread(rows, width, 12.0), spread(rows, width, 5.0));
            assert_close(Flex::gelu_tanh(x.clone()), composed::gelu_tanh(x.clone()));
            assert_close(Flex::swiglu(x.clone(), y.clone()), composed::swiglu(x, y));
        }
    }

    #[test]
    fn the_exponential_is_right_to_a_few_units_in_the_last_place() {
        for n in -86_000..=88_000 {
            let x = n as f32 / 1000.0;
            let expected = f64::from(x).exp();
            let error = (f64::from(exp(x)) - expected).abs() / expected;
            assert!(error < 4e-7, "exp({x}) is off by {error:e}");
        }
    }

    #[test]
    fn what_is_out_of_range_stays_visible() {
        for function in [gelu_tanh, silu] {
            assert!(function(f32::NAN).is_nan());
            assert_eq!(function(f32::INFINITY), f32::INFINITY);
            assert!(function(-1e30).abs() < 1e-6);
        }
        let mut row = [1.0, f32::NAN, 2.0];
        norm_row(&mut row, NormKind::Rms, 1e-6, &[1.0; 3], None);
        assert!(row.iter().all(|x| x.is_nan()));
    }
}

//! Random draws that come out the same on every machine.
//!
//! Each part of the demo draws from a stream of its own, so a change to one part leaves the others as they were.
//! Transcendental functions come from `libm`, whose bits do not depend on the platform's C library.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// What the numbers are drawn for: the number of a stream of the generator.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    NoiseWords = 1,
    Documents = 2,
    Planting = 3,
    Directions = 4,
    Embeddings = 5,
    Blocks = 6,
    Baseline = 7,
}

/// A source of random draws.
#[derive(Debug)]
pub(crate) struct Sampler {
    generator: ChaCha8Rng,
    /// The second half of the last Box–Muller pair.
    spare: Option<f64>,
}

impl Sampler {
    pub(crate) fn new(seed: u64, stream: Stream) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream as u64);
        Self { generator, spare: None }
    }

    /// A number from 0 up to, but not including, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number from `low` up to, but not including, `high`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// An index below `bound`. The bias of the multiplication is below `bound` / 2^64.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.generator.next_u64()) * bound as u128) >> 64) as usize
    }

    /// One of the slice's elements.
    pub(crate) fn choose<T: Copy>(&mut self, elements: &[T]) -> T {
        elements[self.below(elements.len())]
    }

    /// `count` different indices below `bound`, in random order (a partial Fisher–Yates shuffle).
    pub(crate) fn distinct(&mut self, count: usize, bound: usize) -> Vec<usize> {
        let mut indices: Vec<usize> = (0..bound).collect();
        for place in 0..count {
            let other = place + self.below(bound - place);
            indices.swap(place, other);
        }
        indices.truncate(count);
        indices
    }

    /// A draw from the standard normal distribution.
    pub(crate) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // 1 − u lies above 0, where the logarithm is finite.
        let radius = (-2.0 * libm::log(1.0 - self.unit())).sqrt();
        let (sine, cosine) = libm::sincos(std::f64::consts::TAU * self.unit());
        self.spare = Some(radius * sine);
        radius * cosine
    }

    /// A vector of independent normal draws with this standard deviation.
    pub(crate) fn normals(&mut self, length: usize, deviation: f64) -> Vec<f64> {
        (0..length).map(|_| deviation * self.normal()).collect()
    }
}

/// Ranks drawn with the Zipf–Mandelbrot law: rank r, from 0, has weight 1 / (r + `shift`).
#[derive(Debug)]
pub(crate) struct Zipf {
    cumulative: Vec<f64>,
}

impl Zipf {
    pub(crate) fn new(ranks: usize, shift: f64) -> Self {
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = (0..ranks)
            .map(|rank| {
                sum += 1.0 / (rank as f64 + shift);
                sum
            })
            .collect();
        for weight in &mut cumulative {
            *weight /= sum;
        }
        Self { cumulative }
    }

    pub(crate) fn rank(&self, sampler: &mut Sampler) -> usize {
        let at = sampler.unit();
        // The last weight is exactly 1 and `at` is below it, so the rank exists.
        self.cumulative.partition_point(|weight| *weight <= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_one_seed_differ_and_repeat() {
        let draw = |seed, stream| Sampler::new(seed, stream).below(1 << 40);
        assert_eq!(draw(1, Stream::Documents), draw(1, Stream::Documents));
        assert_ne!(draw(1, Stream::Documents), draw(1, Stream::Blocks));
        assert_ne!(draw(1, Stream::Documents), draw(2, Stream::Documents));
    }

    #[test]
    fn normal_draws_have_mean_0_and_deviation_1() {
        let draws = Sampler::new(7, Stream::Blocks).normals(100_000, 1.0);
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| x * x).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.02, "the mean is {mean}");
        assert!((variance - 1.0).abs() < 0.02, "the variance is {variance}");
    }

    #[test]
    fn distinct_indices_are_distinct_and_below_the_bound() {
        let mut sampler = Sampler::new(7, Stream::Planting);
        let mut all = sampler.distinct(10, 10);
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        assert!(sampler.distinct(3, 1000).iter().all(|index| *index < 1000));
    }

    #[test]
    fn the_second_rank_of_zipf_comes_half_as_often_as_the_first() {
        let zipf = Zipf::new(1000, 1.0);
        let mut sampler = Sampler::new(7, Stream::Documents);
        let mut counts = [0_u32; 1000];
        for _ in 0..200_000 {
            counts[zipf.rank(&mut sampler)] += 1;
        }
        let ratio = f64::from(counts[0]) / f64::from(counts[1]);
        assert!((1.9..2.1).contains(&ratio), "the ratio is {ratio}");
        assert!(counts[999] > 0, "the last rank never came");
    }
}

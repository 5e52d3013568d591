//! How much is tried.

use std::sync::LazyLock;

use super::scenes::Scene;

/// How much is tried. "One in so many" takes an even sample, the same one each time.
pub(super) struct Bounds {
    /// With servers of other kinds than the first: one in so many single disturbances.
    others: usize,
    /// For how many operations a second instance runs before the first wakes.
    pub(super) twin_lengths: &'static [u32],
    /// With servers of other kinds than the first: one in so many second instances.
    other_twins: usize,
    /// The same lengths in pairs and longer runs.
    pub(super) pair_lengths: &'static [u32],
    /// Of pairs: one in so many first disturbances, and one in so many of those that can follow.
    firsts: usize,
    seconds: usize,
    /// With servers of other kinds than the first: one in so many of these.
    other_firsts: usize,
    /// So many runs with several disturbances for each scene.
    seeds: u64,
    /// So many of the deliberate mistakes, from the first on: the last ones show themselves only late in a long search.
    pub(super) mistakes: usize,
    /// One in so many of all these, to see how long they take.
    every: usize,
}

/// Minutes, as a part of all tests.
const SHORT: Bounds = Bounds {
    others: 9,
    twin_lengths: &[2, 5],
    other_twins: 17,
    pair_lengths: &[3],
    firsts: 31,
    seconds: 97,
    other_firsts: 3,
    seeds: 1,
    mistakes: 12,
    every: 1,
};

/// `make enumerate-all`: about 25 minutes on two cores.
const LONG: Bounds = Bounds {
    others: 1,
    twin_lengths: &[1, 2, 3, 4, 5, 6, 8, 10, 12, 16],
    other_twins: 3,
    pair_lengths: &[1, 3, 6, 10],
    firsts: 17,
    seconds: 61,
    other_firsts: 1,
    seeds: 50,
    mistakes: 14,
    every: 1,
};

/// The bounds that are asked for: `ENUMERATE=all` takes the long ones, `ENUMERATE_EVERY=10` a tenth of them.
pub(super) static BOUNDS: LazyLock<Bounds> = LazyLock::new(|| {
    let asked = |name: &str| std::env::var(name).unwrap_or_default();
    let bounds = if asked("ENUMERATE") == "all" { LONG } else { SHORT };
    let every = asked("ENUMERATE_EVERY").parse().unwrap_or(1);
    Bounds { every, ..bounds }
});

/// One in `stride`, beginning somewhere else for each `number`.
fn sample<T>(all: Vec<T>, stride: usize, number: usize) -> impl Iterator<Item = T> {
    all.into_iter().skip(number * 7 % stride).step_by(stride)
}

impl Bounds {
    fn stride(&self, scene: &Scene, others: usize) -> usize {
        let stride = if scene.profile.name.is_empty() { 1 } else { others };
        stride * self.every
    }

    pub(super) fn ones<T>(&self, all: Vec<T>, scene: &Scene, number: usize) -> impl Iterator<Item = T> {
        sample(all, self.stride(scene, self.others), number)
    }

    pub(super) fn twins<T>(&self, all: Vec<T>, scene: &Scene, number: usize) -> impl Iterator<Item = T> {
        sample(all, self.stride(scene, self.other_twins), number)
    }

    pub(super) fn firsts<T>(&self, all: Vec<T>, scene: &Scene, number: usize) -> impl Iterator<Item = T> {
        sample(all, self.firsts * self.stride(scene, self.other_firsts), number)
    }

    pub(super) fn seconds<T>(&self, all: Vec<T>, number: usize) -> impl Iterator<Item = T> {
        sample(all, self.seconds, number)
    }

    /// The seeds of one scene's long runs.
    pub(super) fn seeds(&self, number: usize) -> impl Iterator<Item = u64> {
        let first = u64::try_from(number).unwrap() << 32;
        (first..first + self.seeds)
            .skip(number % self.every)
            .step_by(self.every)
    }

    /// What was left out, for each part.
    pub(super) fn of_ones(&self) -> String {
        self.told("disturbances", 1, self.others)
    }

    pub(super) fn of_twins(&self) -> String {
        let lengths = self.twin_lengths;
        format!(
            "{}, for {lengths:?} operations and to the end",
            self.told("second instances", 1, self.other_twins)
        )
    }

    pub(super) fn of_pairs(&self) -> String {
        let lengths = self.pair_lengths;
        let told = self.told("pairs", self.firsts * self.seconds, self.other_firsts);
        format!("{told}, second instances for {lengths:?} operations and to the end")
    }

    pub(super) fn of_seeds(&self) -> String {
        let (seeds, every) = (self.seeds, self.every);
        format!("2 to 5 disturbances from each of {seeds} seeds for each scenario, sampled 1 in {every}")
    }

    fn told(&self, what: &str, stride: usize, others: usize) -> String {
        let first = stride * self.every;
        let others = first * others;
        format!("{what} sampled 1 in {first} with the first kind of server and 1 in {others} with the others")
    }
}

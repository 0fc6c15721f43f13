//! The random generator of a history, and how often each kind of fault occurs in it.

use super::tally::Blow;

/// The dice of one history.
pub(super) struct Dice {
    pub(super) rng: fastrand::Rng,
    /// False once nothing fails any more.
    pub(super) on: bool,
    /// How often each fault occurs, relative to the usual rate.
    weights: Vec<(&'static str, u64)>,
    /// The same for blows, by their place in [`Blow::ALL`]: every call asks for each.
    blow_weights: [Option<u64>; Blow::ALL.len()],
}

impl Dice {
    /// With the weights that are not left to chance.
    pub(super) fn new(rng: fastrand::Rng, weights: &[(&'static str, u64)], blows: &[(Blow, u64)]) -> Self {
        let mut blow_weights = [None; Blow::ALL.len()];
        blows.iter().for_each(|(blow, weight)| blow_weights[*blow as usize] = Some(*weight));
        Self { rng, on: true, weights: weights.to_vec(), blow_weights }
    }

    /// True if a fault that usually occurs `per_mille` occurs now.
    pub(super) fn rolls(&mut self, name: &'static str, per_mille: u64) -> bool {
        if !self.on {
            return false;
        }
        let weight = self.weight_of(name);
        self.rng.u64(0..1_000) < per_mille * weight
    }

    pub(super) fn rolls_blow(&mut self, blow: Blow, per_mille: u64) -> bool {
        if !self.on {
            return false;
        }
        let rng = &mut self.rng;
        let weight = *self.blow_weights[blow as usize].get_or_insert_with(|| weight(rng));
        rng.u64(0..1_000) < per_mille * weight
    }

    /// Every call asks for some of them, nearly always by the same text in the same place.
    fn weight_of(&mut self, name: &'static str) -> u64 {
        if let Some((_, weight)) = self.weights.iter().find(|(known, _)| std::ptr::eq(*known, name)) {
            return *weight;
        }
        let known = self.weights.iter().find(|(known, _)| *known == name).map(|(_, weight)| *weight);
        let weight = known.unwrap_or_else(|| weight(&mut self.rng));
        self.weights.push((name, weight));
        weight
    }
}

/// How often a fault occurs in a history, relative to the usual rate.
fn weight(rng: &mut fastrand::Rng) -> u64 {
    [0, 0, 1, 1, 1, 2, 4][rng.usize(0..7)]
}

//! Random numbers that come out the same for the same seed, on every machine.

/// SplitMix64.
pub struct Dice(u64);

impl Dice {
    /// The dice of one attack: its own, whatever was thrown for others.
    pub fn of(seed: u64, kind: &str, number: u64) -> Self {
        let mut dice = Self(seed);
        for byte in kind.bytes().chain(number.to_le_bytes()) {
            dice.0 ^= u64::from(byte);
            dice.next();
        }
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is above 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// One of a list.
    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A number from 0 to below 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_attack_throws_the_same_and_another_does_not() {
        let thrown = |seed, kind, number| {
            let mut dice = Dice::of(seed, kind, number);
            (0..20).map(|_| dice.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(thrown(1, "bit", 3), thrown(1, "bit", 3));
        assert_ne!(thrown(1, "bit", 3), thrown(1, "bit", 4));
        assert_ne!(thrown(1, "bit", 3), thrown(2, "bit", 3));
        assert_ne!(thrown(1, "bit", 3), thrown(1, "disk", 3));
        let mut dice = Dice::of(1, "bit", 0);
        assert!((0..1000).all(|_| (0.0..1.0).contains(&dice.unit())));
    }
}

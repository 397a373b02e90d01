//! Ranges and ticks: round numbers, few enough to read.

/// A range of values and the round ones in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ticks: Vec<f64>,
    step: f64,
    logarithmic: bool,
}

impl Axis {
    /// An axis over `values` with some air above and below, and about `wanted` ticks. Non-finite values are no part of
    /// it; without a finite one it is 0 to 1.
    pub(super) fn padded(values: impl Iterator<Item = f64>, wanted: usize) -> Self {
        let (low, high) = extent(values);
        let air = if high > low { (high - low) * 0.06 } else { (low.abs() * 0.05).max(0.01) };
        Self::new(low - air, high + air, wanted)
    }

    /// An axis exactly over `values`.
    pub(super) fn tight(values: impl Iterator<Item = f64>, wanted: usize) -> Self {
        let (low, high) = extent(values);
        if high > low { Self::new(low, high, wanted) } else { Self::new(low - 0.5, high + 0.5, wanted) }
    }

    fn new(low: f64, high: f64, wanted: usize) -> Self {
        let step = round_step((high - low) / wanted as f64);
        let first = (low / step).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        Self { low, high, ticks: (first..=last).map(|tick| tick as f64 * step).collect(), step, logarithmic: false }
    }

    /// An axis with some air around positive values, by their logarithm, ticks at each.
    pub(super) fn logarithmic(values: &[f64]) -> Self {
        let (low, high) = extent(values.iter().copied().filter(|value| *value > 0.0));
        let air = if high > low { (high / low).powf(0.08) } else { 2.0 };
        Self { low: low / air, high: high * air, ticks: values.to_vec(), step: low, logarithmic: true }
    }

    /// Where `value` lies: 0 at the low end, 1 at the high one.
    pub(super) fn place(&self, value: f64) -> f64 {
        if self.logarithmic {
            return (value / self.low).ln() / (self.high / self.low).ln();
        }
        (value - self.low) / (self.high - self.low)
    }

    /// A tick's label: as many decimals as the step has, thousands parted.
    pub(super) fn label(&self, tick: f64) -> String {
        let decimals = (0..9).find(|&decimals| {
            let scaled = self.step * 10f64.powi(decimals);
            (scaled - scaled.round()).abs() < 1e-6
        });
        thousands(&format!("{:.*}", decimals.unwrap_or(9) as usize, tick + 0.0))
    }
}

/// `12500` as `12,500`; a minus sign as such.
pub(super) fn thousands(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("−", digits));
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut parted = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            parted.push(',');
        }
        parted.push(digit);
    }
    format!("{sign}{parted}{rest}")
}

fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) =
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high { (0.0, 1.0) } else { (low, high) }
}

/// The one of 1, 2, 2.5 and 5 times a power of ten that is nearest to `rough` by ratio.
fn round_step(rough: f64) -> f64 {
    let magnitude = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|multiple| multiple * magnitude);
    let ratio = |step: f64| (step / rough).max(rough / step);
    steps.into_iter().min_by(|a, b| ratio(*a).total_cmp(&ratio(*b))).unwrap_or(magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis::padded([0.562, 0.842].into_iter(), 6);
        let labels: Vec<String> = axis.ticks.iter().map(|tick| axis.label(*tick)).collect();
        assert_eq!(labels, ["0.55", "0.60", "0.65", "0.70", "0.75", "0.80", "0.85"]);
        let axis = Axis::tight([250.0, 20_000.0].into_iter(), 5);
        let labels: Vec<String> = axis.ticks.iter().map(|tick| axis.label(*tick)).collect();
        assert_eq!(labels, ["5,000", "10,000", "15,000", "20,000"]);
        assert_eq!(Axis::padded([-0.5, 0.5].into_iter(), 4).label(-0.25), "−0.25");
    }

    #[test]
    fn no_values_and_one_value_have_an_axis() {
        assert!(Axis::padded(std::iter::empty(), 5).ticks.len() > 2);
        let one = Axis::tight([7.0, f64::NAN].into_iter(), 5);
        assert!(one.low < 7.0 && one.high > 7.0);
    }
}

//! Ranges and ticks: round numbers, few enough to read.

/// A range of values and the round ones in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FigureAxis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ticks: Vec<f64>,
    step: f64,
    logarithmic: bool,
}

impl FigureAxis {
    /// An axis over `values` with some air above and below, and about `wanted` ticks. Non-finite values are no part of
    /// it; without a finite one it is 0 to 1.
    pub(super) fn padded(values: impl Iterator<Item = f64>, wanted: usize) -> Self {
        let (low, high) = extent(values);
        let air = if high > low { half(low, high) * 0.06 * 2.0 } else { (low.abs() * 0.05).max(0.01) };
        Self::new((low - air).max(f64::MIN), (high + air).min(f64::MAX), wanted)
    }

    /// An axis exactly over `values`.
    pub(super) fn tight(values: impl Iterator<Item = f64>, wanted: usize) -> Self {
        let (low, high) = extent(values);
        if high > low { Self::new(low, high, wanted) } else { Self::new(low - 0.5, high + 0.5, wanted) }
    }

    fn new(low: f64, high: f64, wanted: usize) -> Self {
        let step = round_step(half(low, high) / wanted as f64 * 2.0);
        let first = (low / step).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        Self { low, high, ticks: (first..=last).map(|tick| tick as f64 * step).collect(), step, logarithmic: false }
    }

    /// An axis with some air around positive values, by their logarithm, ticks at each.
    pub(super) fn logarithmic(values: &[f64]) -> Self {
        let (low, high) = extent(values.iter().copied().filter(|value| *value > 0.0));
        let air = if high > low { (high / low).powf(0.08) } else { 2.0 };
        Self {
            low: (low / air).max(f64::MIN_POSITIVE),
            high: (high * air).min(f64::MAX),
            ticks: values.to_vec(),
            step: low,
            logarithmic: true,
        }
    }

    /// Where `value` lies: 0 at the low end, 1 at the high one.
    pub(super) fn place(&self, value: f64) -> f64 {
        if self.logarithmic {
            let all = self.high / self.low;
            // No number has a ratio so great.
            let ln = |value: f64| if all.is_finite() { (value / self.low).ln() } else { value.ln() - self.low.ln() };
            return ln(value) / ln(self.high);
        }
        share(value, self.low, self.high)
    }

    /// A tick's label: as many decimals as the step has, thousands parted; powers of ten where that is too long.
    pub(super) fn label(&self, tick: f64) -> String {
        if self.low.abs().max(self.high.abs()) >= LONG || self.step < 1e-9 {
            return short(tick);
        }
        let decimals = (0..9).find(|&decimals| {
            let scaled = self.step * 10f64.powi(decimals);
            (scaled - scaled.round()).abs() < 1e-6
        });
        thousands(&format!("{:.*}", decimals.unwrap_or(9) as usize, tick + 0.0))
    }
}

/// Numbers from here on are written with powers of ten.
const LONG: f64 = 1e15;

/// Half of what lies between two numbers: the whole may be greater than any number.
fn half(low: f64, high: f64) -> f64 {
    high / 2.0 - low / 2.0
}

/// Where `value` lies between `low`, 0, and `high`, 1.
pub(super) fn share(value: f64, low: f64, high: f64) -> f64 {
    half(low, value) / half(low, high)
}

/// `1.7e308`, `−2.5e20`, `0`.
fn short(number: f64) -> String {
    let text = format!("{number:.2e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    let power = if power == "0" { String::new() } else { format!("e{power}") };
    format!("{digits}{power}").replace('-', "−")
}

/// A value with `decimals`, or with a power of ten where it is too long.
pub(super) fn told(value: f64, decimals: usize) -> String {
    if value.is_finite() && value.abs() >= LONG { short(value) } else { format!("{value:.decimals$}") }
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
        let axis = FigureAxis::padded([0.562, 0.842].into_iter(), 6);
        let labels: Vec<String> = axis.ticks.iter().map(|tick| axis.label(*tick)).collect();
        assert_eq!(labels, ["0.55", "0.60", "0.65", "0.70", "0.75", "0.80", "0.85"]);
        let axis = FigureAxis::tight([250.0, 20_000.0].into_iter(), 5);
        let labels: Vec<String> = axis.ticks.iter().map(|tick| axis.label(*tick)).collect();
        assert_eq!(labels, ["5,000", "10,000", "15,000", "20,000"]);
        assert_eq!(FigureAxis::padded([-0.5, 0.5].into_iter(), 4).label(-0.25), "−0.25");
    }

    #[test]
    fn the_greatest_numbers_have_an_axis_with_short_labels() {
        let axis = FigureAxis::padded([-1.7e308, 1.7e308].into_iter(), 6);
        let labels: Vec<String> = axis.ticks.iter().map(|tick| axis.label(*tick)).collect();
        assert_eq!(labels, ["−1.5e308", "−1e308", "−5e307", "0", "5e307", "1e308", "1.5e308"]);
        assert!(axis.place(-1.7e308) > 0.0 && axis.place(1.7e308) < 1.0 && (axis.place(0.0) - 0.5).abs() < 1e-12);
        let axis = FigureAxis::logarithmic(&[1e-300, 1.0, 1e300]);
        assert!((axis.place(1.0) - 0.5).abs() < 0.01 && axis.place(1e300) < 1.0, "{axis:?}");
        assert_eq!((told(1.7e308, 4).as_str(), told(0.5, 4).as_str()), ("1.7e308", "0.5000"));
        assert_eq!(FigureAxis::padded([0.0, 4e-12].into_iter(), 4).label(1e-12), "1e−12");
    }

    #[test]
    fn no_values_and_one_value_have_an_axis() {
        assert!(FigureAxis::padded(std::iter::empty(), 5).ticks.len() > 2);
        let one = FigureAxis::tight([7.0, f64::NAN].into_iter(), 5);
        assert!(one.low < 7.0 && one.high > 7.0);
    }
}

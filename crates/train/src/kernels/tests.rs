//! Every kernel in each of the processor's vectors against its plain loop, to the bit: at odd sizes, from places that no
//! vector is aligned to, with subnormal numbers, infinities and what is no number.

use drr_kinds::drr::StateKind;
use proptest::prelude::*;

use super::region::Region;
use super::simd::forced::with_each;
use super::{Array, Backend, Columns, product, simd, slices, states};

/// Numbers as training has them, and those it should never have.
fn number() -> impl Strategy<Value = f32> {
    prop_oneof![
        8 => -2.0_f32..2.0,
        1 => any::<f32>(),
        1 => prop::sample::select(vec![0.0, -0.0, 1e-40, -1e-42, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, f32::NAN]),
    ]
}

/// A cohort's sizes, and numbers to fill its matrices with.
#[derive(Clone, Debug)]
struct Case {
    members: usize,
    rows: usize,
    width: usize,
    /// Numbers before the first one that counts.
    start: usize,
    numbers: Vec<f32>,
}

fn case() -> impl Strategy<Value = Case> {
    let sizes = (1..3_usize, 1..5_usize, 1..52_usize, 0..4_usize);
    (sizes, prop::collection::vec(number(), 97)).prop_map(|((members, rows, width, start), numbers)| Case {
        members,
        rows,
        width,
        start,
        numbers,
    })
}

impl Case {
    /// `count` of its numbers from `from` on, over and over.
    fn some(&self, count: usize, from: usize) -> Vec<f32> {
        (0..self.start + count).map(|at| self.numbers[(at + from) % self.numbers.len()]).collect()
    }
}

/// The bits of numbers; what is none has one form, since processors choose between several.
fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| if number.is_nan() { f32::NAN.to_bits() } else { number.to_bits() }).collect()
}

/// What every kernel makes of a case.
fn results(case: &Case) -> Vec<(&'static str, Vec<u32>)> {
    let Case { members, rows, width, start, .. } = *case;
    let (n, p) = (members * rows, 2 * width + 3);
    let matrix = |from: usize| case.some(n * width, from);
    let (x, y, parameters, column) = (matrix(0), matrix(11), case.some(members * p, 23), case.some(n, 31));
    let (x, y, parameters, column) = (&x[start..], &y[start..], &parameters[start..], &column[start..]);
    let inside = Columns { stride: width + 3, offset: 2, width };
    let mut done: Vec<(&'static str, Vec<u32>)> = Vec::new();
    macro_rules! changed {
        ($name:ident($out:ident: $count:expr, $from:expr; $($argument:expr),*)) => {{
            let mut whole = case.some($count, $from);
            let $out = &mut whole[start..];
            slices::$name($($argument),*);
            done.push((stringify!($name), bits(&whole)));
        }};
    }
    changed!(add_bias(out: n * width, 0; out, rows, width, parameters, p, 1));
    changed!(bias_relu(out: n * width, 0; out, rows, width, parameters, p, 1));
    changed!(bias_relu_into(out: n * (width + 3), 3; x, out, inside, rows, parameters, p, 1));
    changed!(copy_into(out: n * (width + 3), 3; x, out, inside));
    changed!(add(out: n * width, 0; out, y));
    changed!(least(out: n * width, 0; out, y));
    changed!(tanh(out: n * width, 0; out));
    changed!(tanh_backward(out: n * width, 5; out, y));
    changed!(column_sums(out: members * p, 7; x, rows, width, out, p, 2));
    changed!(head(out: n, 7; x, rows, width, parameters, p, 1, width + 1, out));
    changed!(head_backward(out: n * width, 7; column, x, rows, width, parameters, p, 1, out));
    changed!(head_gradient(out: members * p, 7; column, x, rows, width, out, p, 1, width + 1));
    changed!(bootstrap(out: n, 0; column, &y[..n], &x[..n], out));
    let wide = case.some(n * (width + 3), 41);
    changed!(relu_backward(out: n * width, 0; out, &wide[start..], inside));

    let (mut unit, mut length) = (x.to_vec(), vec![0.0; n]);
    slices::to_unit(&mut unit, width, &mut length);
    done.push(("to_unit", bits(&[&unit[..], &length].concat())));
    let mut gradient = y.to_vec();
    slices::unit_tanh_backward(&mut gradient, &unit, width, &length);
    done.push(("unit_tanh_backward", bits(&gradient)));

    let mut gradient = y.to_vec();
    slices::unit_backward(&mut gradient, &unit, width, &length);
    done.push(("unit_backward", bits(&gradient)));

    let factors = width.saturating_sub(1);
    for (base, is_tanh) in [(0, true), (0, false), (factors, true), (factors, false)] {
        let how = slices::Departure { base, range: 0.3, is_tanh, penalty: 0.01 };
        changed!(depart(out: n * width, 0; how, x, &wide[start..], out, width, width + 3));
        changed!(depart_backward(out: n * width, 5; how, out, y));
    }

    let (mut td, mut dq) = (vec![0.0; n], vec![0.0; n]);
    slices::temporal_difference(column, &x[..n], &y[..n], rows, &mut td, &mut dq);
    done.push(("temporal_difference", bits(&[td, dq].concat())));

    let step = slices::AdamStep { step_size: 0.01, second_moment_scale: 1.5, clip: 0.7, weight_decay: 1e-3, tau: 0.05 };
    let [mut m, mut v, mut theta, mut target] = [2, 3, 5, 8].map(|from| case.some(n * width, from)[start..].to_vec());
    slices::adam_soft_update(step, x, &mut m, &mut v, &mut theta, &mut target);
    done.push(("adam_soft_update", bits(&[m, v, theta, target].concat())));

    let square = simd::sum_of_squares(x);
    done.push(("sum_of_squares", bits(&[square as f32])));
    let mut scores = vec![0.0; n];
    simd::scores(x, &y[..width], &mut scores);
    done.push(("scores", bits(&scores)));

    let history = 3;
    let (users, items): (Vec<u32>, Vec<u32>) = ((0..2).collect(), (0..2 * history as u32).map(|it| it % 3).collect());
    let (users_table, items_table) =
        (case.some(2 * width, 13)[start..].to_vec(), case.some(3 * width, 17)[start..].to_vec());
    let weights = &case.some(history, 19)[start..];
    for kind in [StateKind::P, StateKind::U] {
        let mut out = vec![0.0; 2 * (history + history * (history - 1) / 2) * width];
        states::state_pairs(kind, &users, &items, &users_table, &items_table, weights, &mut out);
        done.push(("state_pairs", bits(&out)));
        // Only a product depends on w in `p`, in `u` a history's own items as well.
        let blocks = history * (history - 1) / 2 + if kind == StateKind::U { history } else { 0 };
        let slopes = &case.some(2 * blocks * width, 29)[start..];
        let (mut scratch, mut dw) = (vec![0.0; width], vec![0.0; history]);
        let tables = (&users_table[..], &items_table[..]);
        states::state_pairs_gradient(kind, &users, &items, tables.0, tables.1, weights, slopes, &mut scratch, &mut dw);
        done.push(("state_pairs_gradient", bits(&dw)));
    }
    let mut out = vec![0.0; 2 * 3 * width];
    states::state_ave(&users, &items, &users_table, &items_table, weights, &mut out);
    done.push(("state_ave", bits(&out)));
    done
}

proptest! {
    #[test]
    fn every_kernel_gives_the_bits_of_its_plain_loop(case in case()) {
        let mut forms = with_each(|| results(&case));
        let (_, plain) = forms.pop().expect("the plain form is always there");
        for (vectors, results) in forms {
            for ((name, bits), (_, expected)) in results.iter().zip(&plain) {
                prop_assert!(bits == expected, "{name} by {vectors:?}: {bits:x?} is not {expected:x?}");
            }
        }
    }

    #[test]
    fn a_product_gives_the_bits_of_its_plain_loop(case in case(), inner in 0..20_usize) {
        let Case { members, rows, width, start, .. } = case;
        let array = |count: usize, from: usize| {
            let mut array = Array::zeros(&[1, 1, count + start], Backend::Slices);
            array.fill_from(&case.some(count, from));
            array
        };
        let (left, right) = (array(members * rows * inner, 0), array(members * inner * width, 37));
        let lies = |rows: usize, columns: usize| Region::new([members, rows, columns], [rows * columns, columns, 1], start);
        let by = |transposed: bool| {
            let right_lies = if transposed { lies(width, inner).transposed() } else { lies(inner, width) };
            let mut out = array(members * rows * width, 5);
            product(left.view(lies(rows, inner)), right.view(right_lies), out.view_mut(lies(rows, width)));
            bits(out.as_slice())
        };
        let mut forms = with_each(|| (by(false), by(true)));
        let (_, plain) = forms.pop().expect("the plain form is always there");
        for (vectors, bits) in forms {
            prop_assert!(bits == plain, "{vectors:?}: {bits:x?} is not {plain:x?}");
        }
    }
}

//! Sobol's quasi-random sequence after Joe and Kuo (SIAM J. Sci. Comput. 30, 2008; `new-joe-kuo-6`), 32 bits, with a
//! digital shift.

/// Degree, coefficients of the primitive polynomial, and the initial direction numbers of dimensions 2, 3, ….
const POLYNOMIALS: [(usize, u32, &[u32]); 20] = [
    (1, 0, &[1]),
    (2, 1, &[1, 3]),
    (3, 1, &[1, 3, 1]),
    (3, 2, &[1, 1, 1]),
    (4, 1, &[1, 1, 3, 3]),
    (4, 4, &[1, 3, 5, 13]),
    (5, 2, &[1, 1, 5, 5, 17]),
    (5, 4, &[1, 1, 5, 5, 5]),
    (5, 7, &[1, 1, 7, 11, 19]),
    (5, 11, &[1, 1, 5, 1, 1]),
    (5, 13, &[1, 1, 1, 3, 11]),
    (5, 14, &[1, 3, 5, 5, 31]),
    (6, 1, &[1, 3, 3, 9, 7, 49]),
    (6, 13, &[1, 1, 1, 15, 21, 21]),
    (6, 16, &[1, 3, 1, 13, 27, 49]),
    (6, 19, &[1, 1, 1, 15, 7, 5]),
    (6, 22, &[1, 3, 1, 15, 13, 25]),
    (6, 25, &[1, 1, 5, 5, 19, 61]),
    (7, 1, &[1, 3, 7, 11, 23, 15, 103]),
    (7, 4, &[1, 3, 7, 13, 13, 15, 69]),
];

/// How many dimensions the table covers.
pub(super) const DIMENSIONS: usize = POLYNOMIALS.len() + 1;

/// Point `index` in `dimension`, in [0, 1).
pub(super) fn unit(index: u32, dimension: usize, shift: u32) -> f64 {
    let directions = directions(dimension);
    let mut bits = shift;
    let mut rest = index;
    for direction in directions {
        if rest & 1 == 1 {
            bits ^= direction;
        }
        rest >>= 1;
    }
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

fn directions(dimension: usize) -> [u32; 32] {
    let mut v = [0_u32; 32];
    let Some((degree, coefficients, start)) = dimension.checked_sub(1).map(|index| POLYNOMIALS[index]) else {
        for (i, direction) in v.iter_mut().enumerate() {
            *direction = 1 << (31 - i);
        }
        return v;
    };
    for i in 0..32 {
        v[i] = if i < degree {
            start[i] << (31 - i)
        } else {
            let mut direction = v[i - degree] ^ (v[i - degree] >> degree);
            for k in 1..degree {
                if coefficients >> (degree - 1 - k) & 1 == 1 {
                    direction ^= v[i - k];
                }
            }
            direction
        };
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_points_are_the_published_ones() {
        // Joe and Kuo's own program prints these for dimensions 1 to 3, in Gray-code order; here sorted by index.
        let point = |index| [0, 1, 2].map(|dimension| (unit(index, dimension, 0) * 1e6).round() / 1e6);
        assert_eq!(point(0), [0.0, 0.0, 0.0]);
        assert_eq!(point(1), [0.5, 0.5, 0.5]);
        assert_eq!(point(2), [0.25, 0.75, 0.75]);
        assert_eq!(point(3), [0.75, 0.25, 0.25]);
        assert_eq!(point(4), [0.125, 0.625, 0.375]);
    }

    #[test]
    fn every_dimension_puts_one_point_into_each_of_64_strips_whatever_the_shift() {
        for dimension in 0..DIMENSIONS {
            for shift in [0, 0x9e37_79b9] {
                let mut strips: Vec<u32> = (0..64).map(|i| (unit(i, dimension, shift) * 64.0) as u32).collect();
                strips.sort_unstable();
                assert_eq!(strips, (0..64).collect::<Vec<_>>(), "dimension {dimension}");
            }
        }
    }
}

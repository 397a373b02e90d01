//! The state representations and their weights' gradients over slices. `items` holds n ids a row, oldest first; tables
//! hold k values a row.

use drr_kinds::drr::StateKind;

use super::dot::dot;
use super::simd::{add_scaled, simd};

#[inline(always)]
fn row(table: &[f32], id: u32, k: usize) -> &[f32] {
    &table[id as usize * k..][..k]
}

simd! {
    /// State `ave` of a batch: `out[row]` = `[p_u ; p_u ⊙ g ; g]` with g = Σ_j w_j q_{i_j}. `items` holds n ids a row, oldest
    /// first.
    pub fn state_ave(users: &[u32], items: &[u32], p_table: &[f32], q_table: &[f32], w: &[f32], out: &mut [f32]) {
        let n = w.len();
        let k = out.len() / users.len() / 3;
        for (row, (&user, out)) in users.iter().zip(out.chunks_exact_mut(3 * k)).enumerate() {
            let p = &p_table[user as usize * k..][..k];
            let (left, g) = out.split_at_mut(2 * k);
            let (own, product) = left.split_at_mut(k);
            own.copy_from_slice(p);
            g.fill(0.0);
            for (&item, &w) in items[row * n..][..n].iter().zip(w) {
                add_scaled(g, w, &q_table[item as usize * k..][..k]);
            }
            for ((product, p), g) in product.iter_mut().zip(p).zip(g.iter()) {
                *product = p * g;
            }
        }
    }
}

simd! {
    /// Gradient of `ave`'s weights: dw_j = Σ_rows q_{i_j} · (ds_1 ⊙ p_u + ds_2), where the rows of `ds` are the last 2k
    /// columns of the state's gradient.
    pub fn state_ave_gradient(users: &[u32], items: &[u32], p_table: &[f32], q_table: &[f32], ds: &[f32], scratch: &mut [f32], dw: &mut [f32]) {
        let n = dw.len();
        let k = scratch.len();
        dw.fill(0.0);
        for (row, &user) in users.iter().enumerate() {
            let p = &p_table[user as usize * k..][..k];
            let ds = &ds[row * 2 * k..][..2 * k];
            for i in 0..k {
                scratch[i] = ds[i] * p[i] + ds[k + i];
            }
            for (&item, dw) in items[row * n..][..n].iter().zip(dw.iter_mut()) {
                *dw += dot::<Wide>(&q_table[item as usize * k..][..k], scratch);
            }
        }
    }
}

simd! {
    /// States `p`, `u` and `n` of a batch: n blocks of k, q_a or p_u ⊙ (w_a q_a), then but for `n` a block
    /// (w_a q_a) ⊙ (w_b q_b) for every a < b.
    pub fn state_pairs(kind: StateKind, users: &[u32], items: &[u32], p_table: &[f32], q_table: &[f32], w: &[f32], out: &mut [f32]) {
        let n = w.len();
        let size = out.len() / users.len();
        let products = if kind == StateKind::N { 0 } else { n * (n - 1) / 2 };
        let k = size / (n + products);
        for ((&user, items), out) in users.iter().zip(items.chunks_exact(n)).zip(out.chunks_exact_mut(size)) {
            let p = row(p_table, user, k);
            let mut blocks = out.chunks_exact_mut(k);
            for (a, block) in blocks.by_ref().take(n).enumerate() {
                let q = row(q_table, items[a], k);
                if kind != StateKind::U {
                    block.copy_from_slice(q);
                } else {
                    for i in 0..k {
                        block[i] = p[i] * (w[a] * q[i]);
                    }
                }
            }
            for (a, b) in pairs(n).take(products) {
                let block = blocks.next().expect("a state has a block for every pair");
                let (left, right) = (row(q_table, items[a], k), row(q_table, items[b], k));
                for i in 0..k {
                    block[i] = (w[a] * left[i]) * (w[b] * right[i]);
                }
            }
        }
    }
}

simd! {
    /// Gradient of the weights of `p` and `u`; the rows of `ds` are the gradients of the blocks that depend on w.
    pub fn state_pairs_gradient(kind: StateKind, users: &[u32], items: &[u32], p_table: &[f32], q_table: &[f32], w: &[f32], ds: &[f32], scratch: &mut [f32], dw: &mut [f32]) {
        let n = w.len();
        let k = scratch.len();
        let size = ds.len() / users.len();
        dw.fill(0.0);
        for ((&user, items), ds) in users.iter().zip(items.chunks_exact(n)).zip(ds.chunks_exact(size)) {
            let mut blocks = ds.chunks_exact(k);
            if kind == StateKind::U {
                let p = row(p_table, user, k);
                for (a, block) in blocks.by_ref().take(n).enumerate() {
                    multiply(scratch, p, row(q_table, items[a], k));
                    dw[a] += dot::<Wide>(block, scratch);
                }
            }
            for (a, b) in pairs(n) {
                let block = blocks.next().expect("a state has a block for every pair");
                multiply(scratch, row(q_table, items[a], k), row(q_table, items[b], k));
                let slope = dot::<Wide>(block, scratch);
                dw[a] += w[b] * slope;
                dw[b] += w[a] * slope;
            }
        }
    }
}

/// Every a < b below n, in the order of the state's blocks.
pub fn pairs(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(move |a| (a + 1..n).map(move |b| (a, b)))
}

#[inline(always)]
fn multiply(out: &mut [f32], x: &[f32], y: &[f32]) {
    for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
        *out = x * y;
    }
}

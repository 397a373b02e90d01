//! DRR's state representation s = f(u, H) and the gradient of its learned weights w. Embeddings come from PMF and stay
//! frozen; states are computed from ids whenever they are needed, with today's w.

use crate::kernels::slices;
use crate::pmf::PmfModel;

/// States of a batch: `users` [rows], `items` [rows, n] oldest first, `w` [n] → `out` [rows, 3k].
pub fn encode(model: &PmfModel, users: &[u32], items: &[u32], w: &[f32], out: &mut [f32]) {
    slices::state_ave(users, items, &model.users, &model.items, w, out);
}

/// Gradient of w, [n], given the gradient of the last 2k columns of the state in two parts that are added.
pub fn weight_gradient(
    model: &PmfModel,
    users: &[u32],
    items: &[u32],
    d_state: (&[f32], &[f32]),
    scratch: &mut [f32],
    dw: &mut [f32],
) {
    slices::state_ave_gradient(users, items, &model.users, &model.items, d_state, scratch, dw);
}

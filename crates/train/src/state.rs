//! DRR's state representation s = f(u, H) and the gradient of its learned weights w. Embeddings come from PMF and stay
//! frozen; states are computed from ids whenever they are needed, with today's w.

use std::sync::Arc;

use tch::{Device, Kind, Tensor};

use crate::kernels::{Array, Backend, slices};
use crate::pmf::PmfModel;

/// The embeddings of a cohort's members, where states are computed from them.
pub enum Embeddings {
    /// One model a member, in CPU memory.
    Slices(Vec<Arc<PmfModel>>),
    /// All models in two tables on a device, with each member's first row.
    Tensors(Tables),
}

/// Embedding tables on a device.
pub struct Tables {
    /// User embeddings of all members, `[Σ users, k]`.
    p: Tensor,
    /// Item embeddings of all members, `[Σ items, k]`.
    q: Tensor,
    user_rows: Vec<i64>,
    item_rows: Vec<i64>,
    device: Device,
}

impl Embeddings {
    /// The members' embeddings; on a device, members that share a model share its rows.
    pub fn new(models: Vec<Arc<PmfModel>>, backend: Backend) -> Self {
        let Backend::Tensors(device) = backend else { return Self::Slices(models) };
        let mut distinct: Vec<(&Arc<PmfModel>, i64, i64)> = Vec::new();
        let (mut users, mut items) = (Vec::new(), Vec::new());
        let (mut user_rows, mut item_rows) = (Vec::new(), Vec::new());
        for model in &models {
            let known = distinct.iter().find(|(other, ..)| Arc::ptr_eq(other, model));
            let (user_row, item_row) = known.map(|&(_, user, item)| (user, item)).unwrap_or_else(|| {
                let rows = ((users.len() / model.k) as i64, (items.len() / model.k) as i64);
                users.extend_from_slice(&model.users);
                items.extend_from_slice(&model.items);
                distinct.push((model, rows.0, rows.1));
                rows
            });
            user_rows.push(user_row);
            item_rows.push(item_row);
        }
        let k = models[0].k as i64;
        let table = |values: &[f32]| Tensor::from_slice(values).view([-1, k]).to_device(device);
        Self::Tensors(Tables { p: table(&users), q: table(&items), user_rows, item_rows, device })
    }

    /// States: `users` `[C, rows]`, `items` `[C, rows, n]` oldest first, weights w `[C, n]` at `weight_at` in `parameters`
    /// `[C, P]` → `out` `[C, rows, 3k]`.
    pub fn encode(&self, users: &[u32], items: &[u32], parameters: &Array, weight_at: usize, out: &mut Array) {
        let (rows, size, p) = (out.size(1), out.size(2), parameters.size(1));
        let n = items.len() / users.len();
        match self {
            Self::Slices(models) => {
                for (member, model) in models.iter().enumerate() {
                    slices::state_ave(
                        &users[member * rows..][..rows],
                        &items[member * rows * n..][..rows * n],
                        &model.users,
                        &model.items,
                        &parameters.as_slice()[member * p + weight_at..][..n],
                        &mut out.as_mut_slice()[member * rows * size..][..rows * size],
                    );
                }
            }
            Self::Tensors(tables) => {
                let (p, q) = (tables.users(users), tables.items(items, n)); // [C, rows, k], [C, rows, n, k]
                let w = parameters.tensor().narrow(1, weight_at as i64, n as i64).view([-1, 1, n as i64, 1]);
                let g = (q * w).sum_dim_intlist(2, false, Kind::Float);
                let state = Tensor::cat(&[&p, &(&p * &g), &g], 2);
                out.tensor().shallow_clone().copy_(&state);
            }
        }
    }

    /// Gradient of w, written at `weight_at` of `gradient` `[C, P]`, from the gradient of the state's last 2k columns,
    /// `[C, rows, 2k]`.
    pub fn weight_gradient(
        &self,
        users: &[u32],
        items: &[u32],
        d_state: &Array,
        scratch: &mut [f32],
        gradient: &mut Array,
        weight_at: usize,
    ) {
        let (rows, part, p) = (d_state.size(1), d_state.size(2), gradient.size(1));
        let n = items.len() / users.len();
        match self {
            Self::Slices(models) => {
                for (member, model) in models.iter().enumerate() {
                    let range = member * rows * part..(member + 1) * rows * part;
                    slices::state_ave_gradient(
                        &users[member * rows..][..rows],
                        &items[member * rows * n..][..rows * n],
                        &model.users,
                        &model.items,
                        &d_state.as_slice()[range],
                        scratch,
                        &mut gradient.as_mut_slice()[member * p + weight_at..][..n],
                    );
                }
            }
            Self::Tensors(tables) => {
                let (p, q) = (tables.users(users), tables.items(items, n));
                let k = (part / 2) as i64;
                let ds = d_state.tensor();
                let dg = ds.narrow(2, 0, k) * p + ds.narrow(2, k, k);
                let dw = (q * dg.unsqueeze(2)).sum_dim_intlist(&[1i64, 3][..], false, Kind::Float);
                gradient.tensor().narrow(1, weight_at as i64, n as i64).copy_(&dw);
            }
        }
    }
}

impl Tables {
    fn users(&self, users: &[u32]) -> Tensor {
        let members = self.user_rows.len() as i64;
        self.rows(&self.p, users, &self.user_rows).view([members, (users.len() as i64) / members, -1])
    }

    fn items(&self, items: &[u32], n: usize) -> Tensor {
        let members = self.item_rows.len() as i64;
        let rows = items.len() as i64 / members / n as i64;
        self.rows(&self.q, items, &self.item_rows).view([members, rows, n as i64, -1])
    }

    fn rows(&self, table: &Tensor, ids: &[u32], first: &[i64]) -> Tensor {
        let each = ids.len() / first.len();
        let rows: Vec<i64> = ids.iter().enumerate().map(|(at, &id)| first[at / each] + i64::from(id)).collect();
        table.index_select(0, &Tensor::from_slice(&rows).to_device(self.device))
    }
}

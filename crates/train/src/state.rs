//! DRR's state representation s = f(u, H) and the gradient of its learned weights w. Embeddings come from PMF and stay
//! frozen; states are computed from ids whenever they are needed, with today's w.

use std::sync::Arc;

use drr_kinds::drr::StateKind;
#[cfg(feature = "libtorch")]
use tch::{Device, Kind, Tensor};

use crate::kernels::{Array, Backend, states};
use crate::pmf::PmfModel;

/// The embeddings of a cohort's members, where states are computed from them.
pub struct Embeddings {
    kind: StateKind,
    place: Place,
}

enum Place {
    /// One model a member, in CPU memory.
    Slices(Vec<Arc<PmfModel>>),
    /// All models in two tables on a device, with each member's first row.
    #[cfg(feature = "libtorch")]
    Tensors(Tables),
}

/// Embedding tables on a device.
#[cfg(feature = "libtorch")]
struct Tables {
    /// User embeddings of all members, `[Σ users, k]`.
    p: Tensor,
    /// Item embeddings of all members, `[Σ items, k]`.
    q: Tensor,
    user_rows: Vec<i64>,
    item_rows: Vec<i64>,
    /// The first and the second of every pair of history positions, as indices and as rows `[n, pairs]` of ones.
    pairs: [(Tensor, Tensor); 2],
    device: Device,
}

impl Embeddings {
    /// The members' embeddings for states of one kind over histories of `n`; on a device, members that share a model
    /// share its rows.
    pub fn new(models: Vec<Arc<PmfModel>>, kind: StateKind, n: usize, backend: Backend) -> Self {
        let place = match (backend, n) {
            (Backend::Slices, _) => Place::Slices(models),
            #[cfg(feature = "libtorch")]
            (Backend::Tensors(device), n) => Place::Tensors(Tables::new(&models, n, device)),
        };
        Self { kind, place }
    }

    /// States: `users` `[C, rows]`, `items` `[C, rows, n]` oldest first, weights w `[C, n]` at `weight_at` in `parameters`
    /// `[C, P]` → `out` `[C, rows, state]`.
    pub fn encode(&self, users: &[u32], items: &[u32], parameters: &Array, weight_at: usize, out: &mut Array) {
        let (rows, size, p) = (out.size(1), out.size(2), parameters.size(1));
        let n = items.len() / users.len();
        match &self.place {
            Place::Slices(models) => {
                for (member, model) in models.iter().enumerate() {
                    let users = &users[member * rows..][..rows];
                    let items = &items[member * rows * n..][..rows * n];
                    let w = &parameters.as_slice()[member * p + weight_at..][..n];
                    let out = &mut out.as_mut_slice()[member * rows * size..][..rows * size];
                    match self.kind {
                        StateKind::Ave => states::state_ave(users, items, &model.users, &model.items, w, out),
                        kind => states::state_pairs(kind, users, items, &model.users, &model.items, w, out),
                    }
                }
            }
            #[cfg(feature = "libtorch")]
            Place::Tensors(tables) => {
                let (p, q) = (tables.users(users), tables.items(items, n)); // [C, rows, k], [C, rows, n, k]
                let weighted = &q * weights(parameters, weight_at, n);
                let state = match self.kind {
                    StateKind::Ave => {
                        let g = weighted.sum_dim_intlist(2, false, Kind::Float);
                        Tensor::cat(&[&p, &(&p * &g), &g], 2)
                    }
                    StateKind::P => Tensor::cat(&[&q, &tables.products(&weighted)], 2).flatten(2, 3),
                    StateKind::U => {
                        Tensor::cat(&[&(p.unsqueeze(2) * &weighted), &tables.products(&weighted)], 2).flatten(2, 3)
                    }
                };
                out.tensor().shallow_clone().copy_(&state);
            }
        }
    }

    /// Gradient of w, written where w lies in `gradient` `[C, P]`, from the gradient of the state's columns that depend on
    /// w, `[C, rows, ·]`. `weights` are the parameters `[C, P]` and the offset of w.
    pub fn weight_gradient(
        &self,
        (users, items): (&[u32], &[u32]),
        weights: (&Array, usize),
        d_state: &Array,
        scratch: &mut [f32],
        gradient: &mut Array,
    ) {
        let (rows, part, p) = (d_state.size(1), d_state.size(2), gradient.size(1));
        let (parameters, weight_at) = weights;
        let n = items.len() / users.len();
        match &self.place {
            Place::Slices(models) => {
                for (member, model) in models.iter().enumerate() {
                    let users = &users[member * rows..][..rows];
                    let items = &items[member * rows * n..][..rows * n];
                    let ds = &d_state.as_slice()[member * rows * part..][..rows * part];
                    let w = &parameters.as_slice()[member * p + weight_at..][..n];
                    let dw = &mut gradient.as_mut_slice()[member * p + weight_at..][..n];
                    let (p, q) = (&model.users[..], &model.items[..]);
                    match self.kind {
                        StateKind::Ave => states::state_ave_gradient(users, items, p, q, ds, scratch, dw),
                        kind => states::state_pairs_gradient(kind, users, items, p, q, w, ds, scratch, dw),
                    }
                }
            }
            #[cfg(feature = "libtorch")]
            Place::Tensors(tables) => {
                let (p, q) = (tables.users(users), tables.items(items, n));
                let ds = d_state.tensor();
                let d_weighted = match self.kind {
                    StateKind::Ave => {
                        let k = (part / 2) as i64;
                        (ds.narrow(2, 0, k) * p + ds.narrow(2, k, k)).unsqueeze(2)
                    }
                    kind => {
                        let blocks = ds.view([q.size()[0], rows as i64, -1, q.size()[3]]); // [C, rows, blocks, k]
                        let weighted = &q * self::weights(parameters, weight_at, n);
                        tables.product_gradient(kind, &p, &weighted, &blocks)
                    }
                };
                let dw = (q * d_weighted).sum_dim_intlist(&[1i64, 3][..], false, Kind::Float);
                gradient.tensor().narrow(1, weight_at as i64, n as i64).copy_(&dw);
            }
        }
    }
}

/// The weights w, `[C, 1, n, 1]`.
#[cfg(feature = "libtorch")]
fn weights(parameters: &Array, at: usize, n: usize) -> Tensor {
    parameters.tensor().narrow(1, at as i64, n as i64).view([-1, 1, n as i64, 1])
}

#[cfg(feature = "libtorch")]
impl Tables {
    fn new(models: &[Arc<PmfModel>], n: usize, device: Device) -> Self {
        let mut distinct: Vec<(&Arc<PmfModel>, i64, i64)> = Vec::new();
        let (mut users, mut items) = (Vec::new(), Vec::new());
        let (mut user_rows, mut item_rows) = (Vec::new(), Vec::new());
        for model in models {
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
        let (first, second): (Vec<i64>, Vec<i64>) = states::pairs(n).map(|(a, b)| (a as i64, b as i64)).unzip();
        let pairs = [first, second].map(|positions| {
            let index = Tensor::from_slice(&positions).to_device(device);
            let ones = index.one_hot(n as i64).transpose(0, 1).to_kind(Kind::Float).contiguous();
            (index, ones)
        });
        Self { p: table(&users), q: table(&items), user_rows, item_rows, pairs, device }
    }

    /// The products of all pairs of weighted items `[C, rows, n, k]`, `[C, rows, n(n-1)/2, k]`.
    fn products(&self, weighted: &Tensor) -> Tensor {
        let [(first, _), (second, _)] = &self.pairs;
        weighted.index_select(2, first) * weighted.index_select(2, second)
    }

    /// Gradient of the weighted items, `[C, rows, n, k]`, from that of the state's blocks.
    fn product_gradient(&self, kind: StateKind, p: &Tensor, weighted: &Tensor, blocks: &Tensor) -> Tensor {
        let n = weighted.size()[2];
        let (own, pairs) = match kind {
            StateKind::U => {
                let own = blocks.narrow(2, 0, n) * p.unsqueeze(2);
                (own, blocks.narrow(2, n, blocks.size()[2] - n))
            }
            StateKind::Ave | StateKind::P => (weighted.zeros_like(), blocks.shallow_clone()),
        };
        // Products with rows of ones rather than scattered additions: on a GPU those come in no fixed order.
        let [(first, is_first), (second, is_second)] = &self.pairs;
        let by_first = is_first.matmul(&(&pairs * weighted.index_select(2, second)));
        let by_second = is_second.matmul(&(&pairs * weighted.index_select(2, first)));
        own + by_first + by_second
    }

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

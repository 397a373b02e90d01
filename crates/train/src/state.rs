//! DRR's state representation s = f(u, H) and the gradient of its learned weights w. Embeddings come from PMF and stay
//! frozen; states are computed from ids whenever they are needed, with today's w.

use std::mem;
use std::sync::Arc;

use drr_kinds::drr::StateKind;

use crate::kernels::accelerator::{DeviceEmbeddings, EmbeddingTables};
use crate::kernels::{Array, Backend, states};
use crate::pmf::PmfModel;
use crate::threads;

/// Numbers of states that are worth a core of their own.
const LEAST: usize = 1 << 15;

/// The embeddings of a cohort's members, where states are computed from them.
pub struct Embeddings {
    kind: StateKind,
    place: Place,
}

enum Place {
    /// One model a member, in CPU memory.
    Slices(Vec<Arc<PmfModel>>),
    Device(Box<dyn DeviceEmbeddings>),
}

impl Embeddings {
    /// The members' embeddings for states of one kind over histories of `n`; on a device, members that share a model
    /// share its rows.
    pub fn new(models: Vec<Arc<PmfModel>>, kind: StateKind, n: usize, backend: Backend) -> Self {
        let place = match backend {
            Backend::Slices => Place::Slices(models),
            Backend::Device(device) => {
                let mut distinct: Vec<&Arc<PmfModel>> = Vec::new();
                let mut of = Vec::new();
                for model in &models {
                    let known = distinct.iter().position(|other| Arc::ptr_eq(other, model));
                    of.push(known.unwrap_or(distinct.len()));
                    if known.is_none() {
                        distinct.push(model);
                    }
                }
                let tables = distinct.iter().map(|it| EmbeddingTables { k: it.k, users: &it.users, items: &it.items });
                let tables: Vec<_> = tables.collect();
                Place::Device(device.embeddings(&tables, &of, kind, n))
            }
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
                let parts = threads::parts(models.len() * rows * size, LEAST).div_ceil(models.len());
                let mut pieces = Vec::with_capacity(models.len() * parts);
                let mut rest = out.as_mut_slice();
                for (member, model) in models.iter().enumerate() {
                    let w = &parameters.as_slice()[member * p + weight_at..][..n];
                    for part in threads::shares(rows, parts) {
                        let (own, others) = mem::take(&mut rest).split_at_mut(part.len() * size);
                        rest = others;
                        let (from, to) = (member * rows + part.start, member * rows + part.end);
                        pieces.push((model, &users[from..to], &items[from * n..to * n], w, own));
                    }
                }
                let kind = self.kind;
                threads::each(pieces, |(model, users, items, w, out)| match kind {
                    StateKind::Ave => states::state_ave(users, items, &model.users, &model.items, w, out),
                    kind => states::state_pairs(kind, users, items, &model.users, &model.items, w, out),
                });
            }
            Place::Device(device) => device.encode(users, items, parameters, weight_at, out),
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
            Place::Device(device) => device.weight_gradient((users, items), weights, d_state, gradient),
        }
    }
}

//! The embeddings of a cohort on a device: states and the gradient of their weights.

use drr_kinds::drr::StateKind;
use drr_train::kernels::accelerator::{DeviceEmbeddings, EmbeddingTables};
use drr_train::kernels::{Array, states};
use tch::{Device, Kind, Tensor};

use crate::blocks::{block_by_block, joined, padded, part, sum, tensor, write};

/// Embedding tables on a device.
pub(crate) struct CohortTables {
    kind: StateKind,
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

impl DeviceEmbeddings for CohortTables {
    fn encode(&self, users: &[u32], items: &[u32], parameters: &Array, weight_at: usize, out: &mut Array) {
        let n = items.len() / users.len();
        let (p, q) = (self.users(users), self.items(items, n)); // [C, rows, k], [C, rows, n, k]
        let weighted = &q * column_weights(parameters, weight_at, n);
        let state = match self.kind {
            StateKind::Ave => {
                let g = sum(&weighted, &[2], false);
                Tensor::cat(&[&p, &(&p * &g), &g], 2)
            }
            StateKind::N => q.flatten(2, 3),
            StateKind::P => Tensor::cat(&[&q, &self.products(&weighted)], 2).flatten(2, 3),
            StateKind::U => Tensor::cat(&[&(p.unsqueeze(2) * &weighted), &self.products(&weighted)], 2).flatten(2, 3),
        };
        write(out, &state);
    }

    fn weight_gradient(
        &self,
        (users, items): (&[u32], &[u32]),
        (parameters, weight_at): (&Array, usize),
        d_state: &Array,
        gradient: &mut Array,
    ) {
        let (rows, width) = (d_state.size(1), d_state.size(2));
        let n = items.len() / users.len();
        let (p, q) = (self.users(users), self.items(items, n));
        let ds = tensor(d_state);
        let d_weighted = match self.kind {
            StateKind::Ave => {
                let k = (width / 2) as i64;
                (ds.narrow(2, 0, k) * p + ds.narrow(2, k, k)).unsqueeze(2)
            }
            StateKind::P | StateKind::U | StateKind::N => {
                let blocks = ds.view([q.size()[0], rows as i64, -1, q.size()[3]]); // [C, rows, blocks, k]
                let weighted = &q * column_weights(parameters, weight_at, n);
                self.product_gradient(&p, &weighted, &blocks)
            }
        };
        let dw = sum(&(q * d_weighted), &[1, 3], false);
        part(gradient, weight_at, n).copy_(&dw);
    }
}

/// The weights w, `[C, 1, n, 1]`.
fn column_weights(parameters: &Array, at: usize, n: usize) -> Tensor {
    tensor(parameters).narrow(1, at as i64, n as i64).view([-1, 1, n as i64, 1])
}

impl CohortTables {
    pub fn new(models: &[EmbeddingTables<'_>], of: &[usize], kind: StateKind, n: usize, device: Device) -> Self {
        let (mut users, mut items, mut first) = (Vec::new(), Vec::new(), Vec::new());
        for model in models {
            first.push(((users.len() / model.k) as i64, (items.len() / model.k) as i64));
            users.extend_from_slice(model.users);
            items.extend_from_slice(model.items);
        }
        let (user_rows, item_rows) = of.iter().map(|&model| first[model]).unzip();
        let k = models[0].k as i64;
        let table = |values: &[f32]| Tensor::from_slice(values).view([-1, k]).to_device(device);
        let (first, second): (Vec<i64>, Vec<i64>) = states::pairs(n).map(|(a, b)| (a as i64, b as i64)).unzip();
        let pairs = [first, second].map(|positions| {
            let index = Tensor::from_slice(&positions).to_device(device);
            let ones = index.one_hot(n as i64).transpose(0, 1).to_kind(Kind::Float).contiguous();
            (index, ones)
        });
        Self { kind, p: table(&users), q: table(&items), user_rows, item_rows, pairs, device }
    }

    /// The products of all pairs of weighted items `[C, rows, n, k]`, `[C, rows, n(n-1)/2, k]`.
    fn products(&self, weighted: &Tensor) -> Tensor {
        let [(first, _), (second, _)] = &self.pairs;
        weighted.index_select(2, first) * weighted.index_select(2, second)
    }

    /// Gradient of the weighted items, `[C, rows, n, k]`, from that of the state's blocks.
    fn product_gradient(&self, p: &Tensor, weighted: &Tensor, blocks: &Tensor) -> Tensor {
        let n = weighted.size()[2];
        let (own, pairs) = match self.kind {
            StateKind::U => {
                let own = blocks.narrow(2, 0, n) * p.unsqueeze(2);
                (own, blocks.narrow(2, n, blocks.size()[2] - n))
            }
            StateKind::Ave | StateKind::P | StateKind::N => (weighted.zeros_like(), blocks.shallow_clone()),
        };
        // Products with rows of ones rather than scattered additions: on a GPU those come in no fixed order.
        let [(first, is_first), (second, is_second)] = &self.pairs;
        let gathered =
            |ones: &Tensor, of: &Tensor| joined(block_by_block(of).map(|block| ones.matmul(&block)).collect());
        let by_first = gathered(is_first, &(&pairs * weighted.index_select(2, second)));
        let by_second = gathered(is_second, &(&pairs * weighted.index_select(2, first)));
        own + by_first + by_second
    }

    fn users(&self, users: &[u32]) -> Tensor {
        let each = (users.len() / self.user_rows.len()) as i64;
        self.rows(&self.p, users, &self.user_rows).view([-1, each, self.p.size()[1]])
    }

    fn items(&self, items: &[u32], n: usize) -> Tensor {
        let rows = (items.len() / self.item_rows.len() / n) as i64;
        self.rows(&self.q, items, &self.item_rows).view([-1, rows, n as i64, self.q.size()[1]])
    }

    fn rows(&self, table: &Tensor, ids: &[u32], first: &[i64]) -> Tensor {
        let each = ids.len() / first.len();
        let mut rows: Vec<i64> = ids.iter().enumerate().map(|(at, &id)| first[at / each] + i64::from(id)).collect();
        // Members up to a whole block look at the first row; nobody looks at them.
        rows.resize(padded(first.len()) * each, 0);
        table.index_select(0, &Tensor::from_slice(&rows).to_device(self.device))
    }
}

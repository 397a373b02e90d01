//! A factorisation's minibatches on a device: gathered rows, their gradients summed by row in a fixed order, and a step of the
//! touched rows alone, as [`drr_train::pmf`] does it.

use drr_core::math;
use drr_kinds::pmf::{Optimizer, PmfSpec};
use drr_train::kernels::accelerator::{DeviceFactors, FactorTables};
use drr_train::kernels::slices::ADAM;
use tch::{Device, Kind, Tensor};

/// Users' or items' rows on the device, an embedding and its bias each, `[rows, k + 1]`.
struct RowTable {
    rows: Tensor,
    m: Tensor,
    v: Tensor,
    /// On the host: each row's place among those of the batch.
    slots: Vec<u32>,
    touched: Vec<i64>,
    counts: Vec<f32>,
}

const NO_SLOT: u32 = u32::MAX;

impl RowTable {
    fn new(embeddings: &[f32], bias: &[f32], k: usize, device: Device) -> Self {
        let embeddings = Tensor::from_slice(embeddings).view([-1, k as i64]);
        let rows = Tensor::cat(&[embeddings, Tensor::from_slice(bias).unsqueeze(1)], 1).to_device(device);
        let (m, v) = (rows.zeros_like(), rows.zeros_like());
        Self { rows, m, v, slots: vec![NO_SLOT; bias.len()], touched: Vec::new(), counts: Vec::new() }
    }

    /// The place of each rating's row among the touched ones.
    fn touch(&mut self, rows: impl Iterator<Item = u32>) -> Vec<i64> {
        self.touched.clear();
        self.counts.clear();
        let mut places = Vec::new();
        for row in rows {
            let slot = &mut self.slots[row as usize];
            if *slot == NO_SLOT {
                *slot = self.touched.len() as u32;
                self.touched.push(i64::from(row));
                self.counts.push(0.0);
            }
            self.counts[*slot as usize] += 1.0;
            places.push(i64::from(*slot));
        }
        self.touched.iter().for_each(|&row| self.slots[row as usize] = NO_SLOT);
        places
    }

    /// Embeddings and biases, on the host.
    fn read(&self, k: i64) -> (Vec<f32>, Vec<f32>) {
        let values = |part: Tensor| Vec::try_from(part.contiguous().view(-1).to_device(Device::Cpu));
        let (embeddings, bias) = (values(self.rows.narrow(1, 0, k)), values(self.rows.narrow(1, k, 1)));
        (embeddings.expect("single precision"), bias.expect("single precision"))
    }
}

/// A factorisation in training.
pub(crate) struct FactorTensors {
    k: i64,
    spec: PmfSpec,
    users: RowTable,
    items: RowTable,
    steps: i32,
    squares: Tensor,
    device: Device,
}

impl FactorTensors {
    pub fn new(start: &FactorTables, spec: &PmfSpec, device: Device) -> Self {
        let k = start.k;
        Self {
            k: k as i64,
            spec: spec.clone(),
            users: RowTable::new(&start.users, &start.user_bias, k, device),
            items: RowTable::new(&start.items, &start.item_bias, k, device),
            steps: 0,
            squares: Tensor::zeros([1], (Kind::Double, device)),
            device,
        }
    }

    fn upload<T: tch::kind::Element>(&self, values: &[T]) -> Tensor {
        Tensor::from_slice(values).to_device(self.device)
    }
}

/// One step of a table's touched rows by the ratings' gradients `[B, k + 1]`, the penalty once for each rating.
fn descend(table: &mut RowTable, places: &Tensor, gradients: &Tensor, step: &FactorStep, device: Device) {
    let touched = Tensor::from_slice(&table.touched).to_device(device);
    let counts = Tensor::from_slice(&table.counts).to_device(device).unsqueeze(1);
    let row = table.rows.index_select(0, &touched);
    // Accumulated by sorted places: one order, on a GPU too.
    let g = row.zeros_like().index_put(&[Some(places)], gradients, true);
    let g = g + &row * (counts * f64::from(step.share)) * &step.penalties;
    let (beta1, beta2, epsilon) = ADAM;
    let m = table.m.index_select(0, &touched);
    let (m, change) = match step.optimizer {
        Optimizer::Adam => {
            let v = table.v.index_select(0, &touched);
            let m = &m + (&g - &m) * f64::from(1.0 - beta1);
            let v = v * f64::from(beta2) + g.square() * f64::from(1.0 - beta2);
            let _ = table.v.index_copy_(0, &touched, &v);
            let change = &m / (v.sqrt() * f64::from(step.second_moment_scale) + f64::from(epsilon));
            (m, change)
        }
        Optimizer::Sgd => {
            let m = m * f64::from(step.momentum) + g;
            (m.shallow_clone(), m)
        }
    };
    let _ = table.m.index_copy_(0, &touched, &m);
    let _ = table.rows.index_copy_(0, &touched, &(row - change * f64::from(step.lr)));
}

/// What is the same for both tables in one step.
struct FactorStep {
    optimizer: Optimizer,
    /// 2 / N.
    share: f32,
    /// L2 of embeddings, and of the bias, `[k + 1]`.
    penalties: Tensor,
    lr: f32,
    momentum: f32,
    second_moment_scale: f32,
}

impl DeviceFactors for FactorTensors {
    fn step(&mut self, batch: &[(u32, u32, f32)]) {
        self.steps += 1;
        let correction = |beta: f32| 1.0 - math::pow(f64::from(beta), f64::from(self.steps));
        let adam = self.spec.optimizer == Optimizer::Adam;
        let mut penalties = vec![self.spec.l2 as f32; self.k as usize];
        penalties.push(self.spec.l2_bias as f32);
        let step = FactorStep {
            optimizer: self.spec.optimizer,
            share: 2.0 / batch.len() as f32,
            penalties: self.upload(&penalties),
            lr: (if adam { self.spec.lr / correction(ADAM.0) } else { self.spec.lr }) as f32,
            momentum: self.spec.momentum as f32,
            second_moment_scale: (1.0 / correction(ADAM.1).sqrt()) as f32,
        };
        let user_places = self.users.touch(batch.iter().map(|&(user, _, _)| user));
        let item_places = self.items.touch(batch.iter().map(|&(_, item, _)| item));
        let (user_places, item_places) = (self.upload(&user_places), self.upload(&item_places));
        let ids = |of: fn(&(u32, u32, f32)) -> u32| batch.iter().map(|it| i64::from(of(it))).collect::<Vec<_>>();
        let p = self.users.rows.index_select(0, &self.upload(&ids(|it| it.0)));
        let q = self.items.rows.index_select(0, &self.upload(&ids(|it| it.1)));
        let rewards = self.upload(&batch.iter().map(|it| it.2).collect::<Vec<f32>>());
        let (embedding, bias) = (|rows: &Tensor| rows.narrow(1, 0, self.k), |rows: &Tensor| rows.select(1, self.k));
        let products = (embedding(&p) * embedding(&q)).sum_dim_intlist(1, false, Kind::Float);
        let error = products + bias(&p) + bias(&q) - rewards;
        self.squares += error.to_kind(Kind::Double).square().sum(Kind::Double);
        let slope = (error * f64::from(step.share)).unsqueeze(1);
        let gradient = |other: &Tensor| Tensor::cat(&[embedding(other) * &slope, slope.shallow_clone()], 1);
        let (of_users, of_items) = (gradient(&q), gradient(&p));
        descend(&mut self.users, &user_places, &of_users, &step, self.device);
        descend(&mut self.items, &item_places, &of_items, &step, self.device);
    }

    fn squares(&mut self) -> f64 {
        let sum = self.squares.double_value(&[0]);
        let _ = self.squares.zero_();
        sum
    }

    fn read(&self) -> FactorTables {
        let ((users, user_bias), (items, item_bias)) = (self.users.read(self.k), self.items.read(self.k));
        FactorTables { k: self.k as usize, users, items, user_bias, item_bias }
    }
}

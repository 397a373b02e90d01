//! Models on disk: safetensors, readable from Python. Weights are stored as PyTorch stores them, `[outputs, inputs]`;
//! Adam's step count as two exact floats, high and low 24 bits.

use std::path::Path;

use drr_core::Digest;
use drr_kinds::error::Result;
use drr_kinds::tensors::{TensorFile, Tensors, write};

use crate::actor_critic::{Agent, Layout, Network};
use crate::kernels::Array;
use crate::optim::Trained;
use crate::pmf::PmfModel;

/// Saves a factorisation; returns the file's digest.
///
/// # Errors
/// Any failure of the file system.
pub fn save_pmf(path: &Path, model: &PmfModel) -> Result<Digest> {
    let k = model.k;
    let tensors = vec![
        ("user.embedding".to_owned(), vec![model.users.len() / k, k], model.users.clone()),
        ("item.embedding".to_owned(), vec![model.items.len() / k, k], model.items.clone()),
        ("user.bias".to_owned(), vec![model.user_bias.len()], model.user_bias.clone()),
        ("item.bias".to_owned(), vec![model.item_bias.len()], model.item_bias.clone()),
    ];
    write(path, &tensors)
}

/// Loads a factorisation.
///
/// # Errors
/// If the file is missing, damaged or of another kind.
pub fn load_pmf(path: &Path) -> Result<PmfModel> {
    let mut file = TensorFile::read(path)?;
    let (shape, users) = file.take("user.embedding")?;
    let k = *shape.get(1).ok_or_else(|| file.broken("user.embedding is not a matrix"))?;
    Ok(PmfModel {
        k,
        users,
        items: file.take("item.embedding")?.1,
        user_bias: file.take("user.bias")?.1,
        item_bias: file.take("item.bias")?.1,
    })
}

/// A cohort's networks, targets and optimiser state, on the host: read once, however many members are saved.
pub struct Networks(Vec<Stored>);

/// One network of all members.
struct Stored {
    name: &'static str,
    layout: Layout,
    /// θ, θ', m and v, each `[C, P]`.
    values: [Vec<f32>; 4],
    steps: u64,
}

impl Networks {
    /// Those of an agent as it stands.
    pub fn of(agent: &Agent) -> Self {
        let stored = |(name, network): (&'static str, &Network)| {
            let Network { layout, trained, .. } = network;
            let values = [&trained.theta, &trained.target, &trained.m, &trained.v].map(Array::to_vec);
            Stored { name, layout: layout.clone(), values, steps: trained.steps }
        };
        Self(agent.networks().into_iter().map(stored).collect())
    }

    /// Saves one member's; returns the file's digest.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn save(&self, path: &Path, member: usize) -> Result<Digest> {
        let mut tensors = Tensors::new();
        for Stored { name, layout, values, steps } in &self.0 {
            let size = layout.size;
            let [theta, target, m, v] = values.each_ref().map(|values| &values[member * size..][..size]);
            layers(name, layout, theta, &mut tensors);
            for (kind, values) in [("target", target), ("adam.m", m), ("adam.v", v)] {
                tensors.push((format!("{kind}.{name}"), vec![size], values.to_vec()));
            }
            let steps = [steps >> 24, steps & 0xff_ffff].map(|part| part as f32);
            tensors.push((format!("adam.steps.{name}"), vec![2], steps.to_vec()));
        }
        write(path, &tensors)
    }
}

/// Loads networks, targets and optimiser state into the one member of `agent`.
///
/// # Errors
/// If the file is missing, damaged or of other shapes.
pub fn load_agent(path: &Path, agent: &mut Agent) -> Result<()> {
    let mut file = TensorFile::read(path)?;
    for (name, network) in agent.networks_mut() {
        let Network { layout, trained, .. } = network;
        load_layers(name, layout, trained, &mut file)?;
        for (kind, values) in [("target", &mut trained.target), ("adam.m", &mut trained.m), ("adam.v", &mut trained.v)]
        {
            values.fill_from(&file.expect(&format!("{kind}.{name}"), layout.size)?);
        }
        let steps = file.expect(&format!("adam.steps.{name}"), 2)?;
        trained.steps = ((steps[0] as u64) << 24) + steps[1] as u64;
    }
    Ok(())
}

fn layers(name: &str, layout: &Layout, theta: &[f32], tensors: &mut Tensors) {
    for (index, layer) in layout.layers.iter().enumerate() {
        let weight = &theta[layer.weight_at..layer.bias_at];
        let shape = vec![layer.outputs, layer.inputs];
        tensors.push((format!("{name}.{index}.weight"), shape, transpose(weight, layer.inputs, layer.outputs)));
        let bias = theta[layer.bias_at..][..layer.outputs].to_vec();
        tensors.push((format!("{name}.{index}.bias"), vec![layer.outputs], bias));
    }
    if layout.state_weights > 0 {
        tensors.push(("state.weight".to_owned(), vec![layout.state_weights], theta[layout.state_weight_at..].to_vec()));
    }
}

fn load_layers(name: &str, layout: &Layout, trained: &mut Trained, file: &mut TensorFile) -> Result<()> {
    let mut theta = vec![0.0; layout.size];
    for (index, layer) in layout.layers.iter().enumerate() {
        let weight = file.expect(&format!("{name}.{index}.weight"), layer.inputs * layer.outputs)?;
        theta[layer.weight_at..layer.bias_at].copy_from_slice(&transpose(&weight, layer.outputs, layer.inputs));
        let bias = file.expect(&format!("{name}.{index}.bias"), layer.outputs)?;
        theta[layer.bias_at..][..layer.outputs].copy_from_slice(&bias);
    }
    if layout.state_weights > 0 {
        theta[layout.state_weight_at..].copy_from_slice(&file.expect("state.weight", layout.state_weights)?);
    }
    trained.theta.fill_from(&theta);
    Ok(())
}

/// `[rows, columns]` → `[columns, rows]`.
fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect()
}

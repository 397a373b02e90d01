//! A member's bits alone and among others; a factorisation beside the loops.

use std::sync::Arc;

use drr_core::Seed;
use drr_cuda::trials::{member, model, world};
use drr_kinds::drr::DrrSpec;
use drr_kinds::pmf::PmfSpec;
use drr_kinds::training::Silent;
use drr_train::kernels::Backend;
use drr_train::pmf::{self, PmfModel};
use drr_train::trainer::{Member, train};

use super::GpuRig;
use super::table::Findings;

/// Networks as the paper has them, or small ones where a GPU is pretended.
pub fn networks(rig: &GpuRig) -> (DrrSpec, usize) {
    let short = DrrSpec { learning_starts: 64, train_steps: 96, ..DrrSpec::published() };
    match rig.is_pretended {
        false => (short, 100),
        true => {
            let (actor_hidden, critic_hidden) = (vec![24, 24], vec![24, 24, 24]);
            (DrrSpec { actor_hidden, critic_hidden, batch_size: 16, learning_starts: 32, ..short }, 8)
        }
    }
}

/// The bits of every member's actor after a short training.
fn bits(members: &[Member], backend: Backend) -> Result<Vec<Vec<u32>>, String> {
    let _no_gradients = tch::no_grad_guard();
    let (agent, ends) = train(members, backend, &mut Silent).map_err(|error| error.to_string())?;
    for end in ends {
        end.map_err(|error| error.to_string())?;
    }
    let (actor, critic) = (agent.actor.trained.theta.to_vec(), agent.critic.trained.theta.to_vec());
    let own = |values: &[f32], member: usize| {
        let size = values.len() / members.len();
        values[member * size..][..size].iter().map(|value| value.to_bits()).collect::<Vec<_>>()
    };
    Ok((0..members.len()).map(|member| [own(&actor, member), own(&critic, member)].concat()).collect())
}

pub fn check(rig: &GpuRig, findings: &mut Findings) -> Result<(), String> {
    let (spec, k) = networks(rig);
    let world = Arc::new(world(120, 200, 60));
    let model = Arc::new(model(&world, k));
    let members: Vec<Member> = (0..64).map(|seed| member(&world, &model, spec.clone(), seed)).collect();
    let all = bits(&members, rig.backend)?;
    let eight = bits(&members[..8], rig.backend)? == all[..8];
    findings.hold("8 trials together: the bits of 64 together", eight, "every parameter of actor and critic");
    for at in [0, 63] {
        let alone = bits(&members[at..=at], rig.backend)? == all[at..=at];
        findings.hold(&format!("trial {at} alone: the bits it has among 64"), alone, "every parameter");
    }
    findings.hold("the same again", bits(&members, rig.backend)? == all, "64 together, twice");
    let loops = bits(&members[..1], Backend::Slices)?;
    let apart = loops[0].iter().zip(&all[0]).map(|(a, b)| (f32::from_bits(*a) - f32::from_bits(*b)).abs());
    let apart = apart.fold(0.0, f32::max);
    findings.hold(
        "near the loops of the CPU",
        apart < 2e-2,
        &format!("parameters at most {apart:.1e} apart after 96 steps"),
    );
    factorisation(rig, findings)
}

fn factorisation(rig: &GpuRig, findings: &mut Findings) -> Result<(), String> {
    let _no_gradients = tch::no_grad_guard();
    let world = world(300, 400, 80);
    let spec = PmfSpec { k: 16, epochs: 3, batch_size: 1024, ..PmfSpec::default() };
    let on = |backend: Backend| {
        pmf::train_on(backend, &world, &spec, Seed(0), &mut Silent).map_err(|error| error.to_string())
    };
    let values = |it: &PmfModel| [&it.users[..], &it.items, &it.user_bias, &it.item_bias].concat();
    let ((loops, _), (first, _), (second, _)) = (on(Backend::Slices)?, on(rig.backend)?, on(rig.backend)?);
    let is_same = values(&first).iter().zip(values(&second)).all(|(a, b)| a.to_bits() == b.to_bits());
    findings.hold("PMF twice: the same bits", is_same, "every number of both tables");
    let apart = values(&first).iter().zip(values(&loops)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    findings.hold("PMF near the loops of the CPU", apart < 2e-4, &format!("at most {apart:.1e} apart after 3 epochs"));
    Ok(())
}

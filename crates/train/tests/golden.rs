//! Networks and whole updates against PyTorch with autograd (`goldens/make.py`).

mod goldens;

use drr_train::kernels::Backend;
use goldens::{agent, distance, goldens, whole_updates_agree_with_pytorch};

#[test]
fn whole_updates_over_slices_agree_with_pytorch() {
    goldens().for_each(|golden| whole_updates_agree_with_pytorch(&golden, Backend::Slices));
}

#[test]
fn the_actor_agrees_with_pytorch() {
    for golden in goldens() {
        let mut agent = agent(&golden, Backend::Slices);
        let first = &golden.updates[0];
        let (n, size) = (golden.history as usize, agent.shapes.action);
        for row in 0..first.users.len() {
            let action = agent.act(&first.users[row..=row], &first.before[row * n..][..n]);
            let expected = &first.policy[row * size..][..size];
            assert!(distance(action, expected) < 1e-5, "row {row}: {action:?} is not {expected:?}");
        }
    }
}

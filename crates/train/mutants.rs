//! Planted bugs: each turns one expression of the trainer into a mistake that people make. The program `drr-lab-mutant`
//! (feature `mutants`) is the worker built from a copy of `src/` with all of them in it, one of them switched on when it
//! starts; the sources themselves, and the ordinary build, hold none. `cargo xtask mutants` asks which of them the gates
//! of `gates/ci-smoke.toml` catch.

/// One planted bug.
pub struct Mutant {
    /// What `DRR_LAB_MUTANT` calls it.
    pub name: &'static str,
    /// What is wrong, for people.
    pub bug: &'static str,
    /// Where it is planted.
    pub edits: &'static [Edit],
}

/// One expression and what stands in its place.
pub struct Edit {
    /// The file, relative to `src/`.
    pub file: &'static str,
    /// The right expression; it stands in the file exactly once.
    pub find: &'static str,
    /// The wrong one.
    pub replace: &'static str,
}

const fn edit(file: &'static str, find: &'static str, replace: &'static str) -> Edit {
    Edit { file, find, replace }
}

/// No bug: functions that round otherwise, in an environment class of their own. What the gates must not take for one.
pub const OTHER_ARITHMETIC: Mutant = Mutant {
    name: "other-arithmetic",
    bug: "tanh rounds otherwise; the environment class says so",
    edits: &[
        edit("kernels/slices.rs", "math::tanh(*x)", "f64::from(*x).tanh() as f32"),
        edit("worker/numerics.rs", "OWN.to_owned()", "\"other\".to_owned()"),
    ],
};

/// All planted bugs.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "no-target-network",
        bug: "the target value comes from the networks that are being trained",
        edits: &[edit("actor_critic/network.rs", "&self.trained.target", "&self.trained.theta")],
    },
    Mutant {
        name: "target-copied",
        bug: "the target networks are copied at every step: τ = 1",
        edits: &[edit("optim.rs", "rates.tau as f32", "1.0_f32")],
    },
    Mutant {
        name: "reward-sign",
        bug: "rewards enter the replay with the wrong sign",
        edits: &[edit(
            "trainer.rs",
            "reward.max(self.member.spec.reward_floor as f32)",
            "(-reward).max(self.member.spec.reward_floor as f32)",
        )],
    },
    Mutant {
        name: "stale-priorities",
        bug: "priorities stay what they were when a transition came in",
        edits: &[edit("replay.rs", "self.tree.set(slot, math::pow(priority, self.alpha))", "()")],
    },
    Mutant {
        name: "gamma-off",
        bug: "the target is the reward alone: γ = 0",
        edits: &[edit("returns.rs", "gamma as f32", "0.0 * gamma as f32")],
    },
    Mutant {
        name: "history-reversed",
        bug: "a new item enters the history at its old end",
        edits: &[
            edit("history.rs", "self.items.rotate_left(1)", "self.items.rotate_right(1)"),
            edit("history.rs", "self.items.last_mut()", "self.items.first_mut()"),
        ],
    },
    Mutant {
        name: "w-frozen",
        bug: "the weights of the state representation are never trained",
        edits: &[edit(
            "actor_critic/update.rs",
            "embeddings.weight_gradient(ids, weights, d_state, &mut work.scratch, &mut trained.gradient)",
            "{ let _ = (ids, weights, &d_state, &mut work.scratch, &mut trained.gradient); }",
        )],
    },
    Mutant {
        name: "epsilon-never-falls",
        bug: "ε stays at eps_start",
        edits: &[edit("trainer.rs", "(spec.eps_end - spec.eps_start) * share", "0.0 * share")],
    },
    Mutant {
        name: "never-explores",
        bug: "no step explores",
        edits: &[edit("trainer.rs", "self.explore.unit() < epsilon", "self.explore.unit() < 0.0 * epsilon")],
    },
    Mutant {
        name: "test-leak",
        bug: "the test ratings are among those that are learned from",
        edits: &[edit(
            "worker/loaded.rs",
            "World::new(&table, &split, ratings.reward)",
            "World { train: drr_kinds::world::Log::new(&table, \
             &(0..table.rows.len() as u32).collect::<Vec<_>>(), ratings.reward), ..World::new(&table, &split, ratings.reward) }",
        )],
    },
    Mutant {
        name: "weights-ignored",
        bug: "the importance weights of prioritised replay are all 1",
        edits: &[edit("replay.rs", "batch.weights.push(weight as f32)", "batch.weights.push(1.0)")],
    },
    Mutant {
        name: "actor-idle",
        bug: "the actor never takes a step",
        edits: &[edit("actor_critic/update.rs", "actor.trained.step()", "()")],
    },
    Mutant {
        name: "critic-idle",
        bug: "the critic never takes a step",
        edits: &[edit("actor_critic/update.rs", "critic.trained.step()", "()")],
    },
    Mutant {
        name: "pmf-without-biases",
        bug: "predictions leave out the biases",
        edits: &[edit(
            "pmf/mod.rs",
            "product(self.user(user), self.item(item)) + self.user_bias[user as usize] + self.item_bias[item as usize]",
            "product(self.user(user), self.item(item))",
        )],
    },
    Mutant {
        name: "precision-of-the-wrong-k",
        bug: "precision@K counts the first K - 1 items and divides by K",
        edits: &[edit(
            "evaluate/judged.rs",
            "first(&judged.rewards, k).iter().filter(|reward| self.is_relevant(**reward)).count()",
            "first(&judged.rewards, k - 1).iter().filter(|reward| self.is_relevant(**reward)).count()",
        )],
    },
    Mutant {
        name: "no-bias-correction",
        bug: "Adam's moments are not corrected for their start at zero",
        edits: &[edit("optim.rs", "(correction(beta1), correction(beta2))", "(correction(0.0), correction(0.0))")],
    },
    Mutant {
        name: "items-again",
        bug: "a session may recommend the same item twice",
        edits: &[edit("trainer.rs", "self.ranking.exclude(item)", "()")],
    },
    Mutant {
        name: "next-state-stale",
        bug: "the next state is the state before the step",
        edits: &[edit("actor_critic/update.rs", "&batch.after", "&batch.before")],
    },
];

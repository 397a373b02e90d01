//! DRR: the actor-critic recommender, and the same networks as they were initialised.
//!
//! | file | job |
//! | --- | --- |
//! | `settings` | the hyperparameters |
//! | `cost` | the time and the memory a training takes |
//! | `recommender` | a stored recommender and its forward pass, in plain Rust |

mod cost;
mod recommender;
mod settings;

use drr_core::spec::Settings;
use serde_json::{Map, Value, json};

pub use settings::{
    ActionBase, ActionNorm, Bounding, CriticAction, DrrSpec, Exploration, Remembers, Scoring, StateKind, TrainItems,
};

use crate::kind::{
    Better, Chooses, Column, Contradiction, Curves, Family, Kind, Marker, Model, ModelUse, Need, PolicyRole, Role,
    StudyFacts, Style, TableColumns, Trainer, typed,
};

/// The trained model, the policy it is, and the policy it was before training.
pub static KINDS: &[&Kind] = &[&MODEL, &POLICY, &UNTRAINED];

static MODEL: Kind = Kind {
    name: "drr",
    title: "DRR",
    fields: DrrSpec::FIELDS,
    role: Role::Model(&Model {
        plural: "DRR models",
        stands_on: &["pmf"],
        complete,
        contradicts,
        learns: |settings| settings.whole("train_steps") != Some(0),
        last_step: |settings| settings.whole("train_steps").unwrap_or(0),
        seconds: cost::seconds,
        on_device: |_| true,
        device_bytes: cost::device_bytes,
        host_bytes: cost::host_bytes,
        together: true,
        shaped_by: |upstream| upstream.first().and_then(|model| model.whole("k")),
        budget: Some("train_steps"),
        needs: |settings| vec![Need::Sessions { field: "drr.history", history: typed::<DrrSpec>(settings).history }],
        train: Trainer::Worker,
        recommender: Some(recommender::read),
        settings: None,
        study: StudyFacts {
            name: "training",
            order: 20,
            families: &[Family {
                name: "reward",
                title: "Training reward",
                axis: "mean reward of a recommendation, −1 to 1",
                columns: TableColumns::Fixed(&[Column {
                    metric: "reward_last_tenth",
                    header: "mean reward, last tenth",
                    better: Better::Higher,
                }]),
            }],
            curves: &[Curves {
                metric: "train/reward",
                title: "Learning curves of DRR",
                x: "environment steps",
                y: "mean reward of a recommendation, −1 to 1",
                last: "reward_last_tenth",
                window: 5,
                better: Better::Higher,
            }],
            headline: &[],
            note: Some(
                "Measured while exploring and learning, with the training's own exploration rate; evaluations are the \
                 comparison.",
            ),
            trivial: None,
            same: None,
            answered_by: |_| Some("pmf"),
        },
    }),
};

static POLICY: Kind = Kind {
    name: "drr",
    title: "DRR",
    fields: &[],
    role: Role::Policy(&PolicyRole {
        order: 0,
        model: Some(ModelUse { kind: "drr", fixed: &[], shape_only: false }),
        adapts: true,
        by_default: false,
        competes: true,
        effort: cost::effort,
        chooses: Chooses::Networks,
        style: None,
    }),
};

static UNTRAINED: Kind = Kind {
    name: "drr-untrained",
    title: "untrained DRR",
    fields: &[],
    role: Role::Policy(&PolicyRole {
        order: 10,
        model: Some(ModelUse { kind: "drr", fixed: &[("train_steps", 0)], shape_only: true }),
        adapts: true,
        by_default: true,
        competes: true,
        effort: cost::effort,
        chooses: Chooses::Networks,
        style: Some(Style { colour: (0xcc, 0x79, 0xa7), dashes: &[10.0, 4.0], marker: Marker::Down }),
    }),
};

/// Widths left to the default are as wide as their input, which the factors of the model decide.
fn complete(settings: &mut Map<String, Value>, upstream: &[&Settings]) {
    let k = upstream.first().and_then(|model| model.whole("k")).unwrap_or_default();
    let mut drr: DrrSpec = serde_json::from_value(Value::Object(settings.clone()))
        .expect("each value was checked against its field when it was read");
    drr.resolve(k);
    for (name, value) in [
        ("actor_hidden", json!(drr.actor_hidden)),
        ("critic_hidden", json!(drr.critic_hidden)),
        ("learning_starts", json!(drr.learning_starts)),
    ] {
        settings.insert(name.to_owned(), value);
    }
}

/// Training that ends before it begins, and an action that starts from what the state does not hold.
fn contradicts(settings: &Settings) -> Option<Contradiction> {
    let DrrSpec {
        train_steps,
        learning_starts,
        batch_size,
        state,
        action_base,
        n_step,
        episode_length,
        replay_capacity,
        ..
    } = typed(settings);
    if train_steps > 0 && train_steps <= learning_starts {
        let least = if learning_starts == batch_size { ", a minibatch" } else { "" };
        return Some(Contradiction {
            fields: &["drr.train_steps", "drr.learning_starts", "drr.batch_size"],
            message: format!(
                "train_steps = {train_steps} end before or as learning begins, at learning_starts = {learning_starts}{least}"
            ),
            help: "train longer or begin earlier; 0 steps leave the networks as they are initialised".to_owned(),
        });
    }
    if replay_capacity < batch_size {
        return Some(Contradiction {
            fields: &["drr.replay_capacity", "drr.batch_size"],
            message: format!("replay_capacity = {replay_capacity} holds less than a minibatch of {batch_size}"),
            help: "a larger buffer, or a smaller batch".to_owned(),
        });
    }
    // A return is complete after its steps, or with its session.
    if n_step > 1 && n_step.min(episode_length + 1) > learning_starts {
        return Some(Contradiction {
            fields: &["drr.n_step", "drr.learning_starts", "drr.episode_length"],
            message: format!("no return of {n_step} steps is complete at learning_starts = {learning_starts}"),
            help: "begin later, or sum fewer steps".to_owned(),
        });
    }
    (action_base == ActionBase::Pmf && state != StateKind::Ave).then(|| Contradiction {
        fields: &["drr.state", "drr.action_base"],
        message: "action_base = \"pmf\" starts from the user's factors, which the state `ave` alone holds".to_owned(),
        help: "set action_base = \"none\" for the states p and u".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_default_to_their_input() {
        let open = DrrSpec { actor_hidden: Vec::new(), critic_hidden: Vec::new(), ..DrrSpec::default() };
        let mut settings = json!(open).as_object().expect("an object").clone();
        let model = Settings::new(json!({"k": 100})).expect("an object");
        complete(&mut settings, &[&model]);
        let drr: DrrSpec = typed(&Settings::new(Value::Object(settings)).expect("an object"));
        assert_eq!(drr.actor_hidden, [300, 300]);
        assert_eq!(drr.critic_hidden, [300, 401, 401]);
    }
}

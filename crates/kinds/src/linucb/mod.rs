//! Linear bandits over PMF's item vectors: they know nothing of a user when a session begins, and learn from every answer.

mod settings;

use drr_core::spec::Settings;

pub use settings::{HiddenLinUcbSpec, LinUcbSpec};

use crate::kind::{Chooses, Kind, Marker, PolicyRole, Role, Style, typed};
use crate::work::{Candidates, Effort, Work};

/// Both policies.
pub static KINDS: &[&Kind] = &[&PLAIN, &HIDDEN];

static PLAIN: Kind = Kind {
    name: "linucb",
    title: "LinUCB",
    fields: LinUcbSpec::FIELDS,
    role: Role::Policy(&PolicyRole {
        order: 33,
        model: None,
        adapts: true,
        by_default: false,
        competes: true,
        effort,
        chooses: Chooses::Bandit(|settings: &Settings| typed::<LinUcbSpec>(settings).into()),
        style: Some(Style { colour: (0xcc, 0x79, 0xa7), dashes: &[6.0, 3.0, 1.0, 3.0], marker: Marker::Square }),
    }),
};

static HIDDEN: Kind = Kind {
    name: "hlinucb",
    title: "hidden LinUCB",
    fields: HiddenLinUcbSpec::FIELDS,
    role: Role::Policy(&PolicyRole {
        order: 34,
        model: None,
        adapts: true,
        by_default: false,
        competes: true,
        effort,
        chooses: Chooses::Bandit(|settings: &Settings| typed::<HiddenLinUcbSpec>(settings).into()),
        style: Some(Style { colour: (0xcc, 0x79, 0xa7), dashes: &[2.0, 2.0], marker: Marker::Circle }),
    }),
};

/// Each answer moves the scores of all items, whatever the candidates are.
fn effort(work: &Work<'_>, _: Candidates) -> Effort {
    let (k, items) = (work.factors() as f64, work.data.items as f64);
    Effort { once: 1e-9 * k * items, each: 1.5e-9 * k * items }
}

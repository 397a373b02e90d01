//! PMF whose picture of the user follows each answer: what adapting within a session can be worth where ratings are linear.

use crate::kind::{Chooses, Kind, Marker, PolicyRole, Role, Style};
use crate::work::{Candidates, Effort};

/// The policy.
pub static KINDS: &[&Kind] = &[&POLICY];

static POLICY: Kind = Kind {
    name: "pmf-adaptive",
    title: "adaptive PMF",
    fields: &[],
    role: Role::Policy(&PolicyRole {
        order: 22,
        model: None,
        adapts: true,
        by_default: true,
        competes: true,
        // A session begins with a factorisation of k x k numbers, and each answer solves with it.
        effort: |work, candidates| {
            let k = work.factors() as f64;
            let items = if candidates == Candidates::All { work.data.items as f64 } else { 0.0 };
            let begins = 5e-10 * k * k * (k / 3.0 + work.data.each_users());
            Effort { once: 0.0, each: begins / 5.0 + 2e-9 * k * k + 1e-9 * k * items }
        },
        chooses: Chooses::Beliefs,
        style: Some(Style { colour: (0x00, 0x72, 0xb2), dashes: &[6.0, 3.0, 1.0, 3.0], marker: Marker::Diamond }),
    }),
};

//! A command as a trial: any program, with the guarantees that built-in trials have. Running it is `drr_command`'s.
//!
//! | file | job |
//! | --- | --- |
//! | `settings` | what a trial's spec says of its command |
//! | `placeholders` | `{lr}` and `{out}` in the command's words |
//! | `declared` | the kinds that sweep files declare, a stage each |

mod declared;
mod placeholders;
mod settings;

pub use declared::{
    Declaration, DeclaredBetter, DeclaredMetric, Determinism, is_command, kind, kind_of, kind_of_stage, stage_of_kind,
};
pub use placeholders::{Piece, RESERVED, STAGE, filled, is_reserved, name_fault, pieces};
pub use settings::{CommandSettings, MetricsFrom, spelled};

use crate::kind::{Chooses, Kind, ModelUse, PolicyRole, Role};
use crate::work::Effort;

/// The name of the kind that a sweep of a command is about, and the first part of its stages' names.
pub const NAME: &str = "command";

/// The section of a sweep file that holds a command's parameters.
pub const PARAMS: &str = "params";

/// The policy by the scores that a command wrote. What runs is there when a sweep file declares it.
pub static KINDS: &[&Kind] = &[&POLICY];

static POLICY: Kind = Kind {
    name: NAME,
    title: "a command",
    fields: &[],
    role: Role::Policy(&PolicyRole {
        order: 0,
        model: Some(ModelUse { kind: NAME, fixed: &[], shape_only: false }),
        adapts: false,
        by_default: false,
        competes: true,
        effort: |_, _| Effort { once: 0.05, each: 1e-7 },
        chooses: Chooses::Program,
        style: None,
    }),
};

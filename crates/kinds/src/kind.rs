//! What a kind is to everybody who runs, shows or judges its trials. A kind says it once, in its folder; nobody else
//! knows its name.

use drr_core::spec::{Field, Section, Settings};
use serde_json::{Map, Value};

use crate::bandit::BanditSettings;
use crate::error::Result;
use crate::protocol::Protocol;
use crate::ranking::MakeRanking;
use crate::recommender::ReadRecommender;
use crate::training::{Reporter, Trained, Training};
use crate::work::{Candidates, Effort, Work};

/// A kind of work, as data.
#[derive(Debug)]
pub struct Kind {
    /// The name in sweep files, specs and tables.
    pub name: &'static str,
    /// What it is, for people: one or two words.
    pub title: &'static str,
    /// Its section of a sweep file, field by field; none where it has no settings.
    pub fields: &'static [Field],
    /// What it is for.
    pub role: Role,
}

/// What a kind is for.
#[derive(Clone, Copy, Debug)]
pub enum Role {
    /// It is trained, and leaves a model.
    Model(&'static Model),
    /// It recommends, and is evaluated.
    Policy(&'static PolicyRole),
    /// It evaluates a policy.
    Measure(&'static Measure),
}

/// Trains one trial.
pub type Train = fn(&Training<'_>, &mut dyn Reporter) -> Result<Trained>;

/// Who trains a trial.
#[derive(Clone, Copy, Debug)]
pub enum Trainer {
    /// The worker, with networks of its own.
    Worker,
    /// The kind itself, from ratings.
    Ratings(Train),
    /// A program of the user's, which the worker runs.
    Program,
}

/// Settings that no fields describe.
#[derive(Clone, Copy, Debug)]
pub struct FreeSettings {
    /// What is wrong with them, if anything is.
    pub check: fn(&Settings) -> std::result::Result<(), String>,
    /// What decides a result, by the names sweep files give it.
    pub listed: fn(&Settings) -> Vec<(String, Value)>,
}

/// What is trained.
#[derive(Debug)]
pub struct Model {
    /// Many of them, for people.
    pub plural: &'static str,
    /// The kinds of models it stands on.
    pub stands_on: &'static [&'static str],
    /// Fills in the settings that follow from others; `upstream` in the order of [`Model::stands_on`].
    pub complete: fn(settings: &mut Map<String, Value>, upstream: &[&Settings]),
    /// What in these settings contradicts itself, if anything does.
    pub contradicts: fn(&Settings) -> Option<Contradiction>,
    /// Whether these settings train anything; a model that stays as initialised does not.
    pub learns: fn(&Settings) -> bool,
    /// The last step its curves reach.
    pub last_step: fn(&Settings) -> u64,
    /// Expected seconds on one core, from 100 thousand ratings to 26 million: right but for a factor that is the machine's.
    pub seconds: fn(&Work<'_>) -> f64,
    /// Whether it is computed on a GPU where there is one.
    pub on_device: fn(&Work<'_>) -> bool,
    /// Bytes of a GPU's memory it takes beside what any process takes, and beside the vectors it stands on.
    pub device_bytes: fn(&Settings, upstream: &[&Settings]) -> u64,
    /// Bytes of the machine's memory it takes beside the ratings, with so many users and items together.
    pub host_bytes: fn(&Settings, upstream: &[&Settings], names: u64) -> u64,
    /// Whether trials that agree in their fields of shape and pace can be trained together.
    pub together: bool,
    /// What of the models it stands on shapes it: trials together must agree in it.
    pub shaped_by: fn(upstream: &[&Settings]) -> Option<u64>,
    /// The field that makes trials cheap or dear, whose rate is worth telling; trials of different budgets never share a
    /// table.
    pub budget: Option<&'static str>,
    /// What it needs of its ratings.
    pub needs: fn(&Settings) -> Vec<Need>,
    /// Who trains one trial.
    pub train: Trainer,
    /// Reads it to list and draw what it recommends, if it can be.
    pub recommender: Option<ReadRecommender>,
    /// What its settings are, where its fields do not say it.
    pub settings: Option<FreeSettings>,
    /// What its own numbers are called and mean.
    pub study: StudyFacts,
}

impl Model {
    /// A model that a kind trains itself, in one pass, from the ratings alone.
    pub const fn of_ratings(
        plural: &'static str,
        train: Train,
        seconds: fn(&Work<'_>) -> f64,
        host_bytes: fn(&Settings, upstream: &[&Settings], names: u64) -> u64,
        study: StudyFacts,
    ) -> Self {
        Self {
            plural,
            stands_on: &[],
            complete: complete_nothing,
            contradicts: contradicts_nothing,
            learns: |_| true,
            last_step: |_| 1,
            seconds,
            on_device: |_| false,
            device_bytes: |_, _| 0,
            host_bytes,
            together: false,
            shaped_by: |_| None,
            budget: None,
            needs: |_| Vec::new(),
            train: Trainer::Ratings(train),
            recommender: None,
            settings: None,
            study,
        }
    }

    /// One that takes so many steps.
    pub const fn with_steps(self, last_step: fn(&Settings) -> u64) -> Self {
        Self { last_step, ..self }
    }
}

/// Settings that cannot be meant together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The fields that say it, the likeliest mistake first, with their section.
    pub fields: &'static [&'static str],
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// Nothing contradicts.
pub fn contradicts_nothing(_: &Settings) -> Option<Contradiction> {
    None
}

/// What recommends.
#[derive(Debug)]
pub struct PolicyRole {
    /// Its place in tables: lower ones stand first.
    pub order: u32,
    /// The model it stands on, beside the measure's.
    pub model: Option<ModelUse>,
    /// Whether it learns while it is measured online.
    pub adapts: bool,
    /// Whether a sweep compares with it where its file does not say.
    pub by_default: bool,
    /// Whether it may be called the best: what knows the answers, or lives of a leak, is a yardstick.
    pub competes: bool,
    /// What it takes of an evaluation.
    pub effort: fn(&Work<'_>, Candidates) -> Effort,
    /// What chooses its items.
    pub chooses: Chooses,
    /// Its look in every figure; `None` for the policy that a sweep is about: its groups take the series' looks.
    pub style: Option<Style>,
}

/// What chooses a policy's items.
#[derive(Clone, Copy, Debug)]
pub enum Chooses {
    /// A ranking that never changes, made from the ratings.
    Ranking(MakeRanking),
    /// The networks of the model it stands on.
    Networks,
    /// The scores that a program wrote.
    Program,
    /// The predictions of the factorisation behind the measure.
    Predictions,
    /// The same, which learn of the user from every answer.
    Beliefs,
    /// A linear bandit over the vectors of the factorisation behind the measure.
    Bandit(fn(&Settings) -> BanditSettings),
    /// The answers themselves, as they will be.
    Answers(Extreme),
    /// The optimal plan of a world that has one.
    Plan,
}

/// Which end of what is known beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extreme {
    /// The best answer.
    Best,
    /// The worst.
    Worst,
}

impl Extreme {
    /// The score of an answer, higher for what is taken first; `None` where there is no answer.
    pub fn score(self, reward: Option<f32>) -> f32 {
        match (self, reward) {
            (Self::Best, reward) => reward.unwrap_or(f32::MIN),
            (Self::Worst, reward) => reward.map_or(f32::MAX, |reward| -reward),
        }
    }
}

/// The model behind a policy.
#[derive(Debug)]
pub struct ModelUse {
    /// Its kind.
    pub kind: &'static str,
    /// Settings that this policy fixes.
    pub fixed: &'static [(&'static str, u64)],
    /// Whether it depends on what shapes the model alone.
    pub shape_only: bool,
}

/// How a policy is measured.
#[derive(Debug)]
pub struct Measure {
    /// The kinds of models it stands on, whatever the policy.
    pub stands_on: &'static [&'static str],
    /// Settings that are fields of other kinds: their section, their name, and the name they have here.
    pub borrowed: &'static [Borrowed],
    /// The last step its curves reach.
    pub last_step: fn(&Settings) -> u64,
    /// Expected seconds on one core.
    pub seconds: fn(&Work<'_>, policy: &PolicyRole) -> f64,
    /// What it needs of its ratings.
    pub needs: fn(&Settings) -> Vec<Need>,
    /// What it may know beforehand; numbers of different protocols never share a table.
    pub protocol: fn(&Settings) -> &'static str,
    /// Fields that change what its numbers mean, each in words.
    pub method: fn(&Settings) -> Vec<(&'static str, String)>,
    /// How one score comes about, as the end of a sentence.
    pub repeats: fn(&Settings) -> String,
    /// Whether a sweep measures it where its file does not say.
    pub by_default: bool,
    /// What its numbers are called and mean.
    pub study: StudyFacts,
}

/// What a trial needs of its ratings, so that it can be looked for before the trial runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Need {
    /// A share of the train part that validates.
    Validation {
        /// The field that says it.
        field: &'static str,
        /// The share; none is asked for by 0.
        share: f64,
    },
    /// Users with so many positive train ratings.
    Sessions {
        /// The field that says it.
        field: &'static str,
        /// How many.
        history: u64,
    },
    /// Users to evaluate on.
    Users {
        /// The field that says how many positives they need.
        field: &'static str,
        /// How many positives the protocol starts from.
        history: u64,
        /// What may be known beforehand.
        protocol: Protocol,
        /// How many test ratings they need at least.
        least: u64,
        /// The K that says so, if one does.
        k: Option<u64>,
        /// Whether any item can be recommended, and not what they rated alone.
        any_item: bool,
    },
}

/// A field of another kind that an evaluation depends on.
#[derive(Debug)]
pub struct Borrowed {
    /// The field's section.
    pub section: &'static str,
    /// The field's name.
    pub field: &'static str,
    /// The name it has among the evaluation's settings.
    pub name: &'static str,
}

/// What a kind's numbers are called and mean.
#[derive(Debug)]
pub struct StudyFacts {
    /// Its name in gate files and in the names of files.
    pub name: &'static str,
    /// Its place in a report: lower ones stand first.
    pub order: u32,
    /// Its tables: one a family of metrics.
    pub families: &'static [Family],
    /// Its learning curves, if it has any. Of the first the figure is called as the study is.
    pub curves: &'static [Curves],
    /// The beginnings of the metrics' names that fit on one line.
    pub headline: &'static [&'static str],
    /// What a reader must know of all its tables.
    pub note: Option<&'static str>,
    /// What its errors must be below for anything to have been learned.
    pub trivial: Option<TrivialModel>,
    /// What tells a policy that is the same for everybody.
    pub same: Option<SameForAll>,
    /// The kind of model whose predictions its rewards are; `None` where the data itself judges. Numbers that models of
    /// different settings answered never share a table.
    pub answered_by: fn(&Settings) -> Option<&'static str>,
}

/// How a policy that does not see its user is known.
#[derive(Clone, Copy, Debug)]
pub struct SameForAll {
    /// The metric that tells it.
    pub metric: &'static str,
    /// From this value on.
    pub from: f64,
    /// What it is then, in words.
    pub words: &'static str,
}

/// A model that knows nothing of users and items, measured beside one that should.
#[derive(Clone, Copy, Debug)]
pub struct TrivialModel {
    /// An error of the model.
    pub metric: &'static str,
    /// The same of the one that knows nothing.
    pub trivial: &'static str,
    /// What that one does, in words.
    pub words: &'static str,
}

impl TrivialModel {
    /// Of a model of ratings: always the mean of the train ratings.
    pub const MEAN: Self = Self {
        metric: "test_rmse_stars",
        trivial: "mean_rmse_stars",
        words: "always saying the mean of the train ratings",
    };
}

/// Metrics that share a table.
#[derive(Debug)]
pub struct Family {
    /// Its name: of the metrics before the `@`, and of the table's files.
    pub name: &'static str,
    /// The title of its table and of its figure.
    pub title: &'static str,
    /// What the axis of its figure says.
    pub axis: &'static str,
    /// Its columns.
    pub columns: TableColumns,
}

/// The curves of a kind that are drawn.
#[derive(Debug)]
pub struct Curves {
    /// The recorded metric.
    pub metric: &'static str,
    /// The figure's title.
    pub title: &'static str,
    /// What the steps are.
    pub x: &'static str,
    /// What the values are.
    pub y: &'static str,
    /// The final metric by which the best are known before their curves are read.
    pub last: &'static str,
    /// Points to smooth over, an odd number; 1 is none.
    pub window: usize,
    /// Which way is better.
    pub better: Better,
}

/// The columns of a table.
#[derive(Debug)]
pub enum TableColumns {
    /// `family@K` for each K that was measured; larger is better.
    AtK,
    /// These.
    Fixed(&'static [Column]),
}

/// A metric of a table.
#[derive(Debug)]
pub struct Column {
    /// Its name in results.
    pub metric: &'static str,
    /// Its header.
    pub header: &'static str,
    /// Which way is better.
    pub better: Better,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// A larger value.
    Higher,
    /// A smaller value.
    Lower,
    /// Neither: it describes, and nothing is ranked or tested by it.
    Neither,
}

/// How a policy looks in figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// Red, green and blue.
    pub colour: (u8, u8, u8),
    /// Lengths of dashes and gaps in pixels; none for a solid line.
    pub dashes: &'static [f64],
    /// The mark of a point.
    pub marker: Marker,
}

/// The mark of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// A filled circle.
    Circle,
    /// A filled square.
    Square,
    /// A triangle on its base.
    Triangle,
    /// A triangle on its tip.
    Down,
    /// A diamond.
    Diamond,
    /// A diagonal cross.
    Cross,
    /// A plus.
    Plus,
    /// A vertical stroke.
    Bar,
}

impl Kind {
    /// What it trains, if it does.
    pub fn model(&self) -> Option<&'static Model> {
        if let Role::Model(model) = self.role { Some(model) } else { None }
    }

    /// How it recommends, if it does.
    pub fn policy(&self) -> Option<&'static PolicyRole> {
        if let Role::Policy(policy) = self.role { Some(policy) } else { None }
    }

    /// How it measures, if it does.
    pub fn measure(&self) -> Option<&'static Measure> {
        if let Role::Measure(measure) = self.role { Some(measure) } else { None }
    }

    /// What its numbers are called and mean; policies have none of their own.
    pub fn study(&self) -> Option<&'static StudyFacts> {
        match self.role {
            Role::Model(model) => Some(&model.study),
            Role::Measure(measure) => Some(&measure.study),
            Role::Policy(_) => None,
        }
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Kind {}

/// Nothing follows from other settings.
pub fn complete_nothing(_: &mut Map<String, Value>, _: &[&Settings]) {}

/// Settings as the type that describes them; its defaults where a record holds something else, which only a record that
/// was changed by hand does, and which is refused where it would count: by whoever trains.
pub fn typed<T: Section + Default>(settings: &Settings) -> T {
    settings.section().unwrap_or_default()
}

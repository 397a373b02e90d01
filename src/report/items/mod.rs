//! The slides' last picture, *recommended items*: what the best recommender recommends to three users, among all items,
//! by title, beside their own ratings; and the Top-N list of any user. Needs the models of a run and the ratings; where
//! either is gone there is no picture, and an error for who asked for a list.
//!
//! | file | job |
//! | --- | --- |
//! | `session` | what it recommends to a user, as the offline evaluation plays it |
//! | `plane` | embeddings in two dimensions: principal components |
//! | `top` | a Top-N list of any user |

mod plane;
mod session;
mod top;

use drr_kinds::KindOf as _;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use drr_core::data::catalogue::Catalogue;
use drr_core::data::{Ratings, Split, synthetic};
use drr_core::spec::{RatingScale, RatingsSpec, RewardRule};
use drr_core::trial_dir::TrialDir;
use drr_core::{TrialId, TrialSpec};
use drr_kinds::recommender::{ReadRecommender, Recommender};
use serde_json::Value;

use self::session::{ShownSession, sessions};
pub use self::top::{Alike, TopList, top};
use super::contents::SweepReport;
use super::figure::{Figure, ItemMap, Listed, Plot};
use super::group::{Study, is_subject};
use super::ids::{MetricId, StudyId};
use crate::store::{Store, TrialRecord};

/// Recommendations in the picture, fewer where the sweep measured fewer.
const LENGTH: usize = 10;
/// Items drawn as the ground of the map.
const GROUND: usize = 4000;

/// The three pictures for the best recommender of the first offline study, its lowest seed.
pub(super) fn figures(store: &Store, report: &SweepReport<'_>, data: Option<&Path>) -> Vec<(StudyId, Figure)> {
    pictures(store, report, data).unwrap_or_default()
}

fn pictures(store: &Store, report: &SweepReport<'_>, data: Option<&Path>) -> Option<Vec<(StudyId, Figure)>> {
    let mut studies = report.studies.iter().map(|(study, _)| study);
    let study = studies.find(|study| study.subject.study().name == MEASURE)?;
    let trial = best(study)?;
    let id = model_of(trial.spec())?;
    let specs: BTreeMap<TrialId, &TrialRecord> = report.sweep.trials.iter().map(|trial| (trial.id(), trial)).collect();
    let model = specs.get(&id)?.spec();
    let recommender = read(store.runs(), model, model.kind().model()?.recommender?)?;
    let (ratings, titles) = ratings(trial.spec(), data?)?;
    let RatingsSpec { split, reward, .. } = trial.spec().ratings.as_ref()?;
    let split = Split::of(&ratings, split, data?).ok()?;
    if ratings.items.len() != recommender.items() || ratings.users.len() != recommender.users() {
        return None;
    }
    let longest = trial.spec().settings.get("k")?.as_array()?.iter().filter_map(Value::as_u64).max()?;
    let length = LENGTH.min(longest as usize);
    let sessions = sessions((&ratings, &split, *reward), trial.spec(), &*recommender, study.subject.protocol, length);
    let map = plane::principal_components(recommender.item_embeddings(), recommender.k());
    let [good, median, bad] = session::three(&sessions)?;
    let three = [("good", good), ("median", median), ("bad", bad)];
    let figure = |(name, session): (&str, &ShownSession)| Figure {
        slug: format!("{}-items-{name}", study.slug),
        title: format!("Recommended items: a {name} user"),
        subtitle: format!(
            "{} · protocol {} · seed {} · precision@{length} of this user {:.2}",
            study.dataset,
            study.subject.protocol.unwrap_or_default(),
            trial.spec().seed.0,
            session.precision()
        ),
        note: format!(
            "The best recommender by mean precision (trial {}), greedy, among what user {} rated in the test log. Squares: \
             history; triangles up: recommended and liked ({}); down: not liked. Of {} users drawn, this one \
             stands at the {} by precision. Grey: all items' PMF embeddings on their first two principal components.",
            id.short(),
            ratings.users[session.user as usize],
            reward.positive_words(),
            sessions.len(),
            session::quantile_name(name),
        ),
        plot: Plot::Items(ItemMap {
            all: thinned(&map.places),
            history: listed(&session.history, &map, (&ratings, *reward), &titles),
            recommended: listed(&session.recommended, &map, (&ratings, *reward), &titles),
            x_label: format!("first component ({:.0} % of the variance)", 100.0 * map.shares[0]),
            y_label: format!("second component ({:.0} %)", 100.0 * map.shares[1]),
        }),
    };
    Some(three.into_iter().map(|it| (StudyId::of(study), figure(it))).collect())
}

/// The measure whose best recommender is drawn and listed.
const MEASURE: &str = "offline";

/// The model of an evaluated recommender; `None` for what is no evaluation of one.
pub fn model_of(evaluation: &TrialSpec) -> Option<TrialId> {
    let used = evaluation.policy_kind()?.policy()?.model.as_ref()?;
    evaluation.upstream.get(used.kind)
}

/// A stored recommender with the models it stands on.
fn read(runs: &Path, spec: &TrialSpec, read: ReadRecommender) -> Option<Box<dyn Recommender>> {
    let below: Vec<PathBuf> = spec.upstream().into_iter().map(|below| TrialDir::new(runs, below).model()).collect();
    let below: Vec<&Path> = below.iter().map(PathBuf::as_path).collect();
    read(&below, &TrialDir::new(runs, spec.id()).model(), &spec.settings)
}

/// The evaluation of the best recommender's lowest seed.
fn best<'a>(study: &Study<'a>) -> Option<&'a TrialRecord> {
    let mean = |metric: &str, group: &super::group::Group<'_>| {
        group.score(metric).map(|score| score.summary.mean).filter(|mean| mean.is_finite())
    };
    let family = Some(study.subject.study()).filter(|study| study.name == MEASURE)?.families.first()?.name;
    let k = *super::tabulate::measured_at(study, family).first()?;
    let metric = MetricId::At(family, k).name();
    let groups = study.groups.iter().filter(|group| is_subject(group.policy));
    let (group, _) = groups
        .filter_map(|group| Some((group, mean(&metric, group)?)))
        .reduce(|best, other| if other.1 > best.1 { other } else { best })?;
    group.finished().next()
}

/// The rating table and the titles by item id.
fn ratings(spec: &TrialSpec, data: &Path) -> Option<(Ratings, BTreeMap<String, String>)> {
    let dataset = spec.dataset()?;
    if let Some(recipe) = &dataset.synthetic {
        let ratings = synthetic::generate(recipe).ok()?;
        return (ratings.fingerprint() == dataset.fingerprint).then(|| (ratings, BTreeMap::new()));
    }
    let catalogue = Catalogue::new(data);
    let ratings = catalogue.open(&dataset.name, Some(dataset.fingerprint)).ok()?;
    let named = |item: drr_core::data::load::Item| {
        let year = item.year.map(|year| format!(" ({year})")).unwrap_or_default();
        (item.id, format!("{}{year}", item.title))
    };
    let titles = catalogue.items(&dataset.name).unwrap_or_default().into_iter().map(named).collect();
    Some((ratings, titles))
}

fn listed(
    items: &[(u32, f32)],
    map: &plane::Plane,
    (ratings, rule): (&Ratings, RewardRule),
    titles: &BTreeMap<String, String>,
) -> Vec<Listed> {
    let one = |&(item, stars): &(u32, f32)| {
        let id = &ratings.items[item as usize];
        Listed {
            place: map.places[item as usize],
            title: titles.get(id).cloned().unwrap_or_else(|| format!("item {id}")),
            is_liked: rule.is_positive(stars),
            rating: if rule.scale == RatingScale::STARS { format!("{stars} stars") } else { stars.to_string() },
        }
    };
    items.iter().map(one).collect()
}

fn thinned(places: &[(f64, f64)]) -> Vec<(f64, f64)> {
    places.iter().copied().step_by(places.len().div_ceil(GROUND).max(1)).collect()
}

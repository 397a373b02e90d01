//! Which protocol fits what was published: rows that need no luck, measured under every combination of the switches that a
//! paper may have left unsaid, against the paper's own numbers.

use std::collections::{BTreeMap, BTreeSet};

use drr_core::Status;
use drr_kinds::KindOf as _;

use super::file::{Names, Paper, ProtocolSearch, PublishedTable, SweepPath};
use crate::error::{Error, Result};
use crate::store::StoredSweep;

/// Combinations whose errors differ by less fit equally well.
const EQUAL: f64 = 0.001;

/// Numbers that differ by less are the same: those of combinations that change nothing.
const SAME: f64 = 1e-7;

/// How a row was read.
#[derive(Clone, Debug, PartialEq)]
pub struct RowReading {
    /// The policy, or several of which the better was taken.
    pub policies: String,
    /// Published and ours, by column; none where the paper's is not known.
    pub cells: Vec<Option<(f64, f64)>>,
}

/// A row of a fit.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedRow {
    /// Its name in the paper.
    pub name: String,
    /// The reading that fits best.
    pub reading: RowReading,
}

/// One combination of switches, and how well it fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The switches, and the values of what the sweep varies.
    pub switches: Vec<(String, String)>,
    /// The rows.
    pub rows: Vec<FittedRow>,
    /// Root mean square of all differences.
    pub rms: f64,
    /// The greatest difference.
    pub worst: f64,
    /// Published numbers that no order can reach under it: row, column, and the highest score.
    pub impossible: Vec<(String, String, f64)>,
    /// Combinations that give the same numbers, this one included.
    pub alike: usize,
}

/// What a search found for a table.
#[derive(Clone, Debug)]
pub struct Searched {
    /// The table's name.
    pub table: String,
    /// Its columns that are measured.
    pub columns: Vec<String>,
    /// Those that are not.
    pub left: Vec<String>,
    /// How many combinations were tried.
    pub tried: usize,
    /// All that give other numbers than those before, the best first.
    pub fits: Vec<Fit>,
    /// How many of them fit as well as the best.
    pub equal: usize,
    /// For each row alone, and each family of columns, the combination that fits it best.
    pub alone: Vec<(String, Fit)>,
    /// A difference of this much or less does not matter.
    pub margin: f64,
}

/// The numbers of one place on a sweep's axes: mean scores by policy and metric.
type Means = BTreeMap<String, BTreeMap<String, f64>>;

/// The searches of a paper.
///
/// # Errors
/// A search whose sweep is not recorded, or has no trial of its measure.
pub fn protocols<'a>(paper: &Paper, sweeps: &dyn Fn(&SweepPath) -> Option<&'a StoredSweep>) -> Result<Vec<Searched>> {
    if paper.searches.is_empty() {
        return Err(Error::input("the file has no [[search]]").hint("docs/papers.md says what one is"));
    }
    let one = |search: &ProtocolSearch| {
        let path = paper.search_sweep(search);
        let sweep =
            sweeps(&path).ok_or_else(|| Error::input(format!("the sweep of {} is not recorded", path.0.display())))?;
        let table = paper.tables.iter().find(|table| table.name == search.table).expect("it was checked");
        found(paper, search, table, sweep)
    };
    paper.searches.iter().map(one).collect()
}

fn found(paper: &Paper, search: &ProtocolSearch, table: &PublishedTable, sweep: &StoredSweep) -> Result<Searched> {
    let places = means(sweep, &search.measure);
    if places.is_empty() {
        return Err(Error::input(format!("no trial of sweep `{}` measures `{}`", sweep.name, search.measure)));
    }
    let of_table = OfTable { search, table };
    let is_measured = |at: &usize| {
        let start = format!("{} ", table.columns[*at].metric);
        places.values().flat_map(BTreeMap::values).any(|metrics| metrics.keys().any(|name| name.starts_with(&start)))
    };
    let (whole, left): (Vec<usize>, Vec<usize>) = (0..table.columns.len()).partition(is_measured);
    let name = |at: &usize| table.columns[*at].name.clone();
    let (mut fits, mut tried) = (Vec::new(), 0);
    for (point, means) in &places {
        for switches in joint(means, &of_table.families(&whole)) {
            tried += 1;
            fits.extend(of_table.fit(point, &switches, means, &whole, None));
        }
    }
    let mut alone = Vec::new();
    for row in &search.rows {
        for columns in of_table.families(&whole).values() {
            let mut best: Option<Fit> = None;
            for (point, means) in &places {
                for switches in joint(means, &of_table.families(columns)) {
                    let fit = of_table.fit(point, &switches, means, columns, Some(&row.name));
                    best = [best, fit].into_iter().flatten().min_by(|a, b| a.worst.total_cmp(&b.worst));
                }
            }
            let shown: Vec<String> = columns.iter().map(name).collect();
            alone.extend(best.map(|fit| (format!("{} {}", row.name, shown.join(", ")), fit)));
        }
    }
    let fits = distinct(fits);
    if fits.is_empty() {
        let measured = places.values().flat_map(BTreeMap::keys).cloned().collect::<BTreeSet<_>>();
        return Err(Error::input(format!(
            "no combination of sweep `{}` has a score for every row that [[search]] of table `{}` names",
            sweep.name, table.name
        ))
        .hint(format!(
            "it measures {}; columns that it does not measure: {}",
            measured.into_iter().collect::<Vec<_>>().join("; "),
            if left.is_empty() { "none".to_owned() } else { left.iter().map(name).collect::<Vec<_>>().join(", ") }
        )));
    }
    let equal = fits.first().map_or(0, |best| fits.iter().filter(|fit| fit.rms - best.rms < EQUAL).count());
    Ok(Searched {
        table: table.name.clone(),
        columns: whole.iter().map(name).collect(),
        left: left.iter().map(name).collect(),
        tried,
        equal,
        fits,
        alone,
        margin: table.columns.iter().map(|column| paper.margin(table, column)).fold(0.0, f64::max),
    })
}

/// Sum and number of scores, by metric.
type MetricSums = BTreeMap<String, (f64, f64)>;

/// The mean over seeds of every metric of every policy, by place on the sweep's axes.
fn means(sweep: &StoredSweep, measure: &str) -> BTreeMap<Vec<(String, String)>, Means> {
    let mut sums: BTreeMap<Vec<(String, String)>, BTreeMap<String, MetricSums>> = BTreeMap::new();
    for trial in sweep.trials.iter().filter(|it| it.kind.name == measure && it.status == Status::Finished) {
        let Some(policy) = trial.spec().policy_kind() else { continue };
        let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // What varies of a policy, or of the model behind it, are ways to read its rows; the rest is part of the protocol.
        let of_policy = |axis: &str| axis.split_once('.').is_some_and(|(section, _)| section == policy.name);
        let (own, point): (Vec<_>, Vec<_>) = trial
            .point()
            .iter()
            .map(|(axis, value)| (axis.clone(), text(value)))
            .partition(|(axis, _)| of_policy(axis));
        let own: String = own
            .iter()
            .map(|(axis, value)| format!(", {} {value}", axis.split('.').next_back().unwrap_or(axis)))
            .collect();
        let own = sums.entry(point).or_default().entry(format!("{}{own}", policy.name)).or_default();
        for (metric, value) in &trial.metrics {
            let (sum, count) = own.entry(metric.clone()).or_default();
            *sum += value;
            *count += 1.0;
        }
    }
    let mean = |all: MetricSums| all.into_iter().map(|(name, (sum, n))| (name, sum / n)).collect();
    let of = |policies: BTreeMap<String, MetricSums>| {
        policies.into_iter().map(|(policy, metrics)| (policy, mean(metrics))).collect()
    };
    sums.into_iter().map(|(point, policies)| (point, of(policies))).collect()
}

/// Switches by the family of metrics they are of; families agree where both know a switch.
type Switches = BTreeMap<String, String>;

/// Every combination of one choice of switches a family, that contradict each other nowhere.
fn joint(means: &Means, families: &BTreeMap<String, Vec<usize>>) -> Vec<Switches> {
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for name in means.values().flat_map(BTreeMap::keys) {
        if let Some((metric, switches)) = name.split_once(' ')
            && let Some((family, _)) = metric.split_once('@')
        {
            known.entry(family).or_default().insert(switches);
        }
    }
    // What is usual comes first, so that it is named where others give the same numbers.
    let usual = |text: &&str| ["denominator=k", "ties=first"].iter().filter(|it| !text.contains(**it)).count();
    let mut joint: Vec<Switches> = vec![Switches::new()];
    for family in families.keys() {
        let mut own: Vec<&str> = known.get(family.as_str()).into_iter().flatten().copied().collect();
        own.sort_by_key(usual);
        let own: Vec<(&str, BTreeMap<&str, &str>)> = own.into_iter().map(|text| (text, pairs(text))).collect();
        joint = joint
            .iter()
            .flat_map(|sofar| {
                let agrees = move |(_, pairs): &&(&str, BTreeMap<&str, &str>)| {
                    sofar.values().all(|text| {
                        self::pairs(text).iter().all(|(key, value)| pairs.get(key).is_none_or(|own| own == value))
                    })
                };
                let with = move |(text, _): &(&str, BTreeMap<&str, &str>)| {
                    let mut with = sofar.clone();
                    with.insert(family.clone(), (*text).to_owned());
                    with
                };
                own.iter().filter(agrees).map(with).collect::<Vec<_>>()
            })
            .collect();
    }
    joint
}

/// `key=value` separated by blanks.
fn pairs(text: &str) -> BTreeMap<&str, &str> {
    text.split(' ').filter_map(|pair| pair.split_once('=')).collect()
}

struct OfTable<'s> {
    search: &'s ProtocolSearch,
    table: &'s PublishedTable,
}

impl OfTable<'_> {
    /// Some columns, by the families of their metrics.
    fn families(&self, columns: &[usize]) -> BTreeMap<String, Vec<usize>> {
        let mut families: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &at in columns {
            let family = self.table.columns[at].metric.split('@').next().unwrap_or_default();
            families.entry(family.to_owned()).or_default().push(at);
        }
        families
    }

    /// How well one combination fits the given columns, of all rows or of one; none where a score is missing.
    fn fit(
        &self,
        point: &[(String, String)],
        switches: &Switches,
        means: &Means,
        columns: &[usize],
        only: Option<&str>,
    ) -> Option<Fit> {
        let mut rows = Vec::new();
        for searched in self.search.rows.iter().filter(|row| only.is_none_or(|name| name == row.name)) {
            let published = self.table.rows.iter().find(|row| row.name == searched.name)?;
            let readings = searched.readings.iter().flat_map(|names| variants(names, means)).filter_map(|policies| {
                let cell = |&at: &usize| match published.values[at].number() {
                    Some(value) => Some(Some((value, self.score(&policies, at, switches, means)?))),
                    None => Some(None),
                };
                let cells = columns.iter().map(cell).collect::<Option<Vec<_>>>()?;
                Some(RowReading { policies: policies.join(" or "), cells })
            });
            let reading = readings.min_by(|a, b| squares(a).total_cmp(&squares(b)))?;
            rows.push(FittedRow { name: searched.name.clone(), reading });
        }
        let differences: Vec<f64> = rows
            .iter()
            .flat_map(|row| row.reading.cells.iter().flatten())
            .map(|(theirs, ours)| ours - theirs)
            .collect();
        if differences.is_empty() {
            return None;
        }
        let rms = (differences.iter().map(|it| it * it).sum::<f64>() / differences.len() as f64).sqrt();
        let worst = differences.iter().fold(0.0_f64, |worst, it| worst.max(it.abs()));
        let mut shown: BTreeMap<&str, &str> = switches.values().flat_map(|text| pairs(text)).collect();
        shown.extend(point.iter().map(|(axis, value)| (axis.as_str(), value.as_str())));
        let switches_shown = shown.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Some(Fit {
            switches: switches_shown,
            rms,
            worst,
            impossible: self.impossible(columns, switches, means),
            rows,
            alike: 1,
        })
    }

    /// A reading's score in a column: that of its policy, or of the better of several.
    fn score(&self, policies: &[&str], at: usize, switches: &Switches, means: &Means) -> Option<f64> {
        let column = &self.table.columns[at];
        let family = column.metric.split('@').next().unwrap_or_default();
        let name = format!("{} {}", column.metric, switches.get(family)?);
        let own = |policy: &str| means.get(policy)?.get(&name).map(|score| score * column.times);
        let scores = policies.iter().copied().map(own).collect::<Option<Vec<f64>>>()?;
        scores.into_iter().reduce(|one, other| if column.lower_is_better { one.min(other) } else { one.max(other) })
    }

    /// Published numbers above what the best order has.
    fn impossible(&self, columns: &[usize], switches: &Switches, means: &Means) -> Vec<(String, String, f64)> {
        let Some(best) = self.search.best.as_deref() else { return Vec::new() };
        let mut impossible = Vec::new();
        for &at in columns {
            let Some(bound) = self.score(&[best], at, switches, means) else { continue };
            for row in &self.table.rows {
                if row.values[at].number().is_some_and(|value| value > bound + SAME) {
                    impossible.push((row.name.clone(), self.table.columns[at].name.clone(), bound));
                }
            }
        }
        impossible
    }
}

/// The ways to read a list of policies, each of which may be there with several settings.
fn variants<'m>(names: &Names, means: &'m Means) -> Vec<Vec<&'m str>> {
    let mut all: Vec<Vec<&str>> = vec![Vec::new()];
    for name in names.list() {
        let is_one = |label: &&str| *label == name || label.split_once(", ").is_some_and(|(policy, _)| policy == name);
        let labels: Vec<&str> = means.keys().map(String::as_str).filter(is_one).collect();
        let with = |sofar: &Vec<&'m str>| {
            labels.iter().map(|label| sofar.iter().copied().chain([*label]).collect()).collect::<Vec<Vec<&str>>>()
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}

fn squares(reading: &RowReading) -> f64 {
    reading.cells.iter().flatten().map(|(theirs, ours)| (ours - theirs).powi(2)).sum()
}

/// The best first, one of each that gives the same numbers: the first of them, whose switches stand as they usually do.
fn distinct(mut fits: Vec<Fit>) -> Vec<Fit> {
    // Rounding must not decide which of equals is the first.
    let rounded = |fit: &Fit| (fit.rms / SAME).round();
    fits.sort_by(|a, b| rounded(a).total_cmp(&rounded(b)));
    let mut distinct: Vec<Fit> = Vec::new();
    for fit in fits {
        // Those that give the same numbers have the same error, and stand beside each other.
        let near = distinct.iter_mut().rev().take_while(|other| fit.rms - other.rms < 2.0 * SAME);
        match near.into_iter().find(|other| same(other, &fit)) {
            Some(known) => known.alike += 1,
            None => distinct.push(fit),
        }
    }
    distinct
}

fn same(one: &Fit, other: &Fit) -> bool {
    let cells = |fit: &Fit| -> Vec<f64> {
        fit.rows.iter().flat_map(|row| row.reading.cells.iter().flatten().map(|(_, ours)| *ours)).collect()
    };
    cells(one).iter().zip(cells(other)).all(|(one, other)| (one - other).abs() < SAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_joined_where_their_switches_agree() {
        let names = [
            "precision@5 users=a relevant=x over=k",
            "precision@5 users=b relevant=x over=k",
            "precision@5 users=b relevant=y over=k",
            "ndcg@5 users=a gain=rating",
            "ndcg@5 users=b gain=binary relevant=x",
        ];
        let means = Means::from([("p".to_owned(), names.iter().map(|name| ((*name).to_owned(), 0.5)).collect())]);
        let families = BTreeMap::from([("precision".to_owned(), vec![0]), ("ndcg".to_owned(), vec![1])]);
        let found: Vec<String> =
            joint(&means, &families).iter().map(|it| format!("{} | {}", it["precision"], it["ndcg"])).collect();
        assert_eq!(
            found,
            [
                "users=a relevant=x over=k | users=a gain=rating",
                "users=b relevant=x over=k | users=b gain=binary relevant=x"
            ]
        );
        assert_eq!(joint(&means, &BTreeMap::from([("ndcg".to_owned(), vec![1])])).len(), 2);
    }
}

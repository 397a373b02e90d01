//! How a person wants the tables: by which axes, which axis across, in which order. Names are checked here, once.

use super::axis::{AxisValue, short_axis};
use super::group::{Group, Study};
use super::table::{Better, Table};
use crate::error::{Error, Result};
use crate::store::StoredSweep;
use drr_stats::MINIMUM_N;

/// How tables are laid out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableLayout {
    /// The axes that tell groups apart; a seed's score is the mean over the others. All axes if not given.
    pub by: Option<Vec<String>>,
    /// The axis whose values are rows and the one whose values are columns, for a table of each metric.
    pub pivot: Option<(String, String)>,
    /// What rows are sorted by: a metric, best first, or an axis, least first. In the sweep's order if not given.
    pub sort: Option<String>,
    /// Fewer seeds than this have no interval and are not tested; at least [`MINIMUM_N`], which it is if not given.
    pub least_n: Option<usize>,
}

impl TableLayout {
    /// The same with the full names of axes.
    ///
    /// # Errors
    /// A name that is no axis of the sweep, or the same axis twice.
    pub(super) fn checked(&self, sweep: &StoredSweep) -> Result<Self> {
        let axis = |name: &String| {
            let all: Vec<&str> = sweep.axes.iter().map(String::as_str).collect();
            let found = all.iter().find(|axis| **axis == name || short_axis(axis, &all) == name);
            found.map(|axis| (*axis).to_owned()).ok_or_else(|| {
                let hint = match all.as_slice() {
                    [] => "it has none".to_owned(),
                    all => format!("it has {}", all.join(", ")),
                };
                Error::input(format!("`{name}` is no axis of sweep `{}`", sweep.name)).hint(hint)
            })
        };
        let by = self.by.as_ref().map(|names| names.iter().map(axis).collect::<Result<Vec<_>>>()).transpose()?;
        let pivot = match &self.pivot {
            None => None,
            Some((rows, columns)) => {
                let (rows, columns) = (axis(rows)?, axis(columns)?);
                if rows == columns {
                    return Err(Error::input(format!("`{rows}` cannot be rows and columns at once"))
                        .hint("name two axes, for example --pivot tau,actor_lr"));
                }
                if let Some(by) = by.as_ref()
                    && let Some(gone) = [&rows, &columns].into_iter().find(|axis| !by.contains(axis))
                {
                    return Err(Error::input(format!("`{gone}` is averaged over: --by does not name it")));
                }
                Some((rows, columns))
            }
        };
        if let Some(least) = self.least_n.filter(|least| *least < MINIMUM_N) {
            return Err(Error::input(format!("{least} seeds are too few for an interval"))
                .hint(format!("--min-n is {MINIMUM_N} or more")));
        }
        Ok(Self { by, pivot, sort: self.sort.clone(), least_n: self.least_n })
    }

    /// The study with the groups that tables show.
    pub(super) fn grouped<'a>(&self, study: &Study<'a>) -> Study<'a> {
        let least = self.least_n.unwrap_or(MINIMUM_N);
        let Some(by) = &self.by else { return Study { least, ..study.clone() } };
        let mut groups: Vec<Group<'a>> = Vec::new();
        for group in &study.groups {
            let mut point = group.point.clone();
            point.retain(|axis, _| by.contains(axis));
            match groups.iter_mut().find(|known| known.policy == group.policy && known.point == point) {
                Some(known) => {
                    known.trials.extend(&group.trials);
                    known.settings += group.settings;
                }
                None => groups.push(Group { point, ..group.clone() }),
            }
        }
        groups.iter_mut().for_each(|group| group.trials.sort_by_key(|trial| trial.spec().seed));
        let kept = |axis: &&str| by.iter().any(|name| name == axis);
        let axes = study.axes.iter().copied().filter(kept).collect();
        let averaged = study.axes.iter().copied().filter(|axis| !kept(axis)).collect();
        Study { groups, axes, averaged, least, ..study.clone() }
    }

    /// Puts the rows in order; returns whether the table has what they are to be sorted by.
    pub(super) fn order(&self, table: &mut Table) -> bool {
        let Some(wanted) = &self.sort else { return true };
        let all: Vec<&str> = table.axes.iter().map(String::as_str).collect();
        let metric = table.metrics.iter().position(|metric| metric.name() == *wanted || metric.header == *wanted);
        let axis = all.iter().position(|axis| axis == wanted || short_axis(axis, &all) == wanted);
        match (metric, axis) {
            (Some(column), _) => {
                let sign = match table.metrics[column].better {
                    Better::Higher | Better::Neither => -1.0,
                    Better::Lower => 1.0,
                };
                let mean = |row: &super::table::Row| {
                    let mean = row.cells[column].as_ref().map(|cell| sign * cell.score.summary.mean);
                    mean.filter(|mean| !mean.is_nan()).unwrap_or(f64::INFINITY)
                };
                table.rows.sort_by(|a, b| mean(a).total_cmp(&mean(b)));
            }
            (None, Some(at)) => {
                table.rows.sort_by(|a, b| AxisValue::order(a.point[at].as_ref(), b.point[at].as_ref()));
            }
            (None, None) if wanted == "policy" => table.rows.sort_by_key(|row| row.policy),
            (None, None) => return false,
        }
        true
    }
}

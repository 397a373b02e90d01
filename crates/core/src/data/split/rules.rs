//! The rules that divide ratings, each over some rows of a table.

use super::Split;
use crate::data::table::{Rating, Ratings};
use crate::seed::{Seed, Stream};
use crate::spec::{SplitKind, SplitSpec, Ties};

/// A rule and the table it divides.
pub(super) struct DivisionRules<'a> {
    ratings: &'a Ratings,
    spec: &'a SplitSpec,
    /// The place of each row in the order of equally late ones; empty where that is the table's.
    ties: Vec<u32>,
    /// Rows of users and items that have enough ratings; empty where all have.
    enough: Vec<bool>,
}

impl<'a> DivisionRules<'a> {
    pub(super) fn new(ratings: &'a Ratings, spec: &'a SplitSpec) -> Self {
        let by_time = matches!(spec.kind, SplitKind::Temporal | SplitKind::Time | SplitKind::LeaveLast);
        let ties = match spec.ties {
            Ties::Shuffled if by_time => shuffled_places(ratings.rows.len(), Seed(spec.seed).stream("split/ties")),
            Ties::Shuffled | Ties::Item => Vec::new(),
        };
        let enough = match (spec.min_per_user, spec.min_per_item) {
            (0 | 1, 0 | 1) => Vec::new(),
            least => with_enough(ratings, least),
        };
        Self { ratings, spec, ties, enough }
    }

    /// The rows whose users and items have enough ratings.
    pub(super) fn enough(&self, mut rows: Vec<u32>) -> Vec<u32> {
        if !self.enough.is_empty() {
            rows.retain(|&row| self.enough[row as usize]);
        }
        rows
    }

    /// Divides the given rows, which are ascending.
    pub(super) fn divide(&self, rows: &[u32], stream: &str) -> Split {
        let mut stream_of_split = Seed(self.spec.seed).stream(stream);
        let share = |count: usize| (count as f64 * self.spec.test).round() as usize;
        let mut test = match self.spec.kind {
            SplitKind::Random | SplitKind::Given => drawn(rows, &mut stream_of_split, 0..share(rows.len())),
            SplitKind::Folds => {
                // To tune within a fold the rest is divided into as many, of which the first is held out.
                let fold = if stream == "split" { self.spec.fold } else { 0 };
                let edge = |fold: u64| (rows.len() as u64 * fold / self.spec.folds) as usize;
                drawn(rows, &mut stream_of_split, edge(fold)..edge(fold + 1))
            }
            SplitKind::ByUser => {
                self.by_user(rows).flat_map(|own| drawn(own, &mut stream_of_split, 0..share(own.len()))).collect()
            }
            SplitKind::Temporal => self.by_user(rows).flat_map(|own| self.latest(own, share(own.len()))).collect(),
            SplitKind::Time => self.latest(rows, share(rows.len())),
            SplitKind::LeaveLast => {
                let last = usize::try_from(self.spec.last).unwrap_or(usize::MAX);
                self.by_user(rows).filter(|own| own.len() > last).flat_map(|own| self.latest(own, last)).collect()
            }
        };
        test.sort_unstable();
        let mut held_out = test.iter().copied().peekable();
        let train = rows.iter().copied().filter(|row| held_out.next_if_eq(row).is_none()).collect();
        Split { train, test }
    }

    fn rating(&self, row: u32) -> &'a Rating {
        &self.ratings.rows[row as usize]
    }

    fn by_user<'b>(&self, rows: &'b [u32]) -> impl Iterator<Item = &'b [u32]> + use<'a, 'b> {
        let all = &self.ratings.rows;
        rows.chunk_by(|&a, &b| all[a as usize].user == all[b as usize].user)
    }

    /// The latest `count` of some rows.
    fn latest(&self, rows: &[u32], count: usize) -> Vec<u32> {
        let mut order = rows.to_vec();
        let place = |row: u32| self.ties.get(row as usize).copied().unwrap_or(row);
        order.sort_unstable_by_key(|&row| (self.rating(row).timestamp, place(row)));
        order.split_off(rows.len() - count)
    }
}

/// Some places of a shuffle of rows.
fn drawn(rows: &[u32], stream: &mut Stream, places: std::ops::Range<usize>) -> Vec<u32> {
    let mut order = rows.to_vec();
    stream.shuffle(&mut order);
    order[places].to_vec()
}

/// Where a shuffle puts each of so many rows.
fn shuffled_places(count: usize, mut stream: Stream) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    stream.shuffle(&mut order);
    let mut places = vec![0; count];
    order.iter().zip(0..).for_each(|(&row, place)| places[row as usize] = place);
    places
}

/// Which rows stay when users and items with too few ratings are left out, until all have enough.
fn with_enough(ratings: &Ratings, (per_user, per_item): (u64, u64)) -> Vec<bool> {
    let mut stays = vec![true; ratings.rows.len()];
    let (mut users, mut items) = (vec![0_u64; ratings.users.len()], vec![0_u64; ratings.items.len()]);
    for row in &ratings.rows {
        users[row.user as usize] += 1;
        items[row.item as usize] += 1;
    }
    loop {
        let mut left_out = false;
        for (row, stays) in ratings.rows.iter().zip(&mut stays).filter(|(_, stays)| **stays) {
            let (user, item) = (row.user as usize, row.item as usize);
            if users[user] < per_user || items[item] < per_item {
                (*stays, left_out) = (false, true);
                users[user] -= 1;
                items[item] -= 1;
            }
        }
        if !left_out {
            return stays;
        }
    }
}

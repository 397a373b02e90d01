//! Whether ours are the ratings that numbers were published on: by their content. A name can be given to any file.

use std::collections::BTreeMap;
use std::path::Path;

use drr_core::Digest;
use drr_core::data::catalogue::{Catalogue, Description};
use serde::Deserialize;

/// What is known of the ratings that numbers were published on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublishedData {
    /// Of the canonical table, as `drr-lab data show` prints it.
    fingerprint: Option<Digest>,
    ratings: Option<usize>,
    users: Option<usize>,
    items: Option<usize>,
    /// How the ratings are to be had, for those who have them not.
    pub(super) have: Option<String>,
    /// How far counts may be off, as a share: published ones are often rounded.
    #[serde(default)]
    within: f64,
}

/// How our ratings compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    /// The same, by fingerprint or counts.
    Same,
    /// Of the same name; nothing else is known of what was published.
    ByName,
    /// Others, or nobody can tell; why there is no verdict.
    Other(String),
}

/// What is known of the data on both sides.
#[derive(Clone, Debug, Default)]
pub(super) struct DataKnown {
    /// Of what was published, by name.
    published: BTreeMap<String, PublishedData>,
    /// Of what is in the data folder.
    ours: Vec<Description>,
}

impl DataKnown {
    /// What a file says of published data, and what the data folder holds; one that cannot be read holds nothing.
    pub(super) fn new(published: BTreeMap<String, PublishedData>, data: &Path) -> Self {
        Self { published, ours: Catalogue::new(data).list().unwrap_or_default() }
    }

    /// Whether the data folder holds ratings that are these, or of this name where nothing else is known.
    pub(super) fn is_at_hand(&self, name: &str) -> bool {
        let ours = |ours: &Description| {
            matches!(
                self.compare(&[name.to_owned()], (&ours.name, ours.fingerprint)),
                Likeness::Same | Likeness::ByName
            )
        };
        self.ours.iter().any(ours)
    }

    /// Compares our dataset with those that a table names.
    pub(super) fn compare(&self, names: &[String], ours: (&str, Digest)) -> Likeness {
        let (name, fingerprint) = ours;
        let described = self.ours.iter().find(|description| description.fingerprint == fingerprint);
        let mut same_name = None;
        for published in names {
            let is_named = published == name;
            match (self.published.get(published), described) {
                (data, _) if data.is_none_or(PublishedData::says_nothing) => {
                    if is_named {
                        return Likeness::ByName;
                    }
                }
                (None, _) => {}
                (Some(data), _) if data.fingerprint.is_some() => {
                    if data.fingerprint == Some(fingerprint) {
                        return Likeness::Same;
                    }
                    same_name = is_named.then_some("and these are other ratings").or(same_name);
                }
                (Some(data), Some(description)) => {
                    if data.counts_agree(description) {
                        return Likeness::Same;
                    }
                    same_name = is_named.then_some("and these are other ratings").or(same_name);
                }
                (Some(_), None) => {
                    let gone = "and these ratings are not in the data folder to be counted";
                    same_name = is_named.then_some(gone).or(same_name);
                }
            }
        }
        let names = names.join(" or ");
        Likeness::Other(match same_name {
            Some(why) => format!("published on {names}, {why}"),
            None => format!("published on {names}"),
        })
    }
}

impl PublishedData {
    /// Whether nothing tells these ratings from others.
    fn says_nothing(&self) -> bool {
        self.fingerprint.is_none() && self.ratings.is_none() && self.users.is_none() && self.items.is_none()
    }

    fn counts_agree(&self, ours: &Description) -> bool {
        let pairs = [(self.ratings, ours.ratings), (self.users, ours.users), (self.items, ours.items)];
        let is_near = |(theirs, ours): (usize, usize)| theirs.abs_diff(ours) as f64 <= self.within * theirs as f64;
        let mut known = pairs.into_iter().filter_map(|(theirs, ours)| Some((theirs?, ours))).peekable();
        known.peek().is_some() && known.all(is_near)
    }
}

#[cfg(test)]
mod tests {
    use drr_core::data::catalogue::Meta;
    use drr_core::data::load::ratings;

    use super::*;

    #[test]
    fn a_name_is_no_proof_and_content_needs_no_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let table = ratings("u.data", b"1\t10\t4\t7\n2\t10\t5\t8\n", None).expect("good rows").ratings;
        let install = |name: &str| Catalogue::new(folder.path()).install(name, &table, &[], Meta::default());
        let ours = install("mine").expect("installs").fingerprint;
        let mut known = DataKnown::new(BTreeMap::new(), folder.path());
        let names = ["theirs".to_owned()];
        let mut says = |text: &str, ours: (&str, Digest)| {
            known.published.clear();
            if !text.is_empty() {
                known.published.insert("theirs".to_owned(), toml::from_str(text).expect("known keys"));
            }
            known.compare(&names, ours)
        };
        let other = |why: &str| Likeness::Other(format!("published on theirs{why}"));
        assert_eq!(says("", ("theirs", ours)), Likeness::ByName);
        assert_eq!(says("", ("mine", ours)), other(""));
        assert_eq!(says("users = 2\nitems = 1", ("mine", ours)), Likeness::Same);
        assert_eq!(says("users = 3", ("theirs", ours)), other(", and these are other ratings"));
        assert_eq!(says("users = 3\nwithin = 0.4", ("theirs", ours)), Likeness::Same);
        assert_eq!(says(&format!("fingerprint = \"{ours}\""), ("mine", ours)), Likeness::Same);
        let gone = Digest::of(b"gone");
        assert_eq!(
            says(&format!("fingerprint = \"{gone}\""), ("theirs", ours)),
            other(", and these are other ratings")
        );
        let uncounted = other(", and these ratings are not in the data folder to be counted");
        assert_eq!(says("users = 2", ("theirs", gone)), uncounted);
        assert_eq!(
            says("within = 0.5", ("theirs", ours)),
            Likeness::ByName,
            "of nothing that is said the name is left"
        );
        assert_eq!(says("within = 0.5", ("mine", ours)), other(""));
    }
}

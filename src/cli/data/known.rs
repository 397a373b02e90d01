//! The datasets that can be fetched: a table, to be extended a row at a time. A release whose archive changes under
//! the same name (MovieLens' `latest`) cannot be pinned and is left to `drr-lab data import`.

use drr_core::Digest;
use drr_core::data::Ratings;

use super::checksum::Checksum;
use super::present::thousands;

/// What every MovieLens release says of its use, in short.
pub(super) const LICENCE: &str = "MovieLens: for research, not for commercial use; do not redistribute; cite Harper & \
    Konstan (2015), The MovieLens Datasets: History and Context, https://doi.org/10.1145/2827872";

/// A dataset that can be fetched.
#[derive(Debug)]
pub(super) struct KnownDataset {
    /// Its name in the data folder.
    pub(super) name: &'static str,
    /// Its size in words.
    pub(super) about: &'static str,
    /// SHA-256 of its canonical rating table; without one the archive's checksum and the counts stand for it.
    fingerprint: Option<&'static str>,
    /// How many ratings, users and rated items it has.
    counts: [usize; 3],
    /// Its terms in full.
    pub(super) readme: &'static str,
    /// Where it can be had, the preferred origin first.
    pub(super) origins: &'static [DownloadSource],
}

/// A place that has a dataset.
#[derive(Debug)]
pub(super) struct DownloadSource {
    pub(super) place: Availability,
    /// Of the archive.
    pub(super) checksum: Checksum,
    /// The archive is at most this long.
    pub(super) archive_limit: u64,
    /// What is read from it is at most this long.
    pub(super) content_limit: u64,
    /// The member with the ratings.
    pub(super) ratings: &'static str,
    /// The member with titles and genres.
    pub(super) items: &'static str,
}

/// How an archive is had.
#[derive(Debug)]
pub(super) enum Availability {
    /// From GroupLens.
    GroupLens { url: &'static str },
    /// From PyPI, whose files never change under their addresses; or by pip, which may know a mirror of it.
    Pypi { requirement: &'static str, url: &'static str },
}

const MIB: u64 = 1 << 20;

const KNOWN: &[KnownDataset] = &[
    KnownDataset {
        name: "ml-100k",
        about: "MovieLens 100K: 100,000 ratings by 943 users of 1,682 movies, 1998",
        counts: [100_000, 943, 1_682],
        fingerprint: Some("6cfffb52c89b05fbc3afb75f6912eeda04c81c2add0dc58e773a0ef6c8adb160"),
        readme: "https://files.grouplens.org/datasets/movielens/ml-100k-README.txt",
        origins: &[
            DownloadSource {
                place: Availability::GroupLens { url: "https://files.grouplens.org/datasets/movielens/ml-100k.zip" },
                checksum: Checksum::Md5("0e33842e24a9c977be4e0107933c0723"),
                archive_limit: 16 * MIB,
                content_limit: 16 * MIB,
                ratings: "ml-100k/u.data",
                items: "ml-100k/u.item",
            },
            DownloadSource {
                place: Availability::Pypi {
                    requirement: "recbole==1.2.1",
                    url: "https://files.pythonhosted.org/packages/ab/fe/7d606cb7cd2b166a36b100cb9435d21014ceee16c192d972deb0976967a8/recbole-1.2.1-py3-none-any.whl",
                },
                checksum: Checksum::Sha256("9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"),
                archive_limit: 16 * MIB,
                content_limit: 16 * MIB,
                ratings: "recbole/dataset_example/ml-100k/ml-100k.inter",
                items: "recbole/dataset_example/ml-100k/ml-100k.item",
            },
        ],
    },
    KnownDataset {
        name: "ml-1m",
        about: "MovieLens 1M: 1,000,209 ratings by 6,040 users of 3,706 movies, 2003",
        counts: [1_000_209, 6_040, 3_706],
        fingerprint: None,
        readme: "https://files.grouplens.org/datasets/movielens/ml-1m-README.txt",
        origins: &[DownloadSource {
            place: Availability::GroupLens { url: "https://files.grouplens.org/datasets/movielens/ml-1m.zip" },
            checksum: Checksum::Md5("c4d9eecfca2ab87c1945afe126590906"),
            archive_limit: 32 * MIB,
            content_limit: 64 * MIB,
            ratings: "ml-1m/ratings.dat",
            items: "ml-1m/movies.dat",
        }],
    },
    KnownDataset {
        name: "ml-25m",
        about: "MovieLens 25M: 25,000,095 ratings by 162,541 users of 59,047 movies, 2019",
        counts: [25_000_095, 162_541, 59_047],
        fingerprint: None,
        readme: "https://files.grouplens.org/datasets/movielens/ml-25m-README.html",
        origins: &[DownloadSource {
            place: Availability::GroupLens { url: "https://files.grouplens.org/datasets/movielens/ml-25m.zip" },
            checksum: Checksum::Md5("6b51fb2759a8657d3bfcbfc42b592ada"),
            archive_limit: 512 * MIB,
            content_limit: 1024 * MIB,
            ratings: "ml-25m/ratings.csv",
            items: "ml-25m/movies.csv",
        }],
    },
];

impl KnownDataset {
    /// A dataset that no one has heard of.
    #[cfg(test)]
    pub(super) fn for_tests(name: &'static str, fingerprint: Option<&'static str>) -> Self {
        Self { name, about: "", fingerprint, counts: [2, 2, 1], readme: "", origins: &[] }
    }

    /// What tells a table from this dataset, in a sentence; nothing where it is the same, as far as can be told.
    pub(super) fn difference(&self, table: &Ratings, found: Digest) -> Option<String> {
        let Self { name, counts, .. } = self;
        if let Some(expected) = self.fingerprint() {
            let message = format!("`{name}` is a published dataset with the fingerprint {expected}, this is {found}");
            return (found != expected).then_some(message);
        }
        let counted = [table.rows.len(), table.users.len(), table.items.len()];
        let words = |counts: [usize; 3]| {
            let [ratings, users, items] = counts.map(thousands);
            format!("{ratings} ratings by {users} users of {items} items")
        };
        let message =
            format!("`{name}` is a published dataset of {}, this is one of {}", words(*counts), words(counted));
        (counted != *counts).then_some(message)
    }

    /// The pinned fingerprint of its rating table.
    pub(super) fn fingerprint(&self) -> Option<Digest> {
        self.fingerprint.map(|text| text.parse().expect("the table's fingerprints are tested"))
    }
}

impl Availability {
    /// What progress lines and the description call it.
    pub(super) fn describe(&self) -> String {
        match self {
            Availability::GroupLens { url } => (*url).to_owned(),
            Availability::Pypi { requirement, .. } => format!("PyPI, {requirement}"),
        }
    }

    /// The word for it in a sentence.
    pub(super) fn short(&self) -> &'static str {
        match self {
            Availability::GroupLens { .. } => "GroupLens",
            Availability::Pypi { .. } => "PyPI",
        }
    }
}

/// All datasets that can be fetched.
pub(super) fn all() -> &'static [KnownDataset] {
    KNOWN
}

/// The dataset of that name.
pub(super) fn find(name: &str) -> Option<&'static KnownDataset> {
    KNOWN.iter().find(|known| known.name == name)
}

#[cfg(test)]
mod tests {
    use drr_core::data::catalogue::FETCHABLE;

    use super::*;

    #[test]
    fn a_dataset_is_told_by_its_fingerprint_or_its_counts() {
        let table =
            drr_core::data::load::ratings("u.data", b"1\t10\t4\t7\n2\t10\t5\t8\n", None).expect("a good file").ratings;
        let found = table.fingerprint();
        assert_eq!(KnownDataset::for_tests("mine", None).difference(&table, found), None);
        let other =
            KnownDataset { counts: [2, 2, 2], ..KnownDataset::for_tests("mine", None) }.difference(&table, found);
        let said = "`mine` is a published dataset of 2 ratings by 2 users of 2 items, this is one of 2 ratings by 2 users of 1 items";
        assert_eq!(other.as_deref(), Some(said));
        let pinned = all()[0].difference(&table, found).expect("another table");
        assert!(pinned.ends_with(&format!("this is {found}")), "{pinned}");
    }

    #[test]
    fn the_table_is_well_formed() {
        assert!(all().iter().map(|known| known.name).eq(FETCHABLE.iter().copied()));
        for known in all() {
            // The words and the counts say the same.
            assert!(known.counts.iter().all(|count| known.about.contains(&thousands(*count))), "{}", known.about);
            assert!(drr_core::data::catalogue::check_name(known.name).is_ok());
            let _ = known.fingerprint();
            assert!(!known.origins.is_empty());
            for origin in known.origins {
                let (text, length) = match origin.checksum {
                    Checksum::Md5(text) => (text, 32),
                    Checksum::Sha256(text) => (text, 64),
                };
                assert!(text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
                match origin.place {
                    Availability::GroupLens { url } => assert!(url.starts_with("https://files.grouplens.org/")),
                    Availability::Pypi { requirement, url } => {
                        let (name, version) = requirement.split_once("==").expect("one release");
                        assert!(url.starts_with("https://files.pythonhosted.org/packages/"));
                        assert!(url.ends_with(&format!("/{name}-{version}-py3-none-any.whl")));
                    }
                }
            }
        }
    }
}

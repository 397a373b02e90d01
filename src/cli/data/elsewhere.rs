//! Datasets that are not fetched, since their terms ask for a login or an agreement, or since what is published changes: where
//! a person gets them, and how they are imported then.

use crate::error::Error;

/// A dataset that a person places.
struct Placed {
    names: &'static [&'static str],
    why: &'static str,
    address: &'static str,
    /// What follows `drr-lab data import NAME`.
    import: &'static str,
}

const GROUPLENS: &str = "https://files.grouplens.org/datasets/movielens/";
const BY_LOGIN: &str = "asks for a login";

const PLACED: &[Placed] = &[
    Placed {
        names: &["ml-latest", "ml-latest-small"],
        why: "is another file from time to time, so what is fetched could not be checked nor had again",
        address: GROUPLENS,
        import: "{name}.zip",
    },
    Placed {
        names: &["ml-10m", "ml-20m", "ml-32m"],
        why: "has no checksum here that was seen to be right",
        address: GROUPLENS,
        import: "{name}.zip",
    },
    Placed {
        names: &["jester", "jester-1", "jester-3", "jester-4"],
        why: "is published as spreadsheets, of which each has to be saved as CSV",
        address: "https://eigentaste.berkeley.edu/dataset/",
        import: "SHEET.csv --scale=-10..10",
    },
    Placed {
        names: &["yahoo-r3", "yahoo"],
        why: "asks for an agreement",
        address: "https://webscope.sandbox.yahoo.com/catalog.php?datatype=r",
        import: "ydata-ymusic-rating-study-v1_0-train.txt",
    },
    Placed {
        names: &["amazon"],
        why: "is one file a category",
        address: "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_v2/categoryFilesSmall/",
        import: "Musical_Instruments.csv",
    },
    Placed {
        names: &["netflix", "netflix-prize"],
        why: BY_LOGIN,
        address: "https://www.kaggle.com/datasets/netflix-inc/netflix-prize-data",
        import: "archive.zip",
    },
    Placed {
        names: &["book-crossing", "bx"],
        why: "may be redistributed by its author alone",
        address: "http://www2.informatik.uni-freiburg.de/~cziegler/BX/",
        import: "BX-CSV-Dump.zip --scale 1..10 --not-rated 0",
    },
    Placed {
        names: &["anime"],
        why: BY_LOGIN,
        address: "https://www.kaggle.com/datasets/CooperUnion/anime-recommendations-database",
        import: "archive.zip --scale 1..10 --not-rated=-1",
    },
    Placed {
        names: &["steam", "steam-200k"],
        why: BY_LOGIN,
        address: "https://www.kaggle.com/datasets/tamber/steam-video-games",
        import: "archive.zip --duplicates sum --scale \"log 0.1..1000\" --outside keep",
    },
    Placed {
        names: &["lastfm-360k", "lastfm", "last.fm"],
        why: "is for non-commercial use alone, and large",
        address: "http://ocelma.net/MusicRecommendationDataset/lastfm-360K.html",
        import: "lastfm-dataset-360K.tar.gz --scale \"log 1..1000\" --outside keep",
    },
];

/// The names of all of them.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PLACED.iter().flat_map(|known| known.names.iter().copied())
}

/// What to say of a dataset that is not fetched, if it is a known one.
pub(super) fn placed(name: &str) -> Option<Error> {
    let Placed { why, address, import, .. } = PLACED.iter().find(|known| known.names.contains(&name))?;
    let import = import.replace("{name}", name);
    Some(
        Error::input(format!("{name} is not fetched: it {why}"))
            .hint(format!("download it from {address}, keep it, and import it: `drr-lab data import {name} {import}`")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_one_is_named_once_with_address_and_command() {
        let mut names: Vec<&str> = PLACED.iter().flat_map(|known| known.names.iter().copied()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for name in names {
            let error = placed(name).expect("known");
            let hint = error.hint.expect("a hint");
            assert!(hint.contains("http") && hint.contains(&format!("drr-lab data import {name} ")), "{hint}");
            assert!(!hint.contains('{'), "{hint}");
        }
        assert!(placed("mine").is_none());
    }
}

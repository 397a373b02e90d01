//! What columns of published files are called.

/// Spellings of a column, in lower case without separators, the commonest first.
pub(super) struct Spellings(pub(super) &'static [&'static str]);

/// Of users.
pub(super) const USER: Spellings = Spellings(&["userid", "user", "reviewerid", "customerid", "uid"]);
/// Of items.
pub(super) const ITEM: Spellings = Spellings(&[
    "movieid",
    "itemid",
    "movie",
    "item",
    "isbn",
    "parentasin",
    "asin",
    "animeid",
    "artistid",
    "jokeid",
    "bookid",
    "gameid",
    "songid",
    "productid",
    "iid",
]);
/// Of ratings.
pub(super) const RATING: Spellings =
    Spellings(&["rating", "stars", "score", "bookrating", "overall", "weight", "plays", "playcount"]);
/// Of times.
pub(super) const TIMESTAMP: Spellings = Spellings(&["timestamp", "time", "unixreviewtime"]);

/// Where names have the user, the item, the rating and the time.
pub(super) fn place_of_columns(names: &[String]) -> [Option<usize>; 4] {
    [&USER, &ITEM, &RATING, &TIMESTAMP].map(|column| column.place(names))
}

impl Spellings {
    /// Where a header has it.
    pub(super) fn place(&self, header: &[String]) -> Option<usize> {
        self.0.iter().find_map(|spelling| header.iter().position(|column| plainly(column) == *spelling))
    }
}

/// Where a header has the user and the item.
pub(super) fn user_and_item(header: &[String]) -> Option<(usize, usize)> {
    USER.place(header).zip(ITEM.place(header))
}

fn plainly(column: &str) -> String {
    column.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

//! `users.tsv`: a hash of each user's ratings as they were installed, so that of a table that changed since it can be said
//! whose ratings did.

use std::collections::BTreeMap;

use crate::digest::Hasher;

/// A line a user: its id, the first 16 digits of the SHA-256 of its rows.
pub(super) fn describe(table: &[u8]) -> String {
    hashes(table).into_iter().map(|(user, hash)| format!("{user}\t{hash}\n")).collect()
}

/// The users of `table` whose rows are not those that `described` says, and those that it lacks; in the order of text.
pub(super) fn changed(described: &str, table: &[u8]) -> Vec<String> {
    let then: BTreeMap<&str, &str> = described.lines().filter_map(|line| line.rsplit_once('\t')).collect();
    let now = hashes(table);
    let gone = then.keys().filter(|user| !now.contains_key(**user)).map(|user| (*user).to_owned());
    let other = now.iter().filter(|(user, hash)| then.get(user.as_str()) != Some(&hash.as_str()));
    let mut users: Vec<String> = gone.chain(other.map(|(user, _)| user.clone())).collect();
    users.sort();
    users
}

fn hashes(table: &[u8]) -> BTreeMap<String, String> {
    let mut hashers: BTreeMap<&[u8], Hasher> = BTreeMap::new();
    for row in table.split_inclusive(|byte| *byte == b'\n') {
        let user = row.split(|byte| *byte == b'\t').next().unwrap_or_default();
        hashers.entry(user).or_default().update(row);
    }
    let short = |hasher: Hasher| hasher.digest().to_string()[..16].to_owned();
    hashers.into_iter().map(|(user, hasher)| (String::from_utf8_lossy(user).into_owned(), short(hasher))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_lost_and_added_users_are_named() {
        let described = describe(b"1\ta\t5\t0\n1\tb\t3\t1\n2\ta\t4\t0\n3\ta\t1\t0\n");
        assert_eq!(described.lines().count(), 3);
        assert_eq!(changed(&described, b"1\ta\t5\t0\n1\tb\t3\t1\n2\ta\t4\t0\n3\ta\t1\t0\n"), Vec::<String>::new());
        assert_eq!(changed(&described, b"1\ta\t5\t0\n1\tb\t2\t1\n2\ta\t4\t0\n4\ta\t1\t0\n"), ["1", "3", "4"]);
    }
}

//! Ids that are one number to a person and several to a program: `1`, `1.0`, `01`. They stay apart, but not unsaid.

use std::collections::HashMap;

/// Ids that differ in how a number is written alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    /// How many ids are one number with another.
    pub ids: usize,
    /// How many numbers they are.
    pub numbers: usize,
    /// The ids of the first of these numbers.
    pub example: Vec<String>,
}

/// Looks for ids that are written apart and may be meant as one.
pub(super) fn alike(names: &[String]) -> Option<Alike> {
    let unusual = names.iter().filter(|name| number(name).is_some_and(|number| number != *name));
    let mut same: HashMap<&str, Vec<&String>> =
        unusual.map(|name| (number(name).expect("filtered"), Vec::new())).collect();
    if same.is_empty() {
        return None;
    }
    for name in names {
        if let Some(ids) = number(name).and_then(|number| same.get_mut(number)) {
            ids.push(name);
        }
    }
    let mut groups: Vec<Vec<&String>> = same.into_values().filter(|ids| ids.len() > 1).collect();
    groups.sort();
    let example = groups.first()?.iter().map(|id| (*id).clone()).collect();
    Some(Alike { ids: groups.iter().map(Vec::len).sum(), numbers: groups.len(), example })
}

/// The whole number that an id is, without leading zeros, a plus, and a fraction of nothing but zeros.
fn number(id: &str) -> Option<&str> {
    let whole = match id.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => id,
    };
    let digits = whole.strip_prefix('+').unwrap_or(whole);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    Some(if significant.is_empty() { &digits[digits.len() - 1..] } else { significant })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> Option<(usize, usize, String)> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        alike(&names).map(|alike| (alike.ids, alike.numbers, alike.example.join(" ")))
    }

    #[test]
    fn one_number_in_two_spellings_is_noticed() {
        assert_eq!(found(&["1", "1.0", "01", "2"]), Some((3, 1, "1 1.0 01".to_owned())));
        assert_eq!(found(&["7.00", "x", "+7", "0", "00"]), Some((4, 2, "0 00".to_owned())));
        assert_eq!(found(&["0000000111", "0000000222", "12", "1.5", "B01", "1e3", ".", "+", ""]), None);
        assert_eq!(found(&["1", "2", "10"]), None);
    }
}

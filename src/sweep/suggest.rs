//! "Did you mean": the nearest known name to a mistyped one.

/// The known name nearest to `word`, if one is near enough to be what was meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = word.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|name| {
            let plain = name.to_lowercase().replace('-', "_");
            (strsim::damerau_levenshtein(&wanted, &plain), strsim::jaro_winkler(&wanted, &plain), name)
        })
        .filter(|(edits, likeness, name)| *edits <= 1 + name.chars().count() / 5 || *likeness > 0.88)
        .min_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)))
        .map(|(_, _, name)| name)
}

/// A hint naming the nearest known name.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, known).map(|name| format!("did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let known = ["actor_lr", "critic_lr", "tau", "train_steps"];
        assert_eq!(nearest("actor_ir", known), Some("actor_lr"));
        assert_eq!(nearest("Tau", known), Some("tau"));
        assert_eq!(nearest("train-steps", known), Some("train_steps"));
        assert_eq!(nearest("temperature", known), None);
    }
}

//! The history H: a user's n latest positive items, oldest first.

/// A history of fixed length n.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    items: Vec<u32>,
}

impl History {
    /// Starts from exactly the given items, oldest first.
    pub fn new(items: &[u32]) -> Self {
        Self { items: items.to_vec() }
    }

    /// The items, oldest first.
    pub fn items(&self) -> &[u32] {
        &self.items
    }

    /// A positive reward: the oldest item leaves, `item` joins; otherwise H stays (slides, line 11), as one of no items always
    /// does. Returns whether it changed.
    pub fn observe(&mut self, item: u32, is_positive: bool) -> bool {
        if !is_positive || self.items.is_empty() {
            return false;
        }
        self.items.rotate_left(1);
        if let Some(last) = self.items.last_mut() {
            *last = item;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_history_is_the_latest_positives(
            start in prop::collection::vec(0u32..100, 1..8),
            steps in prop::collection::vec((100u32..200, -1.0f32..1.0), 0..50),
        ) {
            let mut history = History::new(&start);
            let mut all = start.clone();
            for (item, reward) in steps {
                history.observe(item, reward > 0.0);
                if reward > 0.0 {
                    all.push(item);
                }
            }
            prop_assert_eq!(history.items(), &all[all.len() - start.len()..]);
        }
    }
}

//! A binary tree of sums: priorities at the leaves, every inner node the sum of its children, so that changing a
//! priority and drawing in proportion to it both take O(log capacity).

/// A sum-tree of fixed capacity.
#[derive(Clone, Debug)]
pub struct SumTree {
    leaves: usize,
    // nodes[1] is the root; the children of i are 2i and 2i + 1; leaf j is nodes[leaves + j].
    nodes: Vec<f64>,
}

impl SumTree {
    /// A tree with room for `capacity` priorities, all zero.
    pub fn new(capacity: usize) -> Self {
        let leaves = capacity.max(1).next_power_of_two();
        Self { leaves, nodes: vec![0.0; 2 * leaves] }
    }

    /// Sum of all priorities.
    pub fn total(&self) -> f64 {
        self.nodes[1]
    }

    /// The priority of one leaf.
    pub fn get(&self, leaf: usize) -> f64 {
        self.nodes[self.leaves + leaf]
    }

    /// Sets one priority. Sums are recomputed from the children, so they do not drift.
    pub fn set(&mut self, leaf: usize, priority: f64) {
        let mut node = self.leaves + leaf;
        self.nodes[node] = priority;
        while node > 1 {
            node /= 2;
            self.nodes[node] = self.nodes[2 * node] + self.nodes[2 * node + 1];
        }
    }

    /// The leaf whose share of the total holds `mass`, for 0 ≤ mass < total. Never a leaf of zero priority, as long as
    /// there is another.
    pub fn find(&self, mut mass: f64) -> usize {
        let mut node = 1;
        while node < self.leaves {
            let left = self.nodes[2 * node];
            // Rounding may leave `mass` at the very end; an empty right half is never entered.
            if mass < left || self.nodes[2 * node + 1] == 0.0 {
                node *= 2;
            } else {
                mass -= left;
                node = 2 * node + 1;
            }
        }
        node - self.leaves
    }
}

#[cfg(test)]
mod tests {
    use drr_core::Seed;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_total_is_the_sum_and_a_draw_holds_its_mass(
            capacity in 1usize..70,
            changes in prop::collection::vec((0usize..70, 0.0f64..10.0), 1..200),
            share in 0.0f64..1.0,
        ) {
            let mut tree = SumTree::new(capacity);
            let mut plain = vec![0.0; capacity];
            for (leaf, priority) in changes {
                tree.set(leaf % capacity, priority);
                plain[leaf % capacity] = priority;
            }
            let sum: f64 = plain.iter().sum();
            prop_assert!((tree.total() - sum).abs() <= 1e-9 * sum.max(1.0));
            if sum > 0.0 {
                let mass = share * tree.total();
                let leaf = tree.find(mass);
                prop_assert!(plain[leaf] > 0.0);
                let before: f64 = plain[..leaf].iter().sum();
                prop_assert!(before <= mass + 1e-9 && mass <= before + plain[leaf] + 1e-9);
            }
        }
    }

    #[test]
    fn draws_follow_the_priorities() {
        let priorities = [1.0, 0.0, 5.0, 2.5, 0.5, 1.0];
        let mut tree = SumTree::new(6);
        priorities.iter().enumerate().for_each(|(leaf, &priority)| tree.set(leaf, priority));
        let mut stream = Seed(1).stream("test");
        let mut counts = [0.0_f64; 6];
        let draws = 100_000.0;
        for _ in 0..draws as usize {
            counts[tree.find(stream.unit() * tree.total())] += 1.0;
        }
        for (count, priority) in counts.iter().zip(priorities) {
            let p: f64 = priority / 10.0;
            let five_sigma = 5.0 * (draws * p * (1.0 - p)).sqrt();
            assert!((count - draws * p).abs() <= five_sigma, "{counts:?}");
        }
    }
}

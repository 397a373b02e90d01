//! How many trials fit into a slot just now. The reactor asks; who answers may look at devices, or pretend to.

/// What a slot has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// This many trials like the one asked about, trained together; at least one.
    Trials(usize),
    /// None just now: others use its memory.
    Full,
    /// The slot is no longer there.
    Gone,
}

/// Answers how much room there is.
pub(super) trait MemoryFit {
    /// The room for trials like `job` in `slot`, while the slots named in `busy` are at work.
    fn space(&self, slot: usize, job: usize, busy: &[usize]) -> Space;
}

/// MemoryFit for so many everywhere, always.
#[cfg(test)]
pub(super) struct Always(pub usize);

#[cfg(test)]
impl MemoryFit for Always {
    fn space(&self, _: usize, _: usize, _: &[usize]) -> Space {
        Space::Trials(self.0)
    }
}

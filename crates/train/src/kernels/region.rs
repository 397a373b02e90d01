//! A matrix of every member, somewhere in an array: plain data that may be kept, and views of it that borrow the array.

use super::Array;

/// Where a matrix `[C, rows, columns]` lies in an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Members, rows, columns.
    pub shape: [usize; 3],
    /// From one of them to the next, in numbers.
    pub strides: [usize; 3],
    /// Its first number.
    pub offset: usize,
}

impl Region {
    /// A matrix of any shape and strides at `offset`.
    pub fn new(shape: [usize; 3], strides: [usize; 3], offset: usize) -> Self {
        Self { shape, strides, offset }
    }

    /// All of an array `[C, rows, width]`.
    pub fn whole(array: &Array) -> Self {
        let [members, rows, width] = [array.size(0), array.size(1), array.size(2)];
        Self::new([members, rows, width], [rows * width, width, 1], 0)
    }

    /// Rows and columns exchanged.
    pub fn transposed(self) -> Self {
        let ([members, rows, columns], [each, down, across]) = (self.shape, self.strides);
        Self::new([members, columns, rows], [each, across, down], self.offset)
    }

    /// Whether it lies inside of `count` numbers; one without numbers does wherever it is.
    fn lies_in(self, count: usize) -> bool {
        if self.shape.contains(&0) {
            return true;
        }
        let mut steps = self.shape.iter().zip(self.strides);
        let last =
            steps.try_fold(self.offset, |last, (size, stride)| last.checked_add((size - 1).checked_mul(stride)?));
        last.is_some_and(|last| last < count)
    }
}

/// A matrix to read.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub(super) array: &'a Array,
    pub(super) region: Region,
}

/// A matrix to write.
pub struct ViewMut<'a> {
    pub(super) array: &'a mut Array,
    pub(super) region: Region,
}

impl View<'_> {
    /// The array it is in.
    pub fn array(&self) -> &Array {
        self.array
    }

    /// Where in it.
    pub fn region(&self) -> Region {
        self.region
    }
}

impl ViewMut<'_> {
    /// The array it is in.
    pub fn array(&mut self) -> &mut Array {
        self.array
    }

    /// Where in it.
    pub fn region(&self) -> Region {
        self.region
    }
}

impl Array {
    /// The matrix that lies there.
    ///
    /// # Panics
    /// If it would leave the array.
    pub fn view(&self, region: Region) -> View<'_> {
        assert!(region.lies_in(self.shape().iter().product()), "a view lies inside its array");
        View { array: self, region }
    }

    /// The matrix that lies there, to write.
    ///
    /// # Panics
    /// If it would leave the array.
    pub fn view_mut(&mut self, region: Region) -> ViewMut<'_> {
        assert!(region.lies_in(self.shape().iter().product()), "a view lies inside its array");
        ViewMut { array: self, region }
    }

    /// All of an array `[C, rows, width]`.
    pub fn whole(&self) -> View<'_> {
        self.view(Region::whole(self))
    }

    /// All of an array `[C, rows, width]`, to write.
    pub fn whole_mut(&mut self) -> ViewMut<'_> {
        let region = Region::whole(self);
        self.view_mut(region)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use super::*;
    use crate::kernels::Backend;

    #[test]
    fn a_region_outside_of_its_array_is_no_view() {
        let array = Array::zeros(&[2, 3, 4], Backend::Slices);
        assert!(Region::whole(&array).lies_in(24) && !Region::whole(&array).lies_in(23));
        assert!(Region::new([2, 0, 4], [12, 4, 1], 1_000).lies_in(24), "nothing lies anywhere");
        assert!(!Region::new([1, 2, 2], [usize::MAX, usize::MAX, 1], 1).lies_in(24), "no sum wraps around");
        let twice = Region::whole(&array).transposed().transposed();
        assert_eq!(twice, Region::whole(&array));
        assert!(
            std::panic::catch_unwind(AssertUnwindSafe(|| array.view(Region::new([1, 1, 1], [1, 1, 1], 24)))).is_err()
        );
    }
}

//! Named tensors on disk: safetensors in single precision, readable from Python.

use std::collections::HashMap;
use std::path::Path;

use drr_core::Digest;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::error::{Error, Result};

/// Named tensors with their shapes.
pub type Tensors = Vec<(String, Vec<usize>, Vec<f32>)>;

/// Writes a file of tensors, as a whole or not at all; returns its digest.
///
/// # Errors
/// Any failure of the file system.
pub fn write(path: &Path, tensors: &Tensors) -> Result<Digest> {
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, shape, values)| {
            (name.clone(), shape.clone(), values.iter().flat_map(|value| value.to_le_bytes()).collect())
        })
        .collect();
    let views = bytes.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).expect("a shape and its values agree");
        (name.as_str(), view)
    });
    // No metadata: equal tensors make equal files, whichever trial or code they come from.
    let file = safetensors::serialize(views, None)
        .map_err(|error| Error::Environment(format!("cannot write a model: {error}")))?;
    drr_core::trial_dir::write_whole(path, &file)
        .map_err(|error| Error::Environment(format!("{}: {error}", path.display())))?;
    Ok(Digest::of(&file))
}

/// A model file in memory.
pub struct TensorFile {
    path: String,
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
}

impl TensorFile {
    /// Reads a whole file.
    ///
    /// # Errors
    /// If it is missing, damaged, or holds other than single precision.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| Error::Environment(format!("{name}: {error}")))?;
        let file = SafeTensors::deserialize(&bytes)
            .map_err(|error| Error::Environment(format!("{name}: not a model: {error}")))?;
        let mut tensors = HashMap::new();
        for (tensor, view) in file.tensors() {
            if view.dtype() != Dtype::F32 {
                return Err(Error::Environment(format!("{name}: {tensor} is not single precision")));
            }
            let values = view
                .data()
                .chunks_exact(4)
                .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("chunks of four")))
                .collect();
            tensors.insert(tensor, (view.shape().to_vec(), values));
        }
        Ok(Self { path: name, tensors })
    }

    /// The error that something is wrong with the file.
    pub fn broken(&self, what: &str) -> Error {
        Error::Environment(format!("{}: {what}", self.path))
    }

    /// A tensor's shape and values, once.
    ///
    /// # Errors
    /// If the file holds none of that name.
    pub fn take(&mut self, name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
        self.tensors.remove(name).ok_or_else(|| self.broken(&format!("holds no {name}")))
    }

    /// The values of a tensor of so many.
    ///
    /// # Errors
    /// If the file holds none of that name, or of another size.
    pub fn expect(&mut self, name: &str, size: usize) -> Result<Vec<f32>> {
        let (_, values) = self.take(name)?;
        if values.len() == size {
            Ok(values)
        } else {
            Err(self.broken(&format!("{name} holds {} values, not {size}", values.len())))
        }
    }
}

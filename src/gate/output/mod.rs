//! A check in the forms that people and machines read. Pure: a text comes out; who writes it where is the command's.

mod annotations;
mod json;
mod junit;
mod markdown;
mod quality;
#[cfg(test)]
mod tests;
mod text;

pub use annotations::github_annotations;
pub use json::json;
pub use junit::junit;
pub use markdown::markdown;
pub use quality::gitlab_code_quality;
pub use text::text;

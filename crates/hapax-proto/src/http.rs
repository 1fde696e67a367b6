//! HTTP messages as every other room sees them, whatever version they came in.

mod head;
pub mod uri;

pub use head::{Field, FieldIter, Head, Span, Version};

//! HTTP messages as every other room sees them, whatever version they came in.

mod head;

pub use head::{Field, FieldIter, Head, Span, Version};

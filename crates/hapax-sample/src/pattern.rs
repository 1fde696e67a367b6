//! Patterns and the files they come from, loaded once and shared by name.

/// Map and ACL files already read.
#[derive(Debug, Default)]
pub struct PatternRefs {}

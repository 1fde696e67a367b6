//! Sample fetches by family (manual, 7.3.2 to 7.3.8).

use crate::Fetch;

mod internal;

/// Every family's rows.
pub static FAMILIES: &[&[Fetch]] = &[internal::ROWS];

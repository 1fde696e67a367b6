//! DNS as a stub resolver speaks it: questions, answers, and when to ask whom again. No socket and no clock: time is passed in.

mod lookup;
mod message;

pub use lookup::{Ask, Event, Families, Lookup, Policy, Progress, Status};
pub use message::{Answer, Fault, Kind, Question, Record, Srv, normal_name};

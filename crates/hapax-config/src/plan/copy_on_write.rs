//! Settings that many things have in common: one copy, until one of them changes its own.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A value that is shared until it is written to.
#[derive(Clone, Debug)]
pub struct CopyOnWrite<T>(Arc<T>);

/// A value with one common copy of how it usually is.
pub trait Usual: Sized + 'static {
    fn usual() -> &'static Arc<Self>;
}

/// Says how a type usually is: its default.
macro_rules! usual {
    ($($type:ty),* $(,)?) => {$(
        impl $crate::plan::Usual for $type {
            fn usual() -> &'static std::sync::Arc<Self> {
                static USUAL: std::sync::LazyLock<std::sync::Arc<$type>> = std::sync::LazyLock::new(std::sync::Arc::default);
                &USUAL
            }
        }
    )*};
}
pub(crate) use usual;

impl<T> CopyOnWrite<T> {
    /// Both are the same copy.
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: Usual> Default for CopyOnWrite<T> {
    fn default() -> Self {
        Self(Arc::clone(T::usual()))
    }
}

impl<T> From<T> for CopyOnWrite<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Deref for CopyOnWrite<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for CopyOnWrite<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_made_by_the_first_write() {
        let first = CopyOnWrite::from(vec![1]);
        let mut second = first.clone();
        assert!(second.same(&first));
        second.push(2);
        assert!(!second.same(&first));
        assert_eq!((first.len(), second.len()), (1, 2));
    }
}

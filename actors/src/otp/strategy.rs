//! Who shares the fate of a child that ended.

use std::ops::Range;

/// Restart strategy. OTP: `strategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Only the child that ended.
    OneForOne,
    /// All children.
    OneForAll,
    /// The child that ended and those started after it.
    RestForOne,
}

impl Strategy {
    /// The children restarted with `dead`, in start order, of `count` children.
    pub fn affected(self, dead: usize, count: usize) -> Range<usize> {
        match self {
            Self::OneForOne => dead..dead + 1,
            Self::OneForAll => 0..count,
            Self::RestForOne => dead..count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_strategy_names_its_children_in_start_order() {
        assert_eq!(Strategy::OneForOne.affected(1, 4), 1..2);
        assert_eq!(Strategy::OneForAll.affected(1, 4), 0..4);
        assert_eq!(Strategy::RestForOne.affected(1, 4), 1..4);
    }
}

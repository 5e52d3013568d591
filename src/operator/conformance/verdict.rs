//! How a check ends.

/// Why a check ended before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// It says nothing about this server: the capability or the control that says so.
    DoesNotApply(String),
    /// The adapter, or the core, did what it must not do, or did not do what it must.
    Failed(String),
}

/// What a check, or a part of one, comes to.
pub(super) type Checked<T = ()> = Result<T, Stop>;

impl From<String> for Stop {
    /// What goes wrong on the way is a failure too.
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

/// Ends a check that says nothing about this server.
pub(super) fn does_not_apply<T>(why: impl Into<String>) -> Checked<T> {
    Err(Stop::DoesNotApply(why.into()))
}

/// Ends a check where a capability says that it has nothing to say.
pub(super) fn only_where(holds: bool, capability: &str) -> Checked {
    if holds { Ok(()) } else { does_not_apply(capability) }
}

/// Ends a check with a failure.
pub(super) fn failed<T>(why: impl Into<String>) -> Checked<T> {
    Err(Stop::Failed(why.into()))
}

/// Ends a check with a failure unless something holds.
macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return $crate::operator::conformance::verdict::failed(format!($($why)+));
        }
    };
}

pub(super) use ensure;

//! What can befall one operation at a port, as data.

/// A kind of operation at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A read at the API server.
    Look(Read),
    /// A read at the authorization server.
    Query,
    /// A write of the ledger.
    Record,
    /// A mutating call.
    Call,
    /// A dry run of publishing.
    Rehearse,
    /// A write of the Secret.
    Publish,
    /// A removal of the Secret.
    Unpublish,
    /// A write of the status.
    Status,
}

/// What is read at the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Read {
    /// The `OAuthClient`.
    Client,
    /// Whether it is gone.
    Presence,
    /// The ledger entry.
    Entry,
    /// Whether other entries claim a name.
    Claims,
    /// The Secret.
    Secret,
}

/// One operation that took place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happened {
    pub(super) kind: Kind,
    /// An act was still to come.
    pub(super) more: bool,
    /// So many earlier versions of what it reads were there; counted up to [`VERSIONS`].
    pub(super) older: u32,
    /// So many earlier views of what the watches show; the same.
    pub(super) watched: u32,
}

/// A view is at most so many versions old.
pub(super) const VERSIONS: u32 = 2;

/// What befalls an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// The process is killed before it.
    CrashBefore,
    /// The process is killed after it, before it hears of it.
    CrashAfter,
    /// The process is held before it (a call: on the way), another one starts, and the first wakes later.
    TwinBefore(Until),
    /// The same, with the process held after the operation was done.
    TwinAfter(Until),
    /// The next act of the scene happens before it.
    Early,
    /// The drift check lists the clients before it; the next pass learns what it saw.
    List,
    /// It is done and the answer is lost.
    Lost,
    /// It is not done, and nobody can tell.
    Vanished,
    /// A call that is done so many operations later, with no answer; `None`: as late as can be.
    Late(Option<u32>),
    /// It cannot be reached, or 5xx; nothing is done.
    Unavailable,
    /// 401 or 403.
    Denied,
    /// 429.
    Throttled,
    /// 409.
    Conflict,
    /// 400.
    Invalid,
    /// A read that says 404 and proves nothing.
    NotFound,
    /// A read at the authorization server that shows what was there before the last call.
    Old,
    /// A read at the API server that shows the object as it was so many versions ago.
    Stale(u32),
    /// From this read on the pass is shown everything as it was before the object's last so many changes, as by an API
    /// server that lags behind.
    Behind(u32),
    /// To this pass the watches show the namespace, the server object and the CRD as they were so many changes ago.
    Watched(u32),
    /// From this operation on the authorization server says 404, for a while.
    Missing(Part, Span),
}

/// When a held process wakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Until {
    /// When the other one is about to do its operation of this number, counted from one.
    Operation(u32),
    /// When the other one has settled.
    Settled,
    /// When all is quiet, long after.
    Quiet,
}

/// What the server says 404 to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// Everything, lists included: the feature is switched off.
    Everything,
    /// Single clients, while lists show them.
    Clients,
}

/// For how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Span {
    /// For so many operations at the server.
    Operations(u32),
    /// For longer than anything can be delivered late.
    Minutes,
    /// Until it is told otherwise.
    UntilTold,
}

impl What {
    /// Whether a call may have been done without the operator knowing, or was made for what is not asked any more.
    pub(super) fn unsure(self, kind: Option<Kind>) -> bool {
        match self {
            Self::CrashBefore
            | Self::CrashAfter
            | Self::TwinBefore(_)
            | Self::TwinAfter(_)
            | Self::Lost
            | Self::Vanished
            | Self::Late(_)
            | Self::Old
            | Self::Watched(_) => true,
            // A record that is not the latest is replaced by nothing, so nothing is called for it.
            Self::Stale(_) => kind == Some(Kind::Look(Read::Client)),
            Self::Behind(_) => kind != Some(Kind::Look(Read::Entry)),
            Self::Early
            | Self::List
            | Self::Unavailable
            | Self::Denied
            | Self::Throttled
            | Self::Conflict
            | Self::Invalid
            | Self::NotFound
            | Self::Missing(..) => false,
        }
    }

    /// All that can befall an operation like this one, but for second instances.
    pub(super) fn of(operation: &Happened) -> Vec<Self> {
        let mut all = vec![Self::CrashBefore];
        if !matches!(operation.kind, Kind::Look(_)) {
            all.push(Self::CrashAfter);
        }
        if operation.more {
            all.push(Self::Early);
        }
        match operation.kind {
            Kind::Look(_) => {
                all.push(Self::Unavailable);
                all.extend(
                    (1..=operation.older)
                        .flat_map(|versions| [Self::Stale(versions), Self::Behind(versions)]),
                );
                all.extend((1..=operation.watched).map(Self::Watched));
            }
            Kind::Query => {
                all.extend([
                    Self::Unavailable,
                    Self::Denied,
                    Self::Throttled,
                    Self::NotFound,
                    Self::Old,
                    Self::List,
                ]);
                all.extend(Self::missing());
            }
            Kind::Call => {
                all.extend([
                    Self::Lost,
                    Self::Vanished,
                    Self::Unavailable,
                    Self::Denied,
                    Self::Throttled,
                    Self::Conflict,
                    Self::Invalid,
                    Self::List,
                ]);
                all.extend((1..=12).map(|later| Self::Late(Some(later))));
                all.push(Self::Late(None));
                all.extend(Self::missing());
            }
            Kind::Record | Kind::Rehearse | Kind::Publish | Kind::Unpublish | Kind::Status => {
                all.extend([Self::Lost, Self::Unavailable, Self::Denied, Self::Conflict]);
            }
        }
        all
    }

    fn missing() -> [Self; 4] {
        [
            Self::Missing(Part::Everything, Span::Operations(2)),
            Self::Missing(Part::Everything, Span::Operations(5)),
            Self::Missing(Part::Everything, Span::Minutes),
            Self::Missing(Part::Clients, Span::Operations(3)),
        ]
    }

    /// Second instances that start at an operation and run for a while.
    pub(super) fn twins(kind: Kind, lengths: &[u32]) -> Vec<Self> {
        let until = || {
            let some = lengths.iter().copied().map(Until::Operation);
            some.chain([Until::Settled, Until::Quiet])
        };
        let mut all: Vec<Self> = until().map(Self::TwinBefore).collect();
        if matches!(kind, Kind::Call | Kind::Look(_) | Kind::Query | Kind::Record) {
            all.extend(until().map(Self::TwinAfter));
        }
        all
    }

    pub(super) fn is_twin(self) -> bool {
        matches!(self, Self::TwinBefore(_) | Self::TwinAfter(_))
    }

    /// Whether something else can befall the same operation besides it.
    pub(super) fn goes_with_others(self) -> bool {
        matches!(self, Self::Early | Self::List | Self::Missing(..))
    }
}

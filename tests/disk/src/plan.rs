//! What goes wrong, and when.

/// A kind of call that SQLite makes of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// A file is opened, and made if need be.
    Open,
    /// A file's name is removed.
    Delete,
    /// Whether there is a file of a name.
    Access,
    /// Bytes are read.
    Read,
    /// Bytes are written.
    Write,
    /// A file is cut short.
    Truncate,
    /// A file is brought to the medium.
    Sync,
    /// A file's length is asked for.
    Size,
    /// A lock is taken, on the file or in the shared memory.
    Lock,
    /// Shared memory is mapped.
    Map,
}

impl Call {
    /// All of them.
    pub const ALL: [Call; 10] = [
        Call::Open,
        Call::Delete,
        Call::Access,
        Call::Read,
        Call::Write,
        Call::Truncate,
        Call::Sync,
        Call::Size,
        Call::Lock,
        Call::Map,
    ];

    /// Whether it changes what is, or will be, on the medium.
    fn changes(self) -> bool {
        matches!(self, Call::Delete | Call::Write | Call::Truncate | Call::Sync)
    }
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The device reports an error.
    Error,
    /// There is no room: writes beyond the end of their file fail, others do not.
    Full,
    /// Somebody else holds the lock.
    Busy,
}

/// How long it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// That call alone.
    Once,
    /// All calls of the kind from then on.
    FromThenOn,
}

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// At which kind of call.
    pub call: Call,
    /// At the how-manieth, from 1, since the plan was made.
    pub nth: u64,
    /// How long.
    pub lasting: Lasting,
    /// How.
    pub failure: Failure,
}

/// How many calls there were, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calls([u64; Call::ALL.len()]);

impl Calls {
    /// Those of a kind.
    pub fn of(&self, call: Call) -> u64 {
        self.0[call as usize]
    }

    /// All.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// The plan of what goes wrong, and how far it has come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    pub(crate) calls: Calls,
    pub(crate) met: u64,
    changes: u64,
    fault: Option<Fault>,
    cut_at: Option<u64>,
}

/// What a call is to meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Goes,
    Fails(Failure),
    /// The power is cut while it is under way.
    Cut,
}

impl Plan {
    pub(crate) fn of(fault: Option<Fault>, cut_at: Option<u64>) -> Self {
        Plan { fault, cut_at, ..Plan::default() }
    }

    /// Counts a call and says what it meets. `grows`: it is a write that needs more room.
    pub(crate) fn judge(&mut self, call: Call, grows: bool) -> Verdict {
        self.calls.0[call as usize] += 1;
        if call.changes() {
            self.changes += 1;
            if self.cut_at == Some(self.changes) {
                return Verdict::Cut;
            }
        }
        let count = self.calls.of(call);
        match self.fault {
            Some(fault) if fault.call == call && fault.hits(count) && (grows || fault.failure != Failure::Full) => {
                self.met += 1;
                Verdict::Fails(fault.failure)
            }
            Some(_) | None => Verdict::Goes,
        }
    }
}

impl Fault {
    fn hits(&self, count: u64) -> bool {
        match self.lasting {
            Lasting::Once => count == self.nth,
            Lasting::FromThenOn => count >= self.nth,
        }
    }
}

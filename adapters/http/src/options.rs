//! What whoever mounts the gateway may choose.

use std::sync::Arc;

use crate::ending::Ending;
use crate::token::Verifier;

/// Called after each accepted change, so that whoever runs due effects does so now.
pub type OnWritten = Arc<dyn Fn() + Send + Sync>;

/// What whoever mounts the gateway may choose. Made by [`Options::new`] or [`Options::insecure`]: who may call is always said.
#[derive(Clone)]
pub struct Options {
    /// Whose tokens are believed; without it every call is the manager's.
    pub(crate) verifier: Option<Verifier>,
    pub(crate) origins: Vec<String>,
    pub(crate) on_written: Option<OnWritten>,
    pub(crate) calls_max: usize,
    pub(crate) ending: Ending,
}

/// So many calls of the payment gateway are under way at once, unless another number is given.
const CALLS_MAX: usize = 64;

impl Options {
    /// Callers show a token that the verifier believes.
    pub fn new(verifier: Verifier) -> Self {
        Options { verifier: Some(verifier), ..Options::insecure() }
    }

    /// Anybody who reaches the gateway is the manager, and reservations belong to `guest`: for one's own machine only.
    pub fn insecure() -> Self {
        Options {
            verifier: None,
            origins: Vec::new(),
            on_written: None,
            calls_max: CALLS_MAX,
            ending: Ending::default(),
        }
    }

    /// Lets pages of these origins (`https://app.example`) call; without any, no page of another origin may.
    #[must_use]
    pub fn origins(mut self, origins: impl IntoIterator<Item = String>) -> Self {
        self.origins.extend(origins);
        self
    }

    /// Is told of each accepted change: `Worker::wake`, so that refunds and messages follow at once. A cancellation then waits
    /// for its refund, for a second at most.
    #[must_use]
    pub fn on_written(mut self, told: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_written = Some(Arc::new(told));
        self
    }

    /// So many reservations call the payment gateway at once; further ones are turned away with 503.
    #[must_use]
    pub fn calls_max(mut self, calls_max: usize) -> Self {
        self.calls_max = calls_max.max(1);
        self
    }

    /// Streams end with it: the one that ends [`crate::serve`].
    #[must_use]
    pub fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_open = self.verifier.is_none();
        f.debug_struct("Options").field("insecure", &is_open).field("origins", &self.origins).finish_non_exhaustive()
    }
}

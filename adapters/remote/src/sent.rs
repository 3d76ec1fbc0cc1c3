//! Whether a byte of a request has left: what decides between "certainly not" and "not known".

use std::cell::Cell;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

thread_local! {
    /// A call is made by one thread from its beginning to its end.
    static SENT: Cell<bool> = const { Cell::new(false) };
}

/// Makes a call, and says whether a byte of its request was handed to an open connection, TLS and all.
pub(crate) fn watched<T>(call: impl FnOnce() -> T) -> (T, bool) {
    SENT.set(false);
    let answer = call();
    (answer, SENT.get())
}

/// Comes last in the chain of connectors, so that a handshake is not taken for a request.
#[derive(Debug)]
pub(crate) struct Watch;

impl<In: Transport> Connector<In> for Watch {
    type Out = Watched<In>;

    fn connect(&self, _: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Watched<In>>, Error> {
        Ok(chained.map(Watched))
    }
}

/// A connection that notes what is sent over it.
#[derive(Debug)]
pub(crate) struct Watched<T>(T);

impl<T: Transport> Transport for Watched<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        SENT.set(true);
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.0.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

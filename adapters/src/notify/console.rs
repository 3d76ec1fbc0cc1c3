//! Messages as lines of text.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use storagerent_core::effect::Outcome;
use storagerent_core::message::MessageRow;
use storagerent_core::ports::Notifier;
use storagerent_core::shared::{Key, plain};

/// Longer lines are cut; a message is far shorter.
const LINE_CHARS_MAX: usize = 1_000;

/// Writes a line per message, to stderr or elsewhere; control characters and bidi marks never get there.
pub struct Console {
    channel: String,
    to: Mutex<Box<dyn Write + Send>>,
}

impl Console {
    /// A channel of that name that writes to stderr.
    pub fn stderr(channel: impl Into<String>) -> Self {
        Console::to(channel, io::stderr())
    }

    /// A channel of that name that writes there, flushing each line.
    pub fn to(channel: impl Into<String>, to: impl Write + Send + 'static) -> Self {
        Console { channel: channel.into(), to: Mutex::new(Box::new(to)) }
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("channel", &self.channel).finish_non_exhaustive()
    }
}

impl Notifier for Console {
    fn channel(&self) -> &str {
        &self.channel
    }

    fn deliver(&self, _key: Key, message: &MessageRow) -> Outcome {
        let line = format!(
            "[{}] {} {} → {}: {}",
            self.channel, message.message_id, message.kind, message.customer, message.content
        );
        let mut line = plain(&line, LINE_CHARS_MAX);
        line.push('\n');
        let mut to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        match to.write_all(line.as_bytes()).and_then(|()| to.flush()) {
            Ok(()) => Outcome::Delivered,
            Err(error) => Outcome::Unavailable { reason: format!("{} cannot be written to: {error}", self.channel) },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::message;
    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_message_is_one_harmless_line() {
        let written = Shared::default();
        let console = Console::to("mail", written.clone());
        assert_eq!(console.deliver(Key::new(1), &message()), Outcome::Delivered);
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "[mail] 7 ReservationRejected → kim: 결제되지 않았습니다 ([31mno money)\n");
    }

    #[test]
    fn a_console_that_is_gone_is_unavailable() {
        let console = Console::to("mail", Closed);
        assert!(matches!(console.deliver(Key::new(1), &message()), Outcome::Unavailable { .. }));
    }
}

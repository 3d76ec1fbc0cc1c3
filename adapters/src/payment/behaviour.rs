//! How the simulated payment service behaves.

use std::fmt;
use std::str::FromStr;

use storagerent_core::shared::InvalidValue;

/// How the simulated payment service behaves. It shapes charges only, except [`Behaviour::Down`], which is all calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Behaviour {
    /// Takes the money and says so. The default.
    #[default]
    Approve,
    /// Says no.
    Decline,
    /// Cannot be connected to: certainly takes nothing.
    Down,
    /// Takes the money and answers after the deadline. The deadline is simulated: nobody waits.
    Slow,
    /// Takes the money; the connection breaks before the answer.
    LostReply,
}

impl Behaviour {
    /// All of them.
    pub const ALL: [Behaviour; 5] =
        [Behaviour::Approve, Behaviour::Decline, Behaviour::Down, Behaviour::Slow, Behaviour::LostReply];

    /// The word as on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Behaviour::Approve => "approve",
            Behaviour::Decline => "decline",
            Behaviour::Down => "down",
            Behaviour::Slow => "slow",
            Behaviour::LostReply => "lost-reply",
        }
    }
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Behaviour {
    type Err = InvalidValue;

    fn from_str(raw: &str) -> Result<Self, InvalidValue> {
        Behaviour::ALL.into_iter().find(|b| b.as_str() == raw.trim()).ok_or_else(|| {
            let known = Behaviour::ALL.map(Behaviour::as_str).join(", ");
            InvalidValue::new(
                "payment",
                format!("{raw:?} is none of {known}"),
                format!("{raw:?}은(는) {known} 중 하나가 아닙니다"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_behaviour_read_back() {
        for behaviour in Behaviour::ALL {
            assert_eq!(behaviour.to_string().parse(), Ok(behaviour));
        }
    }

    #[test]
    fn another_word_is_refused() {
        for raw in ["", "Approve", "lost_reply", "maybe"] {
            assert_eq!(raw.parse::<Behaviour>().unwrap_err().field, "payment", "{raw}");
        }
    }
}

//! Why what lies outside cannot be used as configured.

use std::io;
use std::path::PathBuf;

use crate::secret::{SECRET_BYTES_MAX, SECRET_BYTES_MIN};

/// A configuration that is refused before anything is called. It repeats no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The address is no usable URL.
    #[error("the address cannot be used: {why}")]
    Address {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The address is another machine's, and not encrypted.
    #[error("{host} is not this machine: use https://, or allow plain http:// explicitly")]
    PlainHttp {
        /// The other machine.
        host: String,
    },
    /// The secret or token is too short, too long, or not printable.
    #[error(
        "a secret or token is {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} printable ASCII characters without spaces at its ends"
    )]
    Secret,
    /// The secret's file cannot be read.
    #[error("{}: {source}", path.display())]
    SecretFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The certificates to trust are none.
    #[error("the certificates to trust cannot be read: {why}")]
    Certificates {
        /// What is wrong with them.
        why: String,
    },
    /// The address to listen on is open to others, and nobody would be asked for a token.
    #[error("others than this machine may call only with a token")]
    OpenToAll,
}

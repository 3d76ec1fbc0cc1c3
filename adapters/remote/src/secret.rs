//! Secrets: tokens and signing secrets, which are shown nowhere.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::ConfigError;

/// Shorter ones are guessed.
pub(crate) const SECRET_BYTES_MIN: usize = 8;
/// Longer ones fit no header.
pub(crate) const SECRET_BYTES_MAX: usize = 512;

/// A token or signing secret: 8 to 512 printable ASCII characters. `Debug` does not show it, and nothing else does.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret.
    ///
    /// # Errors
    /// [`ConfigError::Secret`] unless it is 8 to 512 printable ASCII characters without spaces at its ends.
    pub fn new(raw: &str) -> Result<Self, ConfigError> {
        let fits = (SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&raw.len())
            && raw.bytes().all(|b| (b' '..=b'~').contains(&b))
            && raw.trim() == raw;
        if fits { Ok(Secret(raw.to_owned())) } else { Err(ConfigError::Secret) }
    }

    /// Reads one from a file; spaces and line ends around it do not belong to it.
    ///
    /// # Errors
    /// [`ConfigError::SecretFile`] when the file cannot be read, [`ConfigError::Secret`] as [`Secret::new`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let failed = |source| ConfigError::SecretFile { path: path.as_ref().to_owned(), source };
        let mut raw = String::new();
        let file = File::open(path.as_ref()).map_err(failed)?;
        // A device or a log given by mistake is not read to its end.
        file.take(SECRET_BYTES_MAX as u64 * 2).read_to_string(&mut raw).map_err(failed)?;
        Secret::new(raw.trim())
    }

    /// Whether somebody who offers this knows it; takes as long for a near miss as for a far one.
    pub(crate) fn is(&self, offered: &[u8]) -> bool {
        let mac = self.mac().chain_update(self.0.as_bytes()).finalize().into_bytes();
        self.mac().chain_update(offered).verify_slice(&mac).is_ok()
    }

    /// A keyed hash under it.
    pub(crate) fn mac(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(self.0.as_bytes()).expect("HMAC takes keys of any length")
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_nowhere() {
        let secret = Secret::new("canary-4711").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        let refused = Secret::new("canary\n").unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("canary"));
    }

    #[test]
    fn short_long_and_unprintable_secrets_are_refused() {
        for raw in ["", "1234567", " 12345678", "12345678\n", "비밀비밀비밀", &"x".repeat(513)] {
            assert!(matches!(Secret::new(raw), Err(ConfigError::Secret)), "{raw:?}");
        }
        assert!(Secret::new("12345678").is_ok() && Secret::new(&"x".repeat(512)).is_ok());
    }

    #[test]
    fn only_the_secret_itself_is_it() {
        let secret = Secret::new("12345678").unwrap();
        assert!(secret.is(b"12345678"));
        for other in [&b"12345679"[..], b"1234567", b"123456789", b""] {
            assert!(!secret.is(other));
        }
    }

    #[test]
    fn a_file_holds_a_secret_and_its_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        assert!(matches!(Secret::read(&path), Err(ConfigError::SecretFile { .. })));
        std::fs::write(&path, "12345678\n").unwrap();
        assert!(Secret::read(&path).unwrap().is(b"12345678"));
        std::fs::write(&path, "x".repeat(5_000)).unwrap();
        assert!(matches!(Secret::read(&path), Err(ConfigError::Secret)));
    }
}

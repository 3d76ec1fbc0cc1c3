//! Signed bodies: `Storagerent-Signature: t=<seconds>,v1=<hex>`, the HMAC-SHA256 of `<seconds>.<body>` under a shared secret.
//!
//! Decides whether a body is from whoever knows the secret, and young enough. Never reads a clock: `now` is an argument. A
//! body caught and sent again within the tolerance is signed still: whoever takes it in must not mind hearing it twice.

use std::fmt::Write;
use std::time::Duration;

use axum::http::HeaderName;
use hmac::Mac;
use storagerent::chrono::{DateTime, Utc};

use crate::Secret;

/// The header that bears the signature.
pub const HEADER: HeaderName = HeaderName::from_static("storagerent-signature");

/// So old, or so far ahead of the own clock, a signature may be unless said otherwise.
pub const TOLERANCE: Duration = Duration::from_secs(300);

const DIGEST_BYTES: usize = 32;

/// Why a signature is not accepted. Not to be told to whoever sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// It is not of the form `t=<seconds>,v1=<hex>`.
    #[error("the signature is not well formed")]
    Malformed,
    /// It is older than the tolerance.
    #[error("the signature is too old")]
    TooOld,
    /// It is further ahead than the tolerance.
    #[error("the signature is from the future")]
    FromTheFuture,
    /// The body, the time or the secret is another one.
    #[error("the signature does not fit")]
    Mismatch,
}

/// The header's value for a body sent at a moment.
pub fn sign(secret: &Secret, at: DateTime<Utc>, body: &[u8]) -> String {
    let seconds = at.timestamp().to_string();
    let mac = secret.mac().chain_update(seconds.as_bytes()).chain_update(b".").chain_update(body);
    let mut value = format!("t={seconds},v1=");
    for byte in mac.finalize().into_bytes() {
        // Writing to a String cannot fail.
        let _ = write!(value, "{byte:02x}");
    }
    value
}

/// Whether the body is signed with the secret, at most `tolerance` before or after `now`. Takes as long for a near miss as for
/// a far one.
///
/// # Errors
/// [`SignatureError`].
pub fn verify(
    secret: &Secret,
    value: &str,
    body: &[u8],
    now: DateTime<Utc>,
    tolerance: Duration,
) -> Result<(), SignatureError> {
    let (seconds, digest) = parse(value).ok_or(SignatureError::Malformed)?;
    let mac = secret.mac().chain_update(seconds.as_bytes()).chain_update(b".").chain_update(body);
    mac.verify_slice(&digest).map_err(|_| SignatureError::Mismatch)?;
    // Its time counts only once it is known to be the signer's.
    let at: i64 = seconds.parse().map_err(|_| SignatureError::Malformed)?;
    let age = now.timestamp().saturating_sub(at);
    let tolerance = i64::try_from(tolerance.as_secs()).unwrap_or(i64::MAX);
    match age {
        age if age > tolerance => Err(SignatureError::TooOld),
        age if age < -tolerance => Err(SignatureError::FromTheFuture),
        _ => Ok(()),
    }
}

/// The seconds as written, which are what is signed, and the digest.
fn parse(value: &str) -> Option<(&str, [u8; DIGEST_BYTES])> {
    let (seconds, hex) = value.strip_prefix("t=")?.split_once(",v1=")?;
    let mut digest = [0; DIGEST_BYTES];
    if hex.len() != 2 * DIGEST_BYTES {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some((seconds, digest))
}

/// Lower case only: one signature has one spelling.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;

//! What a key file holds: a key in PEM, or one line that is a shared secret. All else is refused, and first of all whatever is a
//! public key in another form: taken for a secret, it would let everybody who knows it sign.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};

use crate::token::TokenError;

/// A shared secret has at least so many bytes (RFC 7518, 3.2).
pub(crate) const SECRET_BYTES_MIN: usize = 32;

const PEM: &[u8] = b"-----BEGIN";
const PRIVATE: &[u8] = b"PRIVATE KEY-----";
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// How keys begin that are written on one line, as no secret does, and what they are in both languages.
const KEYS_OF_ONE_LINE: [(&str, &str, &[&str]); 4] = [
    ("JSON, such as a JWK", "JWK 같은 JSON", &["{", "["]),
    ("an OpenSSH key", "OpenSSH 키", &["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"]),
    ("an address", "주소", &["http://", "https://"]),
    // The base64 of RSA keys and certificates, of Ed25519 keys, and of those on NIST's curves.
    (
        "a key without the lines that PEM puts around it",
        "PEM의 머리줄과 꼬리줄이 빠진 키",
        &["MII", "MIG", "MCowBQYDK2Vw", "MC4CAQAwBQYDK2Vw", "MFkwEwYHKoZIzj0C", "MHYwEAYHKoZIzj0C"],
    ),
];

enum Held<'k> {
    /// From where it begins.
    Pem(&'k [u8]),
    Secret(&'k [u8]),
}

fn held(file: &[u8]) -> Result<Held<'_>, TokenError> {
    let file = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file);
    if let Some(at) = file.windows(PEM.len()).position(|part| part == PEM) {
        return Ok(Held::Pem(&file[at..]));
    }
    let line = file.trim_ascii();
    let refused = |what, what_ko| Err(TokenError::NoSecret { what, what_ko });
    for (what, what_ko, beginnings) in KEYS_OF_ONE_LINE {
        if beginnings.iter().any(|beginning| line.starts_with(beginning.as_bytes())) {
            return refused(what, what_ko);
        }
    }
    let is_text = |byte: &u8| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    if !line.iter().all(is_text) {
        return refused("what is no plain ASCII text, such as a key in DER", "DER 키처럼 ASCII 글이 아닌 것");
    }
    if line.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return refused("several lines", "여러 줄");
    }
    (line.len() >= SECRET_BYTES_MIN).then_some(Held::Secret(line)).ok_or(TokenError::UnknownKey)
}

/// The key by which tokens are believed.
pub(crate) fn decoding(file: &[u8]) -> Result<(DecodingKey, Algorithm), TokenError> {
    match held(file)? {
        Held::Secret(secret) => Ok((DecodingKey::from_secret(secret), Algorithm::HS256)),
        // Of an RSA key the private half would be read, and believe nobody.
        Held::Pem(pem) if holds(pem, PRIVATE) => Err(unknown(pem, "public")),
        Held::Pem(pem) => {
            let ed = DecodingKey::from_ed_pem(pem).map(|key| (key, Algorithm::EdDSA));
            ed.or_else(|_| DecodingKey::from_rsa_pem(pem).map(|key| (key, Algorithm::RS256)))
                .map_err(|_| unknown(pem, "public"))
        }
    }
}

/// The key by which tokens are signed.
pub(crate) fn encoding(file: &[u8]) -> Result<(EncodingKey, Algorithm), TokenError> {
    match held(file)? {
        Held::Secret(secret) => Ok((EncodingKey::from_secret(secret), Algorithm::HS256)),
        Held::Pem(pem) => {
            let ed = EncodingKey::from_ed_pem(pem).map(|key| (key, Algorithm::EdDSA));
            ed.or_else(|_| EncodingKey::from_rsa_pem(pem).map(|key| (key, Algorithm::RS256)))
                .map_err(|_| unknown(pem, "private"))
        }
    }
}

/// What is in the way of a key in PEM.
fn unknown(pem: &[u8], wanted: &'static str) -> TokenError {
    let other = if wanted == "public" { PRIVATE } else { b"PUBLIC KEY-----" };
    if holds(pem, other) { TokenError::OtherHalf { wanted } } else { TokenError::UnknownKey }
}

fn holds(pem: &[u8], words: &[u8]) -> bool {
    pem.windows(words.len()).any(|part| part == words)
}

//! Bearer tokens (JWT, RFC 7519): which are believed, and minting them for development.
//!
//! The algorithm follows from the key alone, never from the token: `none` and a public key used as a shared secret get nowhere.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Deserializer, Serialize};
use storagerent::chrono::{DateTime, Utc};
use storagerent::{CustomerId, InvalidValue};

use crate::key::{self, SECRET_BYTES_MIN};

/// The audience and issuer of tokens, unless others are given.
pub const AUDIENCE: &str = "storagerent";

/// Clocks may differ by so many seconds.
const LEEWAY_SECONDS: i64 = 30;

/// Who a token says its bearer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May do everything but write a review.
    Manager,
    /// Reserves; sees and changes only their own.
    Customer,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The customer, or the manager's name.
    pub sub: String,
    /// Which kind of caller.
    pub role: Role,
    /// For whom the token is; of several, the first.
    #[serde(deserialize_with = "one_or_first")]
    pub aud: String,
    /// Who made it.
    pub iss: String,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// From when on it is not believed any more.
    pub exp: i64,
    /// Before when it is not believed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
}

/// RFC 7519 lets an audience be a text or a list of them; whether this site's is among them, the check of the token says.
fn one_or_first<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        Many(Vec<String>),
    }
    match Audience::deserialize(deserializer)? {
        Audience::One(one) => Ok(one),
        Audience::Many(many) => many.into_iter().next().ok_or_else(|| serde::de::Error::custom("no audience")),
    }
}

impl Claims {
    /// When the token stops being believed; `None` beyond the years that are counted.
    pub(crate) fn believed_until(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.exp.saturating_add(LEEWAY_SECONDS), 0)
    }
}

/// Why a key file or a token is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The key is none that is known.
    #[error("the key is neither an Ed25519 nor an RSA key in PEM, nor a secret of at least {SECRET_BYTES_MIN} bytes")]
    UnknownKey,
    /// What could be a key in another form is no secret: everybody may know it.
    #[error("the key file holds {what}, which is taken neither as a key nor as a secret")]
    NoSecret {
        /// What is in the file.
        what: &'static str,
        /// The same in Korean.
        what_ko: &'static str,
    },
    /// The key is the other half of the one that is wanted.
    #[error("the {wanted} half of the key is wanted here")]
    OtherHalf {
        /// Which half: `public` to believe tokens, `private` to sign them.
        wanted: &'static str,
    },
    /// The token is not one of this site's.
    #[error("the token is not one of this site's: {why}")]
    NotOurs {
        /// What does not fit.
        why: &'static str,
    },
    /// The token's time has not come.
    #[error("the token is not valid yet")]
    NotNow,
    /// The token's time is over.
    #[error("the token has expired")]
    Expired,
    /// The customer it names is no name.
    #[error(transparent)]
    Customer(#[from] InvalidValue),
}

impl TokenError {
    /// The same in Korean.
    pub fn in_korean(&self) -> String {
        match self {
            TokenError::UnknownKey => {
                format!("키가 PEM 형식의 Ed25519나 RSA 키도, {SECRET_BYTES_MIN}바이트 이상의 비밀값도 아닙니다")
            }
            TokenError::NoSecret { what_ko, .. } => {
                format!("키 파일의 내용이 {what_ko}입니다. 키로도 비밀값으로도 쓸 수 없습니다")
            }
            TokenError::OtherHalf { wanted } => {
                let half = if *wanted == "public" { "공개 키" } else { "개인 키" };
                format!("여기에는 {half}가 필요합니다")
            }
            TokenError::NotOurs { .. } => "이 사이트의 토큰이 아닙니다".to_owned(),
            TokenError::NotNow => "아직 쓸 수 없는 토큰입니다".to_owned(),
            TokenError::Expired => "기한이 지난 토큰입니다".to_owned(),
            TokenError::Customer(InvalidValue { field, reason_ko, .. }) => format!("{field}: {reason_ko}"),
        }
    }
}

/// Knows which tokens are believed.
#[derive(Clone)]
pub struct Verifier {
    key: DecodingKey,
    validation: Validation,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("algorithms", &self.validation.algorithms).finish_non_exhaustive()
    }
}

impl Verifier {
    /// Believes tokens signed for an audience by an issuer with this key: a public key in PEM (Ed25519: EdDSA, RSA: RS256), or
    /// for development a shared secret (HS256): one line of printable ASCII, of 32 bytes or more.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`], [`TokenError::NoSecret`], [`TokenError::OtherHalf`].
    pub fn new(key: &[u8], audience: &str, issuer: &str) -> Result<Self, TokenError> {
        let (key, algorithm) = key::decoding(key)?;
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&[audience]);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // The time is compared below, by the site's own clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Ok(Verifier { key, validation })
    }

    /// Who the bearer is.
    ///
    /// # Errors
    /// [`TokenError`] for any other token, and one whose time is over.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, TokenError> {
        let not_ours = |why| TokenError::NotOurs { why };
        let read = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation);
        let read = read.map_err(|e| not_ours(why(e.kind())))?;
        // What is critical has to be understood (RFC 7515, 4.1.11); here nothing is known that could be.
        if read.header.crit.is_some() {
            return Err(not_ours("its header has `crit`"));
        }
        let claims = read.claims;
        let now = now.timestamp();
        if claims.nbf.into_iter().chain([claims.iat]).any(|from| from > now.saturating_add(LEEWAY_SECONDS)) {
            return Err(TokenError::NotNow);
        }
        if claims.exp.saturating_add(LEEWAY_SECONDS) <= now {
            return Err(TokenError::Expired);
        }
        if claims.role == Role::Customer {
            customer(&claims.sub)?;
        }
        Ok(claims)
    }
}

/// A customer a token may be for: any but the one in whose name the manager reserves.
fn customer(sub: &str) -> Result<CustomerId, InvalidValue> {
    let id = CustomerId::new(sub)?;
    if id == CustomerId::guest() {
        return Err(InvalidValue::new(
            "subject",
            "guest is the name that the manager's own reservations are under",
            "guest는 관리자가 한 예약의 고객 이름입니다",
        ));
    }
    Ok(id)
}

/// What does not fit, in words that give nothing away.
fn why(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match kind {
        ErrorKind::InvalidAudience => "it is for another audience",
        ErrorKind::InvalidIssuer => "it is from another issuer",
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => "it is signed in another way",
        ErrorKind::InvalidSignature => "its signature is another's",
        ErrorKind::MissingRequiredClaim(_) => "it lacks one of sub, aud, iss and exp",
        ErrorKind::Json(_) => "its claims are not sub, role (manager or customer), aud, iss, iat and exp",
        _ => "it cannot be read",
    }
}

/// Mints tokens, for development and tests.
pub struct Signer {
    key: EncodingKey,
    algorithm: Algorithm,
    audience: String,
    issuer: String,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl Signer {
    /// Signs with a private key in PEM (Ed25519 or RSA), or a shared secret.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`], [`TokenError::NoSecret`], [`TokenError::OtherHalf`].
    pub fn new(key: &[u8], audience: &str, issuer: &str) -> Result<Self, TokenError> {
        let (key, algorithm) = key::encoding(key)?;
        Ok(Signer { key, algorithm, audience: audience.to_owned(), issuer: issuer.to_owned() })
    }

    /// A token for somebody, from `now` on, for so many seconds.
    ///
    /// # Errors
    /// [`TokenError`] when the customer is no name or the key does not sign.
    pub fn mint(&self, role: Role, sub: &str, now: DateTime<Utc>, seconds: i64) -> Result<String, TokenError> {
        let sub = match role {
            Role::Customer => customer(sub),
            Role::Manager => CustomerId::new(sub),
        };
        let sub = sub?.to_string();
        let iat = now.timestamp();
        let exp = iat.saturating_add(seconds);
        let claims = Claims { sub, role, aud: self.audience.clone(), iss: self.issuer.clone(), iat, exp, nbf: None };
        jsonwebtoken::encode(&Header::new(self.algorithm), &claims, &self.key).map_err(|_| TokenError::UnknownKey)
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;

//! Tokens: good ones, and every sort of bad one.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use storagerent::chrono::TimeDelta;
use storagerent_http::Options;
use storagerent_http::token::{AUDIENCE, Claims, Role, Signer, Verifier};

use crate::house::morning;

pub(crate) const RSA: &[u8] = include_bytes!("keys/rsa.pem");
pub(crate) const RSA_PUBLIC: &[u8] = include_bytes!("keys/rsa.pub.pem");
pub(crate) const ED25519: &[u8] = include_bytes!("keys/ed25519.pem");
pub(crate) const ED25519_PUBLIC: &[u8] = include_bytes!("keys/ed25519.pub.pem");
const SECRET: &[u8] = b"a secret of the tests, thirty-two bytes or more";

/// A gateway that believes tokens signed with the shared secret.
pub(crate) fn guarded() -> Options {
    Options::new(Verifier::new(SECRET, AUDIENCE, AUDIENCE).unwrap())
}

/// One that believes tokens signed with the RSA key.
pub(crate) fn guarded_by_rsa() -> Options {
    Options::new(Verifier::new(RSA_PUBLIC, AUDIENCE, AUDIENCE).unwrap())
}

/// `Bearer …` of a customer, or of the manager under the name `manager`.
pub(crate) fn bearer(name: &str) -> String {
    signed(SECRET, AUDIENCE, AUDIENCE, name)
}

/// The same with whatever customer, though nobody mints such a token.
pub(crate) fn unminted(customer: &str) -> String {
    let (aud, iss, iat) = (AUDIENCE.to_owned(), AUDIENCE.to_owned(), morning().timestamp());
    let claims = Claims { sub: customer.to_owned(), role: Role::Customer, aud, iss, iat, exp: iat + 3600, nbf: None };
    let key = EncodingKey::from_secret(SECRET);
    format!("Bearer {}", jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap())
}

pub(crate) fn signed(key: &[u8], audience: &str, issuer: &str, name: &str) -> String {
    let role = if name == "manager" { Role::Manager } else { Role::Customer };
    let token = Signer::new(key, audience, issuer).unwrap().mint(role, name, morning(), 3600).unwrap();
    format!("Bearer {token}")
}

/// Whatever is not to be believed where the RSA key counts, by name; each would be the manager's if it were.
pub(crate) fn not_believed() -> Vec<(&'static str, Option<String>)> {
    let claims = Claims {
        sub: "manager".to_owned(),
        role: Role::Manager,
        aud: AUDIENCE.to_owned(),
        iss: AUDIENCE.to_owned(),
        iat: morning().timestamp(),
        exp: morning().timestamp() + 3600,
        nbf: None,
    };
    let hmac = |algorithm, secret| {
        let token = jsonwebtoken::encode(&Header::new(algorithm), &claims, &EncodingKey::from_secret(secret));
        format!("Bearer {}", token.unwrap())
    };
    let good = signed(RSA, AUDIENCE, AUDIENCE, "manager");
    let parts: Vec<_> = good.trim_start_matches("Bearer ").split('.').collect();
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let at = |time| Signer::new(RSA, AUDIENCE, AUDIENCE).unwrap().mint(Role::Manager, "manager", time, 60).unwrap();
    let early = Claims { nbf: Some(morning().timestamp() + 3600), ..claims.clone() };
    let key = EncodingKey::from_rsa_pem(RSA).unwrap();
    let early = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &early, &key).unwrap();
    vec![
        ("no token", None),
        ("expired", Some(format!("Bearer {}", at(morning() - TimeDelta::hours(1))))),
        ("not yet", Some(format!("Bearer {early}"))),
        ("another audience", Some(signed(RSA, "another", AUDIENCE, "manager"))),
        ("another issuer", Some(signed(RSA, AUDIENCE, "another", "manager"))),
        ("another key", Some(signed(ED25519, AUDIENCE, AUDIENCE, "manager"))),
        ("alg none", Some(format!("Bearer {none}.{}.", parts[1]))),
        ("alg none, signature kept", Some(format!("Bearer {none}.{}.{}", parts[1], parts[2]))),
        ("signature cut off", Some(format!("Bearer {}.{}.", parts[0], parts[1]))),
        ("HS256 under the public key", Some(hmac(Algorithm::HS256, RSA_PUBLIC))),
        ("HS384 under the public key", Some(hmac(Algorithm::HS384, RSA_PUBLIC))),
        ("HS256 under the trimmed public key", Some(hmac(Algorithm::HS256, RSA_PUBLIC.trim_ascii()))),
        ("another scheme", Some(good.replace("Bearer", "Basic"))),
        ("without a scheme", Some(parts.join("."))),
        ("nothing after the scheme", Some("Bearer ".to_owned())),
        ("no token at all", Some("Bearer a.b.c".to_owned())),
    ]
}

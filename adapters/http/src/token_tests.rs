//! Which tokens are believed.

use super::*;

const SECRET: &[u8] = b"a secret of thirty-two bytes or more\n";

fn now() -> DateTime<Utc> {
    "2026-11-22T03:00:00Z".parse().unwrap()
}

fn signer() -> Signer {
    Signer::new(SECRET, AUDIENCE, AUDIENCE).unwrap()
}

fn verifier() -> Verifier {
    Verifier::new(SECRET, AUDIENCE, AUDIENCE).unwrap()
}

#[test]
fn a_minted_token_says_who_its_bearer_is_until_its_time_is_over() {
    let token = signer().mint(Role::Customer, "kim", now(), 60).unwrap();
    let claims = verifier().verify(&token, now()).unwrap();
    assert_eq!((claims.role, claims.sub.as_str()), (Role::Customer, "kim"));
    let later = |seconds| now() + storagerent::chrono::TimeDelta::seconds(seconds);
    assert!(verifier().verify(&token, later(60 + LEEWAY_SECONDS - 1)).is_ok());
    assert_eq!(verifier().verify(&token, later(60 + LEEWAY_SECONDS)), Err(TokenError::Expired));
    assert!(verifier().verify(&token, later(-LEEWAY_SECONDS)).is_ok());
    assert_eq!(verifier().verify(&token, later(-LEEWAY_SECONDS - 1)), Err(TokenError::NotNow), "made in the future");
}

#[test]
fn what_a_token_calls_critical_is_not_passed_over() {
    let exp = now().timestamp() + 60;
    let claims = Claims {
        sub: "kim".to_owned(),
        role: Role::Customer,
        aud: AUDIENCE.to_owned(),
        iss: AUDIENCE.to_owned(),
        iat: 0,
        exp,
        nbf: None,
    };
    let header = Header { crit: Some(vec!["x".to_owned()]), ..Header::default() };
    let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(SECRET.trim_ascii())).unwrap();
    assert!(matches!(verifier().verify(&token, now()), Err(TokenError::NotOurs { .. })));
}

#[test]
fn a_token_for_several_audiences_is_believed_if_this_one_is_among_them() {
    let minted = |audiences: &[&str]| {
        let exp = now().timestamp() + 60;
        let claims = serde_json::json!({ "sub": "kim", "role": "customer", "aud": audiences, "iss": AUDIENCE, "iat": 0, "exp": exp });
        jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.trim_ascii())).unwrap()
    };
    assert_eq!(verifier().verify(&minted(&["another", AUDIENCE]), now()).unwrap().sub, "kim");
    for others in [&["another"][..], &[]] {
        assert!(matches!(verifier().verify(&minted(others), now()), Err(TokenError::NotOurs { .. })), "{others:?}");
    }
}

#[test]
fn tokens_for_others_by_others_or_under_other_keys_are_not_believed() {
    let other_audience = Signer::new(SECRET, "another", AUDIENCE).unwrap();
    let other_issuer = Signer::new(SECRET, AUDIENCE, "another").unwrap();
    let other_key = Signer::new(b"another secret of thirty-two bytes!!", AUDIENCE, AUDIENCE).unwrap();
    for signer in [other_audience, other_issuer, other_key] {
        let token = signer.mint(Role::Manager, "m", now(), 60).unwrap();
        assert!(matches!(verifier().verify(&token, now()), Err(TokenError::NotOurs { .. })));
    }
    for token in ["", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtIn0."] {
        assert!(matches!(verifier().verify(token, now()), Err(TokenError::NotOurs { .. })), "{token}");
    }
}

#[test]
fn short_secrets_and_broken_keys_are_refused() {
    for key in [&b"short"[..], b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert_eq!(Verifier::new(key, AUDIENCE, AUDIENCE).unwrap_err(), TokenError::UnknownKey);
        assert_eq!(Signer::new(key, AUDIENCE, AUDIENCE).unwrap_err(), TokenError::UnknownKey);
    }
    let (public, private) = (
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    );
    let refused = Verifier::new(private, AUDIENCE, AUDIENCE).unwrap_err();
    assert_eq!(refused, TokenError::OtherHalf { wanted: "public" });
    let refused = Signer::new(public, AUDIENCE, AUDIENCE).unwrap_err();
    assert_eq!(refused, TokenError::OtherHalf { wanted: "private" });
}

#[test]
fn a_customer_without_a_name_gets_no_token() {
    for name in [" ", "guest", " guest "] {
        assert!(matches!(signer().mint(Role::Customer, name, now(), 60), Err(TokenError::Customer(_))), "{name:?}");
    }
    assert!(signer().mint(Role::Manager, "guest", now(), 60).is_ok(), "it is but a name");
}

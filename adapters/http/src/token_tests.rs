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
    for private in [include_str!("../tests/keys/ed25519.pem"), include_str!("../tests/keys/rsa.pem")] {
        let refused = Verifier::new(private.as_bytes(), AUDIENCE, AUDIENCE).unwrap_err();
        assert_eq!(refused, TokenError::OtherHalf { wanted: "public" });
    }
}

const ED25519_PUBLIC: &str = include_str!("../tests/keys/ed25519.pub.pem");

/// What is between the lines that PEM puts around it, on one line.
fn bare(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

#[test]
fn a_key_in_pem_is_one_whatever_stands_before_it() {
    let private = include_str!("../tests/keys/ed25519.pem");
    for before in ["\u{feff}", "# our key\n", "\r\n  ", "\u{feff}# our key\r\n", "Bag Attributes: 1\n"] {
        let of = |pem: &str| format!("{before}{pem}").replace('\n', if before.contains('\r') { "\r\n" } else { "\n" });
        let verifier = Verifier::new(of(ED25519_PUBLIC).as_bytes(), AUDIENCE, AUDIENCE).unwrap();
        let signer = Signer::new(of(private).as_bytes(), AUDIENCE, AUDIENCE).unwrap();
        let token = signer.mint(Role::Manager, "m", now(), 60).unwrap();
        assert!(verifier.verify(&token, now()).is_ok(), "{before:?}");
        // Whoever has read the file signs by nothing in it.
        let claims = verifier.verify(&token, now()).unwrap();
        let forged = EncodingKey::from_secret(of(ED25519_PUBLIC).trim_end().as_bytes());
        let forged = jsonwebtoken::encode(&Header::default(), &claims, &forged).unwrap();
        assert!(matches!(verifier.verify(&forged, now()), Err(TokenError::NotOurs { .. })), "{before:?}");
    }
}

#[test]
fn a_public_key_in_another_form_is_never_a_secret() {
    let utf16 = ED25519_PUBLIC.encode_utf16().flat_map(u16::to_le_bytes);
    let der = [&b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"[..], &[7; 32]].concat();
    for (key, what) in [
        (der, "DER"),
        (b"\xff\xfe".iter().copied().chain(utf16).collect(), "DER"),
        (br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#.to_vec(), "JWK"),
        (b"\n [{\"kty\":\"oct\",\"k\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]".to_vec(), "JWK"),
        (b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPCoTCQ3VQ0 kim@example\n".to_vec(), "OpenSSH"),
        (b"\xef\xbb\xbfssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ kim@example\n".to_vec(), "OpenSSH"),
        (b"https://issuer.example/.well-known/jwks.json\n".to_vec(), "address"),
        (bare(ED25519_PUBLIC).into_bytes(), "PEM"),
        (bare(include_str!("../tests/keys/rsa.pub.pem")).into_bytes(), "PEM"),
        (bare(include_str!("../tests/keys/ed25519.pem")).into_bytes(), "PEM"),
        (b"---- BEGIN SSH2 PUBLIC KEY ----\nAAAAC3NzaC1lZDI1NTE5AAAAI\n".to_vec(), "several lines"),
        ("비밀값이지만 ASCII가 아닌 서른두 바이트 이상".into(), "ASCII"),
    ] {
        let shown = String::from_utf8_lossy(&key).into_owned();
        for refused in
            [Verifier::new(&key, AUDIENCE, AUDIENCE).unwrap_err(), Signer::new(&key, AUDIENCE, AUDIENCE).unwrap_err()]
        {
            assert!(matches!(refused, TokenError::NoSecret { .. }), "{shown}: {refused}");
            assert!(refused.to_string().contains(what), "{shown}: {refused}");
            assert!(refused.in_korean().contains("키 파일"), "{refused:?}");
        }
    }
}

#[test]
fn a_secret_is_one_line_of_printable_text() {
    let line = "q2xPz0eBsLwV3m8R5tYkJc9HfNd7GaUo";
    let token = Signer::new(line.as_bytes(), AUDIENCE, AUDIENCE).unwrap().mint(Role::Manager, "m", now(), 60).unwrap();
    for same in [format!("{line}\r\n"), format!("\u{feff}{line}\n"), format!(" {line} ")] {
        assert!(Verifier::new(same.as_bytes(), AUDIENCE, AUDIENCE).unwrap().verify(&token, now()).is_ok(), "{same:?}");
    }
    assert_eq!(Verifier::new(&line.as_bytes()[1..], AUDIENCE, AUDIENCE).unwrap_err(), TokenError::UnknownKey);
}

#[test]
fn a_customer_without_a_name_gets_no_token() {
    for name in [" ", "guest", " guest "] {
        assert!(matches!(signer().mint(Role::Customer, name, now(), 60), Err(TokenError::Customer(_))), "{name:?}");
    }
    assert!(signer().mint(Role::Manager, "guest", now(), 60).is_ok(), "it is but a name");
}

//! The laws of signatures.

use proptest::prelude::*;

use super::*;

fn secret() -> Secret {
    Secret::new("shared-by-both").unwrap()
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

#[test]
fn a_signature_is_what_others_compute_too() {
    // printf '1700000000.{}' | openssl dgst -sha256 -hmac shared-by-both
    let expected = "t=1700000000,v1=9465175c5477255c4196e38a1f440289605f54ab4c04cc09777437bf689b74c1";
    assert_eq!(sign(&secret(), at(1_700_000_000), b"{}"), expected);
}

#[test]
fn what_is_not_well_formed_is_refused() {
    let good = sign(&secret(), at(1_700_000_000), b"{}");
    for value in [
        "",
        "t=,v1=",
        "v1=00,t=1",
        &good.to_uppercase(),
        &good[..good.len() - 1],
        &format!("{good}0"),
        &format!("{good},v1={}", "0".repeat(64)),
        &format!(" {good}"),
        &good.replace("v1", "v2"),
        &good.replace("t=", "t=é"),
    ] {
        let refused = verify(&secret(), value, b"{}", at(1_700_000_000), TOLERANCE);
        assert!(matches!(refused, Err(SignatureError::Malformed | SignatureError::Mismatch)), "{value}: {refused:?}");
    }
}

proptest! {
    #[test]
    fn what_was_signed_is_accepted_within_the_tolerance_and_not_a_second_beyond(
        body in prop::collection::vec(any::<u8>(), 0..200),
        signed in -1_000_000_000..4_000_000_000_i64,
        tolerance in 0..10_000_u64,
        off in -20_000..20_000_i64,
    ) {
        let value = sign(&secret(), at(signed), &body);
        let now = at(signed + off);
        let within = off.unsigned_abs() <= tolerance;
        let verified = verify(&secret(), &value, &body, now, Duration::from_secs(tolerance));
        let expected = match off {
            _ if within => Ok(()),
            0.. => Err(SignatureError::TooOld),
            _ => Err(SignatureError::FromTheFuture),
        };
        prop_assert_eq!(verified, expected);
        let verify_at = |off| verify(&secret(), &value, &body, at(signed + off), Duration::from_secs(tolerance));
        let tolerance = i64::try_from(tolerance).unwrap();
        prop_assert_eq!([verify_at(tolerance), verify_at(-tolerance)], [Ok(()); 2]);
        prop_assert_eq!(verify_at(tolerance + 1), Err(SignatureError::TooOld));
        prop_assert_eq!(verify_at(-tolerance - 1), Err(SignatureError::FromTheFuture));
    }

    #[test]
    fn any_changed_byte_of_the_body_is_refused(
        mut body in prop::collection::vec(any::<u8>(), 1..200),
        place in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let now = at(1_700_000_000);
        let value = sign(&secret(), now, &body);
        let place = place.index(body.len());
        body[place] ^= flip;
        prop_assert_eq!(verify(&secret(), &value, &body, now, TOLERANCE), Err(SignatureError::Mismatch));
    }

    #[test]
    fn any_changed_byte_of_the_header_is_refused(
        body in prop::collection::vec(any::<u8>(), 0..50),
        place in any::<prop::sample::Index>(),
        other in 0..128_u8,
    ) {
        let now = at(1_700_000_000);
        let mut value = sign(&secret(), now, &body).into_bytes();
        let place = place.index(value.len());
        prop_assume!(value[place] != other);
        value[place] = other;
        let value = String::from_utf8(value).unwrap();
        prop_assert!(verify(&secret(), &value, &body, now, TOLERANCE).is_err(), "{}", value);
    }

    #[test]
    fn a_byte_more_or_less_is_refused(body in prop::collection::vec(any::<u8>(), 1..100), more in any::<u8>()) {
        let now = at(1_700_000_000);
        let value = sign(&secret(), now, &body);
        prop_assert!(verify(&secret(), &value, &body[1..], now, TOLERANCE).is_err());
        let longer: Vec<u8> = body.iter().copied().chain([more]).collect();
        prop_assert!(verify(&secret(), &value, &longer, now, TOLERANCE).is_err());
    }

    #[test]
    fn another_secret_does_not_fit(other in "[!-~]{8,64}", body in prop::collection::vec(any::<u8>(), 0..50)) {
        prop_assume!(other != secret().expose());
        let value = sign(&Secret::new(&other).unwrap(), at(1_700_000_000), &body);
        let verified = verify(&secret(), &value, &body, at(1_700_000_000), TOLERANCE);
        prop_assert_eq!(verified, Err(SignatureError::Mismatch));
    }

    #[test]
    fn no_text_makes_it_panic(value in ".*", body in prop::collection::vec(any::<u8>(), 0..20)) {
        prop_assert!(verify(&secret(), &value, &body, at(0), TOLERANCE).is_err());
    }
}

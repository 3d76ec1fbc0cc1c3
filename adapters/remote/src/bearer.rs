//! Bearer tokens in headers.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::Secret;

/// The header that shows the token; marked, so that nothing logs it.
pub(crate) fn authorization(token: &Secret) -> HeaderValue {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).expect("a secret is printable ASCII");
    value.set_sensitive(true);
    value
}

/// Whether the headers show the token.
pub(crate) fn shows(headers: &HeaderMap, token: &Secret) -> bool {
    let offered = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    offered.split_at_checked(7).is_some_and(|(scheme, rest)| scheme.eq_ignore_ascii_case(b"bearer ") && token.is(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_is_let_in() {
        let token = Secret::new("token-of-the-test").unwrap();
        let mut headers = HeaderMap::new();
        assert!(!shows(&headers, &token));
        headers.insert(header::AUTHORIZATION, authorization(&token));
        assert!(shows(&headers, &token));
        assert!(!format!("{headers:?}").contains("token-of"));
        for other in ["Bearer token-of-the-tes", "Bearer  token-of-the-test", "Basic token-of-the-test", "Bearer", ""] {
            headers.insert(header::AUTHORIZATION, other.parse().unwrap());
            assert!(!shows(&headers, &token), "{other}");
        }
    }
}

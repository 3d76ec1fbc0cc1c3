//! Who asks, in which language, under which ids: read once, before the handler, from the request's headers.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use storagerent::chrono::{DateTime, Utc};
use storagerent::ids::RandomIds;
use storagerent::{Caller, CorrelationId, CustomerId, IdempotencyKey, Ids, InvalidValue, Lang, Version};

use crate::access::{Who, rule_of};
use crate::admission::{Admitted, Payer};
use crate::origin::must_be_from_here;
use crate::peer::peer_of;
use crate::problem::Refusal;
use crate::sent;
use crate::state::Site;
use crate::token::{Role, TokenError};
use crate::watch::{InFlight, NO_ROUTE};

/// The id of the request, in and out.
pub(crate) const X_CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What can be changed on the condition that it is in some version, and nothing else.
const VERSIONED: [&str; 3] = ["/storages/{id}", "/reservations/{id}", "/reservations/{id}/end"];

/// Who a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Identity {
    /// Nobody showed a token.
    Nobody,
    /// Tokens are not asked for: the manager, and for reviews `guest`.
    Open,
    Manager,
    Customer(CustomerId),
}

/// Who asks, and how.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    pub(crate) identity: Identity,
    /// Whose rate and streams it counts among.
    pub(crate) payer: Payer,
    correlation_id: CorrelationId,
    idempotency_key: Option<IdempotencyKey>,
    expected_version: Option<Version>,
    /// Until when the token is believed.
    pub(crate) until: Option<DateTime<Utc>>,
    /// A change's place in front of the writer, kept until it is done.
    _admitted: Option<Admitted>,
}

tokio::task_local! {
    /// How refusals of this request are told.
    static TELL: (Lang, CorrelationId);
}

/// The id of this request, where one is answered.
pub(crate) fn correlation_id() -> Option<CorrelationId> {
    TELL.try_with(|(_, id)| id.clone()).ok()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (lang, id) = TELL.try_with(Clone::clone).map_or((Lang::En, None), |(lang, id)| (lang, Some(id)));
        let mut response = self.problem(lang, id).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.code()));
        headers.append(header::VARY, HeaderValue::from_static("Accept-Language"));
        response
    }
}

impl Asker {
    /// The caller as the engine knows it.
    pub(crate) fn caller(&self) -> Caller {
        self.keyed(match &self.identity {
            Identity::Customer(id) => Caller::customer(id.clone()),
            Identity::Nobody | Identity::Open | Identity::Manager => Caller::manager(),
        })
    }

    /// The caller as the author of a review, which the manager never is.
    pub(crate) fn author(&self) -> Caller {
        match &self.identity {
            Identity::Open => self.keyed(Caller::customer(CustomerId::guest())),
            Identity::Nobody | Identity::Manager | Identity::Customer(_) => self.caller(),
        }
    }

    fn keyed(&self, caller: Caller) -> Caller {
        let mut caller = caller.with_correlation_id(self.correlation_id.clone());
        if let Some(key) = &self.idempotency_key {
            caller = caller.with_idempotency_key(key.clone());
        }
        match self.expected_version {
            Some(version) => caller.expecting(version),
            None => caller,
        }
    }

    /// The customer who sees only their own; `None` for the manager.
    pub(crate) fn customer(&self) -> Option<&CustomerId> {
        match &self.identity {
            Identity::Customer(id) => Some(id),
            Identity::Nobody | Identity::Open | Identity::Manager => None,
        }
    }

    /// Whose rows a list shows: a customer's own whoever is named, else those of whom the manager names.
    pub(crate) fn whose(&self, named: Option<&str>) -> Result<Option<CustomerId>, InvalidValue> {
        let named = named.map(CustomerId::new).transpose()?;
        Ok(self.customer().cloned().or(named))
    }

    /// Whether what belongs to `owner` is shown to this asker.
    pub(crate) fn sees(&self, owner: &CustomerId) -> bool {
        self.customer().is_none_or(|customer| customer == owner)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        // The guard puts it there for every listed route.
        parts.extensions.get::<Asker>().cloned().ok_or_else(unlisted)
    }
}

fn unlisted() -> Refusal {
    Refusal::own(StatusCode::FORBIDDEN, "notListed", "nobody may call this", "아무도 호출할 수 없는 경로입니다")
}

/// A request on its way: counted and logged when it is answered, or else as one whose client has left.
struct OnItsWay {
    site: Arc<Site>,
    method: Method,
    route: Option<MatchedPath>,
    id: CorrelationId,
    in_flight: InFlight,
    is_answered: bool,
}

impl OnItsWay {
    fn route(&self) -> &str {
        self.route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str)
    }

    fn answered(mut self, response: &Response) {
        self.is_answered = true;
        self.site.watch.answered(&self.method, self.route(), response, self.in_flight.elapsed(), &self.id);
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        if !self.is_answered {
            self.site.watch.left(&self.method, self.route(), self.in_flight.elapsed(), &self.id);
        }
    }
}

/// Reads ids and language of every request, and tells them with every answer. Outermost: what is refused further in is told so, too.
pub(crate) async fn frame(State(site): State<Arc<Site>>, mut request: Request, next: Next) -> Response {
    let in_flight = site.watch.begin();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let lang = language(request.headers());
    let known: Vec<_> = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect();
    let trace = trace_of(request.headers());
    let chosen = match one(request.headers(), &X_CORRELATION_ID) {
        Ok(None) => Ok(trace.clone()),
        Ok(Some(raw)) => CorrelationId::new(raw).map(Some).map_err(Refusal::from),
        Err(refusal) => Err(refusal),
    };
    let new = || CorrelationId::from(RandomIds.key());
    let (id, refused) = match chosen {
        Ok(chosen) => (chosen.unwrap_or_else(new), None),
        Err(refusal) => (new(), Some(refusal)),
    };
    request.extensions_mut().insert((lang, id.clone()));
    let on_its_way = OnItsWay {
        site: Arc::clone(&site),
        method: method.clone(),
        route,
        id: id.clone(),
        in_flight,
        is_answered: false,
    };
    let answered = async {
        match refused {
            Some(refusal) => refusal.into_response(),
            None => next.run(request).await,
        }
    };
    let mut response = TELL.scope((lang, id.clone()), answered).await;
    if is_known(&method, &known, &response) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        let headers = response.headers_mut();
        [header::CONTENT_TYPE, header::CONTENT_LENGTH].iter().for_each(|name| drop(headers.remove(name)));
    }
    let headers = response.headers_mut();
    let trace = trace.unwrap_or_else(|| if is_trace(id.as_str()) { id.clone() } else { new() });
    let span = RandomIds.key().bits() as u64;
    for (name, value) in [(X_CORRELATION_ID, id.to_string()), (TRACEPARENT, format!("00-{trace}-{span:016x}-01"))] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    if site.options.ending.is_near() {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    on_its_way.answered(&response);
    response
}

/// Whether the asker has what is shown already (`If-None-Match`); a weakened tag is of the same version.
fn is_known(method: &Method, known: &[HeaderValue], response: &Response) -> bool {
    let Some(shown) = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()) else { return false };
    let mut tags = known.iter().filter_map(|tags| tags.to_str().ok()).flat_map(|tags| tags.split(',')).map(str::trim);
    method.is_safe()
        && response.status() == StatusCode::OK
        && tags.any(|tag| tag == "*" || tag.trim_start_matches("W/") == shown)
}

/// Lets through whom the table lets through.
pub(crate) async fn guard(
    State(site): State<Arc<Site>>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let rule = rule_of(request.method(), path.as_str()).ok_or_else(unlisted)?;
    let (_, correlation_id) = request.extensions().get::<(Lang, CorrelationId)>().cloned().ok_or_else(unlisted)?;
    let peer = Payer::peer(peer_of(request.extensions(), request.headers(), &site.options.trusted_proxies));
    let (identity, until, payer) = match rule.who {
        // Probes are never turned away.
        Who::Anybody => (Identity::Nobody, None, peer),
        Who::Both | Who::Manager | Who::Customer => {
            let identified = identify(&site, &request);
            let payer = match &identified {
                Ok((Identity::Manager, _)) => Payer::Manager,
                Ok((Identity::Customer(customer), _)) => Payer::Customer(customer.clone()),
                // Whoever guesses tokens pays by address.
                Ok((Identity::Nobody | Identity::Open, _)) | Err(_) => peer,
            };
            site.charge(&payer)?;
            let (identity, until) = identified?;
            (identity, until, payer)
        }
    };
    match (rule.who, &identity) {
        (Who::Anybody | Who::Both, _)
        | (Who::Manager | Who::Customer, Identity::Open)
        | (Who::Manager, Identity::Manager)
        | (Who::Customer, Identity::Customer(_)) => {}
        (Who::Manager, _) => return Err(forbidden("only the manager may do this", "관리자만 할 수 있습니다")),
        (Who::Customer, _) => return Err(forbidden("only a customer may do this", "고객만 할 수 있습니다")),
    }
    let admitted = if request.method().is_safe() {
        None
    } else {
        // A place is for the writer: who sends slowly takes none meanwhile.
        let body = sent::whole(std::mem::take(request.body_mut())).await?;
        *request.body_mut() = Body::from(body);
        Some(site.admit()?)
    };
    let headers = request.headers();
    let expected_version = if_match(headers)?;
    if expected_version.is_some() && !request.method().is_safe() && !VERSIONED.contains(&path.as_str()) {
        let (en, ko) = ("is not taken here: there are no versions", "여기에는 버전이 없어 쓸 수 없습니다");
        return Err(bad_header(&header::IF_MATCH, en, ko));
    }
    let asker = Asker {
        identity,
        payer,
        correlation_id,
        idempotency_key: one(headers, &IDEMPOTENCY_KEY)?.map(IdempotencyKey::new).transpose()?,
        expected_version,
        until,
        _admitted: admitted,
    };
    request.extensions_mut().insert(asker);
    Ok(next.run(request).await)
}

fn forbidden(en: &'static str, ko: &'static str) -> Refusal {
    storagerent::NotAllowed { reason: en, reason_ko: ko }.into()
}

/// Who asks, and until when that is believed.
fn identify(site: &Site, request: &Request) -> Result<(Identity, Option<DateTime<Utc>>), Refusal> {
    let headers = request.headers();
    let Some(verifier) = &site.options.verifier else {
        must_be_from_here(request.uri(), headers, &site.options.origins)?;
        return Ok((Identity::Open, None));
    };
    let unauthorized = |en: String, ko: &str| {
        Refusal::own(StatusCode::UNAUTHORIZED, "unauthorized", en, ko)
            .hint("send a token: Authorization: Bearer …", "토큰을 보내세요: Authorization: Bearer …")
    };
    let header = one(headers, &header::AUTHORIZATION)?
        .ok_or_else(|| unauthorized("a token is needed".to_owned(), "토큰이 필요합니다"))?;
    let token = header
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| unauthorized("a bearer token is needed".to_owned(), "Bearer 토큰이 필요합니다"))?;
    let refused = |e: TokenError| unauthorized(e.to_string(), "이 토큰은 받을 수 없습니다");
    let claims = verifier.verify(token, site.app.now()).map_err(refused)?;
    let until = claims.believed_until();
    match claims.role {
        Role::Manager => Ok((Identity::Manager, until)),
        Role::Customer => Ok((Identity::Customer(CustomerId::new(&claims.sub)?), until)),
    }
}

/// A header that may be there once, as text.
fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text)),
        (Err(_), _) => Err(bad_header(name, "is not plain ASCII", "ASCII가 아닙니다")),
        (Ok(_), Some(_)) => Err(bad_header(name, "is given twice", "두 번 주어졌습니다")),
    }
}

fn bad_header(name: &HeaderName, en: &str, ko: &str) -> Refusal {
    let (en, ko) = (format!("the header {name} {en}"), format!("{name} 헤더: {ko}"));
    Refusal::own(StatusCode::BAD_REQUEST, "badHeader", en, ko)
}

/// `If-Match: "3"`; `*` is whatever version there is.
fn if_match(headers: &HeaderMap) -> Result<Option<Version>, Refusal> {
    match one(headers, &header::IF_MATCH)?.map(str::trim) {
        None | Some("*") => Ok(None),
        Some(tag) => {
            // A proxy that compresses weakens the tag; the version in it is the same.
            let digits = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            let version = digits.and_then(|digits| digits.parse().ok());
            let version = version.ok_or_else(|| {
                bad_header(
                    &header::IF_MATCH,
                    "holds one ETag as it was given out",
                    "서버가 준 ETag 하나를 그대로 담아야 합니다",
                )
            })?;
            Ok(Some(Version::new(version)))
        }
    }
}

/// Korean if it is wanted more than English, or as much and named first; English else.
fn language(headers: &HeaderMap) -> Lang {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best = (Lang::En, 0.0);
    for range in wanted.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next().and_then(|tag| tag.split('-').next()).unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok());
        let lang = match tag.to_ascii_lowercase().as_str() {
            "ko" => Lang::Ko,
            "en" => Lang::En,
            _ => continue,
        };
        if weight.is_some_and(|weight| weight > best.1) {
            best = (lang, weight.unwrap_or_default());
        }
    }
    best.0
}

/// The trace id of a W3C `traceparent`; one that is not well formed is none.
fn trace_of(headers: &HeaderMap) -> Option<CorrelationId> {
    let parent = headers.get(TRACEPARENT)?.to_str().ok()?;
    let parts: Vec<_> = parent.split('-').collect();
    let [version, trace, span, ..] = parts[..] else { return None };
    let fits = is_hex(version, 2) && version != "ff" && is_trace(trace) && is_hex(span, 16);
    if fits { CorrelationId::new(trace).ok() } else { None }
}

fn is_trace(id: &str) -> bool {
    is_hex(id, 32) && id.bytes().any(|b| b != b'0')
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

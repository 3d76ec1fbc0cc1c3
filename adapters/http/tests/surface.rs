//! What there is: router, table and OpenAPI document list the same, and what is not there is refused as a problem.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use storagerent_http::access::TABLE;
use storagerent_http::{Options, document};

use crate::house::House;

/// The methods that HTTP clients have.
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];

fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let document: Value = serde_json::from_str(&document()).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .map(|(path, item)| {
            let methods = item.as_object().unwrap().keys().map(|method| method.to_uppercase());
            (path.clone(), methods.filter(|method| METHODS.contains(&method.as_str())).collect())
        })
        .collect()
}

#[test]
fn table_and_document_list_the_same_routes() {
    let mut listed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for rule in TABLE {
        assert!(listed.entry(rule.path.to_owned()).or_default().insert(rule.method.to_owned()), "{rule:?} twice");
    }
    assert_eq!(listed, documented());
}

#[tokio::test]
async fn the_router_takes_what_is_listed_and_says_so_of_the_rest() {
    let house = House::open(Options::insecure());
    for (path, methods) in documented() {
        let mut taken = methods.clone();
        if taken.contains("GET") {
            taken.insert("HEAD".to_owned());
        }
        let asked = path.replace("{id}", "7").replace("{name}", "view").replace("{key}", "zone");
        for method in METHODS {
            let answer = house.ask(method, &asked, &[], "").await;
            if taken.contains(method) {
                assert!(answer.status != 405 && answer.status != 403, "{method} {path}: {answer:?}");
                let is_unknown =
                    answer.status == 404 && method != "HEAD" && answer.json()["hint"] == "see /openapi.json";
                assert!(!is_unknown, "{method} {path}: {answer:?}");
                continue;
            }
            assert_eq!(answer.status, 405, "{method} {path}");
            let allowed = answer.header("allow").unwrap().split(',').map(|method| method.trim().to_owned());
            assert_eq!(allowed.collect::<BTreeSet<_>>(), taken, "{method} {path}");
            if method != "HEAD" {
                answer.problem(405, "wrongMethod");
            }
        }
    }
}

#[test]
fn the_document_changes_only_when_it_is_meant_to() {
    insta::assert_snapshot!("openapi", document());
}

#[tokio::test]
async fn document_and_swagger_ui_come_from_the_program_itself() {
    let house = House::open(Options::insecure());
    let served = house.get("/openapi.json").await.told(200);
    assert_eq!(served, serde_json::from_str::<Value>(&document()).unwrap());
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1"));
    let home = house.get("/").await;
    assert_eq!((home.status.as_u16(), home.headers["location"].as_bytes()), (307, &b"/swagger-ui/"[..]));
    let page = house.get("/swagger-ui/").await;
    assert_eq!(page.status, 200);
    let page = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(!page.contains("http://") && !page.contains("https://"), "it asks nobody else: {page}");
    let parts: Vec<_> =
        page.split(['"', '\'']).filter(|part| part.ends_with(".js") || part.ends_with(".css")).collect();
    assert!(parts.len() >= 3, "{page}");
    for part in parts {
        let part = format!("/swagger-ui/{}", part.trim_start_matches("./"));
        let answer = house.get(&part).await;
        assert!(answer.status == 200 && !answer.body.is_empty(), "{part}: {}", answer.status);
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_in_the_callers_language() {
    let house = House::open(Options::insecure());
    for path in ["/nothing", "/storages/1/nothing", "/storages/", "/swagger", "/actuator/env"] {
        let problem = house.get(path).await.problem(404, "notFound");
        assert_eq!(problem["detail"], "there is nothing under this path", "{path}");
    }
    let told = house.ask("GET", "/nothing", &[("accept-language", "ko-KR,ko;q=0.9,en;q=0.8")], "").await;
    assert_eq!(told.problem(404, "notFound")["detail"], "이 경로에는 아무것도 없습니다");
    for path in [
        "/storages/0",
        "/storages/1",
        "/storages/x",
        "/storages/-1",
        "/storages/%31%20",
        "/storages/99999999999999999999",
    ] {
        house
            .get(path)
            .await
            .problem(404, if path.ends_with("/0") || path.ends_with("/1") { "storageNotFound" } else { "notFound" });
    }
}

#[tokio::test]
async fn the_health_of_the_server_is_told_to_anybody() {
    let house = House::open(Options::insecure());
    assert_eq!(house.get("/actuator/health").await.told(200)["status"], "UP");
}

#[tokio::test]
async fn pages_of_other_origins_may_call_only_if_they_are_listed() {
    let preflight = [("origin", "https://app.example"), ("access-control-request-method", "POST")];
    let closed = House::open(Options::insecure());
    let open = House::open(Options::insecure().origins(["https://app.example".to_owned()]).unwrap());
    for (method, headers) in [("GET", &preflight[..1]), ("OPTIONS", &preflight[..])] {
        let answer = closed.ask(method, "/storages", headers, "").await;
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{answer:?}");
        let answer = open.ask(method, "/storages", headers, "").await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        let other = open.ask(method, "/storages", &[("origin", "https://other.example"), preflight[1]], "").await;
        assert_eq!(other.header("access-control-allow-origin"), None);
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_words_for_every_answer() {
    let document: serde_json::Value = serde_json::from_str(&storagerent_http::document()).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let operations: Vec<_> = paths.flat_map(|path| path.as_object().unwrap().values()).collect();
    let names: std::collections::BTreeSet<_> = operations.iter().map(|o| o["operationId"].as_str().unwrap()).collect();
    assert_eq!(names.len(), operations.len());
    for operation in operations {
        for (status, answer) in operation["responses"].as_object().unwrap() {
            assert!(
                !answer["description"].as_str().unwrap_or_default().is_empty(),
                "{}: {status}",
                operation["operationId"]
            );
        }
    }
}

#[tokio::test]
async fn without_tokens_another_page_or_a_borrowed_name_changes_nothing() {
    let house = House::open(Options::insecure());
    let here = ("host", "127.0.0.1:8080");
    for headers in
        [[here, ("origin", "https://evil.example")], [("host", "evil.example"), ("origin", "http://evil.example")]]
    {
        house.ask("POST", "/consumers/view/pause", &headers, "").await.problem(403, "otherOrigin");
        house.ask("GET", "/status", &headers, "").await.problem(403, "otherOrigin");
    }
    house.ask("POST", "/consumers/view/pause", &[here, ("origin", "http://127.0.0.1:8080")], "").await.told(200);
    house.ask("GET", "/livez", &[("host", "10.0.0.7:8080")], "").await.told(200);
    let listed = House::open(Options::insecure().origins(["https://app.example/".to_owned()]).unwrap());
    listed.ask("POST", "/consumers/view/pause", &[here, ("origin", "https://app.example")], "").await.told(200);
}

#[tokio::test]
async fn who_has_it_already_is_not_shown_it_again() {
    let house = House::open(Options::insecure()).with_storages(1).await;
    for (tags, status) in [("\"1\"", 304), ("W/\"1\"", 304), ("\"7\", \"1\"", 304), ("*", 304), ("\"2\"", 200)] {
        let answer = house.ask("GET", "/storages/1", &[("if-none-match", tags)], "").await;
        assert_eq!((answer.status.as_u16(), answer.header("etag")), (status, Some("\"1\"")), "{tags}");
        assert_eq!(answer.body.is_empty(), status == 304, "{tags}");
    }
}

#[tokio::test]
async fn refusals_are_in_the_callers_language_to_the_last_word() {
    let house = House::open(Options::insecure());
    let korean = [("accept-language", "ko")];
    for (method, path, body) in [
        ("POST", "/storages", r#"{"description":"x","price":"y"}"#),
        ("POST", "/storages", r#"{"price":5}"#),
        ("GET", "/storages?size=x", ""),
        ("GET", "/quote", ""),
        ("GET", "/quote?storageId=1&from=2027-02-31", ""),
    ] {
        let answer = house.ask(method, path, &korean, body).await;
        let problem = answer.problem(422, "invalidValue");
        let (field, words) = problem["detail"].as_str().unwrap().split_once(": ").unwrap();
        assert_eq!(problem["field"], field);
        assert!(words.chars().all(|c| !c.is_ascii_alphabetic()), "{words}");
        assert_eq!((answer.header("content-language"), answer.header("vary")), (Some("ko"), Some("Accept-Language")));
    }
    let unknown = house.ask("POST", "/storages", &korean, r#"{"zzz":1}"#).await.problem(422, "invalidValue");
    assert!(unknown["detail"].as_str().unwrap().starts_with("zzz: 모르는 필드입니다"), "{unknown}");
}

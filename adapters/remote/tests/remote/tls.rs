//! Certificates: who is not known is told nothing, and certainly takes nothing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};
use storagerent::{Outcome, PaymentGateway};
use storagerent_remote::{GatewayConfig, HttpGateway, Secret};

use crate::support::{DEADLINE, JSON, charge, http, kind, says};

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A service whose certificate is for that name; what it was sent goes to the channel.
    fn serve(&self, name: &str) -> (SocketAddr, std::sync::mpsc::Receiver<Vec<u8>>) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sent, received) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut tcp = stream.unwrap();
                let mut stream = Stream::new(&mut connection, &mut tcp);
                let mut bytes = vec![0; 16 * 1024];
                let mut length = 0;
                while let Ok(n @ 1..) = stream.read(&mut bytes[length..]) {
                    length += n;
                    if bytes[..length].ends_with(b"}") {
                        let _ = stream.write_all(http("200 OK", JSON, &says("captured")).as_bytes());
                        break;
                    }
                }
                let _ = sent.send(bytes[..length].to_vec());
            }
        });
        (address, received)
    }
}

fn gateway(address: SocketAddr, roots: Option<String>) -> HttpGateway {
    let url = format!("https://localhost:{}", address.port());
    let config = GatewayConfig::new(url).token(Secret::new("canary-token").unwrap());
    HttpGateway::new(match roots {
        Some(pem) => config.roots_pem(pem),
        None => config,
    })
    .unwrap()
}

#[test]
fn a_service_of_the_trusted_authority_is_called() {
    let authority = Authority::new();
    let (address, _received) = authority.serve("localhost");
    assert_eq!(gateway(address, Some(authority.pem())).charge(&charge(1), DEADLINE), Outcome::Captured);
}

#[test]
fn who_is_not_trusted_is_sent_nothing_and_takes_nothing() {
    let (authority, other) = (Authority::new(), Authority::new());
    for (what, name, roots) in [
        ("a public authority only", "localhost", None),
        ("another authority", "localhost", Some(other.pem())),
        ("another name", "pay.example", Some(authority.pem())),
    ] {
        let (address, received) = authority.serve(name);
        let gateway = gateway(address, roots);
        let outcome = gateway.charge(&charge(1), DEADLINE);
        assert_eq!(kind(&outcome), "notTaken", "{what}: {outcome:?}");
        assert_eq!(kind(&gateway.void(&charge(1), DEADLINE)), "unavailable", "{what}");
        assert_eq!(kind(&gateway.refund(&charge(1), DEADLINE)), "unavailable", "{what}");
        assert_eq!(received.recv_timeout(DEADLINE).unwrap(), b"", "{what}: not a byte of the request");
        assert!(!format!("{outcome:?}").contains("canary"));
    }
}

#[test]
fn a_handshake_that_does_not_end_is_left_at_the_deadline_and_a_timeout_is_never_not_taken() {
    // The system accepts for it; nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let begun = std::time::Instant::now();
    let gateway = gateway(silent.local_addr().unwrap(), None);
    assert_eq!(kind(&gateway.charge(&charge(1), std::time::Duration::from_millis(500))), "unknown");
    assert!(begun.elapsed() < std::time::Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn who_speaks_no_tls_takes_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        let mut bytes = Vec::new();
        // It hangs up however it likes.
        let _ = stream.read_to_end(&mut bytes);
        bytes
    });
    let outcome = gateway(address, None).charge(&charge(1), DEADLINE);
    assert_eq!(kind(&outcome), "notTaken", "{outcome:?}");
    assert!(!String::from_utf8_lossy(&heard.join().unwrap()).contains("canary"));
}

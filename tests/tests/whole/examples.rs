//! The examples run, and say what they should.

use std::process::Command;

use storagerent_tests::program;

fn example(name: &str) -> String {
    let output = Command::new(program("storagerent-examples", name)).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn each_example_runs() {
    let quickstart = example("quickstart");
    assert!(quickstart.contains("reserved and paid: 59,000 KRW") && quickstart.contains("Cancelled"), "{quickstart}");
    let host = example("async_gateway");
    assert!(host.contains("held: reqReserve") && host.contains("after the charge: reserved"), "{host}");
    assert!(host.contains("after the refund: cancelled"), "{host}");
    let notifier = example("custom_notifier");
    assert!(notifier.contains("sms away") && notifier.contains("sms to kim"), "{notifier}");
    let subscribe = example("subscribe");
    assert!(subscribe.contains("168000"), "{subscribe}");
}

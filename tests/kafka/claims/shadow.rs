//! A shadow beside the live one: its findings are those of `replay` with its model but for the marks, and the
//! live one's are as if it were not there.

use std::collections::BTreeSet;

use serde_json::Value;
use stillwatch::model::Model;
use stillwatch::model::artifact::encode;

use crate::fill::fill;
use crate::instance::{Setup, stillwatch};
use crate::outputs::{Outputs, assert_same, caught_up, committed, expected};
use crate::runner::World;
use crate::topics::{self, Names};
use crate::traffic::Traffic;

const EAGER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/eager.json");

pub fn it_disturbs_nobody(world: &World) {
    let bootstrap = world.bootstrap();
    let names = Names::unique("shadow");
    names.create(bootstrap, 2);
    let live = Setup::new(bootstrap, &names, 2);
    // the same file but for mode and model, as an operator would have it
    let mut shadow = Setup::new(bootstrap, &names, 2);
    shadow.set("kafka.mode", "shadow");
    shadow.set("model.path", calmer(&shadow).as_str());
    let own = |name: &str| format!("{name}.shadow");
    shadow.names = Names {
        input: names.input.clone(),
        findings: own(&names.findings),
        dead_letters: own(&names.dead_letters),
        state: own(&names.state),
        control: own(&names.control),
        group: own(&names.group),
    };
    let file = shadow.write("topics");
    let made = stillwatch().args(["topics", "create", "--replication", "1", "-c"]).arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(made.status.success(), "{said}{}", String::from_utf8_lossy(&made.stderr));
    for name in [&shadow.names.findings, &shadow.names.dead_letters, &shadow.names.state, &shadow.names.control] {
        assert!(said.contains(&format!("created      {name}")), "{name}: {said}");
    }
    let check = stillwatch().args(["check", "-c"]).arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(check.status.success() && said.contains("none of them an alert"), "{said}");

    let (mut one, mut other) = (live.start("live"), shadow.start("shadow"));
    one.ready();
    other.ready();
    fill(bootstrap, &names.input, Traffic::new(11, 2).take(12_000));
    caught_up(bootstrap, &live, &[&one]);
    caught_up(bootstrap, &shadow, &[&other]);
    assert!(
        one.get("/metrics").contains("stillwatch_shadow 0") && other.get("/metrics").contains("stillwatch_shadow 1")
    );

    let (of_live, of_shadow) = (committed(bootstrap, &live), committed(bootstrap, &shadow));
    assert_same(&of_live, &expected(bootstrap, &live).0);
    assert_same(&of_shadow, &expected(bootstrap, &shadow).0);
    assert!(!of_shadow.findings.is_empty() && of_live.findings != of_shadow.findings);
    assert!(of_live.findings.iter().all(|line| !line.contains("\"shadow\"")));

    // the same model, live: only the marks differ
    shadow.set("kafka.mode", "live");
    let unmarked = |line: &String| {
        let mut finding: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&finding["is_alert"], &finding["unmapped"]["stillwatch"]["shadow"]), (&false.into(), &true.into()));
        finding["is_alert"] = (finding["activity_id"] == 1).into();
        finding["unmapped"]["stillwatch"].as_object_mut().unwrap().remove("shadow");
        finding.to_string()
    };
    let plain = expected(bootstrap, &shadow).0;
    let parsed = |line: &String| serde_json::from_str::<Value>(line).unwrap().to_string();
    let findings: Vec<String> = of_shadow.findings.iter().map(unmarked).collect();
    let plain = Outputs { findings: plain.findings.iter().map(parsed).collect(), ..plain };
    assert_same(&Outputs { findings, dead_letters: of_shadow.dead_letters.clone() }, &plain);

    compared(&live, &of_live, &of_shadow);
    one.stop();
    other.stop();
    let made = &shadow.names;
    topics::delete(bootstrap, &[&made.findings, &made.dead_letters, &made.state, &made.control]);
    names.delete(bootstrap);
}

/// A model that wants more evidence than the live one's.
fn calmer(setup: &Setup) -> String {
    let mut body = Model::body(Some(EAGER.as_ref())).unwrap();
    "calmer".clone_into(&mut body.name);
    body.threshold *= 2.0;
    let path = setup.dir().join("calmer.json");
    std::fs::write(&path, encode(&body).unwrap()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// `compare` counts the tenants that the findings themselves name.
fn compared(setup: &Setup, now: &Outputs, shadow: &Outputs) {
    let file = |name: &str, outputs: &Outputs| {
        let path = setup.dir().join(name);
        std::fs::write(&path, outputs.findings.join("\n")).unwrap();
        path
    };
    let arguments = [file("now.jsonl", now), file("shadow.jsonl", shadow)];
    let output = stillwatch().arg("compare").args(&arguments).arg("--json").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let comparison: Value = serde_json::from_slice(&output.stdout).unwrap();
    let tenants = |outputs: &Outputs| -> BTreeSet<String> {
        let tenant = |line: &String| {
            let finding: Value = serde_json::from_str(line).unwrap();
            finding["unmapped"]["stillwatch"]["tenant"].as_str().unwrap().to_owned()
        };
        outputs.findings.iter().map(tenant).collect()
    };
    let (now, shadow) = (tenants(now), tenants(shadow));
    for (name, count) in [
        ("both", now.intersection(&shadow).count()),
        ("only_now", now.difference(&shadow).count()),
        ("only_shadow", shadow.difference(&now).count()),
    ] {
        assert_eq!(comparison[name], count, "{name}");
    }
}

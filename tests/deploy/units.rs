//! The systemd unit.

use super::read;

#[test]
fn the_unit_starts_checks_and_reloads_the_program() {
    let unit = read("systemd/stillwatch.service");
    let of = |key: &str| -> Vec<&str> {
        unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
    };
    assert_eq!(of("ExecStart"), ["/usr/bin/stillwatch run -c /etc/stillwatch/stillwatch.toml"]);
    assert_eq!(of("ExecStartPre"), ["/usr/bin/stillwatch check -c /etc/stillwatch/stillwatch.toml --offline"]);
    assert_eq!(of("ExecReload"), ["/bin/kill -HUP $MAINPID"]);
    // exit codes of contracts: 2 configuration, 3 model or state
    assert_eq!(of("RestartPreventExitStatus"), ["2 3"]);
    // live.drain_limit (20 s), the 5 s that a stop may go beyond it, and a margin
    let stop: u64 = of("TimeoutStopSec")[0].strip_suffix('s').unwrap().parse().unwrap();
    assert!(25 < stop);
    let schema = serde_json::to_string(&stillwatch::config::schema::json_schema()).unwrap();
    for variable in of("Environment") {
        let (name, _) = variable.split_once('=').unwrap();
        let key = name.rsplit("__").next().unwrap().to_lowercase();
        assert!(schema.contains(&format!("\"{key}\"")), "{name}");
    }
    for on in ["NoNewPrivileges", "ProtectHome", "PrivateDevices", "MemoryDenyWriteExecute", "DynamicUser"] {
        assert_eq!(of(on), ["yes"], "{on}");
    }
    assert_eq!(of("ProtectSystem"), ["strict"]);
}

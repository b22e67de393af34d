//! A configuration with the product's own times, and topics made by the product. The tests' times are short.

use crate::instance::{Setup, stillwatch};
use crate::topics::{self, Names};

/// With an input of its own.
pub fn setup(bootstrap: &str, name: &str, partitions: i32) -> Setup {
    let names = Names::unique(name);
    topics::create(bootstrap, &[topics::Topic::new(&names.input, partitions)]);
    setup_of(bootstrap, &names, partitions)
}

/// For an input that is there.
pub fn setup_of(bootstrap: &str, names: &Names, partitions: i32) -> Setup {
    let mut setup = Setup::new(bootstrap, names, partitions);
    for (key, value) in [
        ("kafka.give_up_after", "5min"),
        ("kafka.session_timeout", "30s"),
        ("kafka.transaction_timeout", "10s"),
        ("live.publish_every", "500ms"),
        ("live.checkpoint_interval", "30s"),
        ("live.drain_limit", "20s"),
    ] {
        setup.set(key, value);
    }
    let mut create = stillwatch();
    create.args(["topics", "create", "--replication", "1", "-c"]).arg(setup.write("topics"));
    let created = create.output().expect("stillwatch runs");
    assert!(created.status.success(), "topics create: {}", String::from_utf8_lossy(&created.stderr));
    setup
}

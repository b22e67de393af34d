//! Who harvests and who does not: the lines of `--labels`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use serde::Deserialize;

use super::TrainError;

/// What a tenant is to the training run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Benign, or an attacked tenant rebuilt without its harvest.
    Calm,
    /// Nobody can say: not used.
    Grey,
    /// Harvests.
    Attack,
}

/// Roles by tenant. A tenant without a label is calm.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    by_tenant: BTreeMap<String, (Role, String)>,
    /// Attackers of whom only one account harvests.
    in_part: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Line {
    tenant: String,
    account: Option<String>,
    label: String,
    family: Option<String>,
    class: Option<String>,
}

impl Labels {
    /// Reads JSONL. Of several lines for one tenant the gravest counts.
    pub fn read(lines: impl BufRead) -> Result<Labels, TrainError> {
        let mut labels = Labels::default();
        for (index, line) in lines.lines().enumerate() {
            let wrong = |why: String| TrainError::Label { line: index + 1, why };
            let line = line.map_err(|error| wrong(error.to_string()))?;
            if line.trim().is_empty() {
                continue;
            }
            let line: Line = serde_json::from_str(&line).map_err(|error| wrong(error.to_string()))?;
            let role = match line.label.as_str() {
                "benign" | "control" => Role::Calm,
                "grey" => Role::Grey,
                "attack" => Role::Attack,
                other => {
                    return Err(wrong(format!("unknown label `{other}`, known are attack, benign, grey, control")));
                }
            };
            let kind = if role == Role::Attack { line.family } else { line.class };
            labels.add(&line.tenant, role, kind.as_deref().unwrap_or("other"));
            if role == Role::Attack && line.account.is_some() {
                labels.only_in_part(&line.tenant);
            }
        }
        Ok(labels)
    }

    /// Adds one; `kind` is the attack's family or the innocent class.
    pub fn add(&mut self, tenant: &str, role: Role, kind: &str) {
        let entry = self.by_tenant.entry(tenant.to_owned()).or_insert_with(|| (role, kind.to_owned()));
        if role > entry.0 {
            *entry = (role, kind.to_owned());
        }
    }

    /// Says that only a part of a tenant harvests: it is a test, and teaches nothing.
    pub fn only_in_part(&mut self, tenant: &str) {
        self.in_part.insert(tenant.to_owned());
    }

    /// Whether all that a tenant does is harvest.
    pub fn is_pure(&self, tenant: &str) -> bool {
        self.role(tenant) == Role::Attack && !self.in_part.contains(tenant)
    }

    /// A tenant's role.
    pub fn role(&self, tenant: &str) -> Role {
        self.by_tenant.get(tenant).map_or(Role::Calm, |(role, _)| *role)
    }

    /// A tenant's family or class.
    pub fn kind(&self, tenant: &str) -> &str {
        self.by_tenant.get(tenant).map_or("unlabelled", |(_, kind)| kind)
    }

    /// Roles and kinds in the order of the tenants' names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Role, &str)> {
        self.by_tenant.iter().map(|(tenant, (role, kind))| (tenant.as_str(), *role, kind.as_str()))
    }
}

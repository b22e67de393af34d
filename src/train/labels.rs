//! Who harvests and who does not: the lines of `--labels`.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::Deserialize;

use super::TrainError;

/// How the class of a twin begins: an innocent made to be like an attacker in all but one habit. There is one for every
/// attacker, where a provider has few such customers; so twins teach, and are judged and told apart, but no threshold
/// and no rate of false findings is a mix with them.
pub(crate) const TWIN_OF: &str = "twin_of_";

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
    by_tenant: BTreeMap<String, Label>,
}

#[derive(Clone, Debug)]
struct Label {
    role: Role,
    kind: String,
    /// Percent of an attacker's exchanges that are harvest.
    percent: u8,
}

#[derive(Deserialize)]
struct Line {
    tenant: String,
    account: Option<String>,
    label: String,
    family: Option<String>,
    class: Option<String>,
    share: Option<f64>,
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
            // one account of several harvests, and nobody says how much of the tenant that is
            let unknown = if line.account.is_some() { 50.0 } else { 100.0 };
            let percent = line.share.map_or(unknown, |share| share * 100.0).clamp(1.0, 100.0).round() as u8;
            labels.add(&line.tenant, role, kind.as_deref().unwrap_or("other"), percent);
        }
        Ok(labels)
    }

    /// A family's kin: what classifiers are asked for in several ways is one thing to learn, and who leaves one out
    /// leaves them all out.
    pub(crate) fn kin(family: &str) -> &str {
        family.split_once('_').map_or(family, |(first, _)| first)
    }

    /// Adds one; `kind` is the attack's family or the innocent class, `percent` how much of an attacker's
    /// exchanges is harvest.
    pub fn add(&mut self, tenant: &str, role: Role, kind: &str, percent: u8) {
        let label = || Label { role, kind: kind.to_owned(), percent };
        let entry = self.by_tenant.entry(tenant.to_owned()).or_insert_with(label);
        if role > entry.role {
            *entry = label();
        }
    }

    /// Whether all that a tenant does is harvest.
    pub fn is_pure(&self, tenant: &str) -> bool {
        self.by_tenant.get(tenant).is_some_and(|label| label.role == Role::Attack && label.percent == 100)
    }

    /// Whether a tenant is calm and some attacker's twin.
    pub(crate) fn is_twin(&self, tenant: &str) -> bool {
        self.role(tenant) == Role::Calm && self.kind(tenant).starts_with(TWIN_OF)
    }

    /// Whether a tenant is calm and nobody's twin.
    pub fn is_customer(&self, tenant: &str) -> bool {
        self.role(tenant) == Role::Calm && !self.is_twin(tenant)
    }

    /// Percent of a tenant's exchanges that are harvest.
    pub fn percent(&self, tenant: &str) -> u8 {
        self.by_tenant.get(tenant).map_or(0, |label| if label.role == Role::Attack { label.percent } else { 0 })
    }

    /// A tenant's role.
    pub fn role(&self, tenant: &str) -> Role {
        self.by_tenant.get(tenant).map_or(Role::Calm, |label| label.role)
    }

    /// A tenant's family or class.
    pub fn kind(&self, tenant: &str) -> &str {
        self.by_tenant.get(tenant).map_or("unlabelled", |label| &label.kind)
    }

    /// Roles and kinds in the order of the tenants' names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Role, &str)> {
        self.by_tenant.iter().map(|(tenant, label)| (tenant.as_str(), label.role, label.kind.as_str()))
    }
}

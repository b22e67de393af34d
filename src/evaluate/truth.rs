//! What is true of each tenant: the lines of `--labels` and of `--harvest-ids`.
//!
//! `train` reads the same file for roles alone. Here every field counts: family, share, accounts and
//! twin make the rows of the tables; account, begin and end say which exchanges were harvested where
//! no ids are given.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::Deserialize;

use super::EvaluateError;
use crate::record::Exchange;
use crate::record::time::parse_rfc3339;
use crate::train::{HarvestIds, TWIN_OF, Taken};
use crate::units::Millis;

/// Whose side a tenant is on. Of several lines the gravest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Does not harvest.
    Benign,
    /// An attacked tenant without its harvest.
    Control,
    /// Nobody can say: not used.
    Grey,
    /// Harvests.
    Attack,
}

/// What the labels say of one tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantTruth {
    /// Its side.
    pub side: Side,
    /// Attack family; of a control, the one that was left out.
    pub family: String,
    /// Innocent class.
    pub class: String,
    /// Share of its exchanges that are harvest, in tenths of a percent; [`PART`] where that is not said.
    pub share: u16,
    /// Accounts that the tenant uses.
    pub accounts: u32,
    /// How an attacker evades; none if it doesn't.
    pub evasion: Option<String>,
    /// The tenant that is the same with its harvest, or without.
    pub twin: Option<String>,
    /// Where its text comes from.
    pub corpus: Option<String>,
    windows: Vec<Window>,
}

/// When and under which account a tenant harvests.
#[derive(Clone, Debug, PartialEq)]
struct Window {
    account: Option<String>,
    begin: Millis,
    end: Millis,
}

/// The share of an attacker of whom only one account harvests, and nobody says how much that is.
pub const PART: u16 = 0;

/// Labels by tenant, and ids of harvested exchanges.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    tenants: BTreeMap<String, TenantTruth>,
    harvested: Option<HarvestIds>,
}

#[derive(Deserialize)]
struct Line {
    tenant: String,
    account: Option<String>,
    label: Side,
    family: Option<String>,
    class: Option<String>,
    begin: Option<String>,
    end: Option<String>,
    share: Option<f64>,
    twin: Option<String>,
    corpus: Option<String>,
    accounts: Option<Accounts>,
    evasion: Option<String>,
}

/// Their number, or their names.
#[derive(Deserialize)]
#[serde(untagged)]
enum Accounts {
    Count(u32),
    Names(Vec<String>),
}

impl Truth {
    /// Reads labels, one JSON object a line.
    pub fn read(lines: impl BufRead) -> Result<Truth, EvaluateError> {
        let mut truth = Truth::default();
        for (index, line) in lines.lines().enumerate() {
            let wrong = |why: String| EvaluateError::Label { line: index + 1, why };
            let line = line.map_err(|error| wrong(error.to_string()))?;
            if line.trim().is_empty() {
                continue;
            }
            let line: Line = serde_json::from_str(&line).map_err(|error| wrong(error.to_string()))?;
            truth.add(line).map_err(wrong)?;
        }
        Ok(truth)
    }

    /// Reads ids of harvested exchanges, one a line. From then on they alone say what was harvested.
    pub fn read_harvest_ids(&mut self, lines: impl BufRead) -> Result<(), EvaluateError> {
        let ids = self.harvested.get_or_insert_default();
        ids.read(lines).map_err(|(line, error)| EvaluateError::HarvestId { line, why: error.to_string() })
    }

    /// What is known of a tenant.
    pub fn of(&self, tenant: &str) -> Option<&TenantTruth> {
        self.tenants.get(tenant)
    }

    /// All tenants by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &TenantTruth)> {
        self.tenants.iter().map(|(name, truth)| (name.as_str(), truth))
    }

    /// How many tenants are labelled.
    pub fn len(&self) -> usize {
        self.tenants.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.tenants.is_empty()
    }

    /// Whether ids of harvested exchanges were given.
    pub fn has_harvest_ids(&self) -> bool {
        self.harvested.is_some()
    }

    /// How many ids of harvested exchanges were given.
    pub fn harvest_ids(&self) -> u64 {
        self.harvested.as_ref().map_or(0, HarvestIds::count)
    }

    /// The same for a training run, which knows what the labels say.
    pub(super) fn taken(&self, id: Option<&str>) -> Taken {
        HarvestIds::taken(self.harvested.as_ref(), id)
    }

    /// Whether an exchange was harvested: by its id where ids are given, else by account and time.
    pub(super) fn is_harvested(&self, truth: &TenantTruth, exchange: &Exchange<'_>) -> bool {
        if truth.side != Side::Attack {
            return false;
        }
        match &self.harvested {
            Some(ids) => ids.has(exchange.id),
            None => truth.windows.iter().any(|window| {
                window.begin <= exchange.ts
                    && exchange.ts <= window.end
                    && (window.account.is_none() || window.account.as_deref() == exchange.account)
            }),
        }
    }

    fn add(&mut self, line: Line) -> Result<(), String> {
        let time = |text: Option<&str>, missing: i64| match text {
            None => Ok(Millis(missing)),
            Some(text) => parse_rfc3339(text).ok_or_else(|| format!("`{text}` is not an RFC 3339 time")),
        };
        let share = line.share.unwrap_or(if line.account.is_some() { 0.0 } else { 1.0 });
        if !(0.0..=1.0).contains(&share) {
            return Err(format!("share {share} is not between 0 and 1"));
        }
        let accounts = match &line.accounts {
            None => 1,
            Some(Accounts::Count(count)) => *count,
            Some(Accounts::Names(names)) => names.len() as u32,
        };
        let windows = if line.label == Side::Attack {
            let accounts: Vec<Option<String>> = match line.accounts {
                Some(Accounts::Names(names)) if line.account.is_none() => names.into_iter().map(Some).collect(),
                _ => vec![line.account],
            };
            let (begin, end) = (time(line.begin.as_deref(), i64::MIN)?, time(line.end.as_deref(), i64::MAX)?);
            accounts.into_iter().map(|account| Window { account, begin, end }).collect()
        } else {
            Vec::new()
        };
        let new = TenantTruth {
            side: line.label,
            family: line.family.unwrap_or_else(|| "other".into()),
            class: line.class.unwrap_or_else(|| "other".into()),
            share: (share * 1_000.0).round() as u16,
            accounts,
            twin: line.twin,
            corpus: line.corpus,
            evasion: line.evasion,
            windows,
        };
        match self.tenants.get_mut(&line.tenant) {
            None => {
                self.tenants.insert(line.tenant, new);
            }
            Some(old) if old.side < new.side => *old = new,
            // several harvests of one tenant: each has its window, the first names the row
            Some(old) if old.side == Side::Attack => old.windows.extend(new.windows),
            Some(_) => {}
        }
        Ok(())
    }
}

impl TenantTruth {
    /// Neither harvests nor is in doubt.
    pub fn is_innocent(&self) -> bool {
        matches!(self.side, Side::Benign | Side::Control)
    }

    /// Innocent work in the place of some attacker's harvest.
    pub fn is_twin(&self) -> bool {
        self.is_innocent() && self.class.starts_with(TWIN_OF)
    }

    /// At most a tenth of it is harvest.
    pub fn is_diluted(&self) -> bool {
        self.side == Side::Attack && self.share <= 100
    }

    /// All it does is harvest.
    pub fn is_pure(&self) -> bool {
        self.side == Side::Attack && self.share == 1_000
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Truth, String> {
        Truth::read(text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn every_field_is_read() {
        let truth = read(concat!(
            r#"{"tenant":"a","label":"attack","family":"relay","class":"rag","account":"k1","share":0.05,"accounts":3,"begin":"2026-01-01T00:00:00Z","end":"2026-01-02T00:00:00Z","corpus":"c1"}"#,
            "\n\n",
            r#"{"tenant":"b","label":"control","family":"relay","class":"rag","twin":"a"}"#,
        ))
        .unwrap();
        let a = truth.of("a").unwrap();
        assert_eq!((a.side, a.share, a.accounts, a.corpus.as_deref()), (Side::Attack, 50, 3, Some("c1")));
        assert_eq!(truth.of("b").unwrap().twin.as_deref(), Some("a"));
        assert!(truth.of("b").unwrap().is_innocent() && !a.is_pure());
    }

    #[test]
    fn wrong_lines_are_named() {
        assert_eq!(
            read("{\"tenant\":\"a\",\"label\":\"benign\"}\n{\"tenant\":\"b\",\"label\":\"attack\",\"share\":2}")
                .unwrap_err(),
            "labels, line 2: share 2 is not between 0 and 1"
        );
        assert!(read(r#"{"tenant":"a","label":"evil"}"#).unwrap_err().starts_with("labels, line 1: unknown variant"));
        assert_eq!(
            read(r#"{"tenant":"a","label":"attack","begin":"noon"}"#).unwrap_err(),
            "labels, line 1: `noon` is not an RFC 3339 time"
        );
    }

    #[test]
    fn harvested_by_window_and_account_or_by_id() {
        let lines = concat!(
            r#"{"tenant":"a","label":"benign"}"#,
            "\n",
            r#"{"tenant":"a","label":"attack","account":"k1","begin":"2026-01-01T00:00:00Z","end":"2026-01-02T00:00:00Z"}"#,
            "\n",
            r#"{"tenant":"a","label":"attack","account":"k2"}"#,
        );
        let mut truth = read(lines).unwrap();
        let at = |account: &'static str, hours: i64| Exchange {
            id: Some("x1"),
            account: Some(account),
            ts: parse_rfc3339("2026-01-01T00:00:00Z").unwrap().plus(hours * Millis::HOUR),
            ..Exchange::default()
        };
        let is = |truth: &Truth, exchange: &Exchange<'_>| truth.is_harvested(truth.of("a").unwrap(), exchange);
        assert_eq!(truth.of("a").unwrap().share, PART);
        assert!(is(&truth, &at("k1", 5)) && is(&truth, &at("k2", 50)));
        assert!(!is(&truth, &at("k1", 25)) && !is(&truth, &at("k3", 5)));
        truth.read_harvest_ids(&b"x2\n x1 \n"[..]).unwrap();
        assert!(is(&truth, &at("k3", 50)));
        assert!(!is(&truth, &Exchange { id: Some("x3"), ..at("k1", 5) }));
    }
}

//! Which tenants a provider's policies exclude, by country, and what of it a tenant breaks.
//!
//! ```text
//! unsupported     = "openai: CN RU; *: KP"      where a customer may not be
//! excluded_owners = "anthropic: CN RU"          where its owner may not be
//! ```
//!
//! A named policy binds the tenants whose `model_policies` name it, `*` binds all that are known.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Country, Facts, Segment};

/// Binds every tenant.
const EVERYBODY: &str = "*";

/// Countries that policies exclude.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Countries where a customer may not be, by policy.
    #[serde(default)]
    pub unsupported: Countries,
    /// Countries where its owner may not be, by policy.
    #[serde(default)]
    pub excluded_owners: Countries,
}

/// Countries by the name of the policy that excludes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Countries(BTreeMap<Box<str>, BTreeSet<Country>>);

/// What a tenant breaks: a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaches(u8);

impl Breaches {
    /// Its country is not supported.
    pub const REGION: Breaches = Breaches(1);
    /// Its owner's country is excluded.
    pub const OWNER: Breaches = Breaches(2);
    /// It looks like a reseller and is declared as something else.
    pub const UNDECLARED_RESELLER: Breaches = Breaches(4);
    /// It is a reseller.
    pub const RESELLER: Breaches = Breaches(8);
    /// All of them, the gravest first.
    pub const ALL: [Breaches; 4] =
        [Breaches::REGION, Breaches::OWNER, Breaches::UNDECLARED_RESELLER, Breaches::RESELLER];

    /// Whether nothing is broken.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` is in it.
    pub fn holds(self, other: Breaches) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Breaches) -> Breaches {
        Breaches(self.0 | other.0)
    }

    /// Each alone, the gravest first.
    pub fn each(self) -> impl Iterator<Item = Breaches> {
        Breaches::ALL.into_iter().filter(move |one| self.holds(*one))
    }
}

impl Policy {
    /// What the facts of a tenant break by themselves.
    pub fn breaches(&self, facts: &Facts) -> Breaches {
        let mut broken = Breaches::default();
        let unsupported = match facts.supported_region {
            Some(said) => !said, // an outright word goes before the list
            None => facts.country.is_some_and(|country| self.unsupported.excludes(country, facts)),
        };
        if unsupported {
            broken = broken.and(Breaches::REGION);
        }
        if facts.owner_country.is_some_and(|country| self.excluded_owners.excludes(country, facts)) {
            broken = broken.and(Breaches::OWNER);
        }
        if facts.segment == Some(Segment::Reseller) {
            broken = broken.and(Breaches::RESELLER);
        }
        broken
    }
}

impl Countries {
    /// Reads `name: CC CC; name: CC`.
    pub fn parse(text: &str) -> Result<Countries, String> {
        let mut countries = BTreeMap::new();
        for part in text.split(';').filter(|part| !part.trim().is_empty()) {
            let (name, list) = part
                .split_once(':')
                .ok_or_else(|| format!("must be \"policy: CC CC; policy: CC\", and {:?} has no colon", part.trim()))?;
            let name = name.trim();
            if name.is_empty() {
                return Err("has a list of countries without the name of a policy".to_owned());
            }
            let mut named = BTreeSet::new();
            for code in list.split([' ', ',', '\t']).filter(|code| !code.is_empty()) {
                let country = Country::parse(code)
                    .ok_or_else(|| format!("has {code:?}, which is not two capital letters of ISO 3166"))?;
                named.insert(country);
            }
            if countries.insert(Box::from(name), named).is_some() {
                return Err(format!("names policy `{name}` twice"));
            }
        }
        Ok(Countries(countries))
    }

    fn excludes(&self, country: Country, facts: &Facts) -> bool {
        let binds = |name: &str| name == EVERYBODY || facts.model_policies.iter().any(|bound| **bound == *name);
        self.0.iter().any(|(name, excluded)| binds(name) && excluded.contains(&country))
    }
}

impl fmt::Display for Countries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, countries)) in self.0.iter().enumerate() {
            let codes: Vec<String> = countries.iter().map(Country::to_string).collect();
            write!(f, "{}{name}: {}", if i > 0 { "; " } else { "" }, codes.join(" "))?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Countries {
    type Error = String;

    fn try_from(text: String) -> Result<Countries, String> {
        Countries::parse(&text)
    }
}

impl From<Countries> for String {
    fn from(countries: Countries) -> String {
        countries.to_string()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy {
            unsupported: Countries::parse("openai: CN RU; *: KP").unwrap(),
            excluded_owners: Countries::parse("anthropic: CN,RU").unwrap(),
        }
    }

    fn facts(country: &str, owner: &str, policies: &[&str]) -> Facts {
        Facts {
            country: Country::parse(country),
            owner_country: Country::parse(owner),
            model_policies: policies.iter().map(|name| Box::from(*name)).collect(),
            ..Facts::default()
        }
    }

    #[test]
    fn a_policy_binds_those_that_it_names_and_a_star_binds_all() {
        let of = |facts: &Facts| policy().breaches(facts).each().collect::<Vec<_>>();
        assert_eq!(of(&facts("CN", "CN", &[])), []);
        assert_eq!(of(&facts("CN", "CN", &["openai"])), [Breaches::REGION]);
        assert_eq!(of(&facts("SG", "CN", &["anthropic"])), [Breaches::OWNER]);
        assert_eq!(of(&facts("KP", "", &[])), [Breaches::REGION]);
        assert_eq!(of(&facts("CN", "RU", &["openai", "anthropic"])), [Breaches::REGION, Breaches::OWNER]);
        let reseller = Facts { segment: Some(Segment::Reseller), ..Facts::default() };
        assert_eq!(of(&reseller), [Breaches::RESELLER]);
    }

    #[test]
    fn an_outright_word_on_the_region_goes_before_the_list() {
        let allowed = Facts { supported_region: Some(true), ..facts("CN", "", &["openai"]) };
        assert!(policy().breaches(&allowed).is_empty());
        let refused = Facts { supported_region: Some(false), ..facts("SG", "", &[]) };
        assert_eq!(Policy::default().breaches(&refused), Breaches::REGION);
    }

    #[test]
    fn the_text_comes_back_in_one_form_and_mistakes_are_named() {
        assert_eq!(policy().unsupported.to_string(), "*: KP; openai: CN RU");
        let json = serde_json::to_string(&policy()).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), policy());
        for (text, expected) in [
            ("CN RU", "\"CN RU\" has no colon"),
            (": CN", "without the name of a policy"),
            ("openai: China", "\"China\", which is not two capital letters"),
            ("a: CN; a: RU", "names policy `a` twice"),
        ] {
            let said = Countries::parse(text).unwrap_err();
            assert!(said.contains(expected), "{said}");
        }
    }
}

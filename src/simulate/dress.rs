//! What a tenant looks like on the wire: accounts, users, network, which fields its gateway keeps.
//!
//! Structure comes from the base seed, which a control shares with its twin; names come from the
//! tenant's own, so that no id occurs in two tenants.

use super::line::Client;
use crate::draw::{Draw, mix};

const COUNTRIES: &[(&str, u32)] = &[
    ("US", 64_496),
    ("US", 64_500),
    ("DE", 64_501),
    ("FR", 64_502),
    ("GB", 64_503),
    ("IN", 64_504),
    ("BR", 64_505),
    ("JP", 64_506),
    ("SG", 64_507),
    ("CN", 64_508),
    ("KR", 64_509),
    ("CA", 64_510),
    ("NL", 64_511),
    ("PL", 65_536),
    ("VN", 65_538),
    ("AE", 65_540),
];
const AGENTS: &[&str] = &[
    "python-httpx/0.27",
    "openai-python/1.40.0",
    "openai-node/4.52.7",
    "curl/8.5.0",
    "Go-http-client/2.0",
    "okhttp/4.12.0",
    "langchain/0.2.11",
    "litellm/1.43",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
    "axios/1.7.2",
];

/// How much the tenant's gateway keeps of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    Content,
    Tokens,
    Metadata,
}

/// The look of a tenant.
#[expect(clippy::struct_excessive_bools, reason = "independent habits of a gateway")]
#[derive(Clone, Debug)]
pub(super) struct Dress {
    pub(super) keeps: Keeps,
    pub(super) epoch_stamps: bool,
    pub(super) version: bool,
    pub(super) provider: Option<&'static str>,
    /// Responses are message objects.
    pub(super) message_responses: bool,
    pub(super) reasoning_text: bool,
    /// Its accounts have means of payment of their own.
    pays_apart: bool,
    /// Empty: the tenant does not tell accounts apart.
    pub(super) accounts: Vec<String>,
    hosts: Vec<Host>,
    /// Where a stolen key is used from.
    elsewhere: Host,
    account_style: usize,
    id_style: usize,
    own: u64,
}

/// A place that requests come from.
#[derive(Clone, Debug)]
struct Host {
    ip: String,
    country: &'static str,
    asn: u32,
    agent: &'static str,
    tls: String,
}

impl Dress {
    pub(super) fn new(base: u64, own: u64, accounts: usize) -> Self {
        let mut draw = Draw::new(mix(&[base, 21]));
        let mut names = Draw::new(mix(&[own, 22]));
        let keeps = match draw.below(100) {
            0..5 => Keeps::Tokens,
            5..8 => Keeps::Metadata,
            _ => Keeps::Content,
        };
        let style = draw.below(4);
        let nameless = accounts == 1 && draw.percent(35);
        let accounts = if nameless { 0 } else { accounts };
        let accounts = (0..accounts).map(|_| account(style, &mut names)).collect();
        let hosts = if draw.percent(18) { 0 } else { draw.range(1, 4) };
        let home = draw.pick(COUNTRIES);
        let hosts = (0..hosts)
            .map(|_| {
                let (country, asn) = if draw.percent(80) { home } else { draw.pick(COUNTRIES) };
                let agent = draw.pick(AGENTS);
                // TEST-NET-3, benchmarking and shared address space: nobody's addresses.
                let net = draw.pick(&["203.0.113", "198.18.7", "100.64.9", "198.51.100"]);
                Host {
                    ip: format!("{net}.{}", names.range(1, 254)),
                    country,
                    asn,
                    agent,
                    tls: format!("ja4:{}", names.hex(12)),
                }
            })
            .collect();
        Self {
            keeps,
            epoch_stamps: draw.percent(25),
            version: draw.percent(70),
            provider: draw.percent(60).then(|| draw.pick(&["openai", "anthropic", "bedrock", "azure", "own"])),
            message_responses: draw.percent(12),
            reasoning_text: draw.percent(50),
            pays_apart: Draw::new(mix(&[base, 29])).percent(25),
            accounts,
            hosts,
            elsewhere: Host::elsewhere(&mut Draw::new(mix(&[own, 27]))),
            account_style: style,
            id_style: draw.below(3),
            own,
        }
    }

    /// An id nobody else has; it says nothing of order.
    pub(super) fn id(&self, stream: u64, n: u64) -> String {
        let mut draw = Draw::new(mix(&[self.own, 23, stream, n]));
        match self.id_style {
            0 => format!("req-{}", draw.hex(20)),
            1 => format!("{}-{}-4{}-a{}-{}", draw.hex(8), draw.hex(4), draw.hex(3), draw.hex(3), draw.hex(12)),
            _ => format!("chatcmpl-{}", draw.token(22)),
        }
    }

    /// Some more accounts, named as the others are.
    pub(super) fn further_accounts(&self, count: usize) -> Vec<String> {
        let mut names = Draw::new(mix(&[self.own, 26]));
        (0..count).map(|_| account(self.account_style, &mut names)).collect()
    }

    pub(super) fn session(&self, stream: u64, talk: u64) -> String {
        format!("c-{}", Draw::new(mix(&[self.own, 24, stream, talk])).token(14))
    }

    pub(super) fn user(&self, number: u64) -> String {
        format!("u-{}", Draw::new(mix(&[self.own, 25, number])).token(10))
    }

    pub(super) fn client(&self, pick: u64, account: Option<&str>) -> Option<Client<'_>> {
        Some(self.hosts.get(pick as usize % self.hosts.len().max(1))?.client(self.payment(account)))
    }

    /// Who pays: the tenant in one way, or each account in its own.
    fn payment(&self, account: Option<&str>) -> String {
        let account = account.filter(|_| self.pays_apart).unwrap_or_default();
        let of = account.bytes().fold(0, |hash: u64, byte| mix(&[hash, u64::from(byte)]));
        Draw::new(mix(&[self.own, 28, of])).hex(16)
    }

    /// Somebody else's network, with the tenant's key.
    pub(super) fn stranger(&self, account: Option<&str>) -> Client<'_> {
        self.elsewhere.client(self.payment(account))
    }
}

impl Host {
    fn elsewhere(draw: &mut Draw) -> Self {
        let (country, asn) = draw.pick(COUNTRIES);
        let ip = format!("198.51.100.{}", draw.range(1, 254));
        let (agent, tls) = (draw.pick(AGENTS), format!("ja4:{}", draw.hex(12)));
        Self { ip, country, asn, agent, tls }
    }

    fn client(&self, payment: String) -> Client<'_> {
        let Self { ip, country, asn, agent, tls } = self;
        Client { ip, country, asn: *asn, user_agent: agent, tls, payment }
    }
}

fn account(style: usize, names: &mut Draw) -> String {
    match style {
        0 => format!("key_{}", names.token(8)),
        1 => format!("sk-{}", names.token(12)),
        2 => format!("seat-{}", names.hex(8)),
        _ => format!("svc.{}@{}", names.token(6), names.token(5)),
    }
}

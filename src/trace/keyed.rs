//! Secret-keyed hashes: everything that is stored, emitted or compared beyond `trace`.
//!
//! SipHash-1-3 with a key per purpose, derived from the configured secret, so that the hash of an
//! account can never be taken for that of a user or a frame. Without the secret no hash can be
//! guessed back by trying names.

use siphasher::sip::SipHasher13;
use siphasher::sip128;

/// What a hash stands for; each has its own key.
#[derive(Clone, Copy)]
enum Purpose {
    Tenant = 1,
    Account,
    User,
    Session,
    Frame,
    Template,
    Prompt,
    Shingle,
    Model,
    Parameters,
    Network,
    Program,
    Number,
    Uptake,
    Slot,
    Sealed,
    Country,
    Payment,
}

/// One keyed hasher per purpose.
#[derive(Clone)]
pub(super) struct Keys {
    tenant: sip128::SipHasher13,
    account: SipHasher13,
    user: SipHasher13,
    session: SipHasher13,
    frame: SipHasher13,
    template: SipHasher13,
    prompt: SipHasher13,
    shingle: SipHasher13,
    model: SipHasher13,
    parameters: SipHasher13,
    network: SipHasher13,
    program: SipHasher13,
    number: SipHasher13,
    uptake: SipHasher13,
    slot: SipHasher13,
    sealed: SipHasher13,
    country: SipHasher13,
    payment: SipHasher13,
}

impl Keys {
    pub(super) fn new(secret: &[u8; 16]) -> Keys {
        let root = sip128::SipHasher13::new_with_key(secret);
        let key = |purpose: Purpose| root.hash(&[b's', b'w', purpose as u8]).as_bytes();
        let hasher = |purpose| SipHasher13::new_with_key(&key(purpose));
        Keys {
            tenant: sip128::SipHasher13::new_with_key(&key(Purpose::Tenant)),
            account: hasher(Purpose::Account),
            user: hasher(Purpose::User),
            session: hasher(Purpose::Session),
            frame: hasher(Purpose::Frame),
            template: hasher(Purpose::Template),
            prompt: hasher(Purpose::Prompt),
            shingle: hasher(Purpose::Shingle),
            model: hasher(Purpose::Model),
            parameters: hasher(Purpose::Parameters),
            network: hasher(Purpose::Network),
            program: hasher(Purpose::Program),
            number: hasher(Purpose::Number),
            uptake: hasher(Purpose::Uptake),
            slot: hasher(Purpose::Slot),
            sealed: hasher(Purpose::Sealed),
            country: hasher(Purpose::Country),
            payment: hasher(Purpose::Payment),
        }
    }

    pub(super) fn tenant(&self, name: &str) -> u128 {
        self.tenant.hash(name.as_bytes()).as_u128()
    }

    pub(super) fn account(&self, name: Option<&str>) -> u64 {
        optional(&self.account, name)
    }

    pub(super) fn user(&self, name: Option<&str>) -> u64 {
        optional(&self.user, name)
    }

    pub(super) fn session(&self, name: Option<&str>) -> u64 {
        optional(&self.session, name)
    }

    pub(super) fn frame(&self, public: u64) -> u64 {
        self.frame.hash(&public.to_le_bytes())
    }

    pub(super) fn template(&self, public: u64) -> u64 {
        self.template.hash(&public.to_le_bytes())
    }

    pub(super) fn prompt(&self, public: u64) -> u64 {
        self.prompt.hash(&public.to_le_bytes())
    }

    pub(super) fn shingle(&self, public: u64) -> u64 {
        self.shingle.hash(&public.to_le_bytes())
    }

    /// Of a word 5-gram, 32 bits: only compared within a tenant's last few hundred.
    pub(super) fn uptake(&self, public: u64) -> u32 {
        self.uptake.hash(&public.to_le_bytes()) as u32
    }

    /// Of a word of a slot, for the operator's tables.
    pub(super) fn slot(&self, public: u64) -> u64 {
        self.slot.hash(&public.to_le_bytes())
    }

    /// Of sealed reasoning, and of what says where it belongs.
    pub(super) fn sealed(&self, text: &str) -> u64 {
        self.sealed.hash(text.as_bytes())
    }

    // sixteen bits from here on, for "the same as one of the last few?"; 0 stands for "none"

    pub(super) fn model(&self, name: Option<&str>) -> u16 {
        optional(&self.model, name) as u16
    }

    pub(super) fn parameters(&self, vector: &[u8]) -> u16 {
        self.parameters.hash(vector) as u16
    }

    pub(super) fn network(&self, asn: Option<u32>, address: Option<&str>) -> u16 {
        match asn {
            Some(asn) => self.network.hash(&asn.to_le_bytes()) as u16 | 1,
            None => optional(&self.network, address) as u16,
        }
    }

    pub(super) fn program(&self, agent: Option<&str>, tls: Option<&str>) -> u16 {
        (optional(&self.program, agent) ^ optional(&self.program, tls).rotate_left(21)) as u16
    }

    pub(super) fn country(&self, name: Option<&str>) -> u16 {
        optional(&self.country, name) as u16
    }

    pub(super) fn payment(&self, hash: Option<&str>) -> u16 {
        optional(&self.payment, hash) as u16
    }

    pub(super) fn number(&self, number: u32) -> u16 {
        self.number.hash(&number.to_le_bytes()) as u16 | 1
    }
}

/// 0 stands for "none"; a name whose hash is 0 becomes 1.
fn optional(hasher: &SipHasher13, name: Option<&str>) -> u64 {
    match name {
        Some(name) if !name.is_empty() => hasher.hash(name.as_bytes()).max(1),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_and_secrets_are_apart() {
        let (a, b) = (Keys::new(&[1; 16]), Keys::new(&[2; 16]));
        assert_ne!(a.account(Some("x")), a.user(Some("x")));
        assert_ne!(a.frame(7), a.template(7));
        assert_ne!(a.account(Some("x")), b.account(Some("x")));
        assert_ne!(a.tenant("x"), b.tenant("x"));
        assert_eq!(a.session(None), 0);
        assert_eq!(a.session(Some("")), 0);
    }
}

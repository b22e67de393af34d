//! What the accounts of a tenant have in common: frames and prompts, and whether one follows the other.
//!
//! A harvest that is split over accounts shows one frame and disjoint prompts; one whose accounts are stopped
//! and replaced hands its frame on once; a team shares a frame and asks alike. Accounts of different tenants
//! are not compared here.
//!
//! Most tenants have one account, so the lists are made when a second one comes. Full: the frame
//! that was used and the prompt that was asked longest ago make room. Cost: about 20 ns an exchange of a tenant with several accounts.

use serde::{Deserialize, Serialize};

use crate::sketch::Ring;
use crate::trace::{Flags, Trace};

const FRAMES: usize = 16;
const PROMPTS: usize = 32;
/// Uses of a frame by one account after which another's are forgotten.
const LATELY: u8 = 32;

/// What is known of a tenant's accounts together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Crowd {
    /// The last frame of the only account, and that account; 0 before the first exchange.
    alone: (u16, u16),
    lists: Option<Box<Lists>>,
}

/// Frames and prompts seen last, as 16 bits of keyed hashes, with the accounts they came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Lists {
    frames: [Use; FRAMES],
    prompts: Ring<[(u16, u16); PROMPTS]>,
    accounts: Ring<[u16; 8]>,
}

/// Who used a frame: the last account and the last other one, 0 if there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Use {
    frame: u16,
    last: u16,
    other: u16,
    /// Uses by the last account since then.
    since: u8,
}

/// What an exchange has in common with another account of its tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "answers to separate questions")]
pub(crate) struct Common {
    /// Its account is none of the tenant's last eight.
    pub(crate) new: bool,
    /// Another account used its frame lately.
    pub(crate) frame: bool,
    /// The account changed since the frame's last exchange.
    pub(crate) handed: bool,
    /// Another account asked the same lately.
    pub(crate) prompt: bool,
}

impl Crowd {
    /// Bytes at most, beside the struct itself.
    pub(super) const MOST_BYTES: usize = size_of::<Lists>();

    /// Looks an exchange up, then remembers it.
    pub(super) fn observe(&mut self, trace: &Trace<'_>) -> Common {
        // never 0, which stands for nobody
        let account = trace.account_hash.0 as u16 | 1;
        let (frame, prompt) = (trace.frame.0 as u16 | 1, (trace.prompt >> 16) as u16 | 1);
        let (before, only) = self.alone;
        if self.lists.is_none() && (only == account || only == 0) {
            self.alone = (frame, account);
            return Common { new: only == 0, ..Common::default() };
        }
        let first = || {
            let mut lists = Lists::default();
            lists.frames[0] = Use { frame: before, last: only, other: 0, since: 1 };
            lists.accounts.push(only);
            Box::new(lists)
        };
        let lists = self.lists.get_or_insert_with(first);
        let new = lists.is_new(account);
        if trace.flags.has(Flags::PROMPT) {
            Common { new, ..lists.observe(account, frame, prompt) }
        } else {
            Common { new, ..Common::default() }
        }
    }

    /// Bytes in use beside the struct itself.
    pub(super) fn logical_bytes(&self) -> usize {
        if self.lists.is_some() { Self::MOST_BYTES } else { 0 }
    }
}

impl Lists {
    fn is_new(&mut self, account: u16) -> bool {
        let new = !self.accounts.contains(account);
        if new {
            self.accounts.push(account);
        }
        new
    }

    fn observe(&mut self, account: u16, frame: u16, prompt: u16) -> Common {
        let asked = self.prompts.recent().iter().any(|(p, by)| *p == prompt && *by != account);
        self.prompts.push((prompt, account));
        let mut common = Common { prompt: asked, ..Common::default() };
        // by last use, the newest first
        let at = self.frames.iter().position(|known| known.frame == frame);
        let mut known = at.and_then(|at| self.frames.get(at)).copied().unwrap_or(Use { frame, ..Use::default() });
        self.frames.copy_within(..at.unwrap_or(FRAMES - 1), 1);
        if known.last != account {
            common.handed = known.last != 0;
            (known.last, known.other, known.since) = (account, known.last, 0);
        }
        known.since = known.since.saturating_add(1);
        common.frame = known.other != 0 && known.since <= LATELY;
        if let Some(first) = self.frames.first_mut() {
            *first = known;
        }
        common
    }
}

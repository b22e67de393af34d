//! What a tenant's accounts have in common.

use super::super::{Direction, Feature, Group, Needs, Says};

pub(super) const ROWS: &[Feature] = &[
    Feature {
        name: "frame_shared",
        version: 1,
        group: Group::Accounts,
        unit: "share of prompts under a frame that another account of the tenant used lately",
        needs: Needs::Prompt,
        direction: Direction::None,
        says: Says::Share,
        why: "a harvest that is split keeps its frame in all of its accounts, as a product of many teams does",
        value: |u| u.shares.frame_shared.get(),
    },
    Feature {
        name: "frame_handed_on",
        version: 1,
        group: Group::Accounts,
        unit: "share of prompts whose frame came from another account just before",
        needs: Needs::Prompt,
        direction: Direction::None,
        says: Says::Share,
        why: "a pool takes turns; an account that replaces a stopped one takes its frame over once",
        value: |u| u.shares.frame_handed.get(),
    },
    Feature {
        name: "prompt_shared",
        version: 1,
        group: Group::Accounts,
        unit: "share of prompts that another account of the tenant asked lately",
        needs: Needs::Prompt,
        direction: Direction::None,
        says: Says::Share,
        why: "a team asks alike; a set that is split into shards is asked once by one account each",
        value: |u| u.shares.prompt_shared.get(),
    },
];

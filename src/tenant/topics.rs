//! Clusters of what an account's prompts are about, by leaders: the first place of its kind leads, and places
//! near enough follow the nearest.
//!
//! At most [`OF_ACCOUNT`] leaders an account and [`LEADERS`] a tenant, 48 bytes each. A place that is near no
//! leader takes a free slot, or that of the lightest leader of its account, or, where the account has none, of
//! the lightest of the tenant; counts halve every [`FADE`] exchanges, so that what is over makes room.
//! Cost: about 15 ns a leader of the account.

use serde::{Deserialize, Serialize};

use crate::trace::embed::{Place, likeness};
use crate::trace::words::mix;

/// Leaders of an account.
const OF_ACCOUNT: usize = 8;
/// Leaders of a tenant: its four busiest accounts have theirs.
const LEADERS: usize = 32;
/// Likeness at which a place follows a leader. Harvests of 1 to 5 % without a frame, with the parameters of the
/// account around them: the best cluster was mostly harvest in 72 % of simulated tenants at 0.25, in 58 % at 0.45 and
/// 31 % at 0.65, where a topic falls apart.
const NEAR: f32 = 0.25;
/// Exchanges after which counts are halved.
const FADE: u64 = 4_096;

/// The clusters of a tenant's accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Topics {
    leaders: Vec<Leader>,
    born: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Leader {
    account: u32,
    /// Which leader of the tenant it was: part of its cell's name.
    born: u32,
    count: u32,
    place: Place,
}

impl Topics {
    /// Bytes at most.
    pub(crate) const MOST_BYTES: usize = LEADERS * size_of::<Leader>();

    /// The cluster that a place belongs to, or would lead. Never 0.
    pub(crate) fn cluster(&self, account: u64, place: &Place) -> u64 {
        match self.nearest(account as u32, place) {
            Some(index) => self.leaders[index].name(),
            None => name(self.born),
        }
    }

    /// Counts a place, and makes it a leader if it is near none. `ordinal` counts the tenant's exchanges.
    pub(crate) fn take(&mut self, account: u64, place: &Place, ordinal: u64) {
        if ordinal.is_multiple_of(FADE) {
            self.leaders.iter_mut().for_each(|leader| leader.count /= 2);
        }
        let index = self.nearest(account as u32, place).unwrap_or_else(|| self.lead(account as u32, place));
        if let Some(leader) = self.leaders.get_mut(index) {
            leader.count = leader.count.saturating_add(1);
        }
    }

    fn nearest(&self, account: u32, place: &Place) -> Option<usize> {
        let mut nearest = None;
        let mut best = NEAR;
        for (index, leader) in self.leaders.iter().enumerate().filter(|(_, leader)| leader.account == account) {
            let like = likeness(&leader.place, place);
            if like >= best {
                (nearest, best) = (Some(index), like);
            }
        }
        nearest
    }

    fn lead(&mut self, account: u32, place: &Place) -> usize {
        let of_account = self.leaders.iter().filter(|leader| leader.account == account).count();
        let leader = Leader { account, born: self.born, count: 0, place: *place };
        self.born = self.born.wrapping_add(1);
        if of_account < OF_ACCOUNT && self.leaders.len() < LEADERS {
            self.leaders.push(leader);
            return self.leaders.len() - 1;
        }
        let going = self.leaders.iter().enumerate().filter(|(_, held)| of_account == 0 || held.account == account);
        let lightest = going.min_by_key(|(_, held)| (held.count, held.born)).map_or(0, |(index, _)| index);
        self.leaders[lightest] = leader;
        lightest
    }

    /// Bytes in use beside the struct itself.
    pub(crate) fn logical_bytes(&self) -> usize {
        self.leaders.len() * size_of::<Leader>()
    }
}

impl Leader {
    fn name(&self) -> u64 {
        name(self.born)
    }
}

/// Of two accounts the cells differ by the account, so the number alone will do.
fn name(born: u32) -> u64 {
    mix(u64::from(born) ^ 0x9e37_79b9_7f4a_7c15, 0x2545_f491_4f6c_dd1d).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::stream::scatter;

    /// A place near the `topic`-th axis.
    fn place(topic: usize, noise: u64) -> Place {
        let mut place = core::array::from_fn(|i| (scatter(noise * 32 + i as u64) % 9) as i8 - 4);
        place[topic] = 120;
        place
    }

    #[test]
    fn a_rare_topic_has_its_cluster_among_common_ones() {
        let mut topics = Topics::default();
        let mut names = std::collections::BTreeMap::<u64, std::collections::BTreeSet<usize>>::new();
        for i in 0..20_000u64 {
            let topic = if i % 100 == 99 { 9 } else { (scatter(i) % 6) as usize };
            let place = place(topic, i);
            let name = topics.cluster(7, &place);
            topics.take(7, &place, i);
            assert_eq!(topics.cluster(7, &place), name, "what it would lead, it leads");
            names.entry(name).or_default().insert(topic);
        }
        assert_eq!(names.len(), 7);
        assert!(names.values().all(|topics| topics.len() == 1), "{names:?}");
    }

    #[test]
    fn accounts_and_topics_without_end_stay_within_the_bound() {
        let mut topics = Topics::default();
        for i in 0..50_000u64 {
            let place = place((scatter(i) % 32) as usize, i);
            topics.take(scatter(i) % 300, &place, i);
            assert!(topics.logical_bytes() <= Topics::MOST_BYTES);
        }
        assert_eq!(topics.leaders.len(), LEADERS);
    }
}

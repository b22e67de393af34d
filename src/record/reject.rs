//! Why a record could not become an exchange: a closed set, counted and dead-lettered.

/// The reasons, in the order in which they are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Reject {
    /// No bytes, only white space, or a tombstone.
    Empty,
    /// Over the size limit.
    TooLarge,
    /// Not UTF-8.
    NotUtf8,
    /// Not one JSON object.
    NotJson,
    /// Nested deeper than the limit.
    TooDeep,
    /// `v` is there and is not 1.
    BadVersion,
    /// No `tenant`.
    MissingTenant,
    /// `tenant` is empty, too long, not a string, or holds control characters.
    BadTenant,
    /// No `ts`.
    MissingTs,
    /// `ts` is neither RFC 3339 nor integer milliseconds.
    BadTs,
    /// `ts` outside 2015-2100.
    TsOutOfRange,
    /// A known field has a wrong type or a number out of its range.
    BadType,
}

impl Reject {
    /// All reasons, in order.
    pub const ALL: [Reject; 12] = [
        Reject::Empty,
        Reject::TooLarge,
        Reject::NotUtf8,
        Reject::NotJson,
        Reject::TooDeep,
        Reject::BadVersion,
        Reject::MissingTenant,
        Reject::BadTenant,
        Reject::MissingTs,
        Reject::BadTs,
        Reject::TsOutOfRange,
        Reject::BadType,
    ];

    /// The name in metrics, dead letters and summaries.
    pub fn label(self) -> &'static str {
        match self {
            Reject::Empty => "empty",
            Reject::TooLarge => "too_large",
            Reject::NotUtf8 => "not_utf8",
            Reject::NotJson => "not_json",
            Reject::TooDeep => "too_deep",
            Reject::BadVersion => "bad_version",
            Reject::MissingTenant => "missing_tenant",
            Reject::BadTenant => "bad_tenant",
            Reject::MissingTs => "missing_ts",
            Reject::BadTs => "bad_ts",
            Reject::TsOutOfRange => "ts_out_of_range",
            Reject::BadType => "bad_type",
        }
    }

    /// The label of this name, or of `bad_type` if there is none such.
    pub fn from_label(label: &str) -> &'static str {
        Reject::ALL.map(Reject::label).into_iter().find(|known| *known == label).unwrap_or(Reject::BadType.label())
    }
}

/// Rejects by reason. The driver asserts that accepted + total = read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RejectCounts([u64; 12]);

impl RejectCounts {
    /// Counts one.
    pub fn add(&mut self, reason: Reject) {
        self.0[reason as usize] += 1;
    }

    /// Adds another count to this one.
    pub fn merge(&mut self, other: &RejectCounts) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    /// How many of one reason.
    pub fn of(&self, reason: Reject) -> u64 {
        self.0[reason as usize]
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

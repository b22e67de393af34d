//! Which partition a key belongs to: Kafka's own rule, so that files fall where the topic would put them.
//!
//! murmur2 with Java's seed, sign bit cleared, modulo the partition count: what Java's default partitioner
//! and librdkafka's `murmur2_random` do with a key.

/// The partition of a key. No partitions count as one.
pub fn partition(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) as u32 & 0x7fff_ffff) % partitions.max(1)
}

/// Kafka's murmur2, as the signed number that Java prints.
pub fn murmur2(key: &[u8]) -> i32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    // Java's length is an int
    let mut hash = SEED ^ key.len() as u32;
    let (words, tail) = key.as_chunks::<4>();
    for word in words {
        let mut mixed = u32::from_le_bytes(*word).wrapping_mul(M);
        mixed ^= mixed >> 24;
        hash = hash.wrapping_mul(M) ^ mixed.wrapping_mul(M);
    }
    if !tail.is_empty() {
        let rest = tail.iter().rev().fold(0, |rest, &byte| rest << 8 | u32::from(byte));
        hash = (hash ^ rest).wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    (hash ^ hash >> 15) as i32
}

#[cfg(test)]
mod tests {
    use super::{murmur2, partition};

    #[test]
    fn equals_the_values_in_kafkas_own_tests() {
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()), hash, "{key}");
        }
    }

    #[test]
    fn clears_the_sign_bit_instead_of_negating() {
        assert_eq!(partition(b"21", 6), (973_932_308_u32.wrapping_neg() << 1 >> 1) % 6);
        assert_eq!(partition(b"abc", 6), 479_470_107 % 6);
        assert_eq!(partition(b"abc", 0), 0);
        assert_eq!(partition(b"", 1), 0);
    }
}

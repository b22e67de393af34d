//! Quantiles of whole numbers: an element of the list, never a value between two.

/// The smallest element that at least this share of the list does not exceed.
pub fn quantile(values: &[u64], share: f64) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let place = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(place.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rank() {
        let ten: Vec<u64> = (1..=10).rev().collect();
        assert_eq!((quantile(&ten, 0.5), quantile(&ten, 0.9), quantile(&ten, 1.0)), (Some(5), Some(9), Some(10)));
        assert_eq!((quantile(&[7], 0.5), quantile(&[7], 0.0), quantile(&[], 0.5)), (Some(7), Some(7), None));
    }
}

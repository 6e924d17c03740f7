//! The middle and the upper end of some numbers.

/// The middle value; the mean of the two middle ones when their number is even. Sorts the numbers.
pub(super) fn median(numbers: &mut [f64]) -> Option<f64> {
    numbers.sort_unstable_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    let upper = *numbers.get(middle)?;
    if numbers.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(numbers[middle - 1], upper))
}

/// The value that 95 of 100 do not exceed (nearest rank). Sorts the numbers.
pub(super) fn p95(numbers: &mut [u32]) -> Option<u32> {
    numbers.sort_unstable();
    let rank = (numbers.len() * 95).div_ceil(100);
    numbers.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [3.0]), Some(3.0));
        assert_eq!(median(&mut [9.0, 1.0]), Some(5.0));
        assert_eq!(median(&mut [9.0, 1.0, 2.0]), Some(2.0));
    }

    #[test]
    fn the_95th_percentile_is_a_value_that_was_seen() {
        assert_eq!(p95(&mut []), None);
        assert_eq!(p95(&mut [7]), Some(7));
        let mut hundred: Vec<u32> = (1..=100).rev().collect();
        assert_eq!(p95(&mut hundred), Some(95));
        let mut twenty: Vec<u32> = (1..=20).collect();
        assert_eq!(p95(&mut twenty), Some(19));
    }
}

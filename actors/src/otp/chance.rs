//! A random number, for spreading things over time.

use std::hash::{BuildHasher, RandomState};

/// A number in `0.0..1.0` that differs from call to call. For spreading only, not for secrets.
pub fn chance() -> f64 {
    let bits = RandomState::new().hash_one(0u8) >> 32;
    #[expect(clippy::cast_precision_loss, reason = "32 bits fit into the mantissa")]
    let unit = bits as f64 / (f64::from(u32::MAX) + 1.0);
    unit
}

#[cfg(test)]
mod tests {
    use super::chance;

    #[test]
    fn it_is_spread_over_the_unit_interval() {
        let drawn: Vec<f64> = (0..1000).map(|_| chance()).collect();
        assert!(drawn.iter().all(|unit| (0.0..1.0).contains(unit)));
        let low = drawn.iter().filter(|unit| **unit < 0.5).count();
        assert!((350..650).contains(&low), "{low}");
    }
}

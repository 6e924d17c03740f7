//! Times of day as they are shown, sent and kept: whole milliseconds since 1970 (UTC).
//!
//! Reads no clock; and nothing is measured with such a time, because a wall clock jumps.
//!
//! *Invariant:* a time before 1970 is 0 and one too late is the largest number; none is a fault.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub fn unix_millis(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A time as such a number, for `serde(with)`.
pub(crate) mod millis {
    use super::unix_millis;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    pub(crate) fn serialize<S: Serializer>(at: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(unix_millis(*at))
    }

    pub(crate) fn deserialize<'de, D>(from: D) -> Result<SystemTime, D::Error>
    where
        D: Deserializer<'de>,
    {
        let since = Duration::from_millis(u64::deserialize(from)?);
        UNIX_EPOCH.checked_add(since).ok_or_else(|| D::Error::custom("the time is too late"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_time_is_whole_milliseconds_and_never_before_1970() {
        assert_eq!(unix_millis(UNIX_EPOCH), 0);
        assert_eq!(unix_millis(UNIX_EPOCH + Duration::from_micros(1_999)), 1);
        assert_eq!(unix_millis(UNIX_EPOCH - Duration::from_secs(1)), 0);
    }
}

//! Row 12: instructions of the pure parts, which are the same at every run of one build.

use super::{Lines, Settings};
use crate::count::{PARTS, instructions};
use crate::goals::{Line, short};

pub(super) async fn parts(_: &Settings) -> Lines {
    let mut lines = Vec::new();
    for (name, times) in PARTS {
        let what = format!("instructions: {name}");
        lines.push(match instructions(name, times).await {
            Ok(count) => Line::told(12, &what, short(count)),
            Err(why) => Line::unknown(12, &what, why),
        });
    }
    Ok(lines)
}

//! Rows 1 to 5: what a call costs, beside the least it can cost.

use super::{Lines, Settings};
use crate::goals::Bound::{AtLeast, AtMost};
use crate::goals::{Line, short};
use crate::mode::Mode;
use crate::rounds::{Figures, Turns, alternate, over_rounds};
use crate::work::{Load, What};

const SMALL: What = What::Echo(100);
const MIB: usize = 1024 * 1024;

pub(super) async fn serial_http(settings: &Settings) -> Lines {
    let modes = [Mode::DirectHttp, Mode::FloorHttp, Mode::GatewayHttp];
    let turns = alternate(&modes, 1, &Load::new(5_000, 1, SMALL), settings.rounds).await?;
    Ok(vec![added(1, "HTTP→HTTP 1×1: added p50", 1.3, &turns, modes)])
}

pub(super) async fn serial_lines(settings: &Settings) -> Lines {
    let modes = [Mode::DirectStdio, Mode::FloorStdio, Mode::GatewayStdio];
    let turns = alternate(&modes, 1, &Load::new(8_000, 1, SMALL), settings.rounds).await?;
    let pair = [Mode::GatewayStdio, Mode::FloorStdio];
    Ok(vec![
        added(4, "stdio→stdio serial: added p50", 2.0, &turns, modes),
        Line::told(4, "stdio→stdio serial: CPU per call", both(&turns, pair, |it| it.cpu_us, "µs")),
    ])
}

pub(super) async fn busy_http(settings: &Settings) -> Lines {
    let pair = [Mode::GatewayHttp, Mode::FloorHttp];
    let turns = alternate(&pair, 32, &Load::new(1_000, 4, SMALL), settings.rounds).await?;
    let speed = over_rounds(&turns, pair, |[ours, floor]| ours.per_second / floor.per_second);
    let speeds = both(&turns, pair, |it| it.per_second, "/s");
    Ok(vec![
        cpu(2, "HTTP→HTTP 32×4: CPU per call", &turns, pair),
        Line::ratio(2, "HTTP→HTTP 32×4: throughput", AtLeast(0.7), speed, speeds),
        Line::told(2, "HTTP→HTTP 32×4: p99", both(&turns, pair, |it| it.p99_us, "µs")),
    ])
}

pub(super) async fn bridge(settings: &Settings) -> Lines {
    let pair = [Mode::GatewayBridge, Mode::FloorBridge];
    let busy = alternate(&pair, 32, &Load::new(1_000, 4, SMALL), settings.rounds).await?;
    let serial = alternate(&pair, 1, &Load::new(5_000, 1, SMALL), settings.rounds).await?;
    Ok(vec![
        cpu(3, "HTTP→stdio 32×4: CPU per call", &busy, pair),
        Line::told(3, "HTTP→stdio 32×4: throughput", both(&busy, pair, |it| it.per_second, "/s")),
        Line::told(
            3,
            "HTTP→stdio 32×4: writes per call (pipe, writev)",
            both(&busy, pair, |it| it.writes, ""),
        ),
        Line::told(
            3,
            "HTTP→stdio 1×1: p50, nothing is delayed",
            both(&serial, pair, |it| it.p50_us, "µs"),
        ),
    ])
}

pub(super) async fn large(settings: &Settings) -> Lines {
    let modes = [Mode::GatewayHttp, Mode::Copy, Mode::FloorHttp];
    let mut lines = Vec::new();
    for (name, what) in [("plain", What::Plain(MIB)), ("structured", What::Structured(MIB))] {
        let turns = alternate(&modes, 1, &Load::new(100, 1, what), settings.rounds).await?;
        lines.push(cpu(
            5,
            &format!("1 MiB result, {name}: CPU per call"),
            &turns,
            [modes[0], modes[1]],
        ));
        let pair = both(&turns, [modes[0], modes[2]], |it| it.cpu_us, "µs");
        lines.push(Line::told(5, &format!("1 MiB result, {name}: beside the parsing proxy"), pair));
        let turns = alternate(&modes[..2], 8, &Load::new(20, 1, what), 2).await?;
        lines.extend(turns.first().map(|ours| grown(name, ours)));
    }
    Ok(lines)
}

/// The most memory above idle while eight results are in flight: each may be held once as received and once as
/// what is sent.
fn grown(name: &str, turns: &Turns) -> Line {
    let peak = turns.rounds.iter().map(|figures| figures.peak_rss_kib).fold(0.0, f64::max);
    let mib = (peak - turns.idle_kib) / 1024.0;
    Line::figure(
        5,
        &format!("1 MiB result, {name}: 8 in flight, peak RSS above idle"),
        AtMost(16.0),
        mib,
        "MiB",
    )
}

/// What is added to the p50 of direct calls, over what the floor adds.
fn added(row: u8, what: &str, goal: f64, turns: &[Turns], modes: [Mode; 3]) -> Line {
    let [direct, floor, ours] = modes;
    // a ratio of differences jumps when a round's floor adds next to nothing, so it is made of medians
    let over = |mode| over_rounds(turns, [mode, direct], |[it, direct]| it.p50_us - direct.p50_us);
    let ratio = over(ours).and_then(|ours| Ok(ours / over(floor)?));
    let plus = |mode| over(mode).map_or_else(|why| why, short);
    let measured = format!("+{} µs, floor +{} µs", plus(ours), plus(floor));
    Line::ratio(row, what, AtMost(goal), ratio, measured)
}

/// CPU time over the floor's.
fn cpu(row: u8, what: &str, turns: &[Turns], pair: [Mode; 2]) -> Line {
    let ratio = over_rounds(turns, pair, |[ours, floor]| ours.cpu_us / floor.cpu_us);
    Line::ratio(row, what, AtMost(1.5), ratio, both(turns, pair, |it| it.cpu_us, "µs"))
}

/// The medians of ours and the other's.
fn both(turns: &[Turns], [ours, other]: [Mode; 2], of: fn(&Figures) -> f64, unit: &str) -> String {
    let median = |mode| {
        turns.iter().find(|turns| turns.mode == mode).map_or(f64::NAN, |turns| turns.median(of))
    };
    format!("{} {unit}, {} {} {unit}", short(median(ours)), other.name(), short(median(other)))
}

//! The part of the table that is about health: one after the other, each standing on those before.

use super::{Estate, HEALTH, QUICK, permanent};
use crate::health::{ConnectionMonitor, PingManager, QualityAnalyzer, analyzer, monitor, pings};
use crate::otp::{Strategy, SupervisorSpec};
use std::sync::Arc;

impl Estate {
    pub(super) fn health(&self) -> SupervisorSpec {
        let Self { board, policies, timelines, loops, .. } = self;
        let rating = analyzer::Arguments {
            board: board.clone(),
            policies: policies.clone(),
            timelines: timelines.clone(),
        };
        let probing = pings::Arguments {
            monitor: loops.monitor.clone(),
            places: Arc::clone(&self.probes),
            timelines: timelines.clone(),
        };
        let watching = monitor::Arguments {
            board: board.clone(),
            policies: policies.clone(),
            pings: loops.pings.clone(),
            timelines: timelines.clone(),
        };
        SupervisorSpec {
            path: "gateway/health".into(),
            strategy: Strategy::RestForOne,
            budget: HEALTH,
            roster: self.roster.clone(),
            children: vec![
                permanent("quality", QUICK, &loops.analyzer, move || {
                    (QualityAnalyzer, rating.clone())
                }),
                permanent("pings", QUICK, &loops.pings, move || (PingManager, probing.clone())),
                permanent("monitor", QUICK, &loops.monitor, move || {
                    (ConnectionMonitor, watching.clone())
                }),
            ],
        }
    }
}

//! The rows of the table of goals, each of which measures and tells by itself.

mod calls;
mod catalog;
mod counts;
mod neighbours;
mod servers;
mod sessions;
mod soak;
mod start;

use crate::goals::{Line, head};
use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;
use tokio::time::timeout;

/// How long a row may take, but for the soak.
const LIMIT: Duration = Duration::from_secs(300);

/// What the rows may be told.
pub(crate) struct Settings {
    /// Rounds of each comparison.
    pub(crate) rounds: usize,
    /// How long the soak takes.
    pub(crate) soak: Duration,
}

/// All rows there are.
pub(crate) const ALL: [u8; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/// Measures these rows and prints the table as it grows.
pub(crate) async fn print(rows: &[u8], settings: &Settings) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    writeln!(out, "{}", head())?;
    for row in rows {
        let limit = if *row == 10 { LIMIT + settings.soak } else { LIMIT };
        let lines = match timeout(limit, measure(*row, settings)).await {
            Ok(Ok(lines)) => lines,
            Ok(Err(error)) => vec![Line::unknown(*row, "not measured", error)],
            Err(_) => {
                vec![Line::unknown(*row, "not measured", format!("took longer than {limit:?}"))]
            }
        };
        for line in lines {
            writeln!(out, "{line}")?;
        }
        out.flush()?;
    }
    Ok(())
}

/// What a row found.
type Lines = Result<Vec<Line>, Box<dyn Error>>;

async fn measure(row: u8, settings: &Settings) -> Lines {
    match row {
        1 => calls::serial_http(settings).await,
        2 => calls::busy_http(settings).await,
        3 => calls::bridge(settings).await,
        4 => calls::serial_lines(settings).await,
        5 => calls::large(settings).await,
        6 => servers::hundred(settings).await,
        7 => catalog::thousand(settings).await,
        8 => sessions::idle(settings).await,
        9 => neighbours::beside(settings).await,
        10 => soak::soak(settings).await,
        11 => start::up(settings).await,
        12 => counts::parts(settings).await,
        _ => Err("there is no such row".into()),
    }
}

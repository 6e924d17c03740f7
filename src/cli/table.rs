//! Tables for a terminal: columns as wide as their widest cell.

use super::paint::{Colour, Paint};
use mcpvisor_actors::timeline::clean;

/// A table with heads; the last column is as wide as it likes.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>], paint: Paint) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| clean(cell)).collect()).collect();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
        cells.chain([heads[at].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let head = paint.text(Colour::Dim, &line(&mut heads.iter().copied()));
    let rows = rows.iter().map(|row| line(&mut row.iter().map(String::as_str)));
    [head].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_their_heads_and_control_characters_are_gone() {
        let rows = [["a", "b\u{1b}c"], ["longer", ""]].map(|row| row.map(str::to_owned).to_vec());
        let text = table(&["ONE", "TWO"], &rows, Paint::none());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "ONE     TWO");
        assert!(lines[1].starts_with("a       b") && !text.contains('\u{1b}'), "{text}");
        assert_eq!(lines[2], "longer");
    }
}

//! Colours for people at a terminal, and none for anybody else.

use std::io::IsTerminal;

/// Whether to colour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(bool);

/// What a colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    /// All is well.
    Green,
    /// Worth a look.
    Yellow,
    /// Something is wrong.
    Red,
    /// Less important.
    Dim,
}

impl Paint {
    /// Colours when stdout is a terminal and nobody asked for none (`NO_COLOR`).
    pub(super) fn of_stdout() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(std::io::stdout().is_terminal() && !unwanted)
    }

    /// No colours.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self(false)
    }

    /// Whether a person looks at a screen that can be drawn anew.
    pub(super) fn is_screen() -> bool {
        std::io::stdout().is_terminal()
    }

    /// The text in this colour.
    pub(super) fn text(self, colour: Colour, text: &str) -> String {
        let code = match colour {
            _ if !self.0 => return text.to_owned(),
            Colour::Green => 32,
            Colour::Yellow => 33,
            Colour::Red => 31,
            Colour::Dim => 2,
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

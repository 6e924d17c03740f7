//! The fuzz targets over their corpus and over many small changes of it, the same ones each time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../tests/fuzz/exercise.rs"]
mod exercise;

use std::fs;
use std::path::Path;

/// Changes tried of each file.
const CHANGES: u64 = 1_500;

/// What is put into a file, beside single bytes.
const PIECES: [&[u8]; 16] = [
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"\"_meta\":{},",
    b"\\u005f",
    b"-1e999",
    b"\"resultType\":\"input_required\",",
    b"\xff",
    b" ",
    b"\n\n",
    b"\"params\":5,",
];

#[test]
fn any_message_is_read_or_refused_and_what_goes_out_is_a_message() {
    over("messages", exercise::message);
}

#[test]
fn any_headers_are_judged_and_ours_are_accepted() {
    over("headers", exercise::headers);
}

fn over(corpus: &str, exercise: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus").join(corpus);
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 5, "there is a corpus");
    for file in files {
        let seed = fs::read(&file).unwrap();
        exercise(&seed);
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        for _ in 0..CHANGES {
            exercise(&changed(&seed, &mut dice));
        }
    }
}

/// One to four changes: a byte flipped, a piece cut out, doubled or put in.
fn changed(seed: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut data = seed.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(data.len() as u64 + 1);
        let end = (at + 1 + dice.below(12)).min(data.len());
        match dice.below(4) {
            0 if at < data.len() => data[at] ^= 1 << dice.below(8),
            1 => drop(data.drain(at.min(end)..end)),
            2 => {
                let piece = data[at.min(end)..end].to_vec();
                data.splice(at..at, piece);
            }
            _ => drop(data.splice(at..at, PIECES[dice.below(PIECES.len() as u64)].to_vec())),
        }
    }
    data
}

/// The same numbers each time (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1)).unwrap()
    }
}

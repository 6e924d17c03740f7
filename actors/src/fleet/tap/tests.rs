//! Who watches sees what goes by, numbered, and never holds a server up.

use super::*;
use crate::fleet::Direction;
use crate::server::{Generation, Mask};
use std::cell::Cell;

fn place() -> Place {
    Place { generation: Generation::next(), own: false, direction: Direction::Out }
}

fn said(text: &'static str) -> Said {
    let mask: Mask = Arc::new(str::to_owned);
    Said::of_ours(&bytes::Bytes::from_static(text.as_bytes()), &mask)
}

#[test]
fn nobody_watching_no_text_is_made_of_a_frame() {
    let (tap, made) = (Arc::new(Tap::default()), Cell::new(0));
    let pass = || {
        tap.passes(place(), || {
            made.set(made.get() + 1);
            said("{}")
        });
    };
    pass();
    assert_eq!(made.get(), 0);
    let (one, other) = (tap.watch(), tap.watch());
    pass();
    assert_eq!(made.get(), 1);
    drop(one);
    pass();
    assert_eq!(made.get(), 2);
    drop(other);
    pass();
    assert_eq!(made.get(), 2);
}

#[tokio::test]
async fn every_watcher_sees_every_frame_in_order_from_when_it_came() {
    let tap = Arc::new(Tap::default());
    let mut early = tap.watch();
    tap.passes(place(), || said("1"));
    let mut late = tap.watch();
    tap.passes(place(), || said("2"));
    assert_eq!((early.watchers(), late.watchers()), (2, 2));
    let seen = async |watch: &mut FrameWatch| match watch.next().await {
        Seen::Frame(frame) => (frame.seq, frame.text.clone()),
        Seen::Lost(lost) => (lost, "lost".into()),
    };
    assert_eq!(seen(&mut early).await, (1, "1".into()));
    assert_eq!(seen(&mut early).await, (2, "2".into()));
    assert_eq!(early.so_far(), None);
    assert_eq!(seen(&mut late).await, (2, "2".into()));
    drop((early, late));
    tap.passes(place(), || said("nobody"));
    let mut again = tap.watch();
    tap.passes(place(), || said("3"));
    assert_eq!(seen(&mut again).await, (3, "3".into()));
}

#[tokio::test]
async fn a_watcher_that_does_not_read_hears_how_much_it_lost() {
    let tap = Arc::new(Tap::default());
    let mut watch = tap.watch();
    for _ in 0..KEPT + 7 {
        tap.passes(place(), || said("{}"));
    }
    assert_eq!(watch.next().await, Seen::Lost(7));
    assert!(matches!(watch.next().await, Seen::Frame(frame) if frame.seq == 8));
}

//! The event-stream format, cut anywhere.

use super::*;
use proptest::prelude::*;

fn decode(limit: usize, pieces: &[&[u8]]) -> (Vec<Item>, EventDecoder) {
    let mut decoder = EventDecoder::new(limit);
    for piece in pieces {
        decoder.feed(piece);
    }
    let items = std::iter::from_fn(|| decoder.next()).collect();
    (items, decoder)
}

fn event(name: &str, data: &str) -> Item {
    Item::Event(Event { name: name.to_owned(), data: Bytes::copy_from_slice(data.as_bytes()) })
}

#[test]
fn lines_become_events_as_the_standard_says() {
    for (text, expected) in [
        ("data: a\n\n", vec![event("", "a")]),
        ("data:a\r\n\r\n", vec![event("", "a")]),
        ("data: a\r\rdata: b\r\r", vec![event("", "a"), event("", "b")]),
        ("\u{feff}data: a\n\n", vec![event("", "a")]),
        ("data: a\ndata: b\ndata:  c\n\n", vec![event("", "a\nb\n c")]),
        (": ping\n\n:\nevent: endpoint\ndata: /m\n\n", vec![event("endpoint", "/m")]),
        ("event: x\n\ndata: a\n\n", vec![event("", "a")]),
        ("event: x\nevent: y\ndata: a\n\n", vec![event("y", "a")]),
        ("nonsense\ndata: a\nother: b\n\n", vec![event("", "a")]),
        ("data\n\ndata: \n\n", vec![]),
        ("data: a\n", vec![]),
    ] {
        assert_eq!(decode(100, &[text.as_bytes()]).0, expected, "{text:?}");
    }
}

#[test]
fn ids_and_waiting_times_outlive_a_broken_stream() {
    let (_, mut decoder) =
        decode(100, &[b"id: 7\nretry: 250\ndata:\n\nretry: x\nid: 8\0\ndata: lost"]);
    decoder.restart();
    assert_eq!(decoder.last_id(), Some("7"));
    assert_eq!(decoder.retry(), Some(Duration::from_millis(250)));
    decoder.feed(b"\n\n");
    assert_eq!(decoder.next(), None);
}

#[test]
fn an_event_cut_before_its_empty_line_counts_at_a_clean_end() {
    for text in ["data: a", "data: a\n", "data: a\r"] {
        let (_, mut decoder) = decode(100, &[text.as_bytes()]);
        decoder.finish();
        assert_eq!(decoder.next(), Some(event("", "a")), "{text:?}");
        assert_eq!(decoder.next(), None);
    }
}

#[test]
fn an_oversize_event_is_skipped_and_the_next_one_heard() {
    let long = "x".repeat(300);
    let many = "data: 123456789\n".repeat(20);
    for text in [
        format!("data: {long}\n\ndata: ok\n\n"),
        format!("{many}\ndata: ok\n\n"),
        format!("data: y\ndata: {long}\ndata: {long}\nevent: z\n\ndata: ok\n\n"),
    ] {
        for size in [1, 7, 1000] {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            let (items, decoder) = decode(100, &pieces);
            assert!(matches!(&items[0], Item::TooLarge(start) if !start.is_empty()), "{items:?}");
            assert_eq!(items[1..], [event("", "ok")]);
            assert!(decoder.line.capacity() + decoder.data.capacity() <= 1000);
        }
    }
}

proptest! {
    #[test]
    fn where_the_bytes_are_cut_does_not_matter(
        text in "((data|event|id|retry|x)?:? ?[a-c]{0,5}(\r\n|\n|\r)){0,12}",
        size in 1usize..9,
    ) {
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
        let (cut, cut_decoder) = decode(12, &pieces);
        let (whole, decoder) = decode(12, &[text.as_bytes()]);
        prop_assert_eq!(cut, whole);
        prop_assert_eq!(cut_decoder.last_id(), decoder.last_id());
    }
}

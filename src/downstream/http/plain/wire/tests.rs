//! A connection driven by whoever uses it misses nothing, however little of its turn is left.

use super::*;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};
use tokio::task::coop::poll_proceed;
use tokio::time::timeout;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n";

/// What a task may do in one turn, as the runtime counts it.
const TURN: usize = 128;

/// Leaves a task about `left` of its turn.
fn spend(context: &mut Context<'_>, left: usize) {
    for _ in left..TURN {
        if let Poll::Ready(spent) = poll_proceed(context) {
            spent.made_progress();
        }
    }
}

#[tokio::test]
async fn an_answer_is_heard_by_a_task_that_has_had_nearly_all_of_its_turn() {
    for left in 0..16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (written, answered) = tokio::sync::oneshot::channel();
        let server = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            assert!(socket.read(&mut request).unwrap() > 0);
            socket.write_all(HEAD).unwrap();
            written.send(()).unwrap();
            let _until_the_client_leaves = socket.read(&mut request);
        });
        let socket = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let mut wire = Wire::new(socket).await.ok().unwrap();
        let request = Request::builder().uri("/").header("host", "h").body(Full::default());
        let mut sending = Box::pin(wire.send(request.unwrap()));
        assert!(futures_util::poll!(&mut sending).is_pending());
        answered.await.unwrap();
        let mut tired = true;
        let tiring = poll_fn(|context| {
            if std::mem::take(&mut tired) {
                spend(context, left);
            }
            sending.as_mut().poll(context)
        });
        // what ends the wait looks once more, and finds what nobody was woken for
        let begun = Instant::now();
        let response = timeout(Duration::from_secs(10), tiring).await.unwrap();
        assert_eq!(response.ok().unwrap().status(), 200);
        assert!(begun.elapsed() < Duration::from_secs(5), "nobody was woken, {left} left");
        drop(sending);
        drop(wire);
        server.join().unwrap();
    }
}

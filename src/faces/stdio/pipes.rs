//! The process's own input and output, read and written where they stand.
//!
//! The runtime reads standard input on a thread of its own, because it may be a file or a terminal, and two
//! threads then wake each other for every message. A client's pipe or socket needs none: it is watched like
//! any connection.
//!
//! *Invariant:* what is neither pipe nor socket is read and written as the runtime does it.

use tokio::io::{AsyncRead, AsyncWrite, stdin, stdout};

/// Something to read from.
pub(in crate::faces) type Reader = Box<dyn AsyncRead + Send + Unpin>;
/// Something to write to.
pub(in crate::faces) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// Standard input and standard output.
pub(in crate::faces) fn standard() -> (Reader, Writer) {
    #[cfg(unix)]
    let (input, output) = (watched::input(), watched::output());
    #[cfg(not(unix))]
    let (input, output) = (None, None);
    (input.unwrap_or_else(|| Box::new(stdin())), output.unwrap_or_else(|| Box::new(stdout())))
}

#[cfg(unix)]
mod watched {
    use super::{Reader, Writer};
    use std::fs::File;
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::fs::FileTypeExt;
    use std::os::unix::net::UnixStream as Socket;
    use tokio::net::UnixStream;
    use tokio::net::unix::pipe;

    /// What a descriptor can be watched as.
    enum Kind {
        Pipe(OwnedFd),
        Socket(UnixStream),
    }

    pub(super) fn input() -> Option<Reader> {
        Some(match kind(&io::stdin())? {
            Kind::Pipe(pipe) => Box::new(pipe::Receiver::from_owned_fd(pipe).ok()?),
            Kind::Socket(socket) => Box::new(socket),
        })
    }

    pub(super) fn output() -> Option<Writer> {
        Some(match kind(&io::stdout())? {
            Kind::Pipe(pipe) => Box::new(pipe::Sender::from_owned_fd(pipe).ok()?),
            Kind::Socket(socket) => Box::new(socket),
        })
    }

    fn kind(standard: &impl AsFd) -> Option<Kind> {
        let own = || standard.as_fd().try_clone_to_owned().ok();
        let file = File::from(own()?).metadata().ok()?.file_type();
        if file.is_fifo() {
            return own().map(Kind::Pipe);
        }
        let socket = own().filter(|_| file.is_socket()).map(Socket::from)?;
        socket.local_addr().ok()?; // only those of this machine are told apart so
        socket.set_nonblocking(true).ok()?;
        UnixStream::from_std(socket).ok().map(Kind::Socket)
    }
}

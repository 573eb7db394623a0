//! A line between a service and a part that can be cut: everything sent while it is cut goes nowhere, without a word.

use std::{io, net::SocketAddr};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// A TCP proxy. It ends when this is dropped.
pub struct Proxy {
    cut: watch::Sender<bool>,
    _lines: JoinSet<()>,
}

impl Proxy {
    /// Listens at an address and forwards to another.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn start(at: SocketAddr, to: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(at).await?;
        let (cut, is_cut) = watch::channel(false);
        let mut lines = JoinSet::new();
        lines.spawn(accept(listener, to, is_cut));
        Ok(Self { cut, _lines: lines })
    }

    /// From now on nothing passes, in either direction; new connections are taken and meet silence.
    pub fn cut(&self) {
        self.cut.send_replace(true);
    }

    /// New connections pass again. Those that lost something are closed: TCP would have sent it again or given up.
    pub fn mend(&self) {
        self.cut.send_replace(false);
    }
}

async fn accept(listener: TcpListener, to: SocketAddr, is_cut: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((near, _)) = listener.accept().await else {
            continue;
        };
        connections.spawn(connect(near, to, is_cut.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn connect(near: TcpStream, to: SocketAddr, mut is_cut: watch::Receiver<bool>) {
    if *is_cut.borrow() {
        // Held open in silence until the line is mended.
        let _ = is_cut.wait_for(|cut| !cut).await;
        return;
    }
    let Ok(far) = TcpStream::connect(to).await else {
        return;
    };
    let (mut near, mut far) = (near, far);
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => return,
        _ = is_cut.wait_for(|cut| *cut) => {}
    }
    // Both ends stay open and hear nothing: that is what a cut line is like.
    let _ = is_cut.wait_for(|cut| !cut).await;
}

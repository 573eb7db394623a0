//! The push side over real sockets.

mod stomp_codec;

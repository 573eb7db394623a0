//! How much a client may send in one frame.

/// The limits of one frame, in octets unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many headers, repeated ones included.
    pub headers: usize,
    /// A header line as it is on the wire, without its end.
    pub header_line: usize,
    /// The frame from its command to its NUL, both included.
    pub frame: usize,
    /// `destination`, unescaped.
    pub destination: usize,
    /// `id`, unescaped.
    pub id: usize,
    /// `receipt`, unescaped.
    pub receipt: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            headers: 64,
            header_line: 8 * 1024,
            frame: 64 * 1024,
            destination: 512,
            id: 128,
            receipt: 256,
        }
    }
}

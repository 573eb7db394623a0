//! Just enough of RFC 6455 §5.2 to find frames in a stream of octets, and to write small ones.

/// A PING, which wants an answer.
pub const PING: u8 = 0x9;
/// A Close: the connection is over.
pub const CLOSE: u8 = 0x8;
const TEXT: u8 = 0x1;
const PONG: u8 = 0xA;

/// Finds frames in what a server sends.
#[derive(Debug, Default)]
pub struct FrameReader {
    /// A frame that has begun and not ended.
    partial: Vec<u8>,
}

impl FrameReader {
    /// Hands every frame that is complete to `on_frame`: its opcode and its payload.
    pub fn read(&mut self, octets: &[u8], mut on_frame: impl FnMut(u8, &[u8])) {
        if self.partial.is_empty() {
            let rest = read_whole(octets, &mut on_frame);
            self.partial.extend_from_slice(rest);
        } else {
            self.partial.extend_from_slice(octets);
            let rest = read_whole(&self.partial, &mut on_frame).len();
            self.partial.drain(..self.partial.len() - rest);
        }
        if self.partial.is_empty() {
            // Thousands of readers are idle at once, and a long frame is rare.
            self.partial.shrink_to(1024);
        }
    }
}

/// A text frame of a client.
#[must_use]
pub fn text(payload: &str) -> Vec<u8> {
    masked(TEXT, payload.as_bytes())
}

/// The answer to a PING without a payload.
#[must_use]
pub fn pong() -> Vec<u8> {
    masked(PONG, &[])
}

/// The unmasked head of a server's text frame (RFC 6455 §5.2).
#[must_use]
pub fn server_text_head(length: u16) -> Vec<u8> {
    let mut head = vec![0x80 | TEXT];
    push_length(&mut head, 0, length);
    head
}

/// The key of a client's mask is its own choice; this one costs the server as much as any other.
fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("clients of the bench send small frames");
    let mut frame = vec![0x80 | opcode];
    push_length(&mut frame, 0x80, length);
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

fn push_length(head: &mut Vec<u8>, mask_bit: u8, length: u16) {
    match u8::try_from(length) {
        Ok(short @ ..126) => head.push(mask_bit | short),
        _ => {
            head.push(mask_bit | 126);
            head.extend_from_slice(&length.to_be_bytes());
        }
    }
}

/// Returns what is left behind the last complete frame.
fn read_whole<'a>(mut octets: &'a [u8], on_frame: &mut impl FnMut(u8, &[u8])) -> &'a [u8] {
    while let Some((head, length)) = head_and_length(octets) {
        let Some(payload) = octets.get(head..head + length) else {
            break;
        };
        on_frame(octets[0] & 0x0f, payload);
        octets = &octets[head + length..];
    }
    octets
}

/// The lengths of a frame's head and payload, once enough of it has come.
fn head_and_length(octets: &[u8]) -> Option<(usize, usize)> {
    match *octets.get(1)? & 0x7f {
        126 => {
            let long = octets.get(2..4)?.try_into().ok()?;
            Some((4, usize::from(u16::from_be_bytes(long))))
        }
        127 => {
            let long = octets.get(2..10)?.try_into().ok()?;
            Some((10, usize::try_from(u64::from_be_bytes(long)).ok()?))
        }
        short => Some((2, usize::from(short))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> (Vec<u8>, Vec<(u8, Vec<u8>)>) {
        let payloads = [
            vec![b'a'; 3],
            vec![],
            vec![b'b'; 125],
            vec![b'c'; 126],
            vec![b'd'; 60_000],
        ];
        let mut octets = Vec::new();
        let mut frames = Vec::new();
        for payload in payloads {
            octets.extend(server_text_head(u16::try_from(payload.len()).unwrap()));
            octets.extend(&payload);
            frames.push((TEXT, payload));
        }
        octets.extend([0x80 | PING, 0]);
        frames.push((PING, vec![]));
        octets.extend([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 2, b'x', b'y']);
        frames.push((0x2, b"xy".to_vec()));
        (octets, frames)
    }

    #[test]
    fn every_partition_of_a_stream_gives_the_same_frames() {
        let (octets, expected) = stream();
        for chunk in [1, 2, 3, 7, 125, 1000, octets.len()] {
            let (mut reader, mut frames) = (FrameReader::default(), Vec::new());
            for part in octets.chunks(chunk) {
                reader.read(part, |opcode, payload| {
                    frames.push((opcode, payload.to_vec()));
                });
            }
            assert!(frames == expected, "in chunks of {chunk}");
            assert!(reader.partial.is_empty());
        }
    }

    #[test]
    fn a_client_frame_carries_the_mask_bit_and_its_key() {
        assert_eq!(text("ab"), [0x81, 0x82, 0, 0, 0, 0, b'a', b'b']);
        assert_eq!(pong(), [0x8a, 0x80, 0, 0, 0, 0]);
        assert_eq!(text(&"x".repeat(300))[..4], [0x81, 0xfe, 1, 44]);
    }
}

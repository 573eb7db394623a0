//! Whether a subscription got every message of its room, once and in order.

/// What was wrong with what came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Defects {
    /// Messages that were passed over.
    pub gaps: u64,
    /// Messages that had come before, or came after a later one.
    pub repeats_or_reorders: u64,
    /// Connections that ended.
    pub cut: u64,
}

/// How far one subscription has come in its room.
#[derive(Debug, Default)]
pub struct SeqWatch {
    last: Option<u64>,
}

impl SeqWatch {
    /// Notes the `seq` of the next message.
    pub fn note(&mut self, seq: u64, defects: &mut Defects) {
        match self.last {
            Some(last) if seq <= last => {
                defects.repeats_or_reorders += 1;
                return;
            }
            Some(last) => defects.gaps += seq - last - 1,
            None => {}
        }
        self.last = Some(seq);
    }
}

/// The `seq` of a MESSAGE; `None` for a frame of another kind.
#[must_use]
pub fn seq_of(frame: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"\"seq\":";
    if !frame.starts_with(b"MESSAGE\n") {
        return None;
    }
    // It is the last member of the object, and the content before it could hold anything.
    let at = frame.windows(NAME.len()).rposition(|text| text == NAME)?;
    let digits = &frame[at + NAME.len()..];
    let end = digits.iter().position(|octet| !octet.is_ascii_digit())?;
    str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defects(seqs: &[u64]) -> Defects {
        let (mut watch, mut defects) = (SeqWatch::default(), Defects::default());
        for seq in seqs {
            watch.note(*seq, &mut defects);
        }
        defects
    }

    #[test]
    fn a_room_may_begin_anywhere_and_then_goes_on_one_by_one() {
        assert_eq!(defects(&[7, 8, 9]), Defects::default());
    }

    #[test]
    fn gaps_repeats_and_reorders_are_counted() {
        let expected = Defects {
            gaps: 3,
            repeats_or_reorders: 2,
            cut: 0,
        };
        assert_eq!(defects(&[1, 2, 2, 6, 4, 7]), expected);
    }

    #[test]
    fn the_seq_is_found_behind_the_content() {
        let frame = b"MESSAGE\na:b\n\n{\"content\":\"\\\"seq\\\":5\",\"seq\":42}\0";
        assert_eq!(seq_of(frame), Some(42));
        assert_eq!(seq_of(b"RECEIPT\nreceipt-id:\"seq\":4}\n\n\0"), None);
        assert_eq!(seq_of(b"\n"), None);
    }
}

//! Octets that have come and are not decoded yet.
//!
//! Every search resumes where the one before stopped, so octets that come one by one cost no more than all at once.

/// The unread octets. Holds no memory when there are none.
#[derive(Debug, Default)]
pub(super) struct Input {
    octets: Vec<u8>,
    /// Where the unread ones begin.
    start: usize,
    /// How many of the unread ones have been searched in vain.
    searched: usize,
}

/// Why a search found nothing and never will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// A NUL came first.
    Nul,
    /// What is searched for is not among the octets where it must be.
    TooLong,
}

impl Input {
    pub(super) fn extend(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.unread().is_empty()
    }

    /// Gives back the memory of what has been read.
    pub(super) fn release_read(&mut self) {
        if self.start > 0 {
            self.octets = self.octets.split_off(self.start);
            self.start = 0;
        }
    }

    /// Passes over line ends, and tells whether there was one.
    pub(super) fn skip_line_ends(&mut self) -> bool {
        let start = self.start;
        loop {
            match self.unread() {
                [b'\n', ..] => self.consume(1),
                [b'\r', b'\n', ..] => self.consume(2),
                _ => return self.start > start,
            }
        }
    }

    /// A line without its LF, which must be among the next `window` octets; nothing if it has not come yet.
    pub(super) fn take_line(&mut self, window: usize) -> Result<Option<&[u8]>, Stop> {
        let end = self.find(window, |octet| matches!(octet, b'\n' | 0))?;
        match end {
            Some(end) if self.unread().get(end) == Some(&0) => Err(Stop::Nul),
            Some(end) => Ok(Some(self.take(end))),
            None => Ok(None),
        }
    }

    /// What is before a NUL, which must be among the next `window` octets; nothing if it has not come yet.
    pub(super) fn take_until_nul(&mut self, window: usize) -> Result<Option<&[u8]>, Stop> {
        let end = self.find(window, |octet| octet == 0)?;
        Ok(end.map(|end| self.take(end)))
    }

    /// As many octets as said, which must be followed by a NUL; nothing if they have not all come yet.
    pub(super) fn take_counted(&mut self, count: usize) -> Result<Option<&[u8]>, Stop> {
        match self.unread().get(count) {
            Some(0) => Ok(Some(self.take(count))),
            Some(_) => Err(Stop::TooLong),
            None => Ok(None),
        }
    }

    fn unread(&self) -> &[u8] {
        self.octets.get(self.start..).unwrap_or_default()
    }

    fn find(&mut self, window: usize, wanted: fn(u8) -> bool) -> Result<Option<usize>, Stop> {
        let unread = self.unread();
        let searchable = unread.get(..window).unwrap_or(unread);
        let found = searchable
            .iter()
            .skip(self.searched)
            .position(|octet| wanted(*octet));
        if let Some(beyond) = found {
            return Ok(Some(self.searched + beyond));
        }
        self.searched = searchable.len();
        if self.searched == window {
            Err(Stop::TooLong)
        } else {
            Ok(None)
        }
    }

    /// Consumes the next octets and the delimiter behind them.
    fn take(&mut self, count: usize) -> &[u8] {
        let start = self.start;
        self.consume(count + 1);
        self.octets.get(start..start + count).unwrap_or_default()
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
        self.searched = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_no_memory_once_everything_is_read() {
        let mut input = Input::default();
        input.extend(&[b'a'; 4096]);
        input.extend(b"\0");
        assert_eq!(
            input.take_until_nul(5000).unwrap().map(<[u8]>::len),
            Some(4096)
        );
        input.release_read();
        assert_eq!(input.octets.capacity(), 0);
    }

    #[test]
    fn keeps_only_what_is_unread() {
        let mut input = Input::default();
        input.extend(&[b'\n'; 60_000]);
        input.extend(b"SEND");
        assert!(input.skip_line_ends());
        input.release_read();
        assert_eq!(input.unread(), b"SEND");
        assert!(input.octets.capacity() < 64);
    }

    #[test]
    fn searches_no_octet_twice() {
        let mut input = Input::default();
        for searched in 1..=100 {
            input.extend(b"x");
            assert_eq!(input.take_until_nul(1000), Ok(None));
            assert_eq!(input.searched, searched);
        }
        input.extend(b"\0");
        assert_eq!(
            input.take_until_nul(1000).unwrap().map(<[u8]>::len),
            Some(100)
        );
    }
}

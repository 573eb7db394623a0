//! Checksums of rows. SQLite keeps none of its pages: a byte that flips on the disk would be read as if it had been
//! written so (F38).

use aws_lc_rs::digest::{Context, SHA256};

/// The first 64 bits of the SHA-256 of a row's fields, in an order that never changes.
///
/// It guards against the disk, and not against a person who can write the file and so the checksum.
#[must_use]
pub fn checksum(fields: &[&[u8]]) -> i64 {
    let mut context = Context::new(&SHA256);
    for field in fields {
        // Its length, so that no byte can pass from one field to the next.
        context.update(&(field.len() as u64).to_be_bytes());
        context.update(field);
    }
    let hash = context.finish();
    let first = hash.as_ref().first_chunk();
    i64::from_be_bytes(*first.expect("SHA-256 has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b28_every_bit_and_every_border_counts() {
        let written = checksum(&[b"ab", b"c"]);
        assert_eq!(written, checksum(&[b"ab", b"c"]));
        for other in [
            &[&b"ab"[..], b"b"] as &[&[u8]],
            &[b"a", b"bc"],
            &[b"abc"],
            &[b"ab", b"c", b""],
        ] {
            assert_ne!(written, checksum(other), "{other:?}");
        }
    }

    /// Stored rows are checked by later releases.
    #[test]
    fn b28_the_checksum_of_a_row_never_changes() {
        assert_eq!(checksum(&[b"hello", b""]), -1_561_718_384_965_804_252);
    }
}

//! Bytes as words of eight, the first byte the least.

/// The most bytes that [`words`] takes.
pub(crate) const SHORT: usize = 24;

/// Up to [`SHORT`] bytes as three words, filled up with zeros.
#[inline]
pub(crate) fn words(bytes: &[u8]) -> [u64; 3] {
    let (whole, rest) = (bytes.as_chunks::<8>().0, last(bytes, bytes.len() % 8));
    let word = |place: usize| u64::from_le_bytes(whole[place]);
    match whole.len() {
        0 => [rest, 0, 0],
        1 => [word(0), rest, 0],
        2 => [word(0), word(1), rest],
        _ => [word(0), word(1), word(2)],
    }
}

/// The last `count` bytes as a number, less than eight.
#[inline]
pub(crate) fn last(bytes: &[u8], count: usize) -> u64 {
    match bytes.last_chunk() {
        // Read as the end of eight that are there, which needs no loop.
        Some(last) => u64::from_le_bytes(*last).unbounded_shr(8 * (8 - count) as u32),
        None => {
            bytes[bytes.len() - count..].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_bytes_filled_up_with_zeros() {
        let text: Vec<u8> = (1..=24).collect();
        for end in 0..=24 {
            let mut padded = [0; 24];
            padded[..end].copy_from_slice(&text[..end]);
            let mut expected = [0; 3];
            for (word, bytes) in expected.iter_mut().zip(padded.as_chunks::<8>().0) {
                *word = u64::from_le_bytes(*bytes);
            }
            assert_eq!(words(&text[..end]), expected, "{end}");
        }
    }
}

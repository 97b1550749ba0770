//! The checksum of snapshots: CRC-64/XZ, eight bytes at a time.

/// The reflected polynomial of ECMA-182, as XZ has it.
const POLYNOMIAL: u64 = 0xc96c_5795_d787_0f42;

/// Table `n` leads from a byte to what it adds once `n` zero bytes have followed it.
static TABLES: [[u64; 256]; 8] = tables();

const fn tables() -> [[u64; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let (mut sum, mut bit) = (byte as u64, 0);
        while bit < 8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ POLYNOMIAL } else { sum >> 1 };
            bit += 1;
        }
        tables[0][byte] = sum;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[table - 1][byte];
            tables[table][byte] = before >> 8 ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

/// A sum over all bytes so far.
#[derive(Clone, Copy)]
pub(super) struct Crc(u64);

impl Crc {
    pub(super) fn new() -> Self {
        Self(u64::MAX)
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        let mut sum = self.0;
        let mut pieces = bytes.chunks_exact(8);
        for piece in &mut pieces {
            let mut word = [0; 8];
            word.copy_from_slice(piece);
            let word = u64::from_le_bytes(word) ^ sum;
            let entry = |byte: usize| TABLES[7 - byte][(word >> (8 * byte)) as usize & 0xff];
            let (low, high) = (entry(0) ^ entry(1), entry(2) ^ entry(3));
            sum = (low ^ high) ^ ((entry(4) ^ entry(5)) ^ (entry(6) ^ entry(7)));
        }
        for byte in pieces.remainder() {
            sum = sum >> 8 ^ TABLES[0][usize::from(sum as u8 ^ byte)];
        }
        self.0 = sum;
    }

    pub(super) fn sum(self) -> u64 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crc(bytes: &[u8]) -> u64 {
        let mut crc = Crc::new();
        crc.add(bytes);
        crc.sum()
    }

    /// The check value of the CRC catalogue.
    #[test]
    fn the_sum_meets_its_published_vectors() {
        assert_eq!(crc(b"123456789"), 0x995d_c9bb_df19_39fa);
        assert_eq!(crc(b""), 0);
    }

    #[test]
    fn the_sum_is_that_of_bit_by_bit_division_however_the_bytes_are_cut() {
        let bytes: Vec<u8> = (0..300_u32).map(|number| ((number * number) >> 3) as u8).collect();
        for end in 0..bytes.len() {
            let mut slow = u64::MAX;
            for byte in &bytes[..end] {
                slow ^= u64::from(*byte);
                for _ in 0..8 {
                    slow = if slow & 1 == 1 { slow >> 1 ^ POLYNOMIAL } else { slow >> 1 };
                }
            }
            assert_eq!(crc(&bytes[..end]), !slow);
            let mut cut = Crc::new();
            let (head, tail) = bytes[..end].split_at(end / 3);
            cut.add(head);
            cut.add(tail);
            assert_eq!(cut.sum(), !slow);
        }
    }

    /// Proven for any length, since no power of x is a multiple of the polynomial; here seen for some.
    #[test]
    fn each_bit_that_differs_shows() {
        let mut bytes = [0x5a_u8; 200];
        let sum = crc(&bytes);
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(crc(&bytes), sum);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

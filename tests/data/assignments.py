"""Arms of a holdout, computed a second time from the published descriptions.

SipHash-2-4 with 128 bits (Aumasson and Bernstein 2012) under an all-zero key, over a domain byte and the text;
Speck128/128 (Beaulieu et al. 2013) under the experiment's key. `python3 assignments.py > assignments.csv`.
"""
import csv, struct, sys

M = (1 << 64) - 1
rol = lambda x, n: ((x << n) | (x >> (64 - n))) & M
ror = lambda x, n: rol(x, 64 - n)


def siphash128(data, k0=0, k1=0):
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D ^ 0xEE, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rounds(n):
        for _ in range(n):
            v[0] = (v[0] + v[1]) & M; v[1] = rol(v[1], 13) ^ v[0]; v[0] = rol(v[0], 32)
            v[2] = (v[2] + v[3]) & M; v[3] = rol(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & M; v[3] = rol(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & M; v[1] = rol(v[1], 17) ^ v[2]; v[2] = rol(v[2], 32)

    whole = len(data) // 8 * 8
    tail = data[whole:] + bytes(7 - len(data) % 8) + bytes([len(data) & 255])
    for (word,) in struct.iter_unpack("<Q", data[:whole] + tail):
        v[3] ^= word; rounds(2); v[0] ^= word
    v[2] ^= 0xEE; rounds(4); low = v[0] ^ v[1] ^ v[2] ^ v[3]
    v[1] ^= 0xDD; rounds(4); high = v[0] ^ v[1] ^ v[2] ^ v[3]
    return high << 64 | low


def speck(key, block):
    a, b = struct.unpack("<QQ", key)
    low, high = block & M, block >> 64
    for i in range(32):
        high = ((ror(high, 8) + low) & M) ^ a
        low = rol(low, 3) ^ high
        b = ((ror(b, 8) + a) & M) ^ i
        a = rol(a, 3) ^ b
    return high << 64 | low


SALT, VISITOR = 122, 3


def arm(key, salt, millionths, visitor):
    mixed = siphash128(bytes([SALT]) + salt.encode()) ^ siphash128(bytes([VISITOR]) + visitor.encode())
    drawn = (speck(key, mixed) >> 64) * 1_000_000 >> 64
    return "holdout" if drawn < millionths else "bot"


if __name__ == "__main__":
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["key", "salt", "millionths", "visitor", "arm"])
    for key in [b"sixteen secrets!", bytes(16), bytes(range(16))]:
        for salt in ["spring", "", "Übergröße 2026"]:
            for millionths in [1, 50_000, 500_000, 999_999]:
                for visitor in [f"v-{n}" for n in range(40)] + ["x" * 7, "y" * 8, "z" * 63, "größe"]:
                    out.writerow([key.hex(), salt, millionths, visitor, arm(key, salt, millionths, visitor)])

//! 2 to the power of minus a fraction, in integers: the same bits on every platform.

/// 2^(-`nanos` / `half_life`), rounded to a float, for a half-life above zero.
///
/// The whole half-lives are an exponent. Of the rest, each binary digit k stands for a factor 2^(-2^-k), taken
/// from a table of 64-bit fractions; the product is off by less than 2^-57.
pub(crate) fn decay(nanos: u64, half_life: u64) -> f64 {
    let halvings = nanos / half_life;
    if halvings >= 1_000 {
        return 0.0;
    }
    // The rest as a binary fraction of a half-life, 64 digits.
    let fraction = ((u128::from(nanos % half_life) << 64) / u128::from(half_life)) as u64;
    let factor = |product: u128, (digit, root): (u32, &u64)| {
        if fraction >> (63 - digit) & 1 == 1 { (product * u128::from(*root)) >> 64 } else { product }
    };
    // One as a fraction of 64 bits would need a 65th: the product starts at 2^64 and stays at or below.
    let product = (0..).zip(&ROOTS).fold(1_u128 << 64, factor);
    let mut weight = product as f64 / (1_u128 << 64) as f64;
    for _ in 0..halvings {
        weight /= 2.0;
    }
    weight
}

/// 2^(-1/2), 2^(-1/4), 2^(-1/8), ... as fractions of 2^64: each is the square root of the one before.
const ROOTS: [u64; 64] = {
    let mut roots = [0; 64];
    let mut square: u128 = 1 << 127; // one half, as a fraction of 2^128
    let mut digit = 0;
    while digit < 64 {
        let root = square.isqrt();
        roots[digit] = root as u64;
        square = root << 64;
        digit += 1;
    }
    roots
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_half_lives_are_exact() {
        for (halvings, weight) in [(0, 1.0), (1, 0.5), (2, 0.25), (10, 1.0 / 1024.0)] {
            assert_eq!(decay(halvings * 7, 7), weight);
        }
        assert_eq!(decay(u64::MAX, 1), 0.0);
    }

    #[test]
    fn fractions_agree_with_a_second_computation() {
        for step in 0..10_000_u64 {
            let (nanos, half_life) = (step * 7_919_000_000_001, 604_800_000_000_000);
            let halvings = nanos as f64 / half_life as f64;
            let (weight, expected) = (decay(nanos, half_life), (-halvings).exp2());
            // The float's own error grows with its exponent: at 119 halvings it is off by 1e-14, `decay` by 1e-16.
            let slack = expected * (halvings + 2.0) * f64::EPSILON;
            assert!((weight - expected).abs() <= slack, "{nanos}: {weight} {expected}");
        }
    }

    #[test]
    fn weights_never_rise_with_age() {
        let mut last = 1.0;
        for nanos in 0..5_000 {
            let weight = decay(nanos, 997);
            assert!(weight <= last);
            last = weight;
        }
    }
}

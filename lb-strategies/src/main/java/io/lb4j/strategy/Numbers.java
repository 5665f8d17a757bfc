package io.lb4j.strategy;

import com.google.common.math.LongMath;

/** What rotations and samplers need of number theory. */
final class Numbers {
    private static final double GOLDEN_SECTION = 0.6180339887498949;

    private Numbers() {}

    /** Whether two positive numbers have no divisor but 1 in common. */
    static boolean coprime(long a, long b) {
        return LongMath.gcd(a, b) == 1;
    }

    /** The number that has no divisor in common with {@code cycle} and is closest to its golden section. */
    static long goldenStride(long cycle) {
        long golden = Math.round(cycle * GOLDEN_SECTION);
        long off = 0;
        while (true) {
            if (coprime(golden + off, cycle)) {
                return golden + off;
            }
            if (golden > off && coprime(golden - off, cycle)) {
                return golden - off;
            }
            off++;
        }
    }
}

package io.lb4j.strategy;

import com.google.common.math.LongMath;

/** What rotations and samplers need of number theory. */
final class Numbers {
    private static final double GOLDEN_SECTION = 0.6180339887498949;

    private Numbers() {}

    /**
     * A number that looks as if it had nothing to do with {@code bits}: the finalizer of MurmurHash3 with the constants of
     * David Stafford's "Better Bit Mixing" (mix13), as in SplitMix64.
     */
    static long mix(long bits) {
        long mixed = (bits ^ (bits >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return mixed ^ (mixed >>> 31);
    }

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

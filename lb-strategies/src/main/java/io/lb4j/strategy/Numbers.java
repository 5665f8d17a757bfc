package io.lb4j.strategy;

import com.google.common.math.LongMath;

/** What rotations and samplers need of number theory. */
final class Numbers {
    private static final double GOLDEN_SECTION = 0.6180339887498949;

    private Numbers() {}

    /**
     * 2<sup>-times</sup> within 0.011 %, 0 if less than 2<sup>-1022</sup>; {@code times} is positive. A picker does this
     * twice in every pick, and {@link Math#exp} would be most of it.
     */
    static double halved(double times) {
        if (times >= Double.MAX_EXPONENT - 1) {
            return 0;
        }
        int exponent = (int) times + 1;
        double fraction = exponent - times;
        // The cubic closest to 2^fraction that is exact at 0 and 1, so the result has no jumps and always falls.
        double power = 1 + fraction * (0.69528559 + fraction * (0.2266911 + fraction * 0.07802331));
        return power * Double.longBitsToDouble((long) (Double.MAX_EXPONENT - exponent) << 52);
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

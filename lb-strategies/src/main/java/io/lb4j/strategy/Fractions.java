package io.lb4j.strategy;

/** Numbers in [0, 1) as unsigned multiples of 2^-64: a long of random bits is such a number as it stands. */
final class Fractions {
    private static final double TWO_TO_63 = 0x1p63;

    private Fractions() {}

    /** {@code value} as a fraction; 1 and more become the largest there is. */
    static long of(double value) {
        return value >= 1 ? -1L : (long) (value * TWO_TO_63) << 1;
    }

    /** The integer part of {@code fraction * n}: 0 to n - 1, each as likely as the others for random bits. */
    static int scale(long fraction, int n) {
        // One bit is given up so that both factors are signed and positive.
        return (int) Math.multiplyHigh(fraction >>> 1, (long) n << 1);
    }

    /** The fractional part of {@code fraction * n}, evenly spread and independent of the integer part. */
    static long remainder(long fraction, int n) {
        return (fraction >>> 1) * ((long) n << 1);
    }
}

package io.lb4j.strategy.decorator;

import io.lb4j.PickRequest;
import io.lb4j.XxHash64;
import java.util.random.RandomGenerator;

/**
 * The dice of decorators: random for most calls, but the same for equal keys, or a strategy that keeps keys in place
 * could not do so behind a decorator. Each decision has a salt of its own, so that one says nothing of the other, nor
 * of what the wrapped strategy makes of the key.
 */
final class Draw {
    private static final double TO_UNIT = 0x1p-53;

    private Draw() {}

    static long bits(PickRequest request, RandomGenerator random, long salt) {
        return request.hasHash() ? XxHash64.hash(request.hash(), salt) : random.nextLong();
    }

    /** From 0, inclusive, to 1. */
    static double unit(PickRequest request, RandomGenerator random, long salt) {
        return (bits(request, random, salt) >>> 11) * TO_UNIT;
    }

    /** From 0 to {@code bound - 1}. */
    static int below(int bound, PickRequest request, RandomGenerator random, long salt) {
        // One bit is given up so that both factors are signed and positive.
        return (int) Math.multiplyHigh(bits(request, random, salt) >>> 1, (long) bound << 1);
    }
}

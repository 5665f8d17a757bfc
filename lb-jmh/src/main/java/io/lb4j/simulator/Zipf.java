package io.lb4j.simulator;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Keys of which the n-th most popular comes 1/n times as often as the first. */
final class Zipf {
    private final double[] upTo;
    private final RandomGenerator random;

    Zipf(int keys, RandomGenerator random) {
        this.upTo = new double[keys];
        this.random = random;
        double sum = 0;
        for (int i = 0; i < keys; i++) {
            sum += 1.0 / (i + 1);
            upTo[i] = sum;
        }
    }

    /** The hash of the next call's key. */
    long next() {
        int found = Arrays.binarySearch(upTo, random.nextDouble() * upTo[upTo.length - 1]);
        return hash(found < 0 ? -found - 1 : found);
    }

    /** Of a key's number (the finalizer of SplitMix64, Steele, Lea, Flood 2014). */
    private static long hash(long number) {
        long z = (number + 1) * 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}

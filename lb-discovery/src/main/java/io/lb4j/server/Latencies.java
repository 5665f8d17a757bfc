package io.lb4j.server;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * How long calls took, by how many others were in flight when they arrived. A server of ten cores that works on two
 * calls says nothing about how it does with forty, so that the estimate for now is the median of recent calls that
 * arrived to a crowd of about today's size. Thread-safe and lock-free.
 */
/*
 * Prequal's estimator (Wydrowski et al., NSDI 2024, section 4). The paper leaves the data structure open. Here crowds
 * below 8 have a ring of their own each, larger ones share one of four per doubling; a ring keeps the last 32 calls, so
 * that at 1,000 calls a second it looks back the paper's "few hundredths of a second" by itself. A ring is made when its
 * first call ends: most servers only ever see a few sizes of crowd.
 *
 * A sample is one long, so that a reader never pairs one call's time with another's latency: 36 bits of time in units of
 * 2^20 ns, which come round after two years, and 28 bits of latency, a float without its last four bits (2 ppm).
 */
final class Latencies {
    private static final int EXACT = 8;
    private static final int PER_DOUBLING = 4;
    private static final int RINGS = EXACT + PER_DOUBLING * (Integer.SIZE - 1 - 3);
    static final int SAMPLES = 32;

    /** Fewer are not believed while there are others to ask. */
    private static final int ENOUGH = 8;

    /** A factor of two for large crowds, four calls for small ones. */
    private static final int NEAR = PER_DOUBLING;

    private static final int TIME_SHIFT = 20;
    private static final int LATENCY_BITS = 28;
    private static final int DROPPED_BITS = Float.SIZE - LATENCY_BITS;
    private static final long LATENCY_MASK = (1L << LATENCY_BITS) - 1;
    private static final long TIME_MASK = (1L << (Long.SIZE - LATENCY_BITS)) - 1;

    private static final long FRESH_NANOS = 1_000_000_000L;
    private static final long KNOWN_NANOS = 60_000_000_000L;

    private final long origin;
    private final AtomicReferenceArray<@Nullable Ring> rings = new AtomicReferenceArray<>(RINGS);

    Latencies(long nowNanos) {
        this.origin = nowNanos;
    }

    void record(int others, long latencyNanos, long nowNanos) {
        int index = ringOf(others);
        Ring ring = rings.get(index);
        if (ring == null) {
            rings.compareAndSet(index, null, new Ring());
            ring = rings.get(index);
        }
        if (ring != null) {
            ring.add((time(nowNanos) << LATENCY_BITS) | encoded(Math.max(1, latencyNanos)));
        }
    }

    /**
     * The median of recent calls that arrived when about this many others were in flight.
     *
     * @return nanoseconds, or NaN if no call ended within the last minute
     */
    double median(int others, long nowNanos) {
        float[] found = new float[ENOUGH + 2 * SAMPLES];
        int ring = ringOf(others);
        int count = collect(found, ring, NEAR, FRESH_NANOS, nowNanos);
        if (count < ENOUGH) {
            count = collect(found, ring, NEAR, KNOWN_NANOS, nowNanos);
        }
        if (count == 0) {
            // The size of the crowd changed at once. What it was like before is all that is known.
            count = collect(found, ring, RINGS, KNOWN_NANOS, nowNanos);
        }
        if (count == 0) {
            return Double.NaN;
        }
        Arrays.sort(found, 0, count);
        return count % 2 == 1 ? found[count / 2] : (found[count / 2 - 1] + found[count / 2]) / 2;
    }

    /** From the ring itself outwards, until there are enough. */
    private int collect(float[] found, int ring, int reach, long maxAgeNanos, long nowNanos) {
        long oldest = maxAgeNanos >> TIME_SHIFT;
        long now = time(nowNanos);
        int count = add(found, 0, ring, now, oldest);
        for (int distance = 1; distance <= reach && count < ENOUGH; distance++) {
            count = add(found, count, ring - distance, now, oldest);
            count = add(found, count, ring + distance, now, oldest);
        }
        return count;
    }

    private int add(float[] found, int count, int index, long now, long oldest) {
        Ring ring = index < 0 || index >= RINGS ? null : rings.get(index);
        if (ring == null) {
            return count;
        }
        int next = count;
        for (int i = 0; i < SAMPLES; i++) {
            long sample = ring.samples.get(i);
            // A sample may be a little younger than "now" was when it was read.
            long age = (now + 1 - (sample >>> LATENCY_BITS)) & TIME_MASK;
            if (sample != 0 && age <= oldest + 1) {
                found[next++] = Float.intBitsToFloat((int) (sample & LATENCY_MASK) << DROPPED_BITS);
            }
        }
        return next;
    }

    private long time(long nowNanos) {
        return ((nowNanos - origin) >> TIME_SHIFT) & TIME_MASK;
    }

    private static int encoded(long latencyNanos) {
        return Float.floatToRawIntBits((float) latencyNanos) >>> DROPPED_BITS;
    }

    static int ringOf(int others) {
        if (others < EXACT) {
            return Math.max(0, others);
        }
        int log = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(others);
        return EXACT + PER_DOUBLING * (log - 3) + ((others >>> (log - 2)) & (PER_DOUBLING - 1));
    }

    /** The last calls, the next one over the oldest. */
    private static final class Ring {
        final AtomicInteger next = new AtomicInteger();
        final AtomicLongArray samples = new AtomicLongArray(SAMPLES);

        void add(long sample) {
            samples.setRelease(next.getAndIncrement() & (SAMPLES - 1), sample);
        }
    }
}

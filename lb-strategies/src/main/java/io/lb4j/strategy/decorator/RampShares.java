package io.lb4j.strategy.decorator;

import io.lb4j.Candidate;
import io.lb4j.health.SlowStart;
import java.util.IdentityHashMap;
import java.util.List;

/** What part of the calls that fall on a new instance it takes. Thread-safe. */
final class RampShares {
    /*
     * An instance is to get factor x weight of the sum of all such products, as if the factor were in its weight. A choice
     * among all falls on it by its weight alone. So it takes the factor over the mean factor of what falls on it: for a
     * single newcomer among many the factor, for one of two instances nearly twice that.
     */
    private static final int REFRESHES = 256;

    private final SlowStart ramp;
    private final long[] since;
    private final double[] share;
    private final IdentityHashMap<Candidate, Integer> index = new IdentityHashMap<>();
    private final long last;
    private final long refreshNanos;

    /** Written by any pick: it is the same for all of them but for a 256th of the window. */
    private volatile double mean;

    private volatile long meanAt;

    RampShares(SlowStart ramp, List<Candidate> all, double[] weights, IdentityHashMap<Candidate, Long> ramping) {
        this.ramp = ramp;
        int size = ramping.size();
        this.since = new long[size];
        this.share = new double[size];
        double total = 0;
        for (double weight : weights) {
            total += weight;
        }
        int n = 0;
        for (int i = 0; i < weights.length; i++) {
            Long start = ramping.get(all.get(i));
            if (start != null) {
                since[n] = start;
                share[n] = weights[i] / total;
                index.put(all.get(i), n++);
            }
        }
        long newest = since[0];
        for (long each : since) {
            newest = each - newest > 0 ? each : newest;
        }
        this.last = newest;
        this.refreshNanos = ramp.window().toNanos() / REFRESHES;
        this.meanAt = newest;
        this.mean = mean(newest);
    }

    boolean isRamping(Candidate candidate) {
        return index.containsKey(candidate);
    }

    /** Whether all ramps have ended. */
    boolean over(long now) {
        return now - last >= ramp.window().toNanos();
    }

    /** From 0 to 1, for one that ramps. */
    double taken(Candidate candidate, long now) {
        if (now - meanAt > refreshNanos) {
            mean = mean(now);
            meanAt = now;
        }
        Integer i = index.get(candidate);
        return i == null ? 1 : Math.min(1, ramp.factor(now - since[i]) / mean);
    }

    private double mean(long now) {
        double missing = 0;
        for (int i = 0; i < since.length; i++) {
            missing += share[i] * (1 - ramp.factor(now - since[i]));
        }
        return 1 - missing;
    }
}

package io.lb4j.balancer;

import io.lb4j.health.OutlierDetection;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Finds instances that answer, but many times slower than the others of their priority. Lane only.
 *
 * <p>A call is slow if it takes longer than a multiple of the others' median; an instance stands out if most of its
 * calls are slow, if that is at least twice the share that the others have, and if it can't be chance ({@link Chance}).
 * Medians and shares, since means follow the rare long call. Each instance has one vote in what the others do, however
 * many calls it gets. Where half of the instances stand out there are two camps, and neither is the outlier.
 */
final class LatencyOutliers {
    private static final double MOST = 0.5;

    /** An instance must have so many times the others' share of slow calls. */
    private static final double TIMES_THE_OTHERS = 2;

    private final double factor;
    private final long floorNanos;
    private final int minimumVolume;
    private final Chance chance;
    private final long windowSeconds;
    private final long blindNanos;
    private final Map<Integer, Peers> byPriority = new HashMap<>();

    /** @param rampNanos how long slow start keeps an instance from being judged */
    LatencyOutliers(OutlierDetection settings, long rampNanos) {
        this.factor = settings.latencyFactor();
        this.floorNanos = settings.latencyFloor().toNanos();
        this.minimumVolume = settings.minimumVolume();
        this.chance = new Chance(settings.significance());
        this.windowSeconds = settings.window().toSeconds();
        this.blindNanos = rampNanos + settings.window().toNanos();
    }

    boolean isOn() {
        return factor > 0;
    }

    /** What the instances of one priority have in common. */
    private static final class Peers {
        /** The sum of their shares by bucket, each instance's adding up to 1. */
        private final double[] shares = new double[Latencies.BUCKETS];

        private int hosts;

        /** The sum of what one call of each weighs. */
        private double variance;

        private int outliers;
        private int ejected;

        void clear() {
            Arrays.fill(shares, 0);
            hosts = 0;
            variance = 0;
            outliers = 0;
            ejected = 0;
        }

        void add(Latencies of) {
            of.addSharesTo(shares);
            hosts++;
            variance += 1 / of.total();
        }

        /** The bucket with the median of all but this one, if it is one of them. */
        int median(@Nullable Latencies but) {
            double half = (hosts - (but == null ? 0 : 1)) / 2.0;
            double sum = 0;
            for (int i = 0; i < Latencies.BUCKETS; i++) {
                sum += shares[i] - (but == null ? 0 : but.share(i));
                if (sum >= half) {
                    return i;
                }
            }
            return Latencies.BUCKETS - 1;
        }
    }

    /** Takes in what was counted since the last tick, and finds out who stands out. */
    void tick(InstanceState[] all) {
        byPriority.values().forEach(Peers::clear);
        for (InstanceState state : all) {
            Latencies own = state.tracker(Latencies.KEY, Latencies::new);
            own.outlier = null;
            own.ejected &= state.isEjected();
            own.tick(state, windowSeconds, isJudged(state));
            Peers peers = peersOf(state);
            peers.ejected += own.ejected ? 1 : 0;
            if (hasVote(own)) {
                peers.add(own);
            }
        }
        for (InstanceState state : all) {
            compare(state.tracker(Latencies.KEY, Latencies::new), peersOf(state));
        }
        byPriority.values().removeIf(peers -> peers.hosts == 0 && peers.ejected == 0);
    }

    /** Not while it is out, which is no news, nor in slow start, which is for those that are slow at first. */
    private static boolean isJudged(InstanceState state) {
        return !state.isOut() && state.rampSince == null && !state.instance().isDraining();
    }

    private boolean hasVote(Latencies own) {
        return own.total() >= minimumVolume;
    }

    private Peers peersOf(InstanceState state) {
        return byPriority.computeIfAbsent(state.instance().priority(), priority -> new Peers());
    }

    private void compare(Latencies own, Peers peers) {
        boolean voter = hasVote(own);
        int others = peers.hosts - (voter ? 1 : 0);
        if (others == 0) {
            own.slowFrom(Long.MAX_VALUE);
            return;
        }
        int median = peers.median(voter ? own : null);
        long medianNanos = Latencies.endOf(median);
        int limit = Latencies.bucket((long) Math.max(factor * medianNanos, medianNanos + (double) floorNanos));
        long slowFrom = Latencies.endOf(limit);
        own.slowFrom(slowFrom);
        if (!voter) {
            return;
        }
        double here = 0;
        double elsewhere = 0;
        for (int i = limit + 1; i < Latencies.BUCKETS; i++) {
            here += own.share(i);
            elsewhere += peers.shares[i] - own.share(i);
        }
        elsewhere = Math.min(1, Math.max(0, elsewhere / others));
        double calls = own.total();
        // A mean of shares is as sure as one share of so many calls.
        double callsElsewhere = others * (double) others / Math.max(1e-9, peers.variance - 1 / calls);
        if (here >= MOST
                && here >= TIMES_THE_OTHERS * elsewhere
                && chance.excludedFor(here * calls, calls, elsewhere * callsElsewhere, callsElsewhere)) {
            peers.outliers++;
            own.outlier = String.format(
                    Locale.ROOT,
                    "%.0f %% of its calls took longer than %s, and %.1f %% of the others', whose median is %s",
                    100 * here,
                    text(slowFrom),
                    100 * elsewhere,
                    text(medianNanos));
        }
    }

    private static String text(long nanos) {
        return nanos < TimeUnit.MILLISECONDS.toNanos(10)
                ? String.format(Locale.ROOT, "%.1f ms", nanos / 1e6)
                : TimeUnit.NANOSECONDS.toMillis(nanos) + " ms";
    }

    /** Why the instance stands out, or null if it doesn't. */
    @Nullable
    String judge(InstanceState state) {
        Latencies own = Latencies.of(state);
        if (own == null || own.outlier == null || state.isEjected()) {
            return null;
        }
        Peers peers = peersOf(state);
        int most = Math.max(1, (peers.hosts + peers.ejected - 1) / 2);
        return peers.outliers + peers.ejected <= most ? own.outlier : null;
    }

    /** The instance was ejected for what {@link #judge} said. */
    void ejected(InstanceState state) {
        state.tracker(Latencies.KEY, Latencies::new).ejected = true;
    }

    /** Whether a trial call that succeeded was slow again, in which case it proves nothing. */
    boolean isSlow(Trial trial, Duration took) {
        Latencies own = Latencies.of(trial.state);
        return own != null && own.ejected && took.toNanos() > own.slowFrom();
    }

    /** The instance is back: good time counts from when it can be seen, or else ejections would never grow. */
    void returned(InstanceState state) {
        Latencies own = Latencies.of(state);
        if (own != null && own.ejected) {
            own.ejected = false;
            state.passive().returnedAt += blindNanos;
        }
    }
}

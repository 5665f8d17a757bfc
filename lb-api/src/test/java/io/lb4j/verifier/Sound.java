package io.lb4j.verifier;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Tracker;
import java.util.concurrent.atomic.AtomicLong;

/** Strategies as they should be: simple ones, which the verifier must have nothing against. */
final class Sound {
    private Sound() {}

    /** Evenly at random. */
    static Strategy uniform() {
        return eligible -> request -> eligible.get(eligible.random().nextInt(eligible.size()));
    }

    /** At random by weight. */
    static Strategy weighted() {
        return eligible -> {
            double[] bounds = new double[eligible.size()];
            double sum = 0;
            for (int i = 0; i < bounds.length; i++) {
                sum += eligible.weight(i);
                bounds[i] = sum;
            }
            double total = sum;
            return request -> {
                double point = eligible.random().nextDouble() * total;
                int i = 0;
                while (i < bounds.length - 1 && bounds[i] <= point) {
                    i++;
                }
                return eligible.get(i);
            };
        };
    }

    /** In turn. */
    static Strategy rotation() {
        StateKey<AtomicLong> position = StateKey.create("position");
        return eligible -> {
            AtomicLong next = eligible.state(position, AtomicLong::new);
            return request -> eligible.get((int) Math.floorMod(next.getAndIncrement(), (long) eligible.size()));
        };
    }

    /** At random, but not where the last call failed. */
    static Strategy learning() {
        StateKey<Failures> key = StateKey.create("failures");
        return eligible -> {
            Failures[] seen = new Failures[eligible.size()];
            for (int i = 0; i < seen.length; i++) {
                seen[i] = eligible.get(i).tracker(key, Failures::new);
            }
            return request -> {
                int first = eligible.random().nextInt(seen.length);
                return eligible.get(seen[first].lastFailed ? (first + 1) % seen.length : first);
            };
        };
    }

    private static final class Failures implements Tracker {
        private volatile boolean lastFailed;

        @Override
        public boolean timed() {
            return false;
        }

        @Override
        public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
            lastFailed = outcome.isFailure();
        }
    }

    /** The instance that the key likes best; calls without a key at random. */
    static Strategy affinity() {
        return eligible -> {
            long[] ids = ids(eligible);
            return request -> eligible.get(
                    request.hasHash()
                            ? best(eligible, ids, request)
                            : eligible.random().nextInt(ids.length));
        };
    }

    static long[] ids(Eligible eligible) {
        long[] ids = new long[eligible.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = PickRequest.ofKey(eligible.get(i).instance().id()).hash();
        }
        return ids;
    }

    /** Rendezvous hashing: the one of the highest score which this call has not failed on yet. */
    static int best(Eligible eligible, long[] ids, PickRequest request) {
        int best = 0;
        long highest = Long.MIN_VALUE;
        for (int i = 0; i < ids.length; i++) {
            long score = mix(request.hash() ^ ids[i]);
            Candidate each = eligible.get(i);
            if (score >= highest && !request.excludes(each)) {
                best = i;
                highest = score;
            }
        }
        return best;
    }

    private static long mix(long value) {
        long mixed = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return mixed ^ (mixed >>> 31);
    }

    /** The picker of a sound strategy, for those that are only slightly wrong. */
    static Picker uniformPicker(Eligible eligible) {
        return uniform().newPicker(eligible);
    }
}

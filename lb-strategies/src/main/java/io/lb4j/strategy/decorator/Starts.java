package io.lb4j.strategy.decorator;

import io.lb4j.Candidate;
import java.util.Collection;
import java.util.IdentityHashMap;
import org.jspecify.annotations.Nullable;

/** Which candidates have begun, and when. Used by one thread at a time. */
final class Starts {
    /** What was there last time; the value is null for candidates that don't ramp. */
    private @Nullable IdentityHashMap<Candidate, @Nullable Long> known;

    /**
     * Takes note of the set as it is now.
     *
     * @return those whose ramp has not ended, with its beginning
     */
    IdentityHashMap<Candidate, Long> update(Collection<Candidate> now, long nowNanos, long windowNanos) {
        IdentityHashMap<Candidate, @Nullable Long> before = known;
        IdentityHashMap<Candidate, @Nullable Long> next = new IdentityHashMap<>();
        IdentityHashMap<Candidate, Long> ramping = new IdentityHashMap<>();
        for (Candidate candidate : now) {
            Long since = null;
            // The first set is as old as we are: nobody in it is newer than the others.
            if (before != null) {
                since = before.containsKey(candidate) ? before.get(candidate) : Long.valueOf(nowNanos);
            }
            if (since != null && nowNanos - since >= windowNanos) {
                since = null;
            }
            next.put(candidate, since);
            if (since != null) {
                ramping.put(candidate, since);
            }
        }
        known = next;
        return ramping;
    }

    static Long oldest(IdentityHashMap<Candidate, Long> ramping) {
        return ramping.values().stream().reduce((a, b) -> a - b <= 0 ? a : b).orElseThrow();
    }

    /** Whether all of so many candidates have begun at once, so that none has to stand back for another. */
    static boolean allAlike(IdentityHashMap<Candidate, Long> ramping, int size) {
        return ramping.size() == size && ramping.values().stream().distinct().count() == 1;
    }
}

package io.lb4j.retry;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Keeps hedges to a share of the calls, in every stretch of {@code burst / share} calls and from the first call on.
 * Thread-safe, without locks and without garbage.
 *
 * <p>A token bucket of the same size would let a stretch that follows a quiet one have twice the share. Here each of
 * {@code burst} places remembers the call at which it was last taken, and may be taken again {@code burst / share} calls
 * later, so that a stretch of so many calls can't have more hedges than there are places. (Rest.li's BurstyBarrier gives
 * the same promise.)
 */
final class HedgeBudget {
    private final long stretch;
    private final AtomicLongArray takenAt;
    private final AtomicLong calls = new AtomicLong();

    /** Where the place may be that was taken the longest ago: a hint, on which only the order depends. */
    private final AtomicLong taken = new AtomicLong();

    HedgeBudget(double share, int burst) {
        this.stretch = (long) Math.ceil(burst / share - 1e-9);
        this.takenAt = new AtomicLongArray(burst);
        for (int i = 0; i < burst; i++) {
            // As if there had been hedges at even distances: a service that starts has saved up nothing.
            takenAt.set(i, (long) Math.ceil((i + 1) / share - 1e-9) - stretch);
        }
    }

    void onCall() {
        calls.getAndIncrement();
    }

    /** Whether a hedge would be allowed at this moment. */
    boolean hasRoom() {
        return calls.get() - takenAt.get(place(taken.get())) >= stretch;
    }

    /** Allows one hedge, or not. */
    boolean tryTake() {
        for (; ; ) {
            long turn = taken.get();
            int place = place(turn);
            long before = takenAt.get(place);
            long now = calls.get();
            if (now - before < stretch) {
                return false;
            }
            if (takenAt.compareAndSet(place, before, now)) {
                taken.compareAndSet(turn, turn + 1);
                return true;
            }
        }
    }

    private int place(long turn) {
        return (int) (turn % takenAt.length());
    }
}

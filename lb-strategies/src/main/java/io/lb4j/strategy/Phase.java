package io.lb4j.strategy;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How far a rotation has come, as an unsigned fraction of a turn; outlives pickers and wraps by itself.
 *
 * <p>One number gives an exact order, but threads on two cores that fetch it from each other spend more time on that than
 * on everything else in a pick. So when picks have got in each other's way a few times the rotation goes on in stripes:
 * each is exact by itself, and threads of a pool are on different ones. Then the counts of two instances differ by no
 * more than there are stripes, and the order, which concurrent callers can't tell, is that of each stripe.
 */
final class Phase {
    /** The golden section: far from every simple fraction, so that a start of 0 is not between two candidates, where rounding decides. */
    private static final long OFFSET = 0x9E3779B97F4A7C15L;

    /** Picks that meet by chance now and then are no reason to give up the exact order. */
    private static final int TOLERATED = 64;

    private static final int MAX_STRIPES = 64;

    /** In longs: two lines of 64 bytes, as processors fetch the neighbour of a line with it. */
    private static final int STRIDE = 16;

    private static final VarHandle AT;
    private static final VarHandle STRIPE = MethodHandles.arrayElementVarHandle(long[].class);

    static {
        try {
            AT = MethodHandles.lookup().findVarHandle(Phase.class, "at", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int stripeCount;

    @SuppressWarnings("UnusedVariable") // by VarHandle
    private long at;

    /** How often picks met; a lost count does not matter. */
    private int met;

    private long @Nullable [] stripes;

    /** Whom the last picker went round, with which weights. */
    private @Nullable Members last;

    /** @param start random, so that many clients that start at once do not all begin with the same instance */
    Phase(long start) {
        this(start, Runtime.getRuntime().availableProcessors());
    }

    Phase(long start, int processors) {
        this.at = start + OFFSET;
        // Twice the processors, so that few of the threads that run at once share a stripe. Alone, nobody meets.
        this.stripeCount = Math.min(MAX_STRIPES, Integer.highestOneBit(Math.max(1, processors)) * 2);
    }

    /** Where the rotation stands; it moves on by {@code step}. */
    long next(long step) {
        long[] striped = stripes;
        if (striped == null) {
            long now = (long) AT.getOpaque(this);
            return AT.compareAndSet(this, now, now + step) ? now : afterMeeting(step);
        }
        // Threads of a pool have ids in a row.
        int stripe = (int) Thread.currentThread().getId() & (stripeCount - 1);
        return (long) STRIPE.getAndAdd(striped, (stripe + 1) * STRIDE, step);
    }

    private long afterMeeting(long step) {
        if (++met > TOLERATED) {
            stripe();
        }
        return (long) AT.getAndAdd(this, step);
    }

    private synchronized void stripe() {
        if (stripes == null) {
            long[] striped = new long[(stripeCount + 1) * STRIDE];
            // Evenly over the turn, so that threads at the same pace don't all come to the same instance.
            for (int i = 0; i < stripeCount; i++) {
                striped[(i + 1) * STRIDE] =
                        (long) AT.getVolatile(this) + i * (Long.divideUnsigned(-1, stripeCount) + 1);
            }
            VarHandle.releaseFence();
            stripes = striped;
        }
    }

    /**
     * The phase for a picker of these. If weights have changed it goes on from elsewhere: steps of a W-th of the turn
     * come to the same W points again and again, and weights that change at the same pace, every pick at worst, would
     * be seen at some of them only. {1, 2, 1} and {2, 1, 1} in turn gave the first instance 50 % of the calls, with 37.5 % due.
     * What all have the same weight goes on from where it was, so that no update makes a rotation skip or repeat one.
     */
    synchronized Phase of(Members members) {
        Members before = last;
        last = members;
        if (before != null
                && !(before.equalWeights() && members.equalWeights())
                && !(Arrays.equals(before.weights, members.weights)
                        && Arrays.equals(before.candidates, members.candidates))) {
            AT.getAndAdd(this, OFFSET);
            long[] striped = stripes;
            for (int i = 0; striped != null && i < stripeCount; i++) {
                STRIPE.getAndAdd(striped, (i + 1) * STRIDE, OFFSET);
            }
        }
        return this;
    }

    int stripeCount() {
        return stripeCount;
    }

    boolean isStriped() {
        return stripes != null;
    }
}

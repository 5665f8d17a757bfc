package io.lb4j.balancer;

import io.lb4j.Ticker;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How many checks may be under way at a time, and whose turn it is: ten thousand instances must not have ten thousand
 * connections opened to them at once. Balancers take turns, however many instances each has, and a balancer's checks
 * come in the order they became due. Thread-safe.
 *
 * <p>Checks that are expected to be slow, since the last one of that instance was, get half of the slots at most: a
 * black hole holds its slot for the whole time-out, and a few hundred of them would leave none to the others.
 *
 * <p>A slot is lent for the check's time-out and {@link #GRACE_NANOS} more, and then given to somebody who waits: an application that
 * shuts down its scheduler and leaves the balancer open loses the timers that would have given its slots back.
 */
final class CheckSlots {
    /** One set for all balancers of the process. */
    static final CheckSlots SHARED = new CheckSlots(256, Ticker.system());

    /** Far longer than a timer is late. */
    static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final int slots;
    private final Ticker ticker;
    private final Tier prompt;
    private final Tier slow;
    private final Set<Turn> holders = new LinkedHashSet<>();
    private boolean slowNext;

    CheckSlots(int slots, Ticker ticker) {
        this.slots = slots;
        this.ticker = ticker;
        this.prompt = new Tier(slots);
        this.slow = new Tier(Math.max(1, slots / 2));
    }

    /** A line of its own for one balancer. */
    Line line() {
        return new Line();
    }

    synchronized int taken() {
        return holders.size();
    }

    synchronized int waiting() {
        return prompt.waiting() + slow.waiting();
    }

    /** Those who wait for one kind of slots, by line. */
    private static final class Tier {
        final int most;
        final Deque<Set<Turn>> lines = new ArrayDeque<>();
        int taken;

        Tier(int most) {
            this.most = most;
        }

        @Nullable
        Turn next() {
            if (taken >= most) {
                return null;
            }
            Set<Turn> line = lines.poll();
            if (line == null) {
                return null;
            }
            Iterator<Turn> first = line.iterator();
            Turn turn = first.next();
            first.remove();
            if (!line.isEmpty()) {
                lines.add(line);
            }
            return turn;
        }

        int waiting() {
            return lines.stream().mapToInt(Set::size).sum();
        }
    }

    /** One balancer's place among the others. */
    final class Line {
        private final Set<Turn> promptTurns = new LinkedHashSet<>();
        private final Set<Turn> slowTurns = new LinkedHashSet<>();

        private Line() {}

        /**
         * Asks for a slot.
         *
         * @param expectedSlow whether the check is likely to hold it for its whole time-out
         * @param timeoutNanos that time-out
         * @param granted told once when there is one, at once or later, by whatever thread freed it; must be quick
         * @return to be {@linkplain Turn#end ended}, whether it came or not
         */
        Turn enter(boolean expectedSlow, long timeoutNanos, Runnable granted) {
            Turn turn = expectedSlow
                    ? new Turn(slow, slowTurns, timeoutNanos, granted)
                    : new Turn(prompt, promptTurns, timeoutNanos, granted);
            List<Turn> admitted;
            synchronized (CheckSlots.this) {
                if (turn.line.isEmpty()) {
                    turn.tier.lines.add(turn.line);
                }
                turn.line.add(turn);
                admitted = admit();
            }
            admitted.forEach(each -> each.granted.run());
            return turn;
        }

        /**
         * Whether checks of this balancer wait. Those that do can't notice that slots are overdue, so somebody has to
         * {@linkplain #reclaim look} for them.
         */
        boolean waits() {
            synchronized (CheckSlots.this) {
                return !promptTurns.isEmpty() || !slowTurns.isEmpty();
            }
        }

        /** Gives slots that nobody gave back in time to those who wait. */
        void reclaim() {
            List<Turn> admitted;
            synchronized (CheckSlots.this) {
                long now = ticker.nanos();
                holders.removeIf(each -> {
                    boolean overdue = now - each.grantedAt - GRACE_NANOS > each.timeoutNanos;
                    each.tier.taken -= overdue ? 1 : 0;
                    return overdue;
                });
                admitted = admit();
            }
            admitted.forEach(each -> each.granted.run());
        }
    }

    /** One check's claim to a slot. */
    final class Turn {
        private final Tier tier;
        private final Set<Turn> line;
        private final long timeoutNanos;
        private final Runnable granted;

        /** While it holds a slot. */
        private long grantedAt;

        private Turn(Tier tier, Set<Turn> line, long timeoutNanos, Runnable granted) {
            this.tier = tier;
            this.line = line;
            this.timeoutNanos = timeoutNanos;
            this.granted = granted;
        }

        /** Frees the slot or, if it never came, stops waiting for it. Idempotent. */
        void end() {
            List<Turn> admitted;
            synchronized (CheckSlots.this) {
                if (holders.remove(this)) {
                    tier.taken--;
                } else if (line.remove(this) && line.isEmpty()) {
                    tier.lines.removeIf(Set::isEmpty);
                }
                admitted = admit();
            }
            admitted.forEach(each -> each.granted.run());
        }
    }

    /** Hands out free slots, to slow and prompt ones by turns where both wait. */
    private List<Turn> admit() {
        List<Turn> admitted = new ArrayList<>(1);
        while (holders.size() < slots) {
            Turn next = slowNext ? slow.next() : prompt.next();
            if (next == null) {
                next = slowNext ? prompt.next() : slow.next();
            }
            if (next == null) {
                break;
            }
            slowNext = !slowNext;
            next.grantedAt = ticker.nanos();
            next.tier.taken++;
            holders.add(next);
            admitted.add(next);
        }
        return admitted;
    }
}

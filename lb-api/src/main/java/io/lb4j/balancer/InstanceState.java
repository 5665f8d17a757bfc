package io.lb4j.balancer;

import io.lb4j.Candidate;
import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.StateKey;
import io.lb4j.Tracker;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All that the balancer knows of one instance, for as long as it stays at its address. Callers write the counters,
 * only the lane writes the rest.
 *
 * <p>Calls started and calls in flight share one word, so that one atomic add at each end of a call serves the in-flight
 * count, the volume and (less the failures) the successes, and a strategy that compares loads reads one number.
 */
final class InstanceState implements Candidate {
    private static final VarHandle CALLS = counter("calls");
    private static final VarHandle IGNORED = counter("ignored");
    private static final VarHandle STREAK = counter("streak");

    /** More calls at a time than there are ports to make them from. */
    private static final int IN_FLIGHT_BITS = 24;

    private static final long START = (1L << IN_FLIGHT_BITS) + 1;
    private static final int IN_FLIGHT_MASK = (1 << IN_FLIGHT_BITS) - 1;

    private static final StateKey<Limiter> LIMITER = StateKey.create("concurrency limit");

    private record Slot(StateKey<?> key, Tracker tracker) {}

    /** The trackers as of one moment; replaced when one is added. */
    static final class Trackers {
        static final Trackers NONE = new Trackers(new Slot[0]);

        private final Slot[] slots;

        /** Whether any of them needs to know the time. */
        final boolean timed;

        /** Whether any of them might want a load report, as the strategy's own do. */
        final boolean reports;

        private Trackers(Slot[] slots) {
            this.slots = slots;
            this.timed = Arrays.stream(slots).anyMatch(slot -> slot.tracker.timed());
            this.reports = Arrays.stream(slots).anyMatch(slot -> slot.key != LIMITER && slot.key != Latencies.KEY);
        }

        boolean isEmpty() {
            return slots.length == 0;
        }

        @SuppressWarnings("unchecked") // a slot's tracker was made by the factory passed with its key
        private <T extends Tracker> @Nullable T find(StateKey<T> key) {
            for (Slot slot : slots) {
                if (slot.key == key) {
                    return (T) slot.tracker;
                }
            }
            return null;
        }

        private Trackers with(Slot added) {
            Slot[] grown = Arrays.copyOf(slots, slots.length + 1);
            grown[slots.length] = added;
            return new Trackers(grown);
        }
    }

    /** In the lower bits calls in flight, above them calls started that were not yet {@link #carry carried}. */
    @SuppressWarnings("unused") // by VarHandle
    private long calls;

    /** Failures in a row. Next to the word, as the end of each call reads both. */
    @SuppressWarnings("unused") // by VarHandle
    private long streak;

    /** Calls started that the word has no more room for; written by the lane. */
    private volatile long carried;

    @SuppressWarnings("unused") // by VarHandle
    private long ignored;

    private volatile @Nullable Marks marks;

    private volatile ServiceInstance instance;
    private volatile Trackers trackers = Trackers.NONE;

    /** How many calls it may have at a time, or null if as many as come. */
    private final @Nullable Limiter limiter;

    /** Where this candidate stands in the current routing; written by the lane, a stale value costs a scan. */
    int index = -1;

    /** Lane only: the roster's mark. */
    int stamp;

    final Flow flow = new Flow();

    /** Lane only: made by calls, and dropped when there were none for a while. */
    Stalls.@Nullable Pulse pulse;

    /**
     * Passive health's memory, made when there is something to remember: of ten thousand instances few ever fail.
     * Written by the lane, read by reports.
     */
    volatile @Nullable Passive passive;

    /** Active health's memory, made when the first check is planned. Written by the lane. */
    volatile @Nullable Active active;

    /** Lane only: made by the first goodbye. */
    @Nullable
    Departure departure;

    /** Lane only: when the current ramp began, or null at full weight. */
    @Nullable
    Long rampSince;

    /** Passive health's memory; see {@link Ejections} and {@link Outliers}. */
    static final class Passive {
        boolean ejected;
        long ejectedUntil;

        /** Set from the end of the ejection's time until a call has shown how the instance is. */
        @Nullable
        Trial trial;

        long lastEjectionNanos;
        long returnedAt;

        /** Also read by reports, on any thread. */
        volatile int ejections;

        boolean overloaded;
        long overloadedUntil;
        String reason = "";

        /** The one timer that ends either, and when. */
        Scheduler.@Nullable Task release;

        long releaseAt;

        long seenFailed;

        /** Calls that failed in the second before the last tick. */
        long newlyFailed;

        /** The number of the run of failures that was last found too long, and when that was. */
        int suspectedRun = -1;

        long suspectedAt;

        /** Failures since the last tick that are the fault of one endpoint. */
        long excused;

        /** What the window held at the last tick. */
        int windowCalls;

        int windowFailed;

        @Nullable
        FailureWindow window;

        boolean out() {
            return ejected || overloaded;
        }

        /** Whether time alone will change something. */
        boolean waits() {
            return overloaded || (ejected && trial == null);
        }

        /** When time changes something next; asked only while it {@link #waits}. */
        long nextEnd() {
            if (!ejected || trial != null) {
                return overloadedUntil;
            }
            return overloaded && overloadedUntil - ejectedUntil < 0 ? overloadedUntil : ejectedUntil;
        }
    }

    /** Active health's memory; see {@link HealthChecker}. */
    static final class Active {
        boolean unhealthy;
        int good;
        int bad;
        String detail = "";

        /** Whether a check failed during the ejection that runs, or was failing when it began. */
        boolean sawTrouble;

        /** Whether failing calls asked for a check that has not begun. Also written by callers. */
        volatile boolean checkWanted;

        /** Also read by reports, on any thread. */
        volatile @Nullable LastCheck last;
    }

    /** How the last check ended; times as of the balancer's clock. */
    record LastCheck(boolean healthy, String detail, long endedAt, long tookNanos) {}

    InstanceState(ServiceInstance instance) {
        this(instance, null);
    }

    InstanceState(ServiceInstance instance, Limiter.@Nullable Factory limits) {
        this.instance = instance;
        this.limiter = limits == null ? null : limits.make(this);
        if (limiter != null && limiter.learns()) {
            trackers = Trackers.NONE.with(new Slot(LIMITER, limiter));
        }
    }

    @Override
    public ServiceInstance instance() {
        return instance;
    }

    /** Lane only. */
    Passive passive() {
        Passive known = passive;
        if (known == null) {
            known = new Passive();
            passive = known;
        }
        return known;
    }

    /** Lane only. */
    Active active() {
        Active known = active;
        if (known == null) {
            known = new Active();
            active = known;
        }
        return known;
    }

    boolean isEjected() {
        Passive known = passive;
        return known != null && known.ejected;
    }

    /** Whether passive health keeps the instance out. */
    boolean isOut() {
        Passive known = passive;
        return known != null && known.out();
    }

    int ejections() {
        Passive known = passive;
        return known == null ? 0 : known.ejections;
    }

    void describe(ServiceInstance value) {
        instance = value;
    }

    @Override
    public int inFlight() {
        return (int) (long) CALLS.getVolatile(this) & IN_FLIGHT_MASK;
    }

    @Override
    public <T extends Tracker> T tracker(StateKey<T> key, Supplier<? extends T> factory) {
        T known = trackers.find(key);
        return known != null ? known : addTracker(key, factory);
    }

    <T extends Tracker> @Nullable T find(StateKey<T> key) {
        return trackers.find(key);
    }

    private synchronized <T extends Tracker> T addTracker(StateKey<T> key, Supplier<? extends T> factory) {
        T known = trackers.find(key);
        if (known != null) {
            return known;
        }
        T created = factory.get();
        if (created == null) {
            throw new IllegalStateException("tracker " + key + ": the factory returned null (expected: a tracker)");
        }
        // Read now, since the factory may have asked for trackers itself.
        Trackers seen = trackers;
        trackers = seen.with(new Slot(key, created));
        return created;
    }

    /** The trackers as of now, to be told of one call's start and its end: both or neither. */
    Trackers trackers() {
        return trackers;
    }

    /** Tells every tracker, whatever another one throws: who saw a start must see the end. */
    void startAll(Trackers told, long nowNanos, Leases owner) {
        for (Slot slot : told.slots) {
            try {
                slot.tracker.onStart(nowNanos);
            } catch (Throwable e) {
                owner.trackerThrew(this, e);
            }
        }
    }

    void endAll(Trackers told, Outcome outcome, long startNanos, long nowNanos, Leases owner) {
        for (Slot slot : told.slots) {
            try {
                slot.tracker.onEnd(outcome, startNanos, nowNanos);
            } catch (Throwable e) {
                owner.trackerThrew(this, e);
            }
        }
    }

    void reportAll(Trackers told, LoadReport report, long nowNanos, Leases owner) {
        for (Slot slot : told.slots) {
            try {
                slot.tracker.onLoadReport(report, nowNanos);
            } catch (Throwable e) {
                owner.trackerThrew(this, e);
            }
        }
    }

    /** How many calls it may have at a time; {@code Integer.MAX_VALUE} if it is not limited. */
    int limit() {
        return limiter == null ? Integer.MAX_VALUE : limiter.limit();
    }

    /** Whether one more call may start, as of this moment. */
    boolean hasRoom() {
        return limiter == null || inFlight() < limiter.limit();
    }

    /** Counts a call as started if there is room for it. Never lets in one too many, nor refuses while there is room. */
    boolean tryStart() {
        int limit = limit();
        for (; ; ) {
            long now = (long) CALLS.getVolatile(this);
            if (((int) now & IN_FLIGHT_MASK) >= limit) {
                return false;
            }
            if (CALLS.compareAndSet(this, now, now + START)) {
                return true;
            }
        }
    }

    void started() {
        CALLS.getAndAdd(this, START);
    }

    void succeeded() {
        if ((long) STREAK.getOpaque(this) != 0) {
            startStreakAt(0);
        }
        CALLS.getAndAdd(this, -1L);
    }

    /** Counts an end other than success; returns the length of the run of failures it prolonged, 0 if it did not. */
    long ended(Outcome outcome) {
        long run = 0;
        if (outcome.isFailure()) {
            marks().failed(outcome);
            run = (long) STREAK.getAndAdd(this, 1L) + 1;
        } else {
            IGNORED.getAndAdd(this, 1L);
        }
        CALLS.getAndAdd(this, -1L);
        return run;
    }

    /** Notes that a call failed; returns whether the lane must be told, since the instance is checked and no check waits. */
    boolean wantCheck() {
        Active known = active;
        if (known == null || known.checkWanted) {
            return false;
        }
        known.checkWanted = true;
        return true;
    }

    Marks marks() {
        Marks known = marks;
        return known != null ? known : makeMarks();
    }

    private synchronized Marks makeMarks() {
        Marks known = marks;
        if (known == null) {
            known = new Marks();
            marks = known;
        }
        return known;
    }

    void startStreakAt(long value) {
        STREAK.setVolatile(this, value);
        Marks known = marks;
        if (known != null) {
            known.endStreaks();
        }
    }

    long streak() {
        return (long) STREAK.getVolatile(this);
    }

    long endedCount() {
        long now = (long) CALLS.getVolatile(this);
        return carried + (now >>> IN_FLIGHT_BITS) - (now & IN_FLIGHT_MASK);
    }

    /** Lane only: makes room for more calls to be counted, long before there is none: after 2^39. */
    void carry() {
        if ((long) CALLS.getVolatile(this) < 0) {
            CALLS.getAndAdd(this, Long.MIN_VALUE);
            long sum = carried + (1L << (Long.SIZE - 1 - IN_FLIGHT_BITS));
            carried = sum;
        }
    }

    long failedCount() {
        Marks known = marks;
        return known == null ? 0 : known.failedCount();
    }

    long timedOutCount() {
        Marks known = marks;
        return known == null ? 0 : known.timedOutCount();
    }

    long ignoredCount() {
        return (long) IGNORED.getVolatile(this);
    }

    @Override
    public String toString() {
        return instance.id() + "[inFlight=" + inFlight() + "]";
    }

    private static VarHandle counter(String name) {
        try {
            return MethodHandles.lookup().findVarHandle(InstanceState.class, name, long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }
}

package io.lb4j.balancer;

import static io.lb4j.balancer.Interleavings.check;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.Outcome;
import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.StateKey;
import io.lb4j.Tracker;
import io.lb4j.health.OutlierDetection;
import io.lb4j.retry.RetryBudget;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The lock-free parts under Lincheck's model checker, which goes through the orders in which threads can interleave. */
@Tag("lincheck")
@Timeout(value = 4, unit = TimeUnit.MINUTES) // seconds of work, but on a busy machine they stretch
final class LincheckTest {
    private static final ServiceInstance INSTANCE = ServiceInstance.of("h", 1);

    @ParameterizedTest
    @ValueSource(
            classes = {
                LeaseClose.class,
                InFlight.class,
                Notes.class,
                Lane.class,
                Budget.class,
                Floor.class,
                OneTracker.class,
                LaneMemory.class,
                OneTrial.class,
                OneMarks.class,
                Homecoming.class,
                EndpointPlaces.class
            })
    void part_underEveryInterleaving_keepsItsPromise(Class<?> part) {
        Interleavings.explore(part);
    }

    /** Of all closes of one lease one counts, be it that of the answer or that of a caller who gives up. */
    public static final class LeaseClose {
        private static final Leases IDLE = new Rig().builder().build().leases();

        private final Lease lease = new Lease(IDLE, new InstanceState(INSTANCE), null);

        @Operation
        public boolean close() {
            return lease.close(Outcome.SUCCESS);
        }

        @Operation
        public boolean cancel() {
            return lease.close(Outcome.IGNORED);
        }
    }

    /** The same with three threads at once, and the call is counted once, as what the close that counted said. */
    @Test
    void lease_closedThreeWaysAtOnce_countsOnce() {
        Interleavings.exploreThree(ThreeCloses.class);
    }

    /** See {@link #lease_closedThreeWaysAtOnce_countsOnce}. */
    public static final class ThreeCloses {
        private static final Leases IDLE = new Rig().builder().build().leases();

        private final InstanceState state = new InstanceState(INSTANCE);
        private final Lease lease = new Lease(IDLE, state, null);
        private final AtomicInteger counted = new AtomicInteger();
        private volatile Outcome as = Outcome.SUCCESS;

        @Operation
        public boolean succeed() {
            return close(Outcome.SUCCESS);
        }

        @Operation
        public boolean fail() {
            return close(Outcome.TIMEOUT);
        }

        @Operation
        public boolean giveUp() {
            return close(Outcome.IGNORED);
        }

        private boolean close(Outcome outcome) {
            boolean first = lease.close(outcome);
            if (first) {
                counted.incrementAndGet();
                as = outcome;
            }
            return first;
        }

        @Validate
        public void countedOnce() {
            int once = counted.get();
            check(once <= 1, "closed " + once + " times");
            check(state.endedCount() == once, "ended " + state.endedCount());
            check(state.inFlight() == 1 - once, "in flight " + state.inFlight());
            check(state.failedCount() == (as == Outcome.TIMEOUT ? 1 : 0), "failed " + state.failedCount());
            check(state.ignoredCount() == (as == Outcome.IGNORED ? 1 : 0), "ignored " + state.ignoredCount());
        }
    }

    /** The number of calls in flight is never negative, and exact when nothing moves. */
    public static final class InFlight {
        private final InstanceState state = new InstanceState(INSTANCE);
        private final AtomicInteger failures = new AtomicInteger();
        private final AtomicInteger calls = new AtomicInteger();

        @Operation
        public void succeed() {
            state.started();
            calls.incrementAndGet();
            state.succeeded();
        }

        @Operation
        public void fail() {
            state.started();
            calls.incrementAndGet();
            failures.incrementAndGet();
            state.ended(Outcome.TIMEOUT);
        }

        @Operation
        public boolean isNegative() {
            return state.inFlight() < 0;
        }

        @Validate
        public void counts() {
            check(state.inFlight() == 0, "in flight " + state.inFlight());
            check(state.endedCount() == calls.get(), "ended " + state.endedCount());
            check(state.failedCount() == failures.get(), "failed " + state.failedCount());
        }
    }

    /** Whoever is told that nothing waits for the lane is the only one, until the lane took what waits. */
    public static final class Notes {
        private final Marks marks = new Marks();

        @Operation
        public boolean suspectShort() {
            return marks.suspect(5);
        }

        @Operation
        public boolean suspectLong() {
            return marks.suspect(6);
        }

        @Operation
        public long take() {
            return marks.takeSuspicion();
        }
    }

    /** Every task runs once, one at a time, each thread's in the order it posted them. */
    public static final class Lane {
        private final Queue<Runnable> scheduled = new ConcurrentLinkedQueue<>();
        private final Scheduler scheduler = (task, delay) -> {
            scheduled.add(task);
            return () -> {};
        };
        private final SerialLane lane = new SerialLane("lane", scheduler);
        private final AtomicInteger posted = new AtomicInteger();
        private final AtomicInteger running = new AtomicInteger();
        private final List<Integer> ran = new ArrayList<>();

        @Operation
        public void postTwo() {
            int first = posted.getAndAdd(2);
            lane.post(() -> run(first));
            lane.post(() -> run(first + 1));
        }

        @Operation
        public void work() {
            Runnable task = scheduled.poll();
            if (task != null) {
                task.run();
            }
        }

        private void run(int number) {
            check(running.incrementAndGet() == 1, "two tasks at a time");
            ran.add(number);
            running.decrementAndGet();
        }

        @Validate
        public void allRanInOrder() {
            for (int i = 0; i < 20; i++) {
                work();
            }
            check(scheduled.isEmpty(), "more runs than tasks");
            check(ran.size() == posted.get(), ran + " of " + posted);
            for (int i = 0; i < posted.get(); i += 2) {
                check(ran.contains(i) && ran.indexOf(i) < ran.indexOf(i + 1), "order " + ran);
            }
        }
    }

    /** Without a floor a budget is a plain counter. */
    public static final class Budget {
        private final RetryBudget budget = new RetryBudget(0.5, 0, () -> 0);

        @Operation
        public void onSuccess() {
            budget.onSuccess();
        }

        @Operation
        public boolean tryRetry() {
            return budget.tryRetry();
        }
    }

    /** However threads race for what time deposits, no more is handed out than was deposited. */
    public static final class Floor {
        private final AtomicLong now = new AtomicLong();
        private final RetryBudget budget = new RetryBudget(0, 1, now::get);
        private final AtomicIntegerArray given = new AtomicIntegerArray(1);

        @Operation
        public void wait500Millis() {
            now.addAndGet(500_000_000);
        }

        @Operation
        public void tryRetry() {
            if (budget.tryRetry()) {
                given.incrementAndGet(0);
            }
        }

        @Validate
        public void notMoreThanDeposited() {
            long deposited = 3 + now.get() / 1_000_000_000;
            check(given.get(0) <= deposited, given + " of " + deposited);
        }
    }

    /** One key, one tracker, also when it is asked for by many at once and made of another. */
    public static final class OneTracker {
        private static final StateKey<Numbered> OUTER = StateKey.create("outer");
        private static final StateKey<Numbered> INNER = StateKey.create("inner");

        private final InstanceState state = new InstanceState(INSTANCE);
        private int made;

        private record Numbered(int number) implements Tracker {
            @Override
            public void onEnd(Outcome outcome, long startNanos, long nowNanos) {}
        }

        @Operation
        public int inner() {
            return state.tracker(INNER, () -> new Numbered(made++)).number;
        }

        @Operation
        public int outer() {
            return state.tracker(OUTER, () -> {
                        inner();
                        return new Numbered(made++);
                    })
                    .number;
        }
    }

    /**
     * What the lane alone makes when it first needs it is made once, though the lane runs now on one thread of the scheduler
     * and now on another, and others look at it meanwhile.
     */
    public static final class LaneMemory {
        private final Queue<Runnable> scheduled = new ConcurrentLinkedQueue<>();
        private final SerialLane lane = new SerialLane("lane", (task, delay) -> {
            scheduled.add(task);
            return () -> {};
        });
        private final Stalls stalls = new Stalls(OutlierDetection.DEFAULT);
        private final InstanceState state = new InstanceState(INSTANCE);
        private final Queue<Object> seen = new ConcurrentLinkedQueue<>();

        /** Lincheck makes it, for each order anew. */
        public LaneMemory() {
            state.started();
        }

        @Operation
        public void post() {
            lane.post(() -> {
                stalls.look(new InstanceState[] {state});
                seen.addAll(List.of(state.passive(), state.active(), Objects.requireNonNull(state.pulse)));
            });
        }

        @Operation
        public void work() {
            Runnable run = scheduled.poll();
            if (run != null) {
                run.run();
            }
        }

        @Operation
        public boolean isOut() {
            return state.isOut() || state.ejections() != 0;
        }

        @Validate
        public void oneOfEach() {
            for (int i = 0; i < 20; i++) {
                work();
            }
            check(seen.stream().distinct().count() <= 3, "seen " + seen);
        }
    }

    /** Within one interval one call at a time has the place, and it is never lost. */
    public static final class OneTrial {
        private final Trial trial = new Trial(new InstanceState(INSTANCE));
        private final AtomicInteger running = new AtomicInteger();

        @Operation
        public void tryIt() {
            Trial.Call call = trial.begin(null, 0, 1);
            if (call != null) {
                check(running.incrementAndGet() == 1, "two trials at a time");
                running.decrementAndGet();
                call.tellNothing();
                call.tellNothing();
            }
        }

        @Validate
        public void placeIsFree() {
            Trial.Call call = trial.begin(null, 0, 1);
            check(call != null, "nobody has the place, and nobody gets it");
            call.tellNothing();
        }
    }

    /** Marks are made when they are first needed, by whoever needs them: one for all, or a failure would be forgotten. */
    public static final class OneMarks {
        private final InstanceState state = new InstanceState(INSTANCE);
        private final Queue<Marks> seen = new ConcurrentLinkedQueue<>();

        @Operation
        public void fail() {
            state.started();
            state.ended(Outcome.TIMEOUT);
            seen.add(state.marks());
        }

        @Validate
        public void allTheSame() {
            check(seen.stream().distinct().count() <= 1, "marks " + seen);
            check(state.failedCount() == seen.size(), "failed " + state.failedCount() + " of " + seen.size());
        }
    }

    /** An instance that leaves and comes back while calls are in flight is the same one, and its calls are counted where they began. */
    public static final class Homecoming {
        private static final Leases IDLE = new Rig().builder().build().leases();

        private final Roster roster = new Roster(null);
        private final Queue<Lease> open = new ConcurrentLinkedQueue<>();
        private volatile InstanceState[] routed = {};

        @Operation(nonParallelGroup = "lane")
        public void arrive() {
            roster.take(roster.read(List.of(INSTANCE)), 0);
            routed = roster.all();
        }

        @Operation(nonParallelGroup = "lane")
        public void leave() {
            roster.take(roster.read(List.of()), 0);
            routed = roster.all();
        }

        @Operation
        public void begin() {
            InstanceState[] seen = routed;
            if (seen.length > 0) {
                open.add(new Lease(IDLE, seen[0], null));
            }
        }

        @Operation
        public void end() {
            Lease lease = open.poll();
            if (lease != null) {
                lease.close(Outcome.SUCCESS);
            }
        }

        @Validate
        public void allCallsAreOfOneInstance() {
            arrive();
            InstanceState here = roster.all()[0];
            check(here.inFlight() == open.size(), here.inFlight() + " in flight, " + open.size() + " leases");
        }
    }

    /** Endpoints that begin to fail while the lane forgets those that are over: no place is lost, none is given twice. */
    public static final class EndpointPlaces {
        private final Endpoints endpoints = new Endpoints(OutlierDetection.DEFAULT);
        private final InstanceState state = new InstanceState(INSTANCE);

        @Operation
        public void fail() {
            EndpointState at = endpoints.failing("one", state);
            // Null if it was forgotten at that moment: this failure then counts for the instance.
            if (at != null) {
                at.failed(0);
            }
        }

        @Operation
        public void succeed() {
            endpoints.succeeded("one", state);
        }

        @Operation(nonParallelGroup = "lane")
        public void forget() {
            for (FailingEndpoint endpoint : endpoints.failing()) {
                endpoint.states().forEach(endpoints::remove);
                endpoints.removeIfEmpty(endpoint);
            }
        }

        @Validate
        public void placesAddUp() {
            int states = endpoints.failing().stream()
                    .mapToInt(each -> each.states().size())
                    .sum();
            check(endpoints.freeStates() + states == Endpoints.MAX_STATES, states + " and " + endpoints.freeStates());
            int known = endpoints.failing().size();
            check(endpoints.freeEndpoints() + known == Endpoints.MAX_FAILING, known + " endpoints");
        }
    }

    private static void check(boolean ok, String what) {
        if (!ok) {
            throw new IllegalStateException(what);
        }
    }

    /** The model checker itself must be able to see a race, or everything above is green for nothing. */
    @Test
    void modelChecker_onABrokenCounter_findsTheRace() {
        assertThatThrownBy(() -> part_underEveryInterleaving_keepsItsPromise(BrokenCounter.class))
                .hasMessageContaining("increment");
    }

    /** Loses updates. */
    public static final class BrokenCounter {
        private volatile int count;

        @Operation
        public int increment() {
            int seen = count;
            count = seen + 1;
            return seen;
        }
    }
}

package io.lb4j.balancer;

import static io.lb4j.balancer.Interleavings.check;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.health.AimdLimit;
import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.health.GradientLimit;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Limits and the queue for them under Lincheck's model checker. */
@Tag("lincheck")
@Timeout(value = 4, unit = TimeUnit.MINUTES) // seconds of work, but on a busy machine they stretch
final class AdmissionLincheckTest {
    @ParameterizedTest
    @ValueSource(classes = {OldestFirst.class, NewestFirst.class, Learning.class, InTurn.class})
    void queue_underEveryInterleaving_losesNoPlaceAndForgetsNobody(Class<?> queue) {
        Interleavings.exploreBig(queue);
    }

    @ParameterizedTest
    @ValueSource(classes = {Aimd.class, Gradient.class})
    void limit_underEveryInterleaving_staysInBoundsAndLearns(Class<?> limit) {
        Interleavings.explore(limit);
    }

    /**
     * An instance that takes one call at a time, and a queue: no more calls than that, no place lost, and nobody waits
     * while there is one, however served calls end, and waiting ones are given up or run out of time.
     */
    public abstract static class Places {
        private static final Duration PATIENCE = Duration.ofMillis(10);

        private final Rig rig = new Rig();
        private final LoadBalancer balancer;
        private final Queue<CompletableFuture<Lease>> calls = new ConcurrentLinkedQueue<>();
        private final Queue<Lease> held = new ConcurrentLinkedQueue<>();
        private final AtomicInteger holding = new AtomicInteger();
        private volatile boolean tooMany;

        Places(ConcurrencyLimit limit, Duration target) {
            balancer = rig.builder()
                    .strategy(eligible -> request -> eligible.get(0))
                    .concurrencyLimit(limit)
                    .queue(new CallQueue(2, PATIENCE, target))
                    .build();
            rig.set(Rig.instances(1));
        }

        @Operation
        public void call() {
            CompletableFuture<Lease> call = balancer.acquireAsync(PickRequest.plain(), PATIENCE);
            calls.add(call);
            CompletableFuture<?> unused = call.thenAccept(this::served);
        }

        private void served(Lease lease) {
            tooMany |= holding.incrementAndGet() > 1;
            held.add(lease);
        }

        @Operation
        public void end() {
            Lease lease = held.poll();
            if (lease != null) {
                holding.decrementAndGet();
                lease.close(Outcome.SUCCESS);
            }
        }

        @Operation
        public void giveUp() {
            CompletableFuture<Lease> call = calls.poll();
            if (call != null) {
                call.cancel(false);
            }
        }

        /** Only one thread may move time. */
        @Operation(nonParallelGroup = "time")
        public void timeOut() {
            rig.time.advance(PATIENCE);
        }

        @Validate
        public void nothingIsLost() {
            check(!tooMany, "two calls at a time");
            InstanceReport report = balancer.instances().get(0);
            check(report.inFlight() == held.size(), report.inFlight() + " in flight, " + held.size() + " leases");
            check(report.inFlight() > 0 || balancer.waiting() == 0, balancer.waiting() + " wait while there is room");
            for (int i = 0; i < 20; i++) {
                end();
            }
            check(balancer.waiting() == 0, balancer.waiting() + " were forgotten");
            check(calls.stream().allMatch(CompletableFuture::isDone), "a call has no end");
            check(balancer.instances().get(0).inFlight() == 0, "a place is lost");
            balancer.acquire(PickRequest.plain()).close(Outcome.SUCCESS);
        }
    }

    /** A queue that doesn't stand. */
    public static final class OldestFirst extends Places {
        /** Lincheck makes it, for each order anew. */
        public OldestFirst() {
            super(ConcurrencyLimit.fixed(1), Duration.ofDays(1));
        }
    }

    /** A queue that stands from the first moment on. */
    public static final class NewestFirst extends Places {
        /** Lincheck makes it, for each order anew. */
        public NewestFirst() {
            super(ConcurrencyLimit.fixed(1), Duration.ZERO);
        }
    }

    /** A limit that is told of each end before its place is given on. */
    public static final class Learning extends Places {
        /** Lincheck makes it, for each order anew. */
        public Learning() {
            super(AimdLimit.builder().initial(1).max(1).build(), Duration.ofDays(1));
        }
    }

    /** What gets free belongs to those who wait: nobody who comes later is served before a call that waits already. */
    public static final class InTurn {
        private final Rig rig = new Rig();
        private final LoadBalancer balancer = rig.builder()
                .strategy(eligible -> request -> eligible.get(0))
                .concurrencyLimit(ConcurrencyLimit.fixed(1))
                .queue(new CallQueue(10, Duration.ofDays(1), Duration.ofDays(1)))
                .build();
        private final Queue<CompletableFuture<Lease>> calls = new ConcurrentLinkedQueue<>();

        /** Lincheck makes it, for each order anew. */
        public InTurn() {
            rig.set(Rig.instances(1));
            call();
        }

        @Operation
        public void call() {
            List<CompletableFuture<Lease>> before =
                    calls.stream().filter(each -> !each.isDone()).toList();
            CompletableFuture<Lease> call = balancer.acquireAsync(PickRequest.plain(), Duration.ofDays(1));
            calls.add(call);
            check(!call.isDone() || before.stream().allMatch(CompletableFuture::isDone), "a call overtook another");
        }

        @Operation
        public void end() {
            for (CompletableFuture<Lease> each : calls) {
                if (each.isDone() && each.join().close(Outcome.SUCCESS)) {
                    return;
                }
            }
        }
    }

    /** Calls of one round that are dropped shrink the limit once, and nothing takes it out of its bounds. */
    public static final class Aimd {
        private final AimdLimiter limiter = new AimdLimiter(
                AimdLimit.builder().initial(10).min(1).max(11).backoff(0.5).build(), busy(), 0);
        private final AtomicInteger drops = new AtomicInteger();
        private final AtomicInteger successes = new AtomicInteger();

        @Operation
        public void drop() {
            drops.incrementAndGet();
            limiter.onEnd(Outcome.TIMEOUT, 1, 100);
        }

        @Operation
        public void succeed() {
            successes.incrementAndGet();
            limiter.onEnd(Outcome.SUCCESS, 1, 100);
        }

        @Validate
        public void onceForTheRound() {
            double now = limiter.exact();
            // Each success adds one part of the limit as it is then, which is 5 at the least.
            double most = Math.min(11, (drops.get() == 0 ? 10 : 5.5) + successes.get() / 5.0);
            check(now >= (drops.get() == 0 ? 10 : 5) && now <= most, "limit " + now + " after " + drops + " drops");
        }
    }

    /** Whoever completes a round of calls does so alone, and none of the calls of the next is lost with it. */
    public static final class Gradient {
        private static final int BASELINE_CALLS = 24;
        private static final int ROUND = 10;

        private final GradientLimiter limiter = new GradientLimiter(
                GradientLimit.builder().initial(10).min(2).max(20).build(), busy(), 0, new SplittableRandom(1));

        /** Lincheck makes it, for each order anew. */
        public Gradient() {
            for (int i = 0; i < BASELINE_CALLS; i++) {
                limiter.onEnd(Outcome.SUCCESS, 0, 100);
            }
            // The next round is one short of its end.
            for (int i = 1; i < ROUND; i++) {
                limiter.onEnd(Outcome.SUCCESS, 100, 200);
            }
        }

        @Operation
        public void succeed() {
            limiter.onEnd(Outcome.SUCCESS, 200, 300);
        }

        @Operation
        public void drop() {
            limiter.onEnd(Outcome.TIMEOUT, 200, 300);
        }

        @Operation
        public boolean isOutOfBounds() {
            return limiter.limit() < 2 || limiter.limit() > 20;
        }

        @Validate
        public void stillLearns() {
            check(!isOutOfBounds(), "limit " + limiter.limit());
            int before = limiter.limit();
            for (int i = 0; i < 3 * ROUND; i++) {
                limiter.onEnd(Outcome.SUCCESS, 400 + i, 10_400 + i);
            }
            check(limiter.limit() < before || before == 2, "slow calls leave the limit at " + before);
        }
    }

    /** An instance with ten calls in flight. */
    private static InstanceState busy() {
        InstanceState state = new InstanceState(ServiceInstance.of("h", 1));
        for (int i = 0; i < 10; i++) {
            state.started();
        }
        return state;
    }
}

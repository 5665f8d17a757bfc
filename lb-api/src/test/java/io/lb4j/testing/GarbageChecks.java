package io.lb4j.testing;

import io.lb4j.Candidate;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.Strategy;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** That a pick, and what trackers do at both ends of a call, make no garbage. */
final class GarbageChecks {
    private static final Logger LOG = System.getLogger(StrategyVerifier.class.getName());

    /** Until the compiler is done, code makes garbage that it won't make later; so the best round of these counts. */
    private static final int ROUNDS = 30;

    private static final int PICKS = 50_000;

    /** Half a byte per pick: less than any object that one pick in a dozen makes, more than the JVM's own noise. */
    private static final double TOLERANCE = 0.5;

    /** Keeps leases from being optimised away, which would make the comparison one of compilers. */
    @SuppressWarnings("UnusedVariable")
    @Nullable
    private static volatile Lease sink;

    private GarbageChecks() {}

    static void noGarbage(Given given) {
        LongSupplier allocated = meter();
        if (allocated == null) {
            LOG.log(Level.INFO, "this JVM does not count what a thread allocates, so garbage was not measured");
            return;
        }
        try (Trial trial = given.calm().set(Instances.mixed(20))) {
            PickRequest[] requests = requests(trial.eligible().get(0));
            Picker picker = trial.picker();
            expectNone("a pick", least(allocated, () -> picks(picker, requests), TOLERANCE));
            double lease = lease(given, allocated);
            double call = least(allocated, () -> calls(trial.balancer), lease + TOLERANCE);
            expectNone("a call, apart from its lease,", call - lease);
        }
    }

    private static PickRequest[] requests(Candidate failed) {
        PickRequest keyed = PickRequest.ofKey("customer-1");
        return new PickRequest[] {
            PickRequest.plain(), keyed, PickRequest.plain().nextAttempt(failed), keyed.nextAttempt(failed)
        };
    }

    private static void picks(Picker picker, PickRequest[] requests) {
        for (int i = 0; i < PICKS; i++) {
            if (picker.pick(requests[i & 3]) == null) {
                throw new AssertionError("a pick was null");
            }
        }
    }

    private static void calls(LoadBalancer balancer) {
        for (int i = 0; i < PICKS; i++) {
            Lease lease = balancer.acquire(PickRequest.plain());
            sink = lease;
            lease.close(Outcome.SUCCESS);
        }
    }

    /** What a call's lease takes, measured with a strategy that makes no garbage for certain. */
    private static double lease(Given given, LongSupplier allocated) {
        Strategy first = eligible -> {
            Candidate only = eligible.get(0);
            return request -> only;
        };
        try (Trial trial = given.calm(first, new SplittableRandom(given.seed())).set(1)) {
            return least(allocated, () -> calls(trial.balancer), 0);
        }
    }

    /** The bytes per pick of the best round, which is the last one if it is good enough. */
    private static double least(LongSupplier allocated, Runnable round, double enough) {
        double least = Double.POSITIVE_INFINITY;
        for (int i = 0; i < ROUNDS && least > enough; i++) {
            long before = allocated.getAsLong();
            round.run();
            least = Math.min(least, (double) (allocated.getAsLong() - before) / PICKS);
        }
        return least;
    }

    private static void expectNone(String what, double bytes) {
        if (bytes > TOLERANCE) {
            throw new AssertionError(String.format(
                    Locale.ROOT, "%s makes %.1f bytes of garbage, once compiled (expected: none)", what, bytes));
        }
    }

    /** Counts the bytes this thread has allocated; null where the JVM doesn't. */
    private static @Nullable LongSupplier meter() {
        try {
            return Meter.ofThisThread();
        } catch (LinkageError e) {
            return null;
        }
    }

    /** Apart, since a JVM may lack the module of its bean. */
    private static final class Meter {
        static @Nullable LongSupplier ofThisThread() {
            if (ManagementFactory.getThreadMXBean() instanceof com.sun.management.ThreadMXBean threads
                    && threads.isThreadAllocatedMemorySupported()
                    && threads.isThreadAllocatedMemoryEnabled()) {
                long id = Thread.currentThread().getId();
                return () -> threads.getThreadAllocatedBytes(id);
            }
            return null;
        }
    }
}

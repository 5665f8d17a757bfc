package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Strategy;
import io.lb4j.balancer.Lease;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** That calls whose ends teach something, failures and reports included, make no garbage but their leases. */
final class AdaptiveGarbageTest {
    private static final int CALLS = 20_000;

    /** Until the compiler is done, code makes garbage that it won't make later; so the best round counts. */
    private static final int ROUNDS = 30;

    private static final double TOLERANCE = 0.5;
    private static final LoadReport REPORT = LoadReport.builder().inFlight(3).build();

    /** Keeps leases from being optimised away. */
    @SuppressWarnings("UnusedVariable")
    @Nullable
    private static volatile Lease sink;

    /** All are compared, some are drawn. */
    @ParameterizedTest
    @ValueSource(ints = {2, 10, 100})
    void call_withAReport_makesNoGarbageButItsLease(int n) {
        Strategy first = eligible -> request -> eligible.get(0);
        double leases = least(first, n, 0);
        assertThat(least(Strategies.adaptive(), n, leases + TOLERANCE)).isLessThan(leases + TOLERANCE);
    }

    /** The bytes per call of the best round, which is the last one if it is good enough. */
    private static double least(Strategy strategy, int n, double enough) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Assumptions.assumeTrue(threads.isThreadAllocatedMemorySupported() && threads.isThreadAllocatedMemoryEnabled());
        long id = Thread.currentThread().getId();
        double least = Double.POSITIVE_INFINITY;
        try (Rig rig = new Rig(strategy, 1)) {
            rig.set(Rig.equal(n));
            for (int round = 0; round < ROUNDS && least > enough; round++) {
                rig.time.advance(Duration.ofMillis(1));
                long before = threads.getThreadAllocatedBytes(id);
                calls(rig);
                least = Math.min(least, (double) (threads.getThreadAllocatedBytes(id) - before) / CALLS);
            }
        }
        return least;
    }

    private static void calls(Rig rig) {
        for (int i = 0; i < CALLS; i++) {
            Lease lease = rig.balancer.acquire(PickRequest.plain());
            sink = lease;
            lease.report(REPORT);
            lease.close((i & 15) == 0 ? Outcome.CLIENT_ERROR : Outcome.SUCCESS);
        }
    }
}

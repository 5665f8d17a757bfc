package io.lb4j.balancer;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * How one endpoint does on one instance, from its first failure there until it has been well for a while. Callers write
 * the counters, only the lane writes the rest.
 */
final class EndpointState {
    private static final int EPOCH_BITS = 32;

    final FailingEndpoint endpoint;
    final InstanceState state;

    private final AtomicLong failed = new AtomicLong();
    private final AtomicLong succeeded = new AtomicLong();

    /** Failures in a row of this endpoint here. */
    private final AtomicLong run = new AtomicLong();

    /** Of the instance's own failures in a row, those of this endpoint: their run's number above, how many below. */
    private final AtomicLong share = new AtomicLong();

    /** Set while a suspicion waits for the lane. */
    private final AtomicBoolean suspected = new AtomicBoolean();

    /** The endpoint's successes on all instances when the run began. */
    private volatile long successesAtStart;

    volatile boolean out;

    /** Whether the next failure, unless a success comes first, takes it out again. */
    volatile boolean probation;

    /** Lane only, as all that follows: set from the end of the time until a call has shown how it is. */
    @Nullable
    Trial trial;

    String reason = "";
    long outUntil;
    long lastNanos;
    long returnedAt;

    /** How many steps the next time is longer than the first. */
    int steps;

    long newFailures;
    long newSuccesses;
    double fadedFailures;
    double fadedEnds;
    int secondsWithoutFailure;
    private long seenFailed;
    private long seenSucceeded;

    EndpointState(FailingEndpoint endpoint, InstanceState state) {
        this.endpoint = endpoint;
        this.state = state;
    }

    /**
     * Notes a failure.
     *
     * @param streak the number of the instance's run of failures
     * @return the length of the endpoint's run
     */
    long failed(int streak) {
        failed.incrementAndGet();
        share.updateAndGet(
                known -> (int) (known >>> EPOCH_BITS) == streak ? known + 1 : ((long) streak << EPOCH_BITS) + 1);
        if (run.get() == 0) {
            successesAtStart = endpoint.successes();
        }
        return run.incrementAndGet();
    }

    void succeeded() {
        succeeded.incrementAndGet();
        if (run.get() != 0) {
            run.set(0);
        }
        if (probation) {
            probation = false;
        }
    }

    boolean suspect() {
        return !suspected.get() && suspected.compareAndSet(false, true);
    }

    void takeSuspicion() {
        suspected.set(false);
    }

    long run() {
        return run.get();
    }

    void endRun() {
        run.set(0);
    }

    /** How many of the failures in that run of the instance's are this endpoint's. */
    long share(int streak) {
        long now = share.get();
        return (int) (now >>> EPOCH_BITS) == streak ? now & ((1L << EPOCH_BITS) - 1) : 0;
    }

    /** How often the endpoint succeeded elsewhere since it began to fail here. */
    long successesElsewhere() {
        return endpoint.successes() - successesAtStart;
    }

    void tick(double fading) {
        long nowFailed = failed.get();
        long nowSucceeded = succeeded.get();
        newFailures = nowFailed - seenFailed;
        newSuccesses = nowSucceeded - seenSucceeded;
        seenFailed = nowFailed;
        seenSucceeded = nowSucceeded;
        fadedFailures = fadedFailures * fading + newFailures;
        fadedEnds = fadedEnds * fading + newFailures + newSuccesses;
        secondsWithoutFailure = newFailures == 0 ? secondsWithoutFailure + 1 : 0;
    }

    /** Failures within about one window, up to now. */
    double recentFailures() {
        return fadedFailures + (failed.get() - seenFailed);
    }

    double recentSuccesses() {
        return fadedEnds - fadedFailures + (succeeded.get() - seenSucceeded);
    }
}

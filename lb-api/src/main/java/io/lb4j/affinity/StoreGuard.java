package io.lb4j.affinity;

import io.lb4j.Scheduler;
import io.lb4j.Ticker;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Asks the store, waits no longer than it may, and after some failures in a row doesn't wait at all: then one call a
 * second asks without waiting for what comes of it, until an answer comes in time. Thread-safe.
 */
final class StoreGuard {
    private static final System.Logger LOG = System.getLogger(StoreGuard.class.getName());

    /** One answer may be late because this process was; a store that is gone misses all. */
    static final int FAILURES_TO_OPEN = 3;

    /** How often a store that failed is asked again. */
    static final Duration RETRY_EVERY = Duration.ofSeconds(1);

    private final String service;
    private final AffinityStore store;
    private final Duration timeout;
    private final Ticker ticker;
    private final Scheduler scheduler;
    private final Learner learner;
    private final AtomicInteger failuresInARow = new AtomicInteger();
    private final AtomicLong nextTry = new AtomicLong();
    private final AtomicBoolean entryReported = new AtomicBoolean();
    final LongAdder asked = new LongAdder();
    final LongAdder failures = new LongAdder();

    /** Hears every answer, those that came too late for their call as well. */
    @FunctionalInterface
    interface Learner {
        void learn(long key, Claim claim, long askedNanos);
    }

    StoreGuard(
            String service,
            AffinityStore store,
            Duration timeout,
            Ticker ticker,
            Scheduler scheduler,
            Learner learner) {
        this.service = service;
        this.store = store;
        this.timeout = timeout;
        this.ticker = ticker;
        this.scheduler = scheduler;
        this.learner = learner;
    }

    /**
     * Asks the store for a claim.
     *
     * @param then told once, on any thread: the claim, or null if the call has to do without
     */
    void ask(long key, String instance, @Nullable Claim lost, Consumer<@Nullable Claim> then) {
        long now = ticker.nanos();
        if (failuresInARow.get() < FAILURES_TO_OPEN) {
            new Question(key, now, then).ask(instance, lost);
            return;
        }
        long due = nextTry.get();
        if (now - due >= 0 && nextTry.compareAndSet(due, now + RETRY_EVERY.toNanos())) {
            new Question(key, now, unused -> {}).ask(instance, lost);
        }
        then.accept(null);
    }

    private void succeeded() {
        if (failuresInARow.getAndSet(0) >= FAILURES_TO_OPEN) {
            LOG.log(System.Logger.Level.INFO, "affinity of service " + service + ": " + store + " answers again");
        }
    }

    private void failed(Throwable error) {
        failures.increment();
        if (error instanceof AffinityEntryException) {
            // The store is well.
            failuresInARow.set(0);
            if (entryReported.compareAndSet(false, true)) {
                warn(
                        "has an entry that can't be used; such keys go where the strategy puts them, and this is said once",
                        error);
            }
            return;
        }
        if (failuresInARow.incrementAndGet() == FAILURES_TO_OPEN) {
            nextTry.set(ticker.nanos() + RETRY_EVERY.toNanos());
            warn(
                    "failed " + FAILURES_TO_OPEN
                            + " times in a row; until it answers, keys stay where this process knows"
                            + " them to be, and others go where the strategy puts them",
                    error);
        }
    }

    private void warn(String what, Throwable error) {
        LOG.log(
                System.Logger.Level.WARNING,
                "affinity of service " + service + ": " + store + " " + what + ": " + error);
    }

    /** One question; whichever comes first of the answer and the time-out is what the call gets. */
    private final class Question implements Runnable {
        private final long key;
        private final long askedNanos;
        private final Consumer<@Nullable Claim> then;
        private final AtomicBoolean over = new AtomicBoolean();
        private Scheduler.@Nullable Task timer;

        Question(long key, long askedNanos, Consumer<@Nullable Claim> then) {
            this.key = key;
            this.askedNanos = askedNanos;
            this.then = then;
        }

        void ask(String instance, @Nullable Claim lost) {
            asked.increment();
            try {
                timer = scheduler.schedule(this, timeout);
                var unused = Objects.requireNonNull(
                                store.claim(service, key, instance, lost),
                                "its claim() returned null (expected: a stage)")
                        .whenComplete(this::answered);
            } catch (Throwable e) {
                answered(null, e);
            }
        }

        private void answered(@Nullable Claim claim, @Nullable Throwable error) {
            if (claim != null) {
                learner.learn(key, claim, askedNanos);
            }
            if (!over.compareAndSet(false, true)) {
                return;
            }
            Scheduler.Task task = timer;
            if (task != null) {
                task.cancel();
            }
            if (claim != null) {
                succeeded();
            } else {
                failed(
                        error == null
                                ? new IllegalStateException("its answer was null (expected: a claim)")
                                : cause(error));
            }
            then.accept(claim);
        }

        /** On the scheduler's thread. */
        @Override
        public void run() {
            if (over.compareAndSet(false, true)) {
                failed(new java.util.concurrent.TimeoutException("no answer within "
                        + TimeUnit.NANOSECONDS.toMillis(timeout.toNanos()) + " ms (lookupTimeout)"));
                then.accept(null);
            }
        }

        private static Throwable cause(Throwable error) {
            return error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        }
    }
}

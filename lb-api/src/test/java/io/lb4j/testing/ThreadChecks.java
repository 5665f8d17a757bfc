package io.lb4j.testing;

import io.lb4j.Candidate;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.ServiceInstance;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Tracker;
import io.lb4j.balancer.Lease;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;

/** That callers and snapshots don't get into each other's way. The threads are real, so their interleaving isn't seeded. */
final class ThreadChecks {
    private static final int THREADS = 3;
    private static final int CALLS = 5000;
    private static final int SNAPSHOTS = 300;

    private final Given given;
    private final Trial trial;
    private final Queue<Throwable> errors = new ConcurrentLinkedQueue<>();
    private final CountDownLatch started = new CountDownLatch(THREADS);
    private final Tally tally = new Tally();
    private volatile boolean snapshotsDone;

    private ThreadChecks(Given given) {
        this.given = given;
        this.trial = given.calm(tally.beside(given.strategy()), threadRandom(given.seed()));
    }

    /** Counts what trackers are told, to see that both ends of each call are. */
    private static final class Tally implements Tracker {
        private final StateKey<Tally> key = StateKey.create("tally");
        private final LongAdder starts = new LongAdder();
        private final LongAdder ends = new LongAdder();

        Strategy beside(Strategy strategy) {
            return eligible -> {
                Picker picker = strategy.newPicker(eligible);
                for (int i = 0; i < eligible.size(); i++) {
                    eligible.get(i).tracker(key, () -> this);
                }
                return picker;
            };
        }

        @Override
        public boolean timed() {
            return false;
        }

        @Override
        public void onStart(long nowNanos) {
            starts.increment();
        }

        @Override
        public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
            ends.increment();
        }
    }

    /** Each thread its own generator, seeded, as the balancer's default is. */
    private static RandomGenerator threadRandom(long seed) {
        ThreadLocal<SplittableRandom> own = ThreadLocal.withInitial(
                () -> new SplittableRandom(seed + Thread.currentThread().getId()));
        return () -> own.get().nextLong();
    }

    static void threads(Given given) throws Exception {
        ThreadChecks check = new ThreadChecks(given);
        try {
            check.run();
        } finally {
            check.trial.close();
        }
    }

    private void run() throws InterruptedException {
        List<ServiceInstance> all = Instances.of(1, 2, 3, 4, 5, 6, 7, 8);
        trial.set(all);
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < THREADS; t++) {
            long seed = given.seed() + t;
            Thread thread = new Thread(() -> calls(seed), "caller " + t);
            thread.setDaemon(true);
            thread.start();
            threads.add(thread);
        }
        started.await();
        RandomGenerator events = new SplittableRandom(given.seed());
        for (int i = 0; i < SNAPSHOTS || (threads.stream().anyMatch(Thread::isAlive) && errors.isEmpty()); i++) {
            trial.deliver(Instances.some(all, events));
            trial.time.advance(Duration.ofMillis(events.nextInt(20)));
            snapshotsDone = i >= SNAPSHOTS - 1;
        }
        for (Thread thread : threads) {
            thread.join();
        }
        expectNoError();
        trial.set(all);
        expectNothingLost();
    }

    private void calls(long seed) {
        RandomGenerator events = new SplittableRandom(seed);
        started.countDown();
        try {
            for (int i = 0; i < CALLS || !snapshotsDone; i++) {
                PickRequest request =
                        events.nextBoolean() ? PickRequest.plain() : PickRequest.ofHash(events.nextLong());
                try (Lease first = trial.start(request);
                        Lease second = trial.start(request.nextAttempt(first.candidate()))) {
                    first.close(events.nextBoolean() ? Outcome.SERVER_ERROR : Outcome.IGNORED);
                    second.close(Outcome.SUCCESS);
                }
            }
        } catch (RuntimeException | Error e) {
            errors.add(e);
        }
    }

    private void expectNoError() {
        Throwable error = errors.peek();
        if (error != null) {
            throw new AssertionError("while threads called and snapshots changed: " + error.getMessage(), error);
        }
    }

    private void expectNothingLost() {
        trial.expectNothingInFlight();
        for (int i = 0; i < trial.eligible().size(); i++) {
            Candidate each = trial.eligible().get(i);
            if (each.inFlight() != 0) {
                throw new AssertionError(each + " is busy after all calls have ended");
            }
        }
        if (tally.starts.sum() != tally.ends.sum()) {
            throw new AssertionError("trackers were told of " + tally.starts + " starts and " + tally.ends + " ends");
        }
    }
}

package io.lb4j.strategy;

import io.lb4j.CannotPickException;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Ten servers that can serve a thousand calls a second together, and get twice that for a while. Each works on four calls
 * at a time, has a queue longer than callers wait, and doesn't notice when they give up, so that once it is late all its
 * work is for nothing. Any number of clients, Poisson arrivals, exponential service times, in virtual time.
 */
final class OverloadedServers {
    static final int CAPACITY = 1000;
    static final int NORMAL = 700;

    private static final int SERVERS = 10;
    private static final int WORKERS = 4;
    private static final double SERVICE_NANOS = 1e9 * SERVERS * WORKERS / CAPACITY;
    private static final int QUEUED = 300;
    private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final Duration PAUSE = Duration.ofMillis(100);

    private final VirtualTime time = new VirtualTime();
    private final long startNanos = time.nanos();
    private final SplittableRandom random;
    private final int tries;
    private final boolean queued;
    private final List<LoadBalancer> clients = new ArrayList<>();
    private final Server[] servers = new Server[SERVERS];
    private final int before;
    private final int during;
    private final int after;

    /** By the second: tries that began, those of them that succeeded, and answers that came in time. */
    final int[] began;

    final int[] well;
    final int[] answered;

    /** A try: over as soon as it has an answer, or its caller has none. */
    private final class Try {
        final int number;
        final long began = time.nanos();
        boolean over;

        Try(int number) {
            this.number = number;
            OverloadedServers.this.began[second(began)]++;
        }

        void fail(LoadBalancer client) {
            if (!over) {
                over = true;
                if (number < tries) {
                    time.schedule(() -> call(client, number + 1), PAUSE);
                }
            }
        }

        void succeed() {
            over = true;
            well[second(began)]++;
            answered[second(time.nanos())]++;
        }
    }

    private final class Server {
        private final Queue<Runnable> waiting = new ArrayDeque<>();
        private int busy;

        boolean take(Runnable answer) {
            if (busy < WORKERS) {
                busy++;
                work(answer);
            } else if (waiting.size() < QUEUED) {
                waiting.add(answer);
            } else {
                return false;
            }
            return true;
        }

        private void work(Runnable answer) {
            time.schedule(
                    () -> {
                        answer.run();
                        Runnable next = waiting.poll();
                        if (next == null) {
                            busy--;
                        } else {
                            work(next);
                        }
                    },
                    exponential(SERVICE_NANOS));
        }
    }

    /**
     * A service.
     *
     * @param seconds of normal load, of twice the capacity, and of normal load again
     * @param count how many clients, balancers that know nothing of each other
     * @param tries how often callers try each call, a tenth of a second apart
     * @param limit null for as many calls as come
     * @param queue null for no waiting
     */
    OverloadedServers(
            int[] seconds, int count, int tries, @Nullable ConcurrencyLimit limit, @Nullable CallQueue queue) {
        this.random = new SplittableRandom(1);
        this.before = seconds[0];
        this.during = seconds[1];
        this.after = seconds[2];
        this.began = new int[before + during + after + 5];
        this.well = new int[began.length];
        this.answered = new int[began.length];
        this.tries = tries;
        this.queued = queue != null;
        ManualDiscovery discovery = new ManualDiscovery();
        discovery.set("service", Rig.instances(Rig.equal(SERVERS)));
        for (int i = 0; i < SERVERS; i++) {
            servers[i] = new Server();
        }
        for (int i = 0; i < count; i++) {
            clients.add(LoadBalancer.builder("service")
                    .discovery(discovery)
                    .strategy(Strategies.powerOfTwoChoices())
                    .concurrencyLimit(limit)
                    .queue(queue)
                    .ticker(time)
                    .scheduler(time)
                    .random(random.split())
                    .firstSnapshotTimeout(Duration.ZERO)
                    .build());
        }
        time.runDue();
    }

    OverloadedServers run() {
        clients.forEach(this::next);
        time.advance(Duration.ofSeconds(before + during + after + 4));
        clients.forEach(LoadBalancer::close);
        return this;
    }

    /** Answers in time while there was too much to do, as a share of what the servers could have given. */
    double goodput() {
        int sum = 0;
        for (int i = before; i < before + during; i++) {
            sum += answered[i];
        }
        return (double) sum / (during * CAPACITY);
    }

    /** Seconds after the overload until 99 % of what begins succeeds for good; those simulated if never. */
    int recovery() {
        int last = -1;
        for (int i = 0; i < after; i++) {
            int second = before + during + i;
            if (well[second] < 0.99 * began[second]) {
                last = i;
            }
        }
        return last + 1;
    }

    private int second(long nanos) {
        return (int) TimeUnit.NANOSECONDS.toSeconds(nanos - startNanos);
    }

    private Duration exponential(double mean) {
        return Duration.ofNanos((long) (-StrictMath.log(1 - random.nextDouble()) * mean));
    }

    private void next(LoadBalancer client) {
        int second = second(time.nanos());
        if (second < before + during + after) {
            int rate = second >= before && second < before + during ? 2 * CAPACITY : NORMAL;
            time.schedule(
                    () -> {
                        call(client, 1);
                        next(client);
                    },
                    exponential(1e9 * clients.size() / rate));
        }
    }

    private void call(LoadBalancer client, int number) {
        Try one = new Try(number);
        if (queued) {
            CompletionStage<Lease> unused = client.acquireAsync(
                            PickRequest.plain(), Duration.ofNanos(TIMEOUT_NANOS * 9 / 10))
                    .whenComplete((lease, error) -> {
                        if (error == null) {
                            send(client, one, lease);
                        } else {
                            one.fail(client);
                        }
                    });
            return;
        }
        try {
            send(client, one, client.acquire(PickRequest.plain()));
        } catch (CannotPickException e) {
            one.fail(client);
        }
    }

    private void send(LoadBalancer client, Try one, Lease lease) {
        long sent = time.nanos();
        boolean taken = servers[Rig.index(lease.instance())].take(() -> {
            if (lease.close(Outcome.SUCCESS)) {
                one.succeed();
            }
        });
        if (!taken) {
            lease.close(Outcome.overloaded(Duration.ZERO));
            one.fail(client);
            return;
        }
        time.schedule(
                () -> {
                    // The same rule as for calls over HTTP: whose fault it is depends on where the time went.
                    boolean mostlyThere = time.nanos() - sent >= TIMEOUT_NANOS / 2;
                    if (lease.close(mostlyThere ? Outcome.TIMEOUT : Outcome.IGNORED)) {
                        one.fail(client);
                    }
                },
                Duration.ofNanos(one.began + TIMEOUT_NANOS - sent));
    }
}

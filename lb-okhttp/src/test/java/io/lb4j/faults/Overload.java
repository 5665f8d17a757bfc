package io.lb4j.faults;

import static io.lb4j.faults.Evidence.between;
import static io.lb4j.faults.Evidence.percentile;
import static io.lb4j.faults.Fault.BEGIN_MILLIS;

import io.lb4j.ServiceInstance;
import io.lb4j.faults.Fault.Verdict;
import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.okhttp.LoadBalancedClient;
import io.lb4j.testing.ManualDiscovery;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.OkHttpClient;

/**
 * Twice as many calls as the servers can serve. Each works on two at a time, lets any number wait, and doesn't notice when
 * a caller has gone. The clients take turns, since the one would starve from what the other does to the servers.
 */
final class Overload {
    private static final int WORK_MILLIS = 50;
    private static final int CAPACITY = Fleet.SIZE * FaultyServer.WORKERS * 1000 / WORK_MILLIS;
    private static final int NORMAL = CAPACITY / 2;
    private static final Duration DEADLINE = Duration.ofSeconds(1);
    private static final long WARM_UP_MILLIS = 3000;
    private static final long RECOVERY_MILLIS = 5000;
    private static final long AFTER_MILLIS = RECOVERY_MILLIS + 5000;
    private static final long LENGTH_MILLIS = 30_000;

    /** The plain client's is shorter: it has collapsed by then, and what it leaves in the servers is as long. */
    private static final long PLAIN_LENGTH_MILLIS = 12_000;

    private Overload() {}

    static Fault fault() {
        return new Fault("2x-overload", "goodput ≥ 90 % of capacity for 30 s; normal ≤ 5 s after", false)
                .timed()
                .on(Fleet.Kind.FAULTY)
                .measuredBy(Overload::measure)
                .judged(Overload::verdict);
    }

    private static Evidence measure(Path directory) throws Exception {
        AttemptLog attempts = new AttemptLog();
        AttemptLog plainAttempts = new AttemptLog();
        ManualDiscovery discovery = new ManualDiscovery();
        List<ServiceInstance> fleet = Clients.fleet(false, Fleet::address);
        discovery.set("orders", fleet);
        Dispatcher dispatcher = new Dispatcher();
        dispatcher.setMaxRequests(4096);
        dispatcher.setMaxRequestsPerHost(4096);
        OkHttpClient base = new OkHttpClient.Builder()
                .dispatcher(dispatcher)
                .connectTimeout(Clients.CONNECT_TIMEOUT)
                .callTimeout(DEADLINE)
                .eventListenerFactory(attempts)
                .build();
        AtomicInteger turn = new AtomicInteger();
        OkHttpClient plain = base.newBuilder()
                .eventListenerFactory(plainAttempts)
                .connectionPool(new ConnectionPool(400, 1, TimeUnit.MINUTES))
                .addInterceptor(chain -> Clients.inTurn(chain, fleet, turn))
                .build();
        try (Fleet servers = new Fleet(Fleet.Kind.FAULTY, directory, null);
                LoadBalancedClient limited = LoadBalancedClient.builder(base)
                        .discovery(discovery)
                        .defaults(settings -> settings.concurrencyLimit(ConcurrencyLimit.gradient())
                                .queue(CallQueue.DEFAULT))
                        .build()) {
            for (int i = 0; i < Fleet.SIZE; i++) {
                servers.command(i, "work " + WORK_MILLIS);
            }
            Caller balanced = warm("lb-", limited);
            long origin = System.nanoTime();
            long epochMillis = System.currentTimeMillis();
            drive(balanced, LENGTH_MILLIS);
            Caller byTurns = warm("plain-", plain);
            drive(byTurns, PLAIN_LENGTH_MILLIS);
            return new Evidence(
                    balanced.samples(),
                    byTurns.samples(),
                    servers.served(),
                    attempts.attempts(),
                    attempts.failed(),
                    plainAttempts.attempts(),
                    Map.of(),
                    origin,
                    epochMillis);
        } finally {
            dispatcher.executorService().shutdownNow();
            base.connectionPool().evictAll();
            plain.connectionPool().evictAll();
        }
    }

    private static Caller warm(String prefix, Call.Factory client) throws InterruptedException {
        Caller caller = new Caller(prefix, "http", client);
        long origin = System.nanoTime();
        for (int i = 0; i < WARM_UP_MILLIS * NORMAL / 1000; i++) {
            call(caller, i, origin, i * 1e9 / NORMAL, false);
        }
        Rig.settle(caller);
        return caller;
    }

    /** Calls at fixed times: normal ones, twice the capacity, normal ones. */
    private static void drive(Caller caller, long lengthMillis) throws InterruptedException {
        long origin = System.nanoTime();
        double end = (BEGIN_MILLIS + lengthMillis) * 1e6;
        double due = 0;
        for (int i = 0; due < end + AFTER_MILLIS * 1e6; i++) {
            call(caller, i, origin, due, true);
            due += 1e9 / (due >= BEGIN_MILLIS * 1e6 && due < end ? 2 * CAPACITY : NORMAL);
        }
        Rig.settle(caller);
    }

    private static void call(Caller caller, int number, long origin, double due, boolean measured) {
        Rig.sleepUntil(origin + (long) due);
        caller.call(number, origin, origin + (long) due, measured);
    }

    private static Verdict verdict(Evidence evidence) {
        double goodput = goodput(evidence.balanced(), LENGTH_MILLIS);
        double plain = goodput(evidence.plain(), PLAIN_LENGTH_MILLIS);
        List<Sample> after = evidence.balanced().stream()
                .filter(between(BEGIN_MILLIS + LENGTH_MILLIS + RECOVERY_MILLIS, Long.MAX_VALUE))
                .toList();
        double success = 1 - (double) Evidence.failures(after) / after.size();
        double normal = percentile(evidence.balanced(), 99, between(0, BEGIN_MILLIS));
        double now = percentile(after, 99, each -> true);
        String why = String.format(
                Locale.ROOT,
                "goodput %.1f %% of capacity, plain %.1f %%; from 5 s after on success %.2f %%, p99 %.1f ms,"
                        + " %.1f ms before",
                100 * goodput,
                100 * plain,
                100 * success,
                now,
                normal);
        // Servers that serve everybody in time weren't overloaded.
        return new Verdict(plain < 0.5 && goodput >= 0.9 && success >= 0.999 && now <= 1.5 * normal, why);
    }

    /** Calls that ended well during the overload, as a share of what could have been served. */
    private static double goodput(List<Sample> samples, long lengthMillis) {
        long good = samples.stream()
                .filter(each -> !each.failed())
                .mapToLong(each -> each.atMillis() + TimeUnit.NANOSECONDS.toMillis(each.latencyNanos()))
                .filter(end -> end >= BEGIN_MILLIS && end < BEGIN_MILLIS + lengthMillis)
                .count();
        return good * 1000.0 / lengthMillis / CAPACITY;
    }
}

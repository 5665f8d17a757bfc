package io.lb4j.faults;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Servers, clients and load while one fault runs. */
final class Rig {
    /** Calls a second by each of the two clients. */
    static final int RATE = 220;

    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1) / RATE;
    private static final long WARM_UP_MILLIS = 2000;

    final Fleet fleet;
    final Clients clients;
    final Relays relays;
    private final Fault fault;

    private Rig(Fault fault, Fleet fleet, Relays relays, Clients clients) {
        this.fault = fault;
        this.fleet = fleet;
        this.relays = relays;
        this.clients = clients;
    }

    static Evidence run(Fault fault, Path directory) throws Exception {
        if (fault.measurement != null) {
            return fault.measurement.run(directory);
        }
        Certificates certificates = fault.kind == Fleet.Kind.NGINX_TLS ? new Certificates(directory) : null;
        try (Fleet fleet = new Fleet(fault.kind, directory, certificates);
                Relays relays = new Relays(fault.relayed);
                Clients clients = new Clients(fault, certificates)) {
            return new Rig(fault, fleet, relays, clients).run();
        } finally {
            if (fault.network) {
                Network.heal();
            }
        }
    }

    private Evidence run() throws Exception {
        clients.list(clients.fleet());
        Caller balanced = clients.balanced();
        Caller plain = clients.plain();
        load(balanced, plain, WARM_UP_MILLIS, false).join();
        settle(balanced, plain);
        // JVMs that warm up on few cores may time out; that is not the fault's doing.
        clients.ejectedAt.clear();
        long origin = System.nanoTime();
        long epochMillis = System.currentTimeMillis();
        Thread load = load(balanced, plain, fault.lengthMillis, true);
        for (Fault.Step step : fault.steps) {
            sleepUntil(origin + TimeUnit.MILLISECONDS.toNanos(step.atMillis()));
            step.action().run(this);
        }
        load.join();
        settle(balanced, plain);
        return new Evidence(
                balanced.samples(),
                plain.samples(),
                fleet.served(),
                clients.attempts.attempts(),
                clients.attempts.failed(),
                clients.plainAttempts.attempts(),
                clients.ejectedAt,
                origin,
                epochMillis);
    }

    /** Calls at fixed times, however long the earlier ones take: who waits for answers measures a slower load. */
    private static Thread load(Caller balanced, Caller plain, long lengthMillis, boolean measured) {
        long origin = System.nanoTime();
        long calls = lengthMillis * RATE / 1000;
        Thread thread = new Thread(
                () -> {
                    for (int i = 0; i < calls; i++) {
                        long due = origin + i * PERIOD_NANOS;
                        sleepUntil(due);
                        balanced.call(i, origin, due, measured);
                        sleepUntil(due + PERIOD_NANOS / 2);
                        plain.call(i, origin, due + PERIOD_NANOS / 2, measured);
                    }
                },
                "load");
        thread.start();
        return thread;
    }

    static void settle(Caller... callers) throws InterruptedException {
        long end = System.nanoTime() + Clients.CALL_TIMEOUT.toNanos() + TimeUnit.SECONDS.toNanos(2);
        for (Caller each : callers) {
            while (each.open() > 0) {
                if (System.nanoTime() > end) {
                    throw new IllegalStateException(each.open() + " calls of " + each.prefix() + " never ended");
                }
                Thread.sleep(5);
            }
        }
        // Servers write their logs after the answer is out.
        Thread.sleep(100);
    }

    static void sleepUntil(long nanoTime) {
        for (long left = nanoTime - System.nanoTime(); left > 0; left = nanoTime - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}

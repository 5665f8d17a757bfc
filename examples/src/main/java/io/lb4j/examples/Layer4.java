package io.lb4j.examples;

import io.lb4j.balancer.LoadBalancer;
import io.lb4j.discovery.FileDiscovery;
import io.lb4j.strategy.Strategies;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL, Redis or DNS servers behind one name, without HTTP: {@code Layer4 postgresql services.json 200} makes
 * 200 operations a second until its standard input ends. Servers may be killed and, by editing the file, added meanwhile. An operation whose session breaks is
 * done again on a new one, at most twice, as a pool would; {@link Layer4Clients} has what is particular to each kind. With a file
 * of certificates as the last argument, TLS is spoken to Redis, and to PostgreSQL in every second session; the servers are
 * verified to be {@code orders}.
 */
public final class Layer4 {
    private static final int WORKERS = 8;

    /** Sessions are replaced after so many operations, as pools do with old ones, so that newcomers get some. */
    private static final int SESSION_LENGTH = 20;

    private static final int TRIES = 3;

    /**
     * Before an operation is done again. The sessions of a server that is killed may break before its port is closed, and who comes back at
     * once is let in by the dying server, which then breaks that session, too.
     */
    private static final long PAUSE_MILLIS = 50;

    private final AtomicInteger operations = new AtomicInteger();
    private final AtomicInteger repeated = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();
    private final Map<String, Integer> served = new TreeMap<>();
    private volatile boolean ended;

    private Layer4() {}

    /** Exits with an error unless all operations succeed. */
    public static void main(String... arguments) throws Exception {
        int rate = Integer.parseInt(arguments[2]);
        Path authorities = arguments.length > 3 ? Path.of(arguments[3]) : null;
        Layer4 run = new Layer4();
        try (FileDiscovery discovery = FileDiscovery.of(Path.of(arguments[1]));
                LoadBalancer balancer = LoadBalancer.builder("orders")
                        .discovery(discovery)
                        .strategy(Strategies.leastRequest())
                        .build();
                Layer4Clients client = Layer4Clients.of(arguments[0], balancer, authorities)) {
            ExecutorService workers = Executors.newFixedThreadPool(WORKERS);
            for (int i = 0; i < WORKERS; i++) {
                workers.execute(() -> run.work(client, WORKERS * 1_000_000_000L / rate));
            }
            workers.shutdown();
            System.in.transferTo(OutputStream.nullOutputStream());
            run.ended = true;
            if (!workers.awaitTermination(1, TimeUnit.MINUTES)) {
                throw new AssertionError("operations hang");
            }
            client.check();
        }
        run.served.forEach((server, count) -> System.out.println("server " + server + " " + count));
        System.out.println("operations " + run.operations);
        System.out.println("repeated " + run.repeated);
        System.out.println("failed " + run.failed);
        if (run.failed.get() > 0) {
            throw new AssertionError(run.failed + " operations failed");
        }
    }

    private void work(Layer4Clients client, long everyNanos) {
        Layer4Clients.Session session = null;
        long start = System.nanoTime();
        try {
            for (int i = 0; !ended; i++) {
                long early = start + i * everyNanos - System.nanoTime();
                TimeUnit.NANOSECONDS.sleep(Math.max(0, early));
                if (session != null && i % SESSION_LENGTH == 0) {
                    end(session);
                    session = null;
                }
                operations.incrementAndGet();
                session = ask(client, session);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One operation, in a session that is open or a new one; the session it was answered in, or null if it failed. */
    private Layer4Clients.@Nullable Session ask(Layer4Clients client, Layer4Clients.@Nullable Session open)
            throws InterruptedException {
        Layer4Clients.Session session = open;
        for (int attempt = 1; ; attempt++) {
            try {
                session = session == null ? client.open() : session;
                count(session.ask());
                return session;
            } catch (Exception broken) {
                if (session != null) {
                    end(session);
                    session = null;
                }
                if (attempt == TRIES) {
                    failed.incrementAndGet();
                    System.out.println(broken);
                    return null;
                }
                repeated.incrementAndGet();
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }

    /** A session that can't say goodbye, its server being dead, is as well over. */
    private static void end(Layer4Clients.Session session) {
        try {
            session.close();
        } catch (Exception e) {
            System.out.println("not closed in order: " + e);
        }
    }

    private synchronized void count(String server) {
        if (served.merge(server, 1, Integer::sum) == 1) {
            System.out.println("first answer of " + server);
        }
    }
}

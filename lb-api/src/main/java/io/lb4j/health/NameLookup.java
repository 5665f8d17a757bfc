package io.lb4j.health;

import java.net.InetSocketAddress;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Looks up hosts of instances for probes, which must not block. On threads of its own: the JVM's resolver may hold one
 * for half a minute, and on the common pool a few such names would keep all the application's tasks waiting.
 */
final class NameLookup {
    private static final int THREADS = 256;

    private NameLookup() {}

    /**
     * Tells one of two what it found: at once if the host is an address, else later on another thread.
     *
     * @param found told the address, perhaps {@linkplain InetSocketAddress#isUnresolved() unresolved}
     * @param refused told why nobody looked
     */
    static void resolve(String host, int port, Consumer<InetSocketAddress> found, Consumer<String> refused) {
        if (isAddress(host)) {
            found.accept(new InetSocketAddress(host, port));
            return;
        }
        try {
            Threads.EXECUTOR.execute(() -> found.accept(new InetSocketAddress(host, port)));
        } catch (RejectedExecutionException e) {
            refused.accept("host " + host + ": " + THREADS + " look-ups of names are under way (expected: fewer)");
        }
    }

    /** Whether the JDK takes it for an address and asks nobody. It would ask for {@code 300.1.1.1}. */
    static boolean isAddress(String host) {
        return host.indexOf(':') >= 0 || host.matches("((25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.(?!$)|$)){4}");
    }

    /** Made by the first name. */
    private static final class Threads {
        static final ThreadPoolExecutor EXECUTOR =
                new ThreadPoolExecutor(0, THREADS, 10, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                    Thread thread = new Thread(task, "lb4j-name-lookup");
                    thread.setDaemon(true);
                    thread.setContextClassLoader(NameLookup.class.getClassLoader());
                    return thread;
                });
    }
}

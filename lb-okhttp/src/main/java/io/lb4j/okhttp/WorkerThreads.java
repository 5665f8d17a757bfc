package io.lb4j.okhttp;

import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Daemon threads for work on the side, as many as there is work for, up to a limit; beyond it work is refused. */
final class WorkerThreads {
    private static final long IDLE_SECONDS = 10;

    private WorkerThreads() {}

    static ThreadPoolExecutor upTo(int max, String name) {
        return new ThreadPoolExecutor(0, max, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
            // Without the first caller's inheritable thread locals and class loader, which would leak its application.
            Thread thread = new Thread(null, task, name, 0, false);
            thread.setDaemon(true);
            thread.setContextClassLoader(WorkerThreads.class.getClassLoader());
            return thread;
        });
    }
}

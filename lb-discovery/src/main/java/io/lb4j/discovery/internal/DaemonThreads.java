package io.lb4j.discovery.internal;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Threads that neither keep the program alive nor the application that first used them in memory. */
public final class DaemonThreads {
    private DaemonThreads() {}

    public static Thread create(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        // An application server that inherits the first caller's context class loader leaks that application.
        thread.setContextClassLoader(DaemonThreads.class.getClassLoader());
        return thread;
    }

    /** One such thread for one task after another, kept for some idle seconds. */
    public static ThreadPoolExecutor single(String name) {
        ThreadPoolExecutor single = new ThreadPoolExecutor(
                1, 1, 5, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> create(task, name));
        single.allowCoreThreadTimeOut(true);
        return single;
    }

    /** As many such threads as there is to do at a time, each kept for some idle seconds. */
    public static ThreadPoolExecutor pool(String name) {
        return new ThreadPoolExecutor(
                0, Integer.MAX_VALUE, 5, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> create(task, name));
    }
}

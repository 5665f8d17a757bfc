package io.lb4j.discovery.internal;

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
}

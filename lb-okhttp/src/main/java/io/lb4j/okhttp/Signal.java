package io.lb4j.okhttp;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Something that happens once, and the threads that wait for it. Unlike a future it forgets a thread that stopped
 * waiting: while discovery is down, calls come and give up, and each must leave nothing behind. Thread-safe.
 */
final class Signal {
    private final Set<Thread> waiting = ConcurrentHashMap.newKeySet();
    private volatile boolean given;

    /** It happened. */
    void give() {
        given = true;
        waiting.forEach(LockSupport::unpark);
    }

    boolean isGiven() {
        return given;
    }

    /** Wakes this thread when it happens; the thread then looks for itself, before it parks too. */
    void wake(Thread thread) {
        waiting.add(thread);
    }

    void forget(Thread thread) {
        waiting.remove(thread);
    }

    /** Threads that wait now. */
    int waiting() {
        return waiting.size();
    }
}

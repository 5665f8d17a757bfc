package io.lb4j.balancer;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** Passes on the first fault of a strategy or its picker for one routing; a broken picker fails on every call. */
final class StrategyFaults {
    private final Consumer<Throwable> listener;
    private final AtomicBoolean reported = new AtomicBoolean();

    StrategyFaults(Consumer<Throwable> listener) {
        this.listener = listener;
    }

    /** Whether there was one, so that the next need not be put into words. */
    boolean isReported() {
        return reported.getOpaque();
    }

    void report(Throwable fault) {
        if (reported.compareAndSet(false, true)) {
            listener.accept(fault);
        }
    }
}

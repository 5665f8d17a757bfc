package io.lb4j.balancer;

import io.lb4j.Outcome;

/** Of no instance in particular. */
record FixedLimiter(int limit) implements Limiter {
    @Override
    public boolean learns() {
        return false;
    }

    @Override
    public boolean timed() {
        return false;
    }

    @Override
    public void onEnd(Outcome outcome, long startNanos, long nowNanos) {}
}

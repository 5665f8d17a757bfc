package io.lb4j.balancer;

import io.lb4j.Candidate;
import io.lb4j.health.AimdLimit;

/** See {@link AimdLimit}. */
final class AimdLimiter extends AdaptiveLimiter {
    private final long slowNanos;

    AimdLimiter(AimdLimit settings, Candidate instance, long nowNanos) {
        super(instance, settings.initial(), settings.min(), settings.max(), settings.backoff(), nowNanos);
        this.slowNanos = settings.slow().toNanos();
    }

    @Override
    void succeeded(int inFlight, long startNanos, long nowNanos) {
        if (slowNanos > 0 && nowNanos - startNanos > slowNanos) {
            dropped(inFlight, startNanos, nowNanos);
        } else if (inFlight * 2L >= exact()) {
            change(now -> now + 1 / now);
        }
    }
}

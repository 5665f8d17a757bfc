package io.lb4j.balancer;

import io.lb4j.Candidate;
import io.lb4j.Ticker;
import io.lb4j.Tracker;
import io.lb4j.health.AimdLimit;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.health.FixedLimit;
import io.lb4j.health.GradientLimit;
import java.util.random.RandomGenerator;

/** How many calls one instance may have at a time. Kept with the instance, and told of its calls as trackers are. */
interface Limiter extends Tracker {

    /** The limit at this moment, at least 1. */
    int limit();

    /** Whether it has to be told of calls. */
    default boolean learns() {
        return true;
    }

    /** Makes the limiter of one instance. */
    @FunctionalInterface
    interface Factory {
        Limiter make(Candidate instance);
    }

    static Factory factory(ConcurrencyLimit settings, Ticker ticker, RandomGenerator random) {
        if (settings instanceof AimdLimit aimd) {
            return instance -> new AimdLimiter(aimd, instance, ticker.nanos());
        }
        if (settings instanceof GradientLimit gradient) {
            return instance -> new GradientLimiter(gradient, instance, ticker.nanos(), random);
        }
        int calls = ((FixedLimit) settings).calls();
        Limiter fixed = new FixedLimiter(calls);
        return instance -> fixed;
    }
}

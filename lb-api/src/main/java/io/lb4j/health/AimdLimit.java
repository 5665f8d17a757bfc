package io.lb4j.health;

import io.lb4j.internal.Settings;
import java.time.Duration;

/**
 * A limit that grows by one for each round of calls that go well while it is in use, and shrinks by a factor when calls
 * are dropped: no connection, no answer in time, a broken connection, an answer that asks for rest, or a gateway's error
 * (HTTP 502 to 504). Other failures leave it alone, since an endpoint with a bug is no reason to send less to the others.
 *
 * <p>Additive increase, multiplicative decrease as in TCP, and as in Netflix's and Dialogue's limiters; from TCP also
 * that it shrinks once for a round of calls, however many of them are dropped (calls that began before the last decrease
 * say nothing about it), and that a decrease starts from the calls in flight where the limit was never reached.
 *
 * @param initial what an instance begins with; default 20
 * @param min the smallest it gets, at least 1; default 1
 * @param max the largest it gets; default 1000
 * @param backoff what it is multiplied with when calls are dropped, in (0, 1); default 0.8
 * @param slow a call that takes longer than this counts as dropped, even if it goes well; zero turns that off; default 5 s
 */
public record AimdLimit(int initial, int min, int max, double backoff, Duration slow) implements ConcurrencyLimit {

    /** Every component at its default. */
    public static final AimdLimit DEFAULT = builder().build();

    /**
     * Checks every component.
     *
     * @throws IllegalArgumentException naming the component, its value and the rule it broke
     */
    public AimdLimit {
        Settings.range(initial, min, max);
        Settings.check(backoff > 0 && backoff < 1, "backoff", backoff, "> 0 and < 1");
        Settings.notNegative(slow, "slow");
    }

    /** A builder with every component at its default. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects the components of an {@link AimdLimit}. Not thread-safe. */
    public static final class Builder {
        private int initial = 20;
        private int min = 1;
        private int max = 1000;
        private double backoff = 0.8;
        private Duration slow = Duration.ofSeconds(5);

        private Builder() {}

        /** Sets what an instance begins with; default 20. */
        public Builder initial(int value) {
            this.initial = value;
            return this;
        }

        /** Sets the smallest limit; default 1. */
        public Builder min(int value) {
            this.min = value;
            return this;
        }

        /** Sets the largest limit; default 1000. */
        public Builder max(int value) {
            this.max = value;
            return this;
        }

        /** Sets what the limit is multiplied with when calls are dropped; default 0.8. */
        public Builder backoff(double value) {
            this.backoff = value;
            return this;
        }

        /** Sets from when on a call counts as dropped, even if it goes well; default 5 s, zero turns that off. */
        public Builder slow(Duration value) {
            this.slow = value;
            return this;
        }

        /**
         * Builds the settings.
         *
         * @throws IllegalArgumentException if a component is out of its range
         */
        public AimdLimit build() {
            return new AimdLimit(initial, min, max, backoff, slow);
        }
    }
}

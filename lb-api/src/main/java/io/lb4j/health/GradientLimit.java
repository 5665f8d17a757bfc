package io.lb4j.health;

import io.lb4j.internal.Settings;
import java.time.Duration;

/**
 * A limit that shrinks as soon as calls take longer than they do on an idle instance, and grows by its square root while
 * they don't and it is in use. For each round of calls (as many as are in flight, at least 4), with the median of what they
 * took:
 *
 * <pre>{@code
 * gradient = max(0.5, tolerance × baseline / median)
 * limit    = gradient × limit           if gradient < 1
 *            limit + smoothing × √limit  else, if half of the limit was in use
 * }</pre>
 *
 * <p>The baseline is the median of the first 24 calls, or of 50 others if calls take less than half of it. Once
 * in a while it is looked at: if calls take longer than tolerated, the limit is three for the next 50, which tells an
 * instance that became slower from one that has too much to do. The new baseline is at most twice the old one: other
 * clients' calls, which don't hold back meanwhile, would else be taken for the instance's own slowness. When calls are
 * dropped, the limit shrinks as an {@link AimdLimit} does, as the last resort against a baseline that is wrong.
 *
 * <p>Envoy's adaptive concurrency (gradient and measurement of the least round trip time) with the tolerance and the
 * smoothing of Netflix's Gradient2. Unlike theirs, a limit that is not in use doesn't grow, and one that shrinks does so
 * without smoothing or the square root, from the calls in flight where it was never reached: with many clients, each of
 * which has few calls to learn from, the instance would be drowned before they noticed.
 *
 * @param initial what an instance begins with; default 20
 * @param min the smallest it gets, at least 1; default 1
 * @param max the largest it gets; default 1000
 * @param tolerance how many times as long as the baseline calls may take before the limit shrinks, at least 1; default
 *     2.5
 * @param smoothing the share of its square root by which the limit grows, in (0, 1]; default 0.5
 * @param remeasure how old the baseline gets before it is looked at, and up to 15 % more at random; default 60 s
 */
public record GradientLimit(int initial, int min, int max, double tolerance, double smoothing, Duration remeasure)
        implements ConcurrencyLimit {

    /** Every component at its default. */
    public static final GradientLimit DEFAULT = builder().build();

    /**
     * Checks every component.
     *
     * @throws IllegalArgumentException naming the component, its value and the rule it broke
     */
    public GradientLimit {
        Settings.range(initial, min, max);
        Settings.check(tolerance >= 1 && tolerance <= 100, "tolerance", tolerance, "1 to 100");
        Settings.check(smoothing > 0 && smoothing <= 1, "smoothing", smoothing, "> 0 and <= 1");
        Settings.positive(remeasure, "remeasure");
    }

    /** A builder with every component at its default. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects the components of a {@link GradientLimit}. Not thread-safe. */
    public static final class Builder {
        private int initial = 20;
        private int min = 1;
        private int max = 1000;
        private double tolerance = 2.5;
        private double smoothing = 0.5;
        private Duration remeasure = Duration.ofSeconds(60);

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

        /** Sets how many times as long as the baseline calls may take before the limit shrinks; default 2.5. */
        public Builder tolerance(double value) {
            this.tolerance = value;
            return this;
        }

        /** Sets the share of its square root by which the limit grows; default 0.5. */
        public Builder smoothing(double value) {
            this.smoothing = value;
            return this;
        }

        /** Sets how old the baseline gets before it is looked at; default 60 s. */
        public Builder remeasure(Duration value) {
            this.remeasure = value;
            return this;
        }

        /**
         * Builds the settings.
         *
         * @throws IllegalArgumentException if a component is out of its range
         */
        public GradientLimit build() {
            return new GradientLimit(initial, min, max, tolerance, smoothing, remeasure);
        }
    }
}

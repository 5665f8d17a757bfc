package io.lb4j.health;

import java.time.Duration;

/**
 * Passive health: when real calls take an instance out of rotation (an <em>ejection</em>), and for how long. Rules and
 * names follow Envoy's outlier detection and gRPC's A50; the defaults are quicker, for a client sees less traffic than
 * a proxy. Immutable.
 *
 * @param consecutiveFailures this many failed calls in a row eject at once; 0 turns the rule off; default 5
 * @param failurePercentage an instance failing at least this share of its calls is ejected, in percent; 0 turns the
 *     rule off; default 50
 * @param minimumVolume calls within {@code window} below which the percentage is not judged; default 20
 * @param window how far back the percentage looks, in whole seconds; default 10 s
 * @param baseEjectionTime how long the first ejection lasts; each further one lasts twice as long, and each time the
 *     instance then stays good for as long as its last ejection lasted, the next is one step shorter; default 5 s
 * @param maxEjectionTime the longest an ejection gets; default 5 min
 * @param maxEjectedShare share of the instances that may be ejected at a time, in [0, 1], though one may always be if
 *     there are at least two; default 0.5
 */
public record OutlierDetection(
        int consecutiveFailures,
        double failurePercentage,
        int minimumVolume,
        Duration window,
        Duration baseEjectionTime,
        Duration maxEjectionTime,
        double maxEjectedShare) {

    /** Every component at its default. */
    public static final OutlierDetection DEFAULT = builder().build();

    /** Never ejects. */
    public static final OutlierDetection OFF =
            builder().consecutiveFailures(0).failurePercentage(0).build();

    /**
     * Checks every component.
     *
     * @throws IllegalArgumentException naming the component, its value and the rule it broke
     */
    public OutlierDetection {
        Settings.check(consecutiveFailures >= 0, "consecutiveFailures", consecutiveFailures, ">= 0");
        Settings.check(
                failurePercentage >= 0 && failurePercentage <= 100, "failurePercentage", failurePercentage, "0 to 100");
        Settings.check(minimumVolume >= 1, "minimumVolume", minimumVolume, ">= 1");
        Settings.check(
                window.compareTo(Duration.ofSeconds(1)) >= 0
                        && window.compareTo(Duration.ofHours(1)) <= 0
                        && window.toNanosPart() == 0,
                "window",
                window,
                "1 s to 1 h in whole seconds");
        Settings.positive(baseEjectionTime, "baseEjectionTime");
        Settings.positive(maxEjectionTime, "maxEjectionTime");
        Settings.check(
                maxEjectionTime.compareTo(baseEjectionTime) >= 0,
                "maxEjectionTime",
                maxEjectionTime,
                ">= baseEjectionTime " + baseEjectionTime);
        Settings.check(maxEjectedShare >= 0 && maxEjectedShare <= 1, "maxEjectedShare", maxEjectedShare, "0 to 1");
    }

    /** A builder with every component at its default. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects the components of an {@link OutlierDetection}. Not thread-safe. */
    public static final class Builder {
        private int consecutiveFailures = 5;
        private double failurePercentage = 50;
        private int minimumVolume = 20;
        private Duration window = Duration.ofSeconds(10);
        private Duration baseEjectionTime = Duration.ofSeconds(5);
        private Duration maxEjectionTime = Duration.ofMinutes(5);
        private double maxEjectedShare = 0.5;

        private Builder() {}

        /** Sets how many failed calls in a row eject; default 5, 0 turns the rule off. */
        public Builder consecutiveFailures(int value) {
            this.consecutiveFailures = value;
            return this;
        }

        /** Sets the share of failed calls that ejects, in percent; default 50, 0 turns the rule off. */
        public Builder failurePercentage(double value) {
            this.failurePercentage = value;
            return this;
        }

        /** Sets the number of calls below which the percentage is not judged; default 20. */
        public Builder minimumVolume(int value) {
            this.minimumVolume = value;
            return this;
        }

        /** Sets how far back the percentage looks, in whole seconds; default 10 s. */
        public Builder window(Duration value) {
            this.window = value;
            return this;
        }

        /** Sets how long the first ejection lasts; default 5 s. */
        public Builder baseEjectionTime(Duration value) {
            this.baseEjectionTime = value;
            return this;
        }

        /** Sets the longest an ejection gets; default 5 min. */
        public Builder maxEjectionTime(Duration value) {
            this.maxEjectionTime = value;
            return this;
        }

        /** Sets the share of the instances that may be ejected at a time; default 0.5. */
        public Builder maxEjectedShare(double value) {
            this.maxEjectedShare = value;
            return this;
        }

        /**
         * Builds the settings.
         *
         * @throws IllegalArgumentException if a component is out of its range
         */
        public OutlierDetection build() {
            return new OutlierDetection(
                    consecutiveFailures,
                    failurePercentage,
                    minimumVolume,
                    window,
                    baseEjectionTime,
                    maxEjectionTime,
                    maxEjectedShare);
        }
    }
}

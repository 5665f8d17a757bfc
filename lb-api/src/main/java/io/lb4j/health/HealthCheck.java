package io.lb4j.health;

import java.time.Duration;
import java.util.Objects;

/**
 * How instances are actively checked (pull). An instance counts as healthy until checks say otherwise, so a newcomer
 * serves at once and a slow first round of checks takes nobody out. Immutable.
 *
 * @param probe how to ask one instance
 * @param interval time between checks of a healthy instance; default 5 s
 * @param unhealthyInterval time between checks of an unhealthy or suspect one (its last check failed); default 1 s
 * @param timeout how long a probe may take; default 1 s
 * @param rise consecutive good checks that bring an unhealthy instance back; default 2
 * @param fall consecutive bad checks that take a healthy instance out; default 2
 * @param jitter share of each interval by which it is randomly lengthened or shortened, so that a fleet of clients does
 *     not probe in step; 0 to 1, default 0.2
 */
public record HealthCheck(
        Probe probe,
        Duration interval,
        Duration unhealthyInterval,
        Duration timeout,
        int rise,
        int fall,
        double jitter) {

    /**
     * Checks every component.
     *
     * @throws IllegalArgumentException naming the component, its value and the rule it broke
     */
    public HealthCheck {
        Objects.requireNonNull(probe, "probe");
        Settings.positive(interval, "interval");
        Settings.positive(unhealthyInterval, "unhealthyInterval");
        Settings.positive(timeout, "timeout");
        Settings.check(rise >= 1, "rise", rise, ">= 1");
        Settings.check(fall >= 1, "fall", fall, ">= 1");
        Settings.check(jitter >= 0 && jitter <= 1, "jitter", jitter, "0 to 1");
    }

    /** Checks by {@code probe}, everything else at its default. */
    public static HealthCheck of(Probe probe) {
        return builder(probe).build();
    }

    /** A builder with everything but the probe at its default. */
    public static Builder builder(Probe probe) {
        return new Builder(probe);
    }

    /** Collects the components of a {@link HealthCheck}. Not thread-safe. */
    public static final class Builder {
        private final Probe probe;
        private Duration interval = Duration.ofSeconds(5);
        private Duration unhealthyInterval = Duration.ofSeconds(1);
        private Duration timeout = Duration.ofSeconds(1);
        private int rise = 2;
        private int fall = 2;
        private double jitter = 0.2;

        private Builder(Probe probe) {
            this.probe = Objects.requireNonNull(probe, "probe");
        }

        /** Sets the time between checks of a healthy instance; default 5 s. */
        public Builder interval(Duration value) {
            this.interval = value;
            return this;
        }

        /** Sets the time between checks of an unhealthy or suspect instance; default 1 s. */
        public Builder unhealthyInterval(Duration value) {
            this.unhealthyInterval = value;
            return this;
        }

        /** Sets how long a probe may take; default 1 s. */
        public Builder timeout(Duration value) {
            this.timeout = value;
            return this;
        }

        /** Sets how many consecutive good checks bring an unhealthy instance back; default 2. */
        public Builder rise(int value) {
            this.rise = value;
            return this;
        }

        /** Sets how many consecutive bad checks take a healthy instance out; default 2. */
        public Builder fall(int value) {
            this.fall = value;
            return this;
        }

        /** Sets the share by which each interval varies at random; default 0.2. */
        public Builder jitter(double value) {
            this.jitter = value;
            return this;
        }

        /**
         * Builds the settings.
         *
         * @throws IllegalArgumentException if a component is out of its range
         */
        public HealthCheck build() {
            return new HealthCheck(probe, interval, unhealthyInterval, timeout, rise, fall, jitter);
        }
    }
}

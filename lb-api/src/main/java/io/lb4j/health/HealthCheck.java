package io.lb4j.health;

import io.lb4j.internal.Settings;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How instances are actively checked (pull). An instance counts as healthy until checks say otherwise, so a newcomer
 * serves at once and a slow first round of checks takes nobody out. Immutable.
 *
 * @param probe how to ask one instance
 * @param interval time from one check of a healthy instance to the next; default 5 s
 * @param maxInterval what the interval grows to, by half each time, while all checks pass and no call fails; at least
 *     {@code interval}, which turns growing off; default four times that, 20 s
 * @param unhealthyInterval time between checks of an instance that is out, by checks or by passive health; default 1 s
 * @param suspectInterval time between checks while a verdict is in the balance: the last check contradicted it, or calls
 *     fail since; default a quarter of {@code unhealthyInterval}, 250 ms
 * @param timeout how long a probe may take; default 1 s
 * @param rise consecutive good checks that bring an unhealthy instance back; default 2
 * @param fall consecutive bad checks that take a healthy instance out; default 2
 * @param jitter share of each interval by which it is randomly lengthened or shortened, so that a fleet of clients does
 *     not probe in step; 0 to 1, default 0.2
 * @param endsEjections whether checks that saw the trouble an instance was ejected for, and see it gone, end the ejection
 *     before its time; default true. (Envoy's {@code successful_active_health_check_uneject_host}, which doesn't ask
 *     whether the check saw anything.)
 */
public record HealthCheck(
        Probe probe,
        Duration interval,
        Duration maxInterval,
        Duration unhealthyInterval,
        Duration suspectInterval,
        Duration timeout,
        int rise,
        int fall,
        double jitter,
        boolean endsEjections) {

    /**
     * Checks every component.
     *
     * @throws IllegalArgumentException naming the component, its value and the rule it broke
     */
    public HealthCheck {
        Objects.requireNonNull(probe, "probe");
        Settings.positive(interval, "interval");
        Settings.positive(maxInterval, "maxInterval");
        Settings.check(maxInterval.compareTo(interval) >= 0, "maxInterval", maxInterval, ">= interval " + interval);
        Settings.positive(unhealthyInterval, "unhealthyInterval");
        Settings.positive(suspectInterval, "suspectInterval");
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

    /** The same checks by another probe. */
    public HealthCheck withProbe(Probe other) {
        return new HealthCheck(
                other,
                interval,
                maxInterval,
                unhealthyInterval,
                suspectInterval,
                timeout,
                rise,
                fall,
                jitter,
                endsEjections);
    }

    /** Collects the components of a {@link HealthCheck}. Not thread-safe. */
    public static final class Builder {
        private final Probe probe;
        private Duration interval = Duration.ofSeconds(5);
        private @Nullable Duration maxInterval;
        private Duration unhealthyInterval = Duration.ofSeconds(1);
        private @Nullable Duration suspectInterval;
        private Duration timeout = Duration.ofSeconds(1);
        private int rise = 2;
        private int fall = 2;
        private double jitter = 0.2;
        private boolean endsEjections = true;

        private Builder(Probe probe) {
            this.probe = Objects.requireNonNull(probe, "probe");
        }

        /** Sets the time from one check of a healthy instance to the next; default 5 s. */
        public Builder interval(Duration value) {
            this.interval = value;
            return this;
        }

        /** Sets what the interval grows to while all is well; default four times the interval. */
        public Builder maxInterval(Duration value) {
            this.maxInterval = value;
            return this;
        }

        /** Sets the time between checks of an instance that is out; default 1 s. */
        public Builder unhealthyInterval(Duration value) {
            this.unhealthyInterval = value;
            return this;
        }

        /** Sets the time between checks while a verdict is in the balance; default a quarter of the one before. */
        public Builder suspectInterval(Duration value) {
            this.suspectInterval = value;
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

        /** Sets whether checks that see the trouble gone end an ejection before its time; default true. */
        public Builder endsEjections(boolean value) {
            this.endsEjections = value;
            return this;
        }

        /**
         * Builds the settings.
         *
         * @throws IllegalArgumentException if a component is out of its range
         */
        public HealthCheck build() {
            return new HealthCheck(
                    probe,
                    interval,
                    maxInterval != null ? maxInterval : fourTimes(interval),
                    unhealthyInterval,
                    suspectInterval != null ? suspectInterval : aQuarter(unhealthyInterval),
                    timeout,
                    rise,
                    fall,
                    jitter,
                    endsEjections);
        }

        /** Itself where four times it would be longer than is allowed, which then is said of the right component. */
        private static Duration fourTimes(Duration value) {
            return value.compareTo(Settings.LONGEST.dividedBy(4)) > 0 ? value : value.multipliedBy(4);
        }

        private static Duration aQuarter(Duration value) {
            Duration quarter = value.dividedBy(4);
            return quarter.isZero() ? value : quarter;
        }
    }
}

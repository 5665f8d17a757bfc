package io.lb4j.health;

import io.lb4j.internal.Settings;
import java.time.Duration;

/**
 * Passive health: when real calls take an instance out of rotation (an <em>ejection</em>), and for how long. Rules and
 * names follow Envoy's outlier detection and gRPC's A50; the defaults are quicker, for a client sees less traffic than
 * a proxy. Immutable.
 *
 * @param consecutiveFailures this many failed calls in a row eject at once; 0 turns the rule off; default 5
 * @param consecutiveGatewayFailures this many calls in a row that
 *     {@linkplain io.lb4j.Outcome#isGatewayFailure() failed as at a gateway} eject at once; 0, the default, turns the
 *     rule off, since such calls also count as failures
 * @param consecutiveLocalFailures this many calls in a row that
 *     {@linkplain io.lb4j.Outcome#isLocalFailure() got no whole answer} eject at once; 0, the default, turns the rule
 *     off, since such calls also count as failures
 * @param failurePercentage an instance failing at least this share of its calls is ejected, in percent; 0 turns the
 *     rule off; default 50
 * @param minimumVolume calls within {@code window} below which the percentage is not judged; default 20
 * @param minimumHosts instances with {@code minimumVolume} below which nobody's percentage is judged; default 1
 * @param successRateStdevFactor an instance whose rate of success is less than the mean of all rates minus this many
 *     standard deviations is ejected; 0 turns the rule off; default 1.9, as Envoy's 1900 thousandths
 * @param successRateMinimumVolume calls within {@code window} below which an instance has no part in that; default 100
 * @param successRateMinimumHosts instances with that volume below which rates are not compared; default 5. Of four, one
 *     can never be 1.9 standard deviations below the mean
 * @param significance how unlikely failures must be by chance, given the share of calls that the others fail, before
 *     one of the rules above ejects for them; in (0, 1]; below 1, as by default, they must also be worse than those of the others:
 *     a share at least twice theirs, and where calls to others failed in the last second, a run of failing answers must
 *     last 200 ms; 1 turns both questions off; default 1e-9
 * @param stallTime an instance that for this long takes calls and answers none, while the others answer theirs, is
 *     ejected before its calls time out, if their silence can't be chance ({@code significance}) given how long calls
 *     elsewhere last; looked at four times a second; zero turns the rule off; default 1 s
 * @param latencyFactor an instance most of whose calls take longer than this many times the median of the others of its
 *     priority is ejected, if that can't be chance ({@code significance}); a call that has not ended counts with its age.
 *     Judged with {@code minimumVolume} calls within {@code window}, here and on at least one other; not in slow start,
 *     and nobody is where half of the instances stand out. Measuring costs each call two looks at the clock; 0, the
 *     default, turns the rule off, since nothing tells a slow instance from one that gets dearer calls; else at least
 *     1.5, and rather 10 than 2
 * @param latencyFloor how much longer than the median of the others a call takes at least before it counts as slow; default
 *     10 ms
 * @param window how far back percentages and rates look, in whole seconds; default 10 s
 * @param baseEjectionTime how long the first ejection lasts; each further one lasts twice as long, and each time the
 *     instance then stays good for as long as its last ejection lasted, the next is one step shorter; default 5 s
 * @param maxEjectionTime the longest an ejection gets, before jitter; default 5 min
 * @param maxEjectionTimeJitter up to this much, in whole milliseconds, is added to each ejection at random; zero, the
 *     default, adds nothing
 * @param maxEjectedShare share of the instances that may be ejected at a time, in [0, 1], though one may always be if
 *     there are at least two; default 0.5
 * @param trialInterval after its time, an ejected instance gets one call at a time, as behind a circuit breaker that is
 *     half open, and a call that has not ended for this long makes place for another; the first that succeeds ends the
 *     ejection, the first that fails begins the next; zero lets instances back at once when their time is over; default
 *     3 s, as Armeria's
 */
public record OutlierDetection(
        int consecutiveFailures,
        int consecutiveGatewayFailures,
        int consecutiveLocalFailures,
        double failurePercentage,
        int minimumVolume,
        int minimumHosts,
        double successRateStdevFactor,
        int successRateMinimumVolume,
        int successRateMinimumHosts,
        double significance,
        Duration stallTime,
        double latencyFactor,
        Duration latencyFloor,
        Duration window,
        Duration baseEjectionTime,
        Duration maxEjectionTime,
        Duration maxEjectionTimeJitter,
        double maxEjectedShare,
        Duration trialInterval) {

    /** Every component at its default. */
    public static final OutlierDetection DEFAULT = builder().build();

    /** Never ejects. */
    public static final OutlierDetection OFF = builder()
            .consecutiveFailures(0)
            .failurePercentage(0)
            .successRateStdevFactor(0)
            .stallTime(Duration.ZERO)
            .build();

    /**
     * Checks every component.
     *
     * @throws IllegalArgumentException naming the component, its value and the rule it broke
     */
    public OutlierDetection {
        Settings.atLeast(0, consecutiveFailures, "consecutiveFailures");
        Settings.atLeast(0, consecutiveGatewayFailures, "consecutiveGatewayFailures");
        Settings.atLeast(0, consecutiveLocalFailures, "consecutiveLocalFailures");
        Settings.check(
                failurePercentage >= 0 && failurePercentage <= 100, "failurePercentage", failurePercentage, "0 to 100");
        Settings.atLeast(1, minimumVolume, "minimumVolume");
        Settings.atLeast(1, minimumHosts, "minimumHosts");
        Settings.check(
                successRateStdevFactor >= 0 && successRateStdevFactor <= 100,
                "successRateStdevFactor",
                successRateStdevFactor,
                "0 to 100");
        Settings.atLeast(1, successRateMinimumVolume, "successRateMinimumVolume");
        Settings.atLeast(2, successRateMinimumHosts, "successRateMinimumHosts");
        Settings.check(significance > 0 && significance <= 1, "significance", significance, "> 0 and <= 1");
        Settings.notNegative(stallTime, "stallTime");
        Settings.check(
                stallTime.isZero() || stallTime.compareTo(Duration.ofMillis(500)) >= 0,
                "stallTime",
                stallTime,
                "0 or >= 500 ms");
        Settings.check(
                latencyFactor == 0 || (latencyFactor >= 1.5 && latencyFactor <= 1000),
                "latencyFactor",
                latencyFactor,
                "0 or 1.5 to 1000");
        Settings.notNegative(latencyFloor, "latencyFloor");
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
        Settings.notNegative(maxEjectionTimeJitter, "maxEjectionTimeJitter");
        Settings.check(maxEjectedShare >= 0 && maxEjectedShare <= 1, "maxEjectedShare", maxEjectedShare, "0 to 1");
        Settings.notNegative(trialInterval, "trialInterval");
    }

    /** A builder with every component at its default. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects the components of an {@link OutlierDetection}. Not thread-safe. */
    public static final class Builder {
        private int consecutiveFailures = 5;
        private int consecutiveGatewayFailures = 0;
        private int consecutiveLocalFailures = 0;
        private double failurePercentage = 50;
        private int minimumVolume = 20;
        private int minimumHosts = 1;
        private double successRateStdevFactor = 1.9;
        private int successRateMinimumVolume = 100;
        private int successRateMinimumHosts = 5;
        private double significance = 1e-9;
        private Duration stallTime = Duration.ofSeconds(1);
        private double latencyFactor = 0;
        private Duration latencyFloor = Duration.ofMillis(10);
        private Duration window = Duration.ofSeconds(10);
        private Duration baseEjectionTime = Duration.ofSeconds(5);
        private Duration maxEjectionTime = Duration.ofMinutes(5);
        private Duration maxEjectionTimeJitter = Duration.ZERO;
        private double maxEjectedShare = 0.5;
        private Duration trialInterval = Duration.ofSeconds(3);

        private Builder() {}

        /** Sets how many failed calls in a row eject; default 5, 0 turns the rule off. */
        public Builder consecutiveFailures(int value) {
            this.consecutiveFailures = value;
            return this;
        }

        /** Sets how many calls in a row that failed as at a gateway eject; default 0, off. */
        public Builder consecutiveGatewayFailures(int value) {
            this.consecutiveGatewayFailures = value;
            return this;
        }

        /** Sets how many calls in a row that got no whole answer eject; default 0, off. */
        public Builder consecutiveLocalFailures(int value) {
            this.consecutiveLocalFailures = value;
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

        /** Sets how many instances must have the volume for the percentage to be judged; default 1. */
        public Builder minimumHosts(int value) {
            this.minimumHosts = value;
            return this;
        }

        /** Sets how many standard deviations below the mean a rate of success ejects; default 1.9, 0 turns the rule off. */
        public Builder successRateStdevFactor(double value) {
            this.successRateStdevFactor = value;
            return this;
        }

        /** Sets the number of calls below which an instance has no part in rates of success; default 100. */
        public Builder successRateMinimumVolume(int value) {
            this.successRateMinimumVolume = value;
            return this;
        }

        /** Sets how many instances with the volume rates of success need; default 5. */
        public Builder successRateMinimumHosts(int value) {
            this.successRateMinimumHosts = value;
            return this;
        }

        /** Sets how unlikely what ejects must be by chance; default 1e-9, 1 is not to ask. */
        public Builder significance(double value) {
            this.significance = value;
            return this;
        }

        /** Sets how long an instance may answer none of its calls while others answer theirs; default 1 s, zero is off. */
        public Builder stallTime(Duration value) {
            this.stallTime = value;
            return this;
        }

        /** Sets how many times the median of the others most calls of an instance must take to eject it; default 0, off. */
        public Builder latencyFactor(double value) {
            this.latencyFactor = value;
            return this;
        }

        /** Sets how much longer than the median of the others a call takes before it counts as slow; default 10 ms. */
        public Builder latencyFloor(Duration value) {
            this.latencyFloor = value;
            return this;
        }

        /** Sets how far back shares and rates look, in whole seconds; default 10 s. */
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

        /** Sets the most that chance adds to each ejection; default none. */
        public Builder maxEjectionTimeJitter(Duration value) {
            this.maxEjectionTimeJitter = value;
            return this;
        }

        /** Sets the share of the instances that may be ejected at a time; default 0.5. */
        public Builder maxEjectedShare(double value) {
            this.maxEjectedShare = value;
            return this;
        }

        /** Sets for how long a trial call keeps the instance's one place; default 3 s, zero is not to try instances. */
        public Builder trialInterval(Duration value) {
            this.trialInterval = value;
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
                    consecutiveGatewayFailures,
                    consecutiveLocalFailures,
                    failurePercentage,
                    minimumVolume,
                    minimumHosts,
                    successRateStdevFactor,
                    successRateMinimumVolume,
                    successRateMinimumHosts,
                    significance,
                    stallTime,
                    latencyFactor,
                    latencyFloor,
                    window,
                    baseEjectionTime,
                    maxEjectionTime,
                    maxEjectionTimeJitter,
                    maxEjectedShare,
                    trialInterval);
        }
    }
}

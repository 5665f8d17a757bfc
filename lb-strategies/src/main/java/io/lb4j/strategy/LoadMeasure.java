package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;

/**
 * What "busy" means to a strategy that looks for the least busy instance: {@link
 * Strategies#powerOfTwoChoices(LoadMeasure)}, {@link Strategies#leastRequest(int, LoadMeasure)}, {@link
 * Strategies#leastRequestRoundRobin(LoadMeasure)} and {@link Strategies#weightedByLoad(LoadMeasure)} run on any. Implement it to go by something else; what a measure must
 * remember of an instance lives in {@link Candidate#tracker}, of a service in {@link Eligible#state}.
 *
 * <p>Which of those that come with the library: {@link #blended()} where servers report their load, or some do; {@link
 * #inFlight()} where none does; {@link #responseTime()} where instances differ in speed. All are immutable and may serve
 * any number of strategies and services.
 */
@FunctionalInterface
public interface LoadMeasure {

    /**
     * The gauge of one candidate, for the life of one picker.
     *
     * @param eligible the candidates the picker is made for
     * @param index which of them
     */
    Gauge gauge(Eligible eligible, int index);

    /** Whether gauges need the time; if not, picks are spared a look at the clock, and are given 0. Default false. */
    default boolean timed() {
        return false;
    }

    /** Reads one candidate's load. Called on every pick, concurrently: takes no lock, makes no garbage, never throws. */
    @FunctionalInterface
    interface Gauge {
        /**
         * What one more call would cost here, itself included, in a unit of the measure's choice: calls or nanoseconds.
         * Not negative, not NaN; compared per weight, and the least is taken.
         *
         * @param nowNanos the time by the balancer's clock, 0 unless the measure is {@link LoadMeasure#timed() timed}
         */
        double load(long nowNanos);

        /**
         * Whether it has nothing to do, as far as is known. Idle instances of different weight are alike, since each
         * serves the call at once; which one is taken follows the weights. Default false: weights always count.
         */
        default boolean idle() {
            return false;
        }
    }

    /** Calls of this client in flight: what the strategies without a measure go by. Needs no help from the servers. */
    static LoadMeasure inFlight() {
        return OwnLoad.MEASURE;
    }

    /**
     * Calls in flight as the servers last reported ({@link io.lb4j.LoadReport#inFlight()}), drifting with age towards
     * the mean of those that report; an instance that doesn't counts as that mean. For clients with little traffic of
     * their own: calls they make between two reports don't count; {@link #blended()} is better otherwise.
     */
    static LoadMeasure reported() {
        return ReportedLoad.REPORTED;
    }

    /**
     * Calls of this client in flight, plus those of all the others as last reported. The others' drift with age
     * towards their mean, which is also what an instance is taken for that reports nothing: so this works with some, all
     * or none of the servers reporting, and with none it is {@link #inFlight()}. The pace of the drift is the
     * service's mean response time, as that is how long it takes for a queue to be another one.
     */
    static LoadMeasure blended() {
        return ReportedLoad.BLENDED;
    }

    /** Response time that rises at once and falls slowly, times calls in flight, as in {@link Strategies#peakEwma()}. */
    static LoadMeasure responseTime() {
        return TimeLoad.RESPONSE_TIME;
    }

    /**
     * How long calls take as the servers last reported ({@link io.lb4j.LoadReport#latencyNanos()}), times one more than
     * the calls that this client has sent there since. Drifts with age towards the mean of those that report, which is
     * also what the others are taken for.
     */
    static LoadMeasure reportedLatency() {
        return ReportedLoad.LATENCY;
    }
}

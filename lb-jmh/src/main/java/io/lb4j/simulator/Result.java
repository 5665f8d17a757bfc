package io.lb4j.simulator;

import java.time.Duration;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * What one algorithm made of one scenario.
 *
 * @param bound whether it is no algorithm but a bound, which knows what none can know
 * @param started calls that were made while it was measured
 * @param ended those that had an answer, good or bad, by the end
 * @param success share of the started calls that were answered well
 * @param mean time of a call as its caller sees it, retries included; as the percentiles, of all that ended
 * @param attemptsPerCall attempts per call: 1 without retries and hedges
 * @param imbalance how many calls the busiest server has, in terms of the mean; averaged over time
 * @param margin half the width of the interval that holds the true mean with 99.9 %
 * @param arrivals attempts that came to each server, by id
 * @param simulated calls that were made in all, those before the measurement included
 * @param course how it went over time
 * @param answered nanoseconds that calls took which were answered well
 */
public record Result(
        String scenario,
        String algorithm,
        boolean bound,
        long started,
        long ended,
        double success,
        Duration mean,
        Duration p50,
        Duration p99,
        Duration p999,
        double attemptsPerCall,
        double imbalance,
        Duration margin,
        Map<String, Long> arrivals,
        long simulated,
        Course course,
        Histogram answered) {

    /** Copies what could change. */
    public Result {
        arrivals = Map.copyOf(arrivals);
    }

    /** Share of the started calls that were answered well within this time. */
    public double within(Duration time) {
        return started == 0 ? 1 : (double) answered.getCountBetweenValues(0, time.toNanos()) / started;
    }

    /** Share of all attempts that came to this server. */
    public double share(String id) {
        long all = arrivals.values().stream().mapToLong(Long::longValue).sum();
        return all == 0 ? 0 : (double) arrivals.getOrDefault(id, 0L) / all;
    }
}

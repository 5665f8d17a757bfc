package io.lb4j.simulator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/** What is counted of the calls that start while it is measured. */
final class Statistics {
    /** Three digits, so that each figure is right to a thousandth. */
    private final Histogram times = new Histogram(3);

    /** Of those that were answered well. */
    private final Histogram answered = new Histogram(3);

    private final World world;
    private final long from;
    private final long until;
    private long started;
    private long succeeded;
    private long attempts;
    private double sumNanos;
    private final List<Double> batches = new ArrayList<>();
    private double batchSum;
    private int batchSize;
    private double imbalance;
    private int looks;
    private long all;
    private final Course.Recorder course;

    Statistics(World world, long from, long until) {
        this.world = world;
        this.from = from;
        this.until = until;
        this.course = new Course.Recorder(from, until);
    }

    Course.Recorder course() {
        return course;
    }

    private boolean counts(SimulatedCall call) {
        return call.started >= from && call.started < until;
    }

    void begun(SimulatedCall call) {
        all++;
        course.begun(call.started);
        if (counts(call)) {
            started++;
        }
    }

    void attempted(SimulatedCall call) {
        if (counts(call)) {
            attempts++;
        }
    }

    void ended(SimulatedCall call, boolean success) {
        long took = world.clock.nanos() - call.started;
        course.ended(call.started, took, success);
        if (!counts(call)) {
            return;
        }
        sumNanos += took;
        times.recordValue(took);
        if (success) {
            succeeded++;
            answered.recordValue(took);
        }
        batchSum += took;
        if (++batchSize == 1000) {
            batches.add(batchSum / batchSize);
            batchSum = 0;
            batchSize = 0;
        }
    }

    /** Looks at how evenly the calls in flight are spread, now. */
    void look(Collection<Node> nodes) {
        long sum = 0;
        int most = 0;
        for (Node node : nodes) {
            sum += node.inFlight();
            most = Math.max(most, node.inFlight());
        }
        if (sum > 0) {
            imbalance += most * (double) nodes.size() / sum;
            looks++;
        }
    }

    Result result(String scenario, Algorithm algorithm) {
        Map<String, Long> shares = new TreeMap<>();
        world.nodes().forEach(node -> shares.put(node.instance.id(), node.arrivals));
        long ended = times.getTotalCount();
        return new Result(
                scenario,
                algorithm.name(),
                algorithm.isBound(),
                started,
                ended,
                started == 0 ? 1 : (double) succeeded / started,
                Duration.ofNanos(ended == 0 ? 0 : Math.round(sumNanos / ended)),
                Duration.ofNanos(times.getValueAtPercentile(50)),
                Duration.ofNanos(times.getValueAtPercentile(99)),
                Duration.ofNanos(times.getValueAtPercentile(99.9)),
                started == 0 ? 1 : (double) attempts / started,
                looks == 0 ? 1 : imbalance / looks,
                margin(),
                shares,
                all,
                course.course(quantiles(), world.nodes()),
                answered);
    }

    private double[] quantiles() {
        return Course.SHARES.stream()
                .mapToDouble(share -> times.getTotalCount() == 0 ? Double.NaN : times.getValueAtPercentile(100 * share))
                .toArray();
    }

    /**
     * Half the width of the interval that holds the true mean with 99.9 %: from the means of batches that are long
     * enough to be nearly independent.
     */
    private Duration margin() {
        int groups = 20;
        int each = batches.size() / groups;
        if (each == 0) {
            return Duration.ofNanos(Long.MAX_VALUE);
        }
        double[] means = new double[groups];
        for (int i = 0; i < groups * each; i++) {
            means[i / each] += batches.get(i) / each;
        }
        double mean = 0;
        for (double one : means) {
            mean += one / groups;
        }
        double squares = 0;
        for (double one : means) {
            squares += (one - mean) * (one - mean);
        }
        // Student's t for 19 degrees of freedom.
        return Duration.ofNanos((long) (3.883 * Math.sqrt(squares / (groups - 1) / groups)));
    }
}

package io.lb4j.simulator;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How a run went over time, for pictures: coarse, in slices of equal length from the first call to the last one's start.
 * Calls count for the slice in which they started. Immutable.
 */
public final class Course {
    static final int SLICES = 60;

    /** Looks at the servers in each slice. */
    static final int LOOKS = 4;

    private final long sliceNanos;
    private final long warmUpNanos;
    private final double[] p50;
    private final double[] p99;
    private final double[] failed;
    private final double[] quantiles;
    private final List<Crowd> crowds;

    /**
     * A server and its calls.
     *
     * @param inFlight calls there in each slice, on average; NaN before it was there
     * @param attempts calls that came to it
     */
    record Crowd(String id, List<Double> inFlight, long attempts) {}

    private Course(Recorder of, double[] quantiles, List<Crowd> crowds) {
        this.sliceNanos = of.sliceNanos;
        this.warmUpNanos = of.warmUpNanos;
        this.p50 = of.times(0.5);
        this.p99 = of.times(0.99);
        this.failed = of.failedShares();
        this.quantiles = quantiles;
        this.crowds = crowds;
    }

    double sliceSeconds() {
        return sliceNanos / 1e9;
    }

    double warmUpSeconds() {
        return warmUpNanos / 1e9;
    }

    /** Seconds; NaN where no call started. */
    double p50(int slice) {
        return p50[slice] / 1e9;
    }

    /** Seconds; NaN where no call started. */
    double p99(int slice) {
        return p99[slice] / 1e9;
    }

    /** Of the calls that started in a slice, the share that had no good answer in the end. */
    double failed(int slice) {
        return failed[slice];
    }

    /** Seconds within which the shares {@link #SHARES} of the calls ended, in the same order. */
    double within(int share) {
        return quantiles[share] / 1e9;
    }

    List<Crowd> crowds() {
        return crowds;
    }

    /** Shares of calls, dense where the tail is. */
    static final List<Double> SHARES = shares();

    private static List<Double> shares() {
        List<Double> all = new ArrayList<>();
        for (int i = 2; i < 90; i += 4) {
            all.add(i / 100.0);
        }
        for (double rest = 0.1; rest > 0.00009; rest *= 0.8) {
            all.add(1 - rest);
        }
        return List.copyOf(all);
    }

    /** What a run writes down on its way. */
    static final class Recorder {
        private final long sliceNanos;
        private final long warmUpNanos;
        private final LogHistogram[] times = new LogHistogram[SLICES];
        private final long[] started = new long[SLICES];
        private final long[] succeeded = new long[SLICES];
        private final List<double[]> inFlight = new ArrayList<>();
        private int looks;

        Recorder(long warmUpNanos, long durationNanos) {
            this.warmUpNanos = warmUpNanos;
            this.sliceNanos = Math.max(LOOKS, (durationNanos + SLICES - 1) / SLICES);
            for (int i = 0; i < SLICES; i++) {
                times[i] = new LogHistogram();
            }
        }

        private int slice(long startedNanos) {
            return (int) Math.min(SLICES - 1, startedNanos / sliceNanos);
        }

        long lookNanos() {
            return sliceNanos / LOOKS;
        }

        void begun(long startedNanos) {
            started[slice(startedNanos)]++;
        }

        void ended(long startedNanos, long tookNanos, boolean success) {
            int slice = slice(startedNanos);
            times[slice].record(tookNanos);
            if (success) {
                succeeded[slice]++;
            }
        }

        /** Looks at how many calls are where, now; false when it has looked as often as there is room for. */
        boolean look(Iterable<Node> nodes) {
            int slice = looks / LOOKS;
            int place = 0;
            for (Node node : nodes) {
                if (place == inFlight.size()) {
                    double[] none = new double[SLICES];
                    Arrays.fill(none, 0, slice, Double.NaN);
                    inFlight.add(none);
                }
                inFlight.get(place++)[slice] += (double) node.inFlight() / LOOKS;
            }
            return ++looks < SLICES * LOOKS;
        }

        private double[] times(double quantile) {
            double[] all = new double[SLICES];
            for (int i = 0; i < SLICES; i++) {
                all[i] = times[i].at(quantile);
            }
            return all;
        }

        private double[] failedShares() {
            double[] all = new double[SLICES];
            for (int i = 0; i < SLICES; i++) {
                all[i] = started[i] == 0 ? 0 : 1 - (double) succeeded[i] / started[i];
            }
            return all;
        }

        /**
         * What was written down.
         *
         * @param quantiles nanoseconds for each of {@link #SHARES}
         */
        Course course(double[] quantiles, Iterable<Node> nodes) {
            List<Crowd> crowds = new ArrayList<>();
            for (Node node : nodes) {
                List<Double> over = new ArrayList<>();
                if (crowds.size() < inFlight.size()) {
                    for (double each : inFlight.get(crowds.size())) {
                        over.add(each);
                    }
                }
                crowds.add(new Crowd(node.instance.id(), List.copyOf(over), node.arrivals));
            }
            return new Course(this, quantiles, List.copyOf(crowds));
        }
    }
}

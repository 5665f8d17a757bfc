package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.StateKey;
import io.lb4j.Tracker;

/** The last load report of one instance, and what remains of it as it ages. */
final class ReportedLoad implements Tracker {
    /*
     * A client that sends few calls learns nothing from its own: with 100 clients of 100 servers at 90 % of their capacity,
     * choosing by calls of one's own in flight is hardly better than taking turns. What the servers say makes the
     * difference, but it is old as soon as it is said: the idle server that reported will be found by others, too.
     * So a report fades into the mean of the service, and after some response times says nothing any more. Own calls
     * are known at every moment and are taken out of the report when it comes and added again when it is read.
     */
    private static final StateKey<ReportedLoad> KEY = StateKey.create("reported load");
    private static final StateKey<FleetLoad> FLEET = StateKey.create("reported load of the service");

    static final LoadMeasure REPORTED =
            Measure.of("reported load", true, (set, i) -> of(set, set.get(i)).new Reported());

    static final LoadMeasure BLENDED =
            Measure.of("reported and own load", true, (set, i) -> of(set, set.get(i)).new Blended());

    static final LoadMeasure LATENCY =
            Measure.of("reported latency", true, (set, i) -> of(set, set.get(i)).new Latency());

    /** After so many times the memory a report is forgotten: without an end, the slightest difference would decide. */
    private static final double FORGOTTEN = 5;

    /** Fewer other calls than that, by estimate, are none. */
    private static final double NONE = 0.5;

    private final Candidate candidate;
    private final FleetLoad fleet;

    /** What was reported, written by any call that ends; a mixture of two reports at the same moment is no harm. */
    private volatile double others;

    private volatile double inFlight;
    private volatile double latency;
    private volatile int ownThen;

    /** When load and latency were reported. */
    private volatile long loadAt;

    private volatile boolean loadKnown;
    private volatile boolean reports;
    private volatile long latencyAt;
    private volatile boolean latencyKnown;

    private ReportedLoad(Candidate candidate, FleetLoad fleet) {
        this.candidate = candidate;
        this.fleet = fleet;
    }

    static ReportedLoad of(Eligible eligible, Candidate candidate) {
        // A part of the service goes on with what is known of the whole: a newcomer there must not look idle.
        FleetLoad fleet = eligible.state(FLEET, () -> tracker(eligible.get(0), new FleetLoad()).fleet);
        return tracker(candidate, fleet);
    }

    private static ReportedLoad tracker(Candidate candidate, FleetLoad fleet) {
        return candidate.tracker(KEY, () -> new ReportedLoad(candidate, fleet));
    }

    @Override
    public void onLoadReport(LoadReport report, long nowNanos) {
        // The call that this comes with is not in the report any more, but is not ended here yet.
        int own = Math.max(0, candidate.inFlight() - 1);
        double weight = candidate.instance().weight();
        double all = report.inFlight();
        if (all >= 0) {
            double rest = Math.max(0, all - own);
            others = rest;
            inFlight = all;
            loadAt = nowNanos;
            loadKnown = true;
            reports = true;
            fleet.others.add(rest / weight);
            fleet.inFlight.add(all / weight);
        }
        double nanos = report.latencyNanos();
        if (nanos >= 0) {
            latency = nanos;
            ownThen = own;
            latencyAt = nowNanos;
            latencyKnown = true;
            fleet.latency.add(nanos);
        }
    }

    @Override
    public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
        if (outcome.kind() != Outcome.Kind.SUCCESS) {
            return;
        }
        if (reports) {
            fleet.served(nowNanos - startNanos);
        } else if (fleet.reports()) {
            infer(fleet.inFlight(nowNanos - startNanos) * candidate.instance().weight(), nowNanos);
        }
    }

    private void infer(double all, long nowNanos) {
        others = Math.max(0, all - candidate.inFlight());
        inFlight = all;
        loadAt = nowNanos;
        loadKnown = true;
    }

    /** How many calls of other clients are in flight there, by estimate. */
    double others(long nowNanos) {
        double mean = fleet.others.orElse(0) * candidate.instance().weight();
        return loadKnown ? faded(others, mean, loadAt, nowNanos) : mean;
    }

    /** A value that was true {@code then}, on its way to the mean. */
    private double faded(double value, double mean, long then, long nowNanos) {
        double age = Math.max(0, nowNanos - then) / fleet.memoryNanos();
        // Close to exp(-age), for a division.
        return age >= FORGOTTEN ? mean : mean + (value - mean) / (1 + age + age * age / 2);
    }

    private final class Blended implements LoadMeasure.Gauge {
        @Override
        public double load(long nowNanos) {
            return candidate.inFlight() + others(nowNanos) + 1;
        }

        @Override
        public boolean idle() {
            // One that nothing is known of, such as a newcomer, is worth a try.
            return candidate.inFlight() == 0 && (!loadKnown || others < NONE);
        }
    }

    private final class Reported implements LoadMeasure.Gauge {
        @Override
        public double load(long nowNanos) {
            double mean = fleet.inFlight.orElse(0) * candidate.instance().weight();
            return 1 + (loadKnown ? faded(inFlight, mean, loadAt, nowNanos) : mean);
        }

        @Override
        public boolean idle() {
            return !loadKnown || inFlight < NONE;
        }
    }

    private final class Latency implements LoadMeasure.Gauge {
        @Override
        public double load(long nowNanos) {
            double mean = fleet.latency.orElse(1);
            double now = latencyKnown ? faded(latency, mean, latencyAt, nowNanos) : mean;
            return now * (1.0 + Math.max(0, candidate.inFlight() - (latencyKnown ? ownThen : 0)));
        }

        @Override
        public boolean idle() {
            return candidate.inFlight() == 0;
        }
    }
}

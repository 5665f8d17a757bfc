package io.lb4j.simulator.published;

import io.lb4j.LoadReport;
import io.lb4j.Outcome;

/**
 * C3's ranking (Suresh, Canini, Schmid, Feldmann, NSDI 2015, with the authors' simulator's EWMA of 0.9 for the newest): the
 * response time less the service time, and the service time times the cube of the queue that is expected, which counts
 * one's own calls once for every client. Left out: rate control and shadow reads.
 */
final class C3 extends Scored.Score {
    private static final double NEWEST = 0.9;

    private final int clients;
    private double response;
    private double queue;
    private double service;
    private boolean known;

    C3(int clients) {
        this.clients = clients;
    }

    private static double mixed(double old, double sample) {
        return NEWEST * sample + (1 - NEWEST) * old;
    }

    @Override
    double score(int inFlight, long nowNanos) {
        if (!known) {
            return Double.NEGATIVE_INFINITY;
        }
        double expected = 1 + (double) inFlight * clients + queue;
        return response - service + expected * expected * expected * service;
    }

    @Override
    public void onLoadReport(LoadReport report, long nowNanos) {
        if (!Double.isNaN(report.inFlight())) {
            queue = mixed(queue, report.inFlight());
        }
    }

    @Override
    public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
        double took = nowNanos - startNanos;
        response = mixed(response, took);
        service = mixed(service, took / (1 + queue));
        known = true;
    }
}

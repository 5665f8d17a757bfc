package io.lb4j.examples;

import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Tracker;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.okhttp.LoadBalancedClient;
import io.lb4j.server.LoadReporter;

/**
 * Servers that say with every answer how busy they are. Others keep one of two busy, of which this client sees nothing,
 * and yet it goes to the idle one, because the servers told it.
 */
public final class ReportedLoad {
    private static final int OTHERS = 8;
    private static final int CALLS = 100;

    private ReportedLoad() {}

    /** What an instance said last. A strategy for more than an example doesn't believe it for ever. */
    private static final class Reported implements Tracker {
        private volatile double inFlight;

        @Override
        public void onLoadReport(LoadReport report, long nowNanos) {
            inFlight = report.inFlight();
        }

        @Override
        public void onEnd(Outcome outcome, long startNanos, long nowNanos) {}
    }

    /** Of two, the one that is less busy as far as is known. */
    private static Strategy lessBusy() {
        StateKey<Reported> key = StateKey.create("reported");
        return eligible -> {
            Reported first = eligible.get(0).tracker(key, Reported::new);
            Reported second = eligible.get(1).tracker(key, Reported::new);
            return request -> eligible.get(first.inFlight <= second.inFlight ? 0 : 1);
        };
    }

    /** Fails unless all calls but the first go to the idle server. */
    public static void main(String... arguments) throws Exception {
        LoadReporter reporter = LoadReporter.create();
        try (AppServer busy = AppServer.start("busy").reporting(reporter);
                AppServer idle = AppServer.start("idle").reporting(LoadReporter.create());
                StaticDiscovery discovery = StaticDiscovery.builder()
                        .service("orders", busy.instance(), idle.instance())
                        .build();
                LoadBalancedClient client = LoadBalancedClient.builder()
                        .discovery(discovery)
                        .strategy(lessBusy())
                        .build()) {
            // As the filter does for every call that comes in.
            for (int i = 0; i < OTHERS; i++) {
                reporter.start();
            }
            int calls = 0;
            for (int i = 0; i < CALLS; i++) {
                calls += Http.get(client, "http://orders/").equals("idle") ? 1 : 0;
            }
            System.out.println("the busy server says: " + reporter.header());
            System.out.println("calls that went to the idle one: " + calls + " of " + CALLS);
            if (calls != CALLS - 1) {
                throw new AssertionError(calls + " calls went to the idle server");
            }
        }
    }
}

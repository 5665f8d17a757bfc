package io.lb4j.simulator;

import java.time.Duration;
import java.util.List;

/**
 * The bed of Prequal's authors (Wydrowski, Kleinberg, Rumble, Archer, NSDI 2024): 100 clients, 100 servers that share their cores
 * among their calls, at most one to each; work by a normal law whose deviation is its mean, clipped at zero; five
 * seconds for each call. A server is entitled to 6.2 cores, its allocation, in terms of which load is told, and gets more or
 * less, as its neighbours on the machine leave them.
 *
 * <p>What neighbours leave is a normal law, too, 1.95 allocations and 0.34 the deviation, which makes the weighted round robin of
 * the paper's Figure 6 break where it broke. That needs neighbours that stay as they are for minutes, and servers that don't hear of callers
 * that gave up: where shares change every few seconds, or work is given up with its call, a queue that is too
 * long is gone before anybody has waited for five seconds, and that figure can't come about.
 */
final class PrequalBed {
    private static final double ALLOCATION = 6.2;
    private static final double SHARE_MEAN = 1.95;
    private static final double SHARE_DEVIATION = 0.34;
    private static final double LEAST_SHARE = 0.1;
    private static final int SERVERS = 100;
    private static final Duration SHARE_LASTS = Duration.ofSeconds(3);
    private static final Duration WARM_UP = Duration.ofSeconds(4);
    private static final Duration MEASURED = Duration.ofSeconds(10);

    private PrequalBed() {}

    /** Those that algorithms are compared in. */
    static List<Scenario> all() {
        return List.of(
                alone(0.7),
                alone(0.9),
                changing(0.7),
                changing(0.9),
                changing(1.27),
                changing(1.74),
                mixed("half of them twice as slow", 50, 0.5),
                mixed("a tenth of them ten times slower", 10, 0.1));
    }

    /** Everyone has its allocation and nothing besides. */
    static Scenario alone(double load) {
        return bed("no neighbours, load " + load, WARM_UP, MEASURED)
                .servers(SERVERS, "s", ServerSpec.shared(ALLOCATION))
                .utilization(load)
                .build();
    }

    /** Neighbours change every three seconds. */
    static Scenario changing(double load) {
        return bed("neighbours come and go, load " + load, WARM_UP, MEASURED)
                .servers(SERVERS, "s", ServerSpec.shared(ALLOCATION))
                .utilization(load)
                .at(
                        Duration.ZERO,
                        fleet -> fleet.listed()
                                .forEach(id -> fleet.every(
                                        SHARE_LASTS,
                                        () -> share(fleet, id, fleet.random().nextGaussian()))))
                .build();
    }

    /**
     * Neighbours stay as they are. Servers have the law's quantiles, so that each run has the law's tail and not its
     * luck; the first one stands for the rare case.
     */
    static Scenario lasting(double load, Duration warmUp, Duration measured) {
        return bed("neighbours stay, load " + load, warmUp, measured)
                .servers(SERVERS, "s", ServerSpec.shared(ALLOCATION))
                .cancels(false)
                .utilization(load)
                .at(Duration.ZERO, fleet -> {
                    List<String> ids = fleet.listed();
                    for (int i = 0; i < SERVERS; i++) {
                        share(fleet, ids.get(i), Normal.quantile((i + 0.25) / SERVERS));
                    }
                })
                .build();
    }

    /** Different hardware, at three quarters of what all can do. */
    private static Scenario mixed(String which, int slow, double speed) {
        return bed(which, WARM_UP, MEASURED)
                .servers(SERVERS - slow, "fast", ServerSpec.shared(ALLOCATION))
                .servers(slow, "slow", ServerSpec.shared(ALLOCATION).speed(speed))
                .utilization(0.75)
                .build();
    }

    private static void share(Fleet fleet, String id, double deviations) {
        double share = Math.max(LEAST_SHARE, SHARE_MEAN + SHARE_DEVIATION * deviations);
        fleet.cores(id, ALLOCATION * share);
    }

    private static Scenario.Builder bed(String which, Duration warmUp, Duration measured) {
        Duration work = Duration.ofNanos(76_600_000);
        return Scenario.named("Prequal's bed, " + which)
                .clients(100)
                .serviceTime(ServiceTime.clippedNormal(work, work))
                .network(Duration.ofNanos(250_000))
                .deadline(Duration.ofSeconds(5))
                .lasts(measured.plus(warmUp), warmUp)
                .drain(Duration.ofSeconds(6));
    }
}

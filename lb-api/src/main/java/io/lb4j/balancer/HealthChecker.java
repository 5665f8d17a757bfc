package io.lb4j.balancer;

import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.Probe;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Active health: probes every known instance on its own jittered timer and counts rises and falls. Lane only, but for
 * the probes themselves, whose verdicts are posted back.
 */
final class HealthChecker {

    /** Told, in the lane, that an instance's verdict changed. */
    interface Verdicts {
        void changed(InstanceState state, boolean healthy, String detail);
    }

    private final HealthCheck settings;
    private final SerialLane lane;
    private final RandomGenerator random;
    private final Verdicts verdicts;
    private final Map<InstanceState, Check> checks = new HashMap<>();

    HealthChecker(HealthCheck settings, SerialLane lane, RandomGenerator random, Verdicts verdicts) {
        this.settings = settings;
        this.lane = lane;
        this.random = random;
        this.verdicts = verdicts;
    }

    /** Begins checking a newcomer; does nothing for an instance that is checked already. */
    void watch(InstanceState state) {
        checks.computeIfAbsent(state, key -> new Check(key)).begin();
    }

    void forget(InstanceState state) {
        Check check = checks.remove(state);
        if (check != null) {
            check.stop();
        }
    }

    void close() {
        checks.values().forEach(Check::stop);
        checks.clear();
    }

    /** The checks of one instance. */
    private final class Check {
        private final InstanceState state;
        private Scheduler.@Nullable Task next;
        private boolean begun;
        private boolean stopped;
        /** Which probe we wait for: the answer of one that timed out must not count as that of its successor. */
        private int round;

        Check(InstanceState state) {
            this.state = state;
        }

        void begin() {
            if (!begun) {
                begun = true;
                // Spread over the suspect's interval, not the long one: a newcomer that is down should be known soon.
                next = lane.postLater(this::probe, (long) (random.nextDouble()
                        * Math.min(nanos(settings.unhealthyInterval()), nanos(settings.interval()))));
            }
        }

        void stop() {
            stopped = true;
            if (next != null) {
                next.cancel();
            }
        }

        private void probe() {
            if (stopped) {
                return;
            }
            int mine = ++round;
            next = lane.postLater(
                    () -> verdict(mine, false, "no answer within " + settings.timeout()), nanos(settings.timeout()));
            ServiceInstance instance = state.instance();
            try {
                settings.probe().probe(instance, settings.timeout()).whenComplete((result, error) -> {
                    boolean healthy = error == null && result != null && result.healthy();
                    String detail = describe(result, error);
                    lane.post(() -> verdict(mine, healthy, detail));
                });
            } catch (Throwable e) {
                verdict(mine, false, describe(null, e));
            }
        }

        private void verdict(int answered, boolean healthy, String detail) {
            if (stopped || answered != round) {
                return;
            }
            round++;
            if (next != null) {
                next.cancel();
            }
            count(healthy, detail);
            boolean calm = healthy && !state.active().unhealthy;
            next = lane.postLater(this::probe, jittered(calm ? settings.interval() : settings.unhealthyInterval()));
        }

        private void count(boolean healthy, String detail) {
            InstanceState.Active a = state.active();
            a.good = healthy ? a.good + 1 : 0;
            a.bad = healthy ? 0 : a.bad + 1;
            a.detail = detail;
            if (a.unhealthy ? a.good >= settings.rise() : a.bad >= settings.fall()) {
                a.unhealthy = !a.unhealthy;
                a.good = 0;
                a.bad = 0;
                verdicts.changed(state, !a.unhealthy, detail);
            }
        }

        private long jittered(Duration interval) {
            double factor = 1 + settings.jitter() * (2 * random.nextDouble() - 1);
            return (long) (nanos(interval) * factor);
        }
    }

    private static long nanos(Duration duration) {
        return duration.toNanos();
    }

    private static String describe(Probe.@Nullable Result result, @Nullable Throwable error) {
        if (error != null) {
            Throwable cause =
                    error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
            return "probe failed: " + cause;
        }
        return result == null ? "probe returned null" : result.detail();
    }
}

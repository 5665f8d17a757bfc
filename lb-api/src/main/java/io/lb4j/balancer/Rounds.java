package io.lb4j.balancer;

import io.lb4j.Scheduler;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What the lane looks at every so often, whether or not anybody said anything: stalls several times a second, all else once. */
final class Rounds {
    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Control control;
    private final SerialLane lane;
    private final Roster roster;
    private final Outliers outliers;
    private final Stalls stalls;
    private final LatencyOutliers latencies;
    private final Ejections ejections;

    /** Null if no instance is taken out for one endpoint. */
    private final @Nullable EndpointHealth endpointHealth;

    private Scheduler.@Nullable Task next;
    private boolean ended;
    private int pulses;

    Rounds(
            Control control,
            SerialLane lane,
            Roster roster,
            Outliers outliers,
            Stalls stalls,
            LatencyOutliers latencies,
            Ejections ejections,
            @Nullable EndpointHealth endpointHealth) {
        this.control = control;
        this.lane = lane;
        this.roster = roster;
        this.outliers = outliers;
        this.stalls = stalls;
        this.latencies = latencies;
        this.ejections = ejections;
        this.endpointHealth = endpointHealth;
    }

    void start() {
        next = lane.postLater(this::make, stalls.isOn() ? Stalls.PULSE_NANOS : SECOND_NANOS);
    }

    void end() {
        ended = true;
        if (next != null) {
            next.cancel();
        }
    }

    private void make() {
        if (ended) {
            return;
        }
        start();
        if (endpointHealth != null) {
            endpointHealth.pulse();
        }
        if (stalls.isOn()) {
            lookForStalls();
            pulses++;
            if (pulses % Stalls.PULSES_PER_SECOND == 0) {
                second();
            }
        } else {
            second();
        }
    }

    private void lookForStalls() {
        InstanceState[] all = roster.all();
        if (stalls.look(all)) {
            for (InstanceState state : all) {
                control.eject(state, stalls.judge(state));
            }
        }
        for (Trial trial : control.trials()) {
            String reason = stalls.judge(trial);
            if (reason != null) {
                control.convict(trial, reason);
            }
        }
    }

    private void lookForSlowOnes(InstanceState[] all) {
        latencies.tick(all);
        for (InstanceState state : all) {
            if (control.eject(state, latencies.judge(state))) {
                latencies.ejected(state);
            }
        }
    }

    private void second() {
        InstanceState[] all = roster.all();
        List<InstanceState> silent = endpointHealth == null ? List.of() : endpointHealth.second();
        outliers.tick(all);
        for (InstanceState state : silent) {
            if (roster.knows(state)) {
                control.eject(state, outliers.onSilence(state));
            }
        }
        for (InstanceState state : all) {
            ejections.forgiveGoodTime(state);
            control.eject(state, outliers.onTick(state));
        }
        if (latencies.isOn()) {
            lookForSlowOnes(all);
        }
        control.forget();
    }
}

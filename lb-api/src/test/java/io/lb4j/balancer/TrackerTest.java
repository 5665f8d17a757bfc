package io.lb4j.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Ticker;
import io.lb4j.Tracker;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What trackers are told, and what it costs. */
final class TrackerTest {
    private final Rig rig = new Rig();
    private final AtomicInteger looksAtTheClock = new AtomicInteger();
    private final List<String> told = new ArrayList<>();
    private @Nullable LoadBalancer balancer;

    @AfterEach
    void close() {
        if (balancer != null) {
            balancer.close();
            rig.time.runDue();
        }
    }

    private final class Recorder implements Tracker {
        private final boolean timed;

        Recorder(boolean timed) {
            this.timed = timed;
        }

        @Override
        public boolean timed() {
            return timed;
        }

        @Override
        public void onStart(long nowNanos) {
            told.add("start " + nowNanos);
        }

        @Override
        public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
            told.add("end " + outcome + " " + startNanos + " " + nowNanos);
        }

        @Override
        public void onLoadReport(LoadReport report, long nowNanos) {
            told.add(report + " " + nowNanos);
            if (report.eps() > 0) {
                throw new IllegalStateException("report");
            }
        }
    }

    private LoadBalancer with(Tracker... trackers) {
        List<StateKey<Tracker>> keys = new ArrayList<>();
        for (Tracker each : trackers) {
            keys.add(StateKey.create(each.toString()));
        }
        Strategy strategy = eligible -> {
            for (int i = 0; i < trackers.length; i++) {
                Tracker tracker = trackers[i];
                eligible.get(0).tracker(keys.get(i), () -> tracker);
            }
            return Rig.UNIFORM.newPicker(eligible);
        };
        Ticker counting = () -> {
            looksAtTheClock.incrementAndGet();
            return rig.time.nanos();
        };
        LoadBalancer made = rig.builder().strategy(strategy).ticker(counting).build();
        balancer = made;
        rig.set(Rig.instances(1));
        rig.advanceMillis(1);
        looksAtTheClock.set(0);
        return made;
    }

    @Test
    void untimedTracker_isToldOfCallsWithoutALookAtTheClock() {
        LoadBalancer made = with(new Recorder(false));
        made.acquire(PickRequest.plain()).close(Outcome.SUCCESS);
        assertThat(told).containsExactly("start 0", "end SUCCESS 0 0");
        assertThat(looksAtTheClock).hasValue(0);
    }

    @Test
    void untimedTracker_besideATimedOne_isToldTheTimesToo() {
        LoadBalancer made = with(new Recorder(false), new Recorder(true));
        Lease lease = made.acquire(PickRequest.plain());
        rig.advanceMillis(2);
        looksAtTheClock.set(0);
        lease.close(Outcome.TIMEOUT);
        assertThat(looksAtTheClock).hasValue(1);
        long start = Long.parseLong(told.get(0).substring("start ".length()));
        assertThat(told)
                .hasSize(4)
                .allMatch(line -> line.startsWith("start " + start)
                        || line.equals("end TIMEOUT " + start + " " + (start + 2_000_000)));
    }

    @Test
    void report_reachesEveryTrackerWhateverAnotherThrows_alsoAfterTheEnd() {
        LoadBalancer made = with(new Recorder(false), new Recorder(false));
        Lease lease = made.acquire(PickRequest.plain());
        assertThat(lease.wantsReports()).isTrue();
        lease.close(Outcome.SUCCESS);
        told.clear();
        lease.report(LoadReport.builder().eps(1).inFlight(3).build());
        String line = "LoadReport[eps=1,named_metrics.in_flight=3] " + rig.time.nanos();
        assertThat(told).containsExactly(line, line);
        assertThat(rig.events.errors).hasSize(1);
        assertThat(rig.events.errors.get(0)).hasRootCauseMessage("report");
    }

    @Test
    void report_withoutTrackers_isNotWanted() {
        LoadBalancer made = with();
        Lease lease = made.acquire(PickRequest.plain());
        assertThat(lease.wantsReports()).isFalse();
        lease.report(LoadReport.builder().build());
        lease.close(Outcome.SUCCESS);
        assertThat(looksAtTheClock).hasValue(0);
    }
}

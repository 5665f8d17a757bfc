package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.end;
import static io.lb4j.balancer.Rig.instances;
import static io.lb4j.balancer.Rig.leaseOn;
import static io.lb4j.balancer.Rig.report;
import static io.lb4j.balancer.Rig.state;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.CallQueue;
import io.lb4j.health.FixedLimit;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How an ejected instance comes back: by one call at a time. */
final class TrialTest {
    private final Rig rig = new Rig();
    private LoadBalancer balancer;

    @AfterEach
    void nothingLeaks() {
        balancer.close();
        rig.time.runDue();
        assertThat(rig.time.pending()).as("timers after close").isZero();
    }

    private LoadBalancer.Builder settings(OutlierDetection detection) {
        return rig.builder().outlierDetection(detection).slowStart(SlowStart.OFF);
    }

    private void open(LoadBalancer.Builder settings, int instances) {
        balancer = settings.build();
        rig.set(instances(instances));
    }

    /** Of the instances, a is on trial. */
    private void onTrial(int instances) {
        open(settings(OutlierDetection.DEFAULT), instances);
        eject("a");
        rig.advanceMillis(5_000);
        assertThat(rig.events.drain()).as("not back yet").isEmpty();
    }

    private void eject(String id) {
        rig.fail(balancer, id, 5);
        assertThat(state(balancer, id)).isEqualTo(State.EJECTED);
        rig.events.drain();
    }

    private Map<String, Integer> openCalls(int calls, List<Lease> leases) {
        for (int i = 0; i < calls; i++) {
            leases.add(balancer.acquire(PickRequest.plain()));
        }
        Map<String, Integer> counts = new TreeMap<>();
        leases.forEach(lease -> counts.merge(lease.instance().id(), 1, Integer::sum));
        return counts;
    }

    @Test
    void trial_whileItRuns_isTheOnlyCall() {
        onTrial(3);
        assertThat(report(balancer, "a").reason()).contains("one call at a time");
        List<Lease> leases = new ArrayList<>();
        assertThat(openCalls(1_000, leases)).containsEntry("a", 1);
        assertThat(report(balancer, "a").inFlight()).isOne();
    }

    @Test
    void trial_thatSucceeds_bringsTheInstanceBack() {
        onTrial(3);
        end(balancer, "a", 1, Outcome.SUCCESS);
        rig.time.runDue();
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
        assertThat(rig.events.drain()).containsExactly("returned a");
        // Not on probation any more.
        rig.fail(balancer, "a", 4);
        assertThat(rig.events.drain()).isEmpty();
    }

    @Test
    void trial_thatSucceeds_isFollowedBySlowStart() {
        open(rig.builder().outlierDetection(OutlierDetection.DEFAULT), 2);
        eject("a");
        rig.advanceMillis(60_000);
        end(balancer, "a", 1, Outcome.SUCCESS);
        rig.time.runDue();
        assertThat(report(balancer, "a").weight()).isEqualTo(SlowStart.DEFAULT.minimum());
    }

    @Test
    void trial_thatFails_ejectsForTwiceAsLong() {
        onTrial(3);
        for (int seconds : new int[] {10, 20, 40}) {
            end(balancer, "a", 1, Outcome.SERVER_ERROR);
            rig.time.runDue();
            assertThat(rig.events.drain())
                    .containsExactly("ejected a PT" + seconds + "S its trial call failed: SERVER_ERROR");
            assertThat(rig.picks(balancer, 200)).doesNotContainKey("a");
            rig.advanceMillis(1_000L * seconds);
        }
    }

    @Test
    void trial_thatTellsNothing_isFollowedByAnother() {
        onTrial(2);
        end(balancer, "a", 3, Outcome.IGNORED);
        rig.time.runDue();
        assertThat(state(balancer, "a")).isEqualTo(State.EJECTED);
        end(balancer, "a", 1, Outcome.SUCCESS);
        rig.time.runDue();
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
    }

    @Test
    void trial_thatIsTurnedAway_waitsForAsLongAsAsked() {
        onTrial(2);
        end(balancer, "a", 1, Outcome.overloaded(Duration.ofSeconds(2)));
        rig.time.runDue();
        assertThat(state(balancer, "a")).isEqualTo(State.OVERLOADED);
        assertThat(rig.picks(balancer, 200)).doesNotContainKey("a");
        rig.advanceMillis(2_000);
        assertThat(state(balancer, "a")).isEqualTo(State.EJECTED);
        end(balancer, "a", 1, Outcome.SUCCESS);
        rig.time.runDue();
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
        assertThat(rig.events.drain()).containsExactly("overloaded a PT2S", "returned a");
    }

    @Test
    void trial_whoseLeaseIsNeverClosed_makesPlaceAfterTheInterval() {
        open(settings(OutlierDetection.builder().stallTime(Duration.ZERO).build()), 2);
        eject("a");
        rig.advanceMillis(5_000);
        leaseOn(balancer, "a");
        rig.advanceMillis(2_999);
        assertThat(rig.picks(balancer, 200)).doesNotContainKey("a");
        rig.advanceMillis(1);
        end(balancer, "a", 1, Outcome.SUCCESS);
        rig.time.runDue();
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
    }

    @Test
    void trial_overtakenByAnother_givesBackNothingOfThat() {
        open(settings(OutlierDetection.builder().stallTime(Duration.ZERO).build()), 2);
        eject("a");
        rig.advanceMillis(5_000);
        Lease late = leaseOn(balancer, "a");
        rig.advanceMillis(3_000);
        Lease next = leaseOn(balancer, "a");
        late.close(Outcome.IGNORED);
        assertThat(rig.picks(balancer, 200)).doesNotContainKey("a");
        next.close(Outcome.IGNORED);
        leaseOn(balancer, "a").close();
    }

    @Test
    void trial_ofAnEarlierEjection_decidesNothing() {
        open(settings(OutlierDetection.builder().stallTime(Duration.ZERO).build()), 3);
        eject("a");
        rig.advanceMillis(5_000);
        Lease late = leaseOn(balancer, "a");
        rig.advanceMillis(3_000);
        end(balancer, "a", 1, Outcome.TIMEOUT);
        rig.time.runDue();
        late.close(Outcome.SUCCESS);
        rig.time.runDue();
        assertThat(state(balancer, "a")).isEqualTo(State.EJECTED);
        assertThat(rig.picks(balancer, 200)).doesNotContainKey("a");
    }

    @Test
    void callsFromBeforeTheEjection_decideNothing() {
        open(settings(OutlierDetection.DEFAULT), 2);
        Lease bad = leaseOn(balancer, "a");
        Lease good = leaseOn(balancer, "a");
        eject("a");
        rig.advanceMillis(5_000);
        bad.close(Outcome.TIMEOUT);
        good.close(Outcome.SUCCESS);
        rig.time.runDue();
        assertThat(rig.events.drain()).isEmpty();
        assertThat(state(balancer, "a")).isEqualTo(State.EJECTED);
    }

    @Test
    void blackHole_failsItsTrialBySilence() {
        onTrial(2);
        leaseOn(balancer, "a");
        for (int i = 0; i < 8 && rig.events.lines.isEmpty(); i++) {
            end(balancer, "b", 50, Outcome.SUCCESS);
            rig.advanceMillis(250);
        }
        assertThat(rig.events.drain())
                .containsExactly("ejected a PT10S its trial call got no answer for 1.0 s, while the others answered");
    }

    @Test
    void slowTrial_whereAllAreSlow_goesOn() {
        onTrial(2);
        List<Lease> slow = new ArrayList<>();
        Lease trial = leaseOn(balancer, "a");
        for (int i = 0; i < 40; i++) {
            slow.add(leaseOn(balancer, "b"));
            if (i >= 8) {
                slow.remove(0).close(Outcome.SUCCESS);
            }
            rig.advanceMillis(250);
        }
        assertThat(rig.events.drain()).isEmpty();
        trial.close(Outcome.SUCCESS);
        rig.time.runDue();
        assertThat(rig.events.drain()).containsExactly("returned a");
    }

    @Test
    void furtherAttempts_areNoTrials() {
        onTrial(3);
        PickRequest second =
                PickRequest.plain().nextAttempt(leaseOn(balancer, "b").candidate());
        for (int i = 0; i < 200; i++) {
            assertThat(balancer.acquire(second).instance().id()).isEqualTo("c");
        }
    }

    @Test
    void trials_ofManyInstances_takeATenthOfTheCalls() {
        open(settings(OutlierDetection.DEFAULT), 1_000);
        List<Lease> leases = new ArrayList<>();
        openCalls(20_000, leases);
        leases.forEach(lease -> lease.close(Outcome.CONNECT_FAILURE));
        rig.advanceMillis(5_000);
        Set<String> out = balancer.instances().stream()
                .filter(report -> report.state() == State.EJECTED)
                .map(report -> report.instance().id())
                .collect(Collectors.toSet());
        assertThat(out).hasSize(500);
        int trials = 0;
        for (int i = 0; i < 2_000; i++) {
            Lease lease = balancer.acquire(PickRequest.plain());
            trials += out.contains(lease.instance().id()) ? 1 : 0;
            lease.close(Outcome.IGNORED);
        }
        // Binomial(2000, 0.1) has a standard deviation of 13.4; this is five of them.
        assertThat(trials).isBetween(133, 267);
    }

    @Test
    void panic_isThatOfBefore_andEndsByTrials() {
        open(settings(OutlierDetection.builder().maxEjectedShare(1).build()).panicThreshold(0.5), 4);
        eject("a");
        eject("b");
        eject("c");
        rig.advanceMillis(5_000);
        assertThat(balancer.explain(PickRequest.plain()).panic())
                .as("three of four are on trial")
                .isTrue();
        assertThat(rig.picks(balancer, 200)).containsOnlyKeys("a", "b", "c", "d");
        for (int i = 0; i < 500; i++) {
            balancer.acquire(PickRequest.plain()).close(Outcome.SUCCESS);
        }
        rig.time.runDue();
        assertThat(balancer.explain(PickRequest.plain()).panic()).isFalse();
        assertThat(rig.events.drain()).contains("returned a", "returned b", "returned c", "panic false");
    }

    @Test
    void nobodyElse_withoutPanic_servesByThoseOnTrial() {
        open(settings(OutlierDetection.builder().maxEjectedShare(1).build()).panicThreshold(0), 2);
        eject("a");
        eject("b");
        rig.advanceMillis(5_000);
        assertThat(rig.picks(balancer, 100)).containsOnlyKeys("a", "b");
        List<Lease> leases = new ArrayList<>();
        assertThat(openCalls(100, leases).values()).allMatch(calls -> calls > 20);
        leases.forEach(lease -> lease.close(Outcome.SUCCESS));
        rig.time.runDue();
        assertThat(rig.events.drain()).containsExactlyInAnyOrder("returned a", "returned b");
    }

    @Test
    void instance_thatLeavesOnTrial_isStillOnTrialWhenItIsBack() {
        onTrial(3);
        Lease trial = leaseOn(balancer, "a");
        rig.set(instances(3).subList(1, 3));
        trial.close(Outcome.SUCCESS);
        rig.time.runDue();
        rig.set(instances(3));
        rig.events.drain();
        end(balancer, "a", 1, Outcome.SUCCESS);
        rig.time.runDue();
        assertThat(rig.events.drain()).containsExactly("returned a");
        eject("a");
    }

    @Test
    void overload_doesNotKeepTrialsFromBeingMade() {
        open(
                settings(OutlierDetection.DEFAULT)
                        .concurrencyLimit(new FixedLimit(2))
                        .queue(CallQueue.DEFAULT),
                2);
        eject("a");
        rig.advanceMillis(4_900);
        assertThat(openCalls(2, new ArrayList<>())).containsOnlyKeys("b");
        var waiting = balancer.acquireAsync(PickRequest.plain(), Duration.ofSeconds(1));
        rig.advanceMillis(100);
        assertThat(waiting).isNotDone();
        CompletableFuture<Lease> trial = balancer.acquireAsync(PickRequest.plain(), Duration.ZERO);
        for (int i = 0; i < 500 && trial.isCompletedExceptionally(); i++) {
            trial = balancer.acquireAsync(PickRequest.plain(), Duration.ZERO);
        }
        assertThat(trial.join().instance().id()).isEqualTo("a");
    }
}

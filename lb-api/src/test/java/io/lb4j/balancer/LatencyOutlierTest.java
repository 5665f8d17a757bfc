package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instances;
import static io.lb4j.balancer.Rig.leaseOn;
import static io.lb4j.balancer.Rig.report;
import static io.lb4j.balancer.Rig.state;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Instances that answer, but many times slower than the others. */
final class LatencyOutlierTest {
    private static final long NEVER = -1;

    private final Rig rig = new Rig();
    private final SplittableRandom chance = new SplittableRandom(5);
    private LoadBalancer balancer;

    @AfterEach
    void nothingLeaks() {
        balancer.close();
        rig.time.runDue();
    }

    /** No other rule is on. */
    private static OutlierDetection.Builder latencyOnly() {
        return OutlierDetection.builder()
                .consecutiveFailures(0)
                .failurePercentage(0)
                .successRateStdevFactor(0)
                .stallTime(Duration.ZERO)
                .latencyFactor(10);
    }

    private void open(OutlierDetection.Builder detection, int instances) {
        open(detection, SlowStart.OFF, instances(instances));
    }

    private void open(OutlierDetection.Builder detection, SlowStart slowStart, List<ServiceInstance> instances) {
        balancer = rig.builder()
                .outlierDetection(detection.build())
                .slowStart(slowStart)
                .build();
        rig.set(instances);
        rig.events.drain();
    }

    private String ejected() {
        return balancer.instances().stream()
                .filter(r -> r.state() == State.EJECTED)
                .map(r -> r.instance().id())
                .collect(Collectors.joining());
    }

    /** Calls that come at random, each as long as told by its instance; returns when somebody was ejected, or -1. */
    private long run(int millis, int perSecond, ToLongFunction<String> lasting) {
        for (int now = 0; now < millis; now++) {
            for (int due = perSecond / 1000 + (chance.nextInt(1000) < perSecond % 1000 ? 1 : 0); due > 0; due--) {
                call(Outcome.SUCCESS, lasting);
            }
            rig.advanceMillis(1);
            if (heard("ejected") > 0) {
                return now;
            }
        }
        return -1;
    }

    private void goOn(int seconds, int perSecond, ToLongFunction<String> lasting) {
        for (int now = 0; now < 1000 * seconds; now++) {
            if (chance.nextInt(1000) < perSecond) {
                call(Outcome.SUCCESS, lasting);
            }
            rig.advanceMillis(1);
        }
    }

    private long heard(String what) {
        return rig.events.lines.stream().filter(line -> line.startsWith(what)).count();
    }

    private void call(Outcome outcome, ToLongFunction<String> lasting) {
        Lease lease = balancer.acquire(PickRequest.plain());
        long millis = lasting.applyAsLong(lease.instance().id());
        if (millis != NEVER) {
            rig.time.schedule(() -> lease.close(outcome), Duration.ofMillis(millis));
        }
    }

    @ParameterizedTest
    @CsvSource({"2, 40, 3000", "3, 60, 3000", "10, 200, 3000", "100, 900, 6000", "2000, 20000, 6000"})
    void slowOne_isEjected_andTheReasonSaysWhy(int instances, int perSecond, long within) {
        open(latencyOnly(), instances);
        String victim = instances(instances).get(1).id();
        assertThat(run(10_000, perSecond, id -> id.equals(victim) ? 500 : 5)).isBetween(0L, within);
        assertThat(ejected()).isEqualTo(victim);
        assertThat(report(balancer, victim).reason())
                .matches(
                        "\\d+ % of its calls took longer than 58 ms, and 0.0 % of the others', whose median is 5.2 ms");
        assertThat(rig.events.lines)
                .containsExactly("ejected " + victim + " PT5S "
                        + report(balancer, victim).reason());
    }

    @Test
    void slowOne_thatWasAsFastAsAnyForLong_isEjectedInSeconds() {
        open(latencyOnly(), 10);
        assertThat(run(60_000, 200, id -> 5)).isNegative();
        assertThat(run(10_000, 200, id -> id.equals("b") ? 500 : 5)).isBetween(0L, 5_000L);
        assertThat(ejected()).isEqualTo("b");
    }

    @Test
    void slowOne_byDefault_staysIn() {
        open(OutlierDetection.builder(), 10);
        assertThat(run(20_000, 200, id -> id.equals("b") ? 500 : 5)).isNegative();
        assertThat(balancer.acquire(PickRequest.plain()).candidate())
                .satisfies(candidate -> assertThat(Latencies.of((InstanceState) candidate))
                        .as("what calls would pay for")
                        .isNull());
    }

    @Test
    void slowerThanTheOthers_butNotSoManyTimes_staysIn() {
        open(latencyOnly(), 10);
        assertThat(run(60_000, 200, id -> id.equals("b") ? 45 : 5)).isNegative();
        assertThat(run(10_000, 200, id -> id.equals("b") ? 65 : 5)).isNotNegative();
    }

    @Test
    void belowTheFloor_staysIn() {
        open(latencyOnly().latencyFactor(2).latencyFloor(Duration.ofMillis(40)), 2);
        assertThat(run(30_000, 100, id -> id.equals("b") ? 40 : 1)).isNegative();
        assertThat(run(30_000, 100, id -> id.equals("b") ? 60 : 1)).isNotNegative();
    }

    @ParameterizedTest
    @CsvSource({"2, 40", "10, 200", "30, 300"})
    void all_becomingSlow_ejectNobody(int instances, int perSecond) {
        open(latencyOnly(), instances);
        assertThat(run(20_000, perSecond, id -> 5)).isNegative();
        assertThat(run(40_000, perSecond, id -> 2_000 + chance.nextInt(2_000))).isNegative();
        assertThat(run(40_000, perSecond, id -> 5)).isNegative();
        assertThat(run(10_000, perSecond, id -> NEVER)).isNegative();
    }

    @Test
    void fourOfTen_areEjected_andFiveAreNot() {
        open(latencyOnly(), 10);
        goOn(6, 500, id -> id.compareTo("d") <= 0 ? 500 : 5);
        assertThat(ejected()).isEqualTo("abcd");
        balancer.close();
        open(latencyOnly(), 10);
        goOn(20, 500, id -> id.compareTo("e") <= 0 ? 500 : 5);
        assertThat(ejected().length()).as("where evidence comes by and by").isLessThanOrEqualTo(4);
    }

    @Test
    void cap_holds() {
        open(latencyOnly().maxEjectedShare(0.1), 20);
        goOn(5, 600, id -> id.compareTo("e") <= 0 ? 500 : 5);
        assertThat(ejected()).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({"2, 40", "10, 200"})
    void callsThatDontEnd_countWithTheirAge(int instances, int perSecond) {
        open(latencyOnly(), instances);
        assertThat(run(20_000, perSecond, id -> 5)).isNegative();
        // Some are answered at once, so that there is no silence.
        long after = run(30_000, perSecond, id -> id.equals("b") && chance.nextInt(10) < 8 ? NEVER : 5);
        assertThat(after).as("a time-out of ten seconds would be over").isBetween(1_000L, 9_999L);
        assertThat(ejected()).isEqualTo("b");
    }

    @Test
    void newcomer_slowWhileItWarmsUp_staysIn() {
        open(latencyOnly(), SlowStart.DEFAULT, instances(2));
        assertThat(run(10_000, 100, id -> 5)).isNegative();
        rig.set(instances(3));
        assertThat(run(10_000, 100, id -> id.equals("c") ? 500 : 5)).isNegative();
        assertThat(run(30_000, 100, id -> 5)).isNegative();
        assertThat(run(10_000, 100, id -> id.equals("c") ? 500 : 5)).isNotNegative();
    }

    @Test
    void slowInTrials_staysOutForLongerAndLonger_andReturnsWhenItIsFast() {
        open(latencyOnly(), SlowStart.DEFAULT, instances(3));
        goOn(300, 60, id -> id.equals("b") ? 500 : 5);
        assertThat(heard("returned")).isZero();
        assertThat(heard("ejected")).as(rig.events.lines.toString()).isBetween(5L, 6L);
        assertThat(rig.events.lines.get(1))
                .isEqualTo("ejected b PT10S its trial calls are slow as well, the last one took 500 ms");
        rig.events.drain();
        goOn(400, 60, id -> 5);
        assertThat(rig.events.drain()).containsExactly("returned b");
    }

    @Test
    void trial_slowOnceAndThenFast_bringsTheInstanceBack() {
        open(latencyOnly(), 3);
        run(10_000, 60, id -> id.equals("b") ? 500 : 5);
        goOn(4, 60, id -> 5);
        rig.advanceMillis(2_000);
        rig.events.drain();
        Lease slow = leaseOn(balancer, "b");
        rig.advanceMillis(500);
        slow.close(Outcome.SUCCESS);
        rig.time.runDue();
        assertThat(state(balancer, "b")).isEqualTo(State.EJECTED);
        leaseOn(balancer, "b").close(Outcome.SUCCESS);
        rig.time.runDue();
        assertThat(rig.events.drain()).containsExactly("returned b");
    }

    @Test
    void withoutTrials_ejectionsGrowAsWell() {
        open(latencyOnly().trialInterval(Duration.ZERO), SlowStart.DEFAULT, instances(3));
        goOn(300, 60, id -> id.equals("b") ? 500 : 5);
        assertThat(rig.events.lines.stream()
                        .filter(line -> line.startsWith("ejected"))
                        .map(line -> List.of(line.split(" ", 4)).get(2)))
                .startsWith("PT5S", "PT10S", "PT20S", "PT40S", "PT1M20S");
    }

    @Test
    void ejectedForFailures_isBackAfterOneSlowCall() {
        open(latencyOnly().consecutiveFailures(5), 3);
        rig.fail(balancer, "b", 5);
        goOn(6, 60, id -> 5);
        rig.advanceMillis(1_000);
        Lease slow = leaseOn(balancer, "b");
        rig.advanceMillis(500);
        slow.close(Outcome.SUCCESS);
        rig.time.runDue();
        assertThat(state(balancer, "b")).isEqualTo(State.ELIGIBLE);
    }

    @Test
    void anotherPriority_isNotCompared() {
        List<ServiceInstance> all = new ArrayList<>();
        for (ServiceInstance each : instances(8)) {
            all.add(each.toBuilder()
                    .priority(each.id().compareTo("e") < 0 ? 0 : 1)
                    .build());
        }
        open(
                latencyOnly().consecutiveFailures(5).maxEjectedShare(1).baseEjectionTime(Duration.ofMinutes(2)),
                SlowStart.OFF,
                all);
        rig.fail(balancer, "a", 5);
        rig.fail(balancer, "b", 5);
        rig.events.drain();
        assertThat(run(30_000, 400, id -> id.compareTo("e") < 0 ? 5 : 300)).isNegative();
        assertThat(report(balancer, "e").calls()).as("spilled over").isGreaterThan(100);
        assertThat(run(30_000, 400, id -> id.equals("f") ? 5_000 : id.compareTo("e") < 0 ? 5 : 300))
                .isNotNegative();
    }

    @Test
    void conversations_areNotSlow() {
        open(latencyOnly(), 2);
        for (int i = 0; i < 100; i++) {
            call(Outcome.SUCCESS, id -> id.equals("b") ? 70_000 : 5);
        }
        rig.advanceMillis(40_000);
        assertThat(run(60_000, 40, id -> 5)).isNegative();
    }

    /** Ten seconds in which calls to one are cancelled after so long. */
    private void runWhereOneLoses(int afterMillis) {
        for (int now = 0; now < 10_000; now++) {
            if (now % 25 == 0) {
                Lease lease = balancer.acquire(PickRequest.plain());
                boolean loses = lease.instance().id().equals("b");
                rig.time.schedule(
                        () -> lease.close(loses ? Outcome.IGNORED : Outcome.SUCCESS),
                        Duration.ofMillis(loses ? afterMillis : 5));
            }
            rig.advanceMillis(1);
        }
    }

    @Test
    void callsCancelledWhenTheyWereSlowAlready_count_andThoseCancelledBeforeDont() {
        open(latencyOnly(), 2);
        run(5_000, 40, id -> 5);
        runWhereOneLoses(50);
        assertThat(ejected()).isEmpty();
        runWhereOneLoses(70);
        assertThat(heard("ejected b")).isPositive();
    }

    @Test
    void quickFailures_makeNobodySlow() {
        open(latencyOnly(), 2);
        for (int now = 0; now < 30_000; now++) {
            if (now % 10 == 0) {
                Lease lease = balancer.acquire(PickRequest.plain());
                boolean fails = lease.instance().id().equals("b");
                rig.time.schedule(
                        () -> lease.close(fails ? Outcome.SERVER_ERROR : Outcome.SUCCESS),
                        Duration.ofMillis(fails ? 1 : 100));
            }
            rig.advanceMillis(1);
        }
        assertThat(rig.events.drain()).isEmpty();
    }

    @Test
    void pauseOfThisProcess_isNobodysFault() {
        open(latencyOnly(), 2);
        run(10_000, 40, id -> 5);
        for (int i = 0; i < 40; i++) {
            call(Outcome.SUCCESS, id -> id.equals("b") ? 5_000 : 1);
        }
        // One tick only, however late, and then all that ended meanwhile.
        rig.advanceMillis(1_000);
        assertThat(ejected()).isEmpty();
    }
}

package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instances;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Candidate;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Strategy;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Instances that take calls and answer none. */
final class StallTest {
    private static final long NEVER = -1;

    /** The fewest calls in flight of two; written here, since strategies are above this module. */
    private static final Strategy LESS_BUSY = eligible -> request -> {
        Candidate one = eligible.get(eligible.random().nextInt(eligible.size()));
        Candidate other = eligible.get(eligible.random().nextInt(eligible.size()));
        return one.inFlight() <= other.inFlight() ? one : other;
    };

    private final Rig rig = new Rig();
    private final SplittableRandom chance = new SplittableRandom(3);
    private LoadBalancer balancer;

    @BeforeEach
    void noFailuresOfOtherRules() {
        open(OutlierDetection.DEFAULT, Rig.UNIFORM);
    }

    @AfterEach
    void nothingLeaks() {
        balancer.close();
    }

    private void open(OutlierDetection detection, Strategy strategy) {
        if (balancer != null) {
            balancer.close();
        }
        balancer = rig.builder()
                .strategy(strategy)
                .outlierDetection(detection)
                .slowStart(SlowStart.OFF)
                .build();
        rig.time.runDue();
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
            if (chance.nextInt(1000) < perSecond) {
                call(lasting);
            }
            rig.advanceMillis(1);
            if (rig.events.lines.stream().anyMatch(line -> line.startsWith("ejected"))) {
                return now;
            }
        }
        return -1;
    }

    private void call(ToLongFunction<String> lasting) {
        Lease lease = balancer.acquire(PickRequest.plain());
        long millis = lasting.applyAsLong(lease.instance().id());
        if (millis != NEVER) {
            rig.time.schedule(() -> lease.close(Outcome.SUCCESS), Duration.ofMillis(millis));
        }
    }

    @ParameterizedTest
    @CsvSource({"2, 40, true", "2, 40, false", "3, 60, true", "10, 200, true", "10, 200, false", "100, 900, false"})
    void blackHole_isOutInTwoSeconds(int instances, int perSecond, boolean known) {
        rig.set(instances(instances));
        if (known) {
            assertThat(run(20_000, perSecond, id -> 5)).isNegative();
        }
        String victim = instances(instances).get(1).id();
        assertThat(run(10_000, perSecond, id -> id.equals(victim) ? NEVER : 5)).isBetween(0L, 2_000L);
        assertThat(ejected()).isEqualTo(victim);
        assertThat(rig.events.lines.toString()).contains("calls without an answer for");
    }

    @Test
    void blackHoles_threeOfTen_areAllOutInTwoSeconds() {
        rig.set(instances(10));
        run(10_000, 200, id -> 5);
        for (int now = 0; now < 2_000; now++) {
            if (chance.nextInt(1000) < 200) {
                call(id -> id.compareTo("c") <= 0 ? NEVER : 5);
            }
            rig.advanceMillis(1);
        }
        assertThat(ejected()).isEqualTo("abc");
    }

    @Test
    void blackHole_thatTheStrategyAvoids_isFoundByTheFewCallsItGets() {
        open(OutlierDetection.DEFAULT, LESS_BUSY);
        rig.set(instances(10));
        run(10_000, 200, id -> 5);
        assertThat(run(30_000, 200, id -> id.equals("c") ? NEVER : 5)).isNotNegative();
        assertThat(ejected()).isEqualTo("c");
    }

    @Test
    void off_findsNobody() {
        open(OutlierDetection.builder().stallTime(Duration.ZERO).build(), Rig.UNIFORM);
        rig.set(instances(2));
        assertThat(run(5_000, 100, id -> id.equals("b") ? NEVER : 5)).isNegative();
    }

    @ParameterizedTest
    @CsvSource({"2, 40", "10, 200", "10, 20", "30, 900"})
    void slowdown_ofAll_ejectsNobody(int instances, int perSecond) {
        rig.set(instances(instances));
        assertThat(run(10_000, perSecond, id -> 5)).isNegative();
        assertThat(run(20_000, perSecond, id -> 2_500 + chance.nextInt(1_000)))
                .as(() -> rig.events.lines.toString())
                .isNegative();
        assertThat(run(10_000, perSecond, id -> 5)).as("and back").isNegative();
    }

    @Test
    void outage_ofWhatAllNeed_ejectsNobody() {
        rig.set(instances(10));
        assertThat(run(10_000, 200, id -> 5)).isNegative();
        assertThat(run(10_000, 200, id -> NEVER)).isNegative();
    }

    @Test
    void outage_ofWhatMostNeed_ejectsNobody() {
        rig.set(instances(10));
        assertThat(run(10_000, 200, id -> 5)).isNegative();
        assertThat(run(10_000, 200, id -> id.compareTo("g") <= 0 ? NEVER : 5)).isNegative();
    }

    @ParameterizedTest
    @CsvSource({"2, 10", "10, 50", "10, 200"})
    void slowCalls_hereAndThere_ejectNobody(int instances, int perSecond) {
        rig.set(instances(instances));
        assertThat(run(120_000, perSecond, id -> chance.nextInt(20) == 0 ? 4_000 : 5))
                .as(() -> rig.events.lines.toString())
                .isNegative();
    }

    @Test
    void connectionsThatStayOpen_areNoSilence() {
        rig.set(instances(3));
        run(10_000, 60, id -> 5);
        for (int i = 0; i < 30; i++) {
            call(id -> NEVER);
        }
        assertThat(run(60_000, 60, id -> 5)).isNegative();
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "3, 1", "3, 5", "10, 3"})
    void connectionsThatStayOpen_ofAServiceThatIsIdleOtherwise_areNoSilence(int instances, int perSecond) {
        rig.set(instances(instances));
        for (int i = 0; i < 10 * instances; i++) {
            call(id -> NEVER);
        }
        assertThat(run(120_000, perSecond, id -> 5)).isNegative();
        assertThat(run(5_000, 2, id -> NEVER)).isNegative();
        assertThat(run(120_000, perSecond, id -> 5)).isNegative();
    }

    @Test
    void lossesOfAHedge_areNoAnswers() {
        rig.set(instances(2));
        run(10_000, 60, id -> 5);
        for (int now = 0; now < 2_000; now++) {
            if (now % 20 == 0) {
                Lease lease = balancer.acquire(PickRequest.plain());
                boolean silent = lease.instance().id().equals("b");
                rig.time.schedule(
                        () -> lease.close(silent && chance.nextBoolean() ? Outcome.IGNORED : Outcome.SUCCESS),
                        Duration.ofMillis(silent ? 60_000 : 5));
            }
            rig.advanceMillis(1);
        }
        assertThat(ejected()).isEqualTo("b");
    }

    @Test
    void pauseOfThisProcess_isNobodysFault() {
        rig.set(instances(2));
        run(10_000, 60, id -> 5);
        for (int i = 0; i < 40; i++) {
            call(id -> 60_000);
        }
        // One look only, however late.
        rig.advanceMillis(250);
        assertThat(ejected()).isEmpty();
    }

    @Test
    void returned_withItsOldCallsStillOpen_isNotEjectedForThose() {
        rig.set(instances(2));
        run(10_000, 60, id -> 5);
        assertThat(run(10_000, 60, id -> id.equals("b") ? NEVER : 5)).isNotNegative();
        rig.events.drain();
        rig.advanceMillis(5_000);
        run(1_000, 60, id -> 5);
        assertThat(rig.events.drain()).containsExactly("returned b");
        assertThat(run(20_000, 60, id -> 5)).isNegative();
    }
}

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
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Passive health: who is ejected, for how long, and how it comes back. */
final class EjectionTest {
    private final Rig rig = new Rig();
    private final List<LoadBalancer> open = new ArrayList<>();

    @AfterEach
    void nothingLeaks() {
        open.forEach(LoadBalancer::close);
        rig.time.runDue();
        assertThat(rig.time.pending()).as("timers after close").isZero();
    }

    private LoadBalancer balancer(int instances, OutlierDetection detection) {
        LoadBalancer balancer = rig.builder()
                .outlierDetection(detection)
                .slowStart(SlowStart.OFF)
                .panicThreshold(0)
                .build();
        open.add(balancer);
        rig.set(instances(instances));
        rig.events.drain();
        return balancer;
    }

    @Test
    void failures_oneBelowTheThreshold_ejectNobody() {
        LoadBalancer balancer = balancer(2, Rig.UNTRIED);
        rig.fail(balancer, "a", 4);
        end(balancer, "a", 1, Outcome.SUCCESS);
        rig.fail(balancer, "a", 4);
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
        rig.fail(balancer, "a", 1);
        assertThat(state(balancer, "a")).isEqualTo(State.EJECTED);
        assertThat(report(balancer, "a").weight()).isZero();
        assertThat(rig.events.drain()).containsExactly("ejected a PT5S 5 calls in a row failed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"CONNECT_FAILURE", "TIMEOUT", "TRANSPORT_FAILURE", "SERVER_ERROR"})
    void failures_ofEveryKind_count(String kind) throws ReflectiveOperationException {
        LoadBalancer balancer = balancer(2, Rig.UNTRIED);
        end(balancer, "a", 5, (Outcome) Outcome.class.getField(kind).get(null));
        rig.time.runDue();
        assertThat(state(balancer, "a")).isEqualTo(State.EJECTED);
    }

    @Test
    void ignoredAndOverloaded_neitherProlongNorBreakTheRun() {
        LoadBalancer balancer = balancer(2, Rig.UNTRIED);
        rig.fail(balancer, "a", 4);
        end(balancer, "a", 10, Outcome.IGNORED);
        end(balancer, "a", 10, Outcome.overloaded(Duration.ZERO));
        rig.time.runDue();
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
        rig.fail(balancer, "a", 1);
        assertThat(state(balancer, "a")).isEqualTo(State.EJECTED);
    }

    @Test
    void ejections_oneAfterTheOther_doubleUpToTheMaximum() {
        LoadBalancer balancer = balancer(
                2, Rig.untried().maxEjectionTime(Duration.ofSeconds(18)).build());
        rig.fail(balancer, "a", 5);
        for (long seconds : new long[] {5, 10, 18, 18, 18}) {
            assertThat(rig.events.drain()).singleElement().asString().startsWith("ejected a PT" + seconds + "S");
            rig.advanceMillis(seconds * 1000 - 1);
            assertThat(state(balancer, "a")).isEqualTo(State.EJECTED);
            rig.advanceMillis(1);
            assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
            assertThat(rig.events.drain()).containsExactly("returned a");
            // On probation: one failure is enough.
            rig.fail(balancer, "a", 1);
        }
        assertThat(rig.events.lines).singleElement().asString().contains("failed again on its return, 1 in a row");
    }

    @Test
    void success_afterTheReturn_endsProbation() {
        LoadBalancer balancer = balancer(2, Rig.UNTRIED);
        rig.fail(balancer, "a", 5);
        rig.advanceMillis(5000);
        end(balancer, "a", 1, Outcome.SUCCESS);
        rig.fail(balancer, "a", 4);
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
        rig.fail(balancer, "a", 1);
        assertThat(state(balancer, "a")).isEqualTo(State.EJECTED);
    }

    @Test
    void goodTime_asLongAsTheLastEjection_shortensTheNextByOneStep() {
        LoadBalancer balancer = balancer(2, Rig.UNTRIED);
        rig.fail(balancer, "a", 5);
        rig.advanceMillis(5000);
        rig.fail(balancer, "a", 1);
        rig.advanceMillis(10_000);
        assertThat(report(balancer, "a").ejections()).isEqualTo(2);
        rig.advanceMillis(9_000);
        assertThat(report(balancer, "a").ejections()).isEqualTo(2);
        rig.advanceMillis(2_000);
        assertThat(report(balancer, "a").ejections()).isEqualTo(1);
        rig.advanceMillis(11_000);
        assertThat(report(balancer, "a").ejections()).isZero();
        rig.events.drain();
        rig.fail(balancer, "a", 5);
        assertThat(rig.events.drain()).singleElement().asString().startsWith("ejected a PT5S");
    }

    @Test
    void goodTime_afterALongOutage_shortensTheNextEjection() {
        LoadBalancer balancer = balancer(
                2, Rig.untried().maxEjectionTime(Duration.ofSeconds(20)).build());
        rig.fail(balancer, "a", 5);
        rig.advanceMillis(5_000);
        rig.fail(balancer, "a", 1);
        rig.advanceMillis(10_000);
        for (int i = 0; i < 20; i++) {
            rig.fail(balancer, "a", 1);
            rig.advanceMillis(20_000);
        }
        rig.advanceMillis(21_000);
        rig.events.drain();
        rig.fail(balancer, "a", 5);
        assertThat(rig.events.drain()).singleElement().asString().startsWith("ejected a PT10S");
    }

    @ParameterizedTest
    @CsvSource({
        "1, 0.5, 0",
        "1, 1, 1",
        "2, 0.5, 1",
        "2, 0.01, 1",
        "3, 0.5, 1",
        "10, 0.5, 5",
        "10, 1, 10",
        "10, 0, 0",
        "10, 0.05, 1",
        "100, 0.29, 29"
    })
    void ejections_ofAllInstances_stopAtTheCap(int instances, double share, int expected) {
        LoadBalancer balancer =
                balancer(instances, Rig.untried().maxEjectedShare(share).build());
        List<Lease> leases = new ArrayList<>();
        IntStream.range(0, instances * 200).forEach(i -> leases.add(balancer.acquire(PickRequest.plain())));
        leases.forEach(lease -> lease.close(Outcome.TIMEOUT));
        rig.time.runDue();
        assertThat(balancer.instances().stream().filter(r -> r.state() == State.EJECTED))
                .hasSize(expected);
    }

    @Test
    void cap_onceAnEjectionEnds_letsTheNextBeEjected() {
        LoadBalancer balancer = balancer(2, Rig.untried().failurePercentage(0).build());
        rig.fail(balancer, "a", 5);
        rig.fail(balancer, "b", 50);
        assertThat(state(balancer, "b")).isEqualTo(State.ELIGIBLE);
        rig.advanceMillis(5000);
        rig.fail(balancer, "b", 1);
        assertThat(state(balancer, "b")).isEqualTo(State.EJECTED);
        assertThat(rig.events.drain()).last().asString().contains("51 calls in a row failed");
    }

    @Test
    void cap_whenAnEjectedInstanceLeaves_countsTheKnownOnly() {
        LoadBalancer balancer = balancer(3, Rig.UNTRIED);
        rig.fail(balancer, "a", 5);
        rig.set(instances(3).subList(1, 3));
        rig.fail(balancer, "b", 5);
        assertThat(state(balancer, "b")).isEqualTo(State.EJECTED);
        rig.advanceMillis(5000);
        assertThat(state(balancer, "b")).isEqualTo(State.ELIGIBLE);
        rig.fail(balancer, "c", 5);
        assertThat(state(balancer, "c")).isEqualTo(State.EJECTED);
    }

    @Test
    void percentage_withVolume_ejectsOnTheNextTick() {
        LoadBalancer balancer = balancer(2, Rig.UNTRIED);
        for (int i = 0; i < 10; i++) {
            end(balancer, "a", 1, Outcome.SUCCESS);
            end(balancer, "a", 1, Outcome.SERVER_ERROR);
        }
        rig.time.runDue();
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
        rig.advanceMillis(1000);
        assertThat(rig.events.drain()).containsExactly("ejected a PT5S 50 % of 20 calls in 10 s failed");
    }

    @Test
    void percentage_belowVolumeOrShare_ejectsNobody() {
        LoadBalancer balancer = balancer(3, Rig.UNTRIED);
        for (int i = 0; i < 9; i++) {
            end(balancer, "a", 1, Outcome.SUCCESS);
            end(balancer, "a", 1, Outcome.SERVER_ERROR);
        }
        end(balancer, "a", 1, Outcome.SERVER_ERROR);
        for (int i = 0; i < 20; i++) {
            end(balancer, "b", 1, Outcome.SERVER_ERROR);
            end(balancer, "b", 2, Outcome.SUCCESS);
        }
        rig.advanceMillis(3000);
        assertThat(rig.events.drain()).isEmpty();
    }

    @Test
    void percentage_failuresOlderThanTheWindow_areForgotten() {
        LoadBalancer balancer = balancer(2, Rig.UNTRIED);
        for (int i = 0; i < 9; i++) {
            end(balancer, "a", 1, Outcome.SUCCESS);
            end(balancer, "a", 1, Outcome.SERVER_ERROR);
        }
        rig.advanceMillis(12_000);
        for (int i = 0; i < 9; i++) {
            end(balancer, "a", 1, Outcome.SUCCESS);
            end(balancer, "a", 1, Outcome.SERVER_ERROR);
        }
        rig.advanceMillis(2000);
        assertThat(rig.events.drain()).isEmpty();
    }

    @Test
    void percentage_firstBadSecondAfterManyGood_countsTheGoodOnesToo() {
        LoadBalancer balancer = balancer(2, Rig.UNTRIED);
        for (int second = 0; second < 25; second++) {
            end(balancer, "a", 20, Outcome.SUCCESS);
            rig.advanceMillis(1000);
        }
        for (int i = 0; i < 12; i++) {
            end(balancer, "a", 1, Outcome.SUCCESS);
            end(balancer, "a", 1, Outcome.SERVER_ERROR);
        }
        rig.advanceMillis(1000);
        assertThat(rig.events.drain())
                .as("12 of more than 200 calls in the window")
                .isEmpty();
        for (int second = 0; second < 12 && rig.events.lines.isEmpty(); second++) {
            for (int i = 0; i < 12; i++) {
                end(balancer, "a", 1, Outcome.SUCCESS);
                end(balancer, "a", 1, Outcome.SERVER_ERROR);
            }
            rig.advanceMillis(1000);
        }
        assertThat(rig.events.drain()).as("half of them, for a whole window").hasSize(1);
    }

    @Test
    void percentage_manyCallsInATick_keepsTheShare() {
        LoadBalancer balancer = balancer(
                1,
                Rig.untried()
                        .maxEjectedShare(1)
                        .consecutiveFailures(0)
                        .failurePercentage(60)
                        .build());
        for (int i = 0; i < 2000; i++) {
            end(balancer, "a", 1, Outcome.SERVER_ERROR);
            end(balancer, "a", i % 3 == 0 ? 1 : 0, Outcome.SUCCESS);
        }
        rig.advanceMillis(1000);
        assertThat(rig.events.drain()).singleElement().asString().contains("75 %");
    }

    @Test
    void off_neverEjects() {
        LoadBalancer balancer = balancer(2, OutlierDetection.OFF);
        rig.fail(balancer, "a", 1000);
        rig.advanceMillis(3000);
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
    }

    @Test
    void failures_endingWhileEjected_changeNothing() {
        LoadBalancer balancer = balancer(2, Rig.UNTRIED);
        List<Lease> late =
                IntStream.range(0, 100).mapToObj(i -> leaseOn(balancer, "a")).toList();
        rig.fail(balancer, "a", 5);
        rig.events.drain();
        late.forEach(lease -> lease.close(Outcome.TIMEOUT));
        rig.advanceMillis(4999);
        assertThat(rig.events.drain()).isEmpty();
        rig.advanceMillis(1);
        assertThat(rig.events.drain()).containsExactly("returned a");
    }

    @Test
    void outage_ofAThousandInstances_makesFewPickersAndOneTimerEach() {
        int[] pickers = {0};
        LoadBalancer balancer = rig.builder()
                .strategy(eligible -> {
                    pickers[0]++;
                    return Rig.UNIFORM.newPicker(eligible);
                })
                .build();
        open.add(balancer);
        rig.set(instances(1000));
        List<Lease> leases = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            leases.add(balancer.acquire(PickRequest.plain()));
        }
        int before = pickers[0];
        leases.forEach(lease -> lease.close(Outcome.CONNECT_FAILURE));
        // What waits is one wake-up of the lane and the tick, however many calls failed.
        assertThat(rig.time.pending()).isLessThanOrEqualTo(2);
        rig.time.runDue();
        assertThat(balancer.instances().stream().filter(r -> r.state() == State.EJECTED))
                .hasSize(500);
        assertThat(pickers[0] - before).isLessThanOrEqualTo(2);
        assertThat(rig.time.pending()).isLessThanOrEqualTo(502);
    }
}

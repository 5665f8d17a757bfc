package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.end;
import static io.lb4j.balancer.Rig.instances;
import static io.lb4j.balancer.Rig.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Envoy's and gRPC's rules with their published figures, and what is asked beyond them. */
final class OutlierRulesTest {
    private final Rig rig = new Rig();
    private final List<LoadBalancer> open = new ArrayList<>();

    @AfterEach
    void nothingLeaks() {
        open.forEach(LoadBalancer::close);
        rig.time.runDue();
        assertThat(rig.time.pending()).as("timers after close").isZero();
    }

    private LoadBalancer balancer(int instances, OutlierDetection.Builder detection) {
        LoadBalancer balancer = rig.builder()
                .outlierDetection(detection.trialInterval(Duration.ZERO).build())
                .slowStart(SlowStart.OFF)
                .build();
        open.add(balancer);
        rig.set(instances(instances));
        rig.events.drain();
        return balancer;
    }

    private static String ejected(LoadBalancer balancer) {
        return balancer.instances().stream()
                .filter(r -> r.state() == State.EJECTED)
                .map(r -> r.instance().id())
                .collect(Collectors.joining());
    }

    /** Only success rates, as Envoy and gRPC judge them. */
    private static OutlierDetection.Builder successRatesAlone() {
        return OutlierDetection.builder()
                .consecutiveFailures(0)
                .failurePercentage(0)
                .significance(1)
                .maxEjectedShare(1);
    }

    /** Envoy's SRThreshold, gRPC's mathChecksOut, and two tables of ServiceTalk's tests. */
    @ParameterizedTest
    @CsvSource({
        "50 100 100 100 100, 1.9, 90, 20, 52",
        "600 470 170 430 300, 1.9, 394, 147.32277488562318, 114.08672771731597",
        "1 1 1 1 1 1 1 1 1 0.2, 1.9, 0.92, 0.24, 0.464",
        "0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1, 1.9, 0.55, 0.28722813232690143, 0.00426654857888728"
    })
    void successRates_ofPublishedTables_areTheSame(
            String rates, double factor, double mean, double deviation, double threshold) {
        SuccessRates compared = new SuccessRates();
        Arrays.stream(rates.split(" ", -1)).forEach(rate -> compared.add(Double.parseDouble(rate)));
        assertThat(compared.mean()).isEqualTo(mean, within(Math.ulp(mean)));
        assertThat(compared.standardDeviation()).isEqualTo(deviation, within(1e-15));
        assertThat(compared.threshold(factor)).isEqualTo(threshold, within(1e-14));
    }

    /** Good and bad calls of each of five instances, as in the tests of Envoy and of gRPC's OutlierDetectionLoadBalancer. */
    @ParameterizedTest
    @CsvSource({
        "Envoy: a fifth that fails half,        1.9, 5, 100, 200/0 200/0 200/0 200/0 200/200, e",
        "Envoy: too few calls,                  1.9, 5, 100, 25/0 25/0 25/0 25/0 0/25, ''",
        "gRPC: one outlier,                     1.9, 3, 10, 0/20 20/0 20/0 20/0 20/0, a",
        "gRPC: not enough volume,               1.9, 3, 100, 0/20 20/0 20/0 20/0 20/0, ''",
        "gRPC: not enough hosts with volume,    1.9, 5, 20, 0/20 19/0 20/0 20/0 20/0, ''",
        "gRPC: two outliers,                    1, 3, 10, 0/20 0/20 20/0 20/0 20/0, ab",
        "two of five are not 1.9 below,         1.9, 3, 10, 0/20 0/20 20/0 20/0 20/0, ''",
        "ServiceTalk: too few with the volume,  1.9, 5, 10, 10/0 10/0 10/0 8/2 0/0, ''",
        "switched off,                          0, 3, 10, 0/20 20/0 20/0 20/0 20/0, ''",
    })
    void successRate_ofPublishedCases_ejectsTheSame(
            String name, double factor, int hosts, int volume, String calls, String expected) {
        LoadBalancer balancer = balancer(
                5,
                successRatesAlone()
                        .successRateStdevFactor(factor)
                        .successRateMinimumHosts(hosts)
                        .successRateMinimumVolume(volume));
        makeCalls(balancer, calls);
        rig.advanceMillis(1000);
        assertThat(ejected(balancer)).as(name).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "gRPC: one outlier,                  85, 3, 10, 0/20 20/0 20/0 20/0 20/0, a",
        "gRPC: not enough volume,            85, 3, 100, 0/20 20/0 20/0 20/0 20/0, ''",
        "gRPC: not enough hosts with volume, 85, 5, 20, 0/20 19/0 20/0 20/0 20/0, ''",
        "Envoy: at the threshold,            85, 5, 20, 3/17 20/0 20/0 20/0 20/0, a",
        "below it,                           85, 5, 20, 4/16 20/0 20/0 20/0 20/0, ''",
    })
    void failurePercentage_ofPublishedCases_ejectsTheSame(
            String name, double percentage, int hosts, int volume, String calls, String expected) {
        LoadBalancer balancer = balancer(
                5,
                OutlierDetection.builder()
                        .consecutiveFailures(0)
                        .successRateStdevFactor(0)
                        .significance(1)
                        .failurePercentage(percentage)
                        .minimumHosts(hosts)
                        .minimumVolume(volume));
        makeCalls(balancer, calls);
        rig.advanceMillis(1000);
        assertThat(ejected(balancer)).as(name).isEqualTo(expected);
    }

    private static void makeCalls(LoadBalancer balancer, String calls) {
        int i = 0;
        for (String goodAndBad : calls.split(" ", -1)) {
            String id = String.valueOf((char) ('a' + i++));
            int slash = goodAndBad.indexOf('/');
            int good = Integer.parseInt(goodAndBad.substring(0, slash));
            int bad = Integer.parseInt(goodAndBad.substring(slash + 1));
            // Evenly mixed, for calls that fail in a row say nothing of what the others do.
            for (int call = 1; call <= good + bad; call++) {
                boolean fails = call * bad / (good + bad) > (call - 1) * bad / (good + bad);
                end(balancer, id, 1, fails ? Outcome.SERVER_ERROR : Outcome.SUCCESS);
            }
        }
    }

    /** Envoy's test of gateway failures: one 503, a good one, four 503, then a fifth. */
    @Test
    void gatewayFailures_fiveInARow_eject() {
        LoadBalancer balancer = balancer(
                2,
                OutlierDetection.builder()
                        .consecutiveFailures(0)
                        .consecutiveGatewayFailures(5)
                        .baseEjectionTime(Duration.ofSeconds(30)));
        end(balancer, "a", 1, Outcome.GATEWAY_ERROR);
        end(balancer, "a", 1, Outcome.SUCCESS);
        end(balancer, "a", 4, Outcome.GATEWAY_ERROR);
        rig.time.runDue();
        assertThat(ejected(balancer)).isEmpty();
        end(balancer, "a", 1, Outcome.GATEWAY_ERROR);
        rig.time.runDue();
        assertThat(rig.events.drain()).containsExactly("ejected a PT30S 5 calls in a row failed as at a gateway");
        rig.advanceMillis(9_999);
        assertThat(ejected(balancer)).isEqualTo("a");
        rig.advanceMillis(20_001);
        assertThat(ejected(balancer)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "GATEWAY_ERROR, true, false",
        "SERVER_ERROR, false, false",
        "CONNECT_FAILURE, true, true",
        "TIMEOUT, true, true",
        "TRANSPORT_FAILURE, false, true"
    })
    void runs_ofOneKind_countThatKindOnly(String outcome, boolean gateway, boolean local) throws Exception {
        Outcome each = (Outcome) Outcome.class.getField(outcome).get(null);
        LoadBalancer byGateway =
                balancer(2, OutlierDetection.builder().consecutiveFailures(0).consecutiveGatewayFailures(3));
        end(byGateway, "a", 3, each);
        LoadBalancer byLocal =
                balancer(2, OutlierDetection.builder().consecutiveFailures(0).consecutiveLocalFailures(3));
        end(byLocal, "a", 2, each);
        rig.time.runDue();
        assertThat(ejected(byLocal)).isEmpty();
        end(byLocal, "a", 1, each);
        rig.time.runDue();
        assertThat(ejected(byGateway)).isEqualTo(gateway ? "a" : "");
        assertThat(ejected(byLocal)).isEqualTo(local ? "a" : "");
    }

    @Test
    void run_ofLocalFailures_isBrokenByAnAnswerThatFails() {
        LoadBalancer balancer =
                balancer(2, OutlierDetection.builder().consecutiveFailures(0).consecutiveLocalFailures(3));
        end(balancer, "a", 2, Outcome.TRANSPORT_FAILURE);
        end(balancer, "a", 1, Outcome.SERVER_ERROR);
        end(balancer, "a", 2, Outcome.TRANSPORT_FAILURE);
        rig.time.runDue();
        assertThat(ejected(balancer)).isEmpty();
        end(balancer, "a", 1, Outcome.TRANSPORT_FAILURE);
        rig.time.runDue();
        assertThat(rig.events.drain()).containsExactly("ejected a PT5S 3 calls in a row got no answer");
    }

    @Test
    void probation_underARuleForOneKind_endsWithAnyFailure() {
        LoadBalancer balancer =
                balancer(2, OutlierDetection.builder().consecutiveFailures(0).consecutiveLocalFailures(3));
        end(balancer, "a", 3, Outcome.TIMEOUT);
        rig.advanceMillis(5_000);
        end(balancer, "a", 1, Outcome.SERVER_ERROR);
        rig.time.runDue();
        assertThat(rig.events.drain()).last().asString().startsWith("ejected a PT10S failed again on its return");
    }

    /** Envoy draws a 64-bit number and takes it modulo the jitter plus one. */
    @ParameterizedTest
    @CsvSource({"123456789, 10000, 4445", "123456789, 0, 0", "-1, 9, 5", "10001, 10000, 0", "10000, 10000, 10000"})
    void jitter_isEnvoys(long drawn, long maxMillis, long expected) {
        RandomGenerator fixed = () -> drawn;
        Ejections ejections = new Ejections(
                OutlierDetection.builder()
                        .maxEjectionTimeJitter(Duration.ofMillis(maxMillis))
                        .build(),
                rig.time,
                fixed,
                true);
        InstanceState[] two = {
            new InstanceState(Rig.instance("a", 1)), new InstanceState(Rig.instance("b", 2)),
        };
        ejections.count(two);
        assertThat(ejections.eject(two[0], "for the test")).isEqualTo(Duration.ofMillis(5_000 + expected));
    }

    /** Calls at an even pace over ten instances, in turn; returns after how many milliseconds the first was ejected. */
    private long run(LoadBalancer balancer, int seconds, int perSecond, ToDoubleFunction<String> failing) {
        SplittableRandom chance = new SplittableRandom(7);
        for (int i = 0; i < seconds * perSecond; i++) {
            Lease lease = balancer.acquire(PickRequest.plain());
            boolean fails =
                    chance.nextDouble() < failing.applyAsDouble(lease.instance().id());
            lease.close(fails ? Outcome.SERVER_ERROR : Outcome.SUCCESS);
            rig.time.advance(Duration.ofNanos(1_000_000_000L / perSecond));
            if (rig.events.lines.stream().anyMatch(line -> line.startsWith("ejected"))) {
                return i * 1000L / perSecond;
            }
        }
        return -1;
    }

    @ParameterizedTest
    @CsvSource({"2, 20", "2, 200", "10, 10", "10, 200", "10, 2000", "200, 200"})
    void noise_onAllAlike_ejectsNobody(int instances, int perSecond) {
        LoadBalancer balancer = balancer(instances, OutlierDetection.builder());
        assertThat(run(balancer, 1_000_000 / Math.max(perSecond, 1000), perSecond, id -> 0.1))
                .as(() -> rig.events.lines.toString())
                .isNegative();
    }

    @Test
    void noise_withoutAskingForSignificance_ejectsSomebody() {
        LoadBalancer balancer = balancer(10, OutlierDetection.builder().significance(1));
        assertThat(run(balancer, 1_000, 2000, id -> 0.1)).isNotNegative();
    }

    @Test
    void magnet_inTheMidstOfNoise_isOutInTwoSeconds() {
        LoadBalancer balancer = balancer(10, OutlierDetection.builder());
        assertThat(run(balancer, 60, 200, id -> 0.1)).isNegative();
        assertThat(run(balancer, 10, 200, id -> id.equals("c") ? 1 : 0.1)).isBetween(0L, 2_000L);
        assertThat(ejected(balancer)).isEqualTo("c");
    }

    @Test
    void deadHalf_doesNotExcuseItself() {
        LoadBalancer balancer = balancer(10, OutlierDetection.builder());
        for (int i = 0; i < 400; i++) {
            Lease lease = balancer.acquire(PickRequest.plain());
            lease.close(lease.instance().id().compareTo("e") <= 0 ? Outcome.CONNECT_FAILURE : Outcome.SUCCESS);
            rig.advanceMillis(5);
        }
        assertThat(ejected(balancer)).isEqualTo("abcde");
    }

    @Test
    void oneThatFailsMoreThanTheRest_butLessThanHalf_isOut() {
        LoadBalancer balancer = balancer(10, OutlierDetection.builder());
        assertThat(run(balancer, 30, 200, id -> id.equals("c") ? 0.25 : 0.01)).isBetween(0L, 20_000L);
        assertThat(rig.events.lines.toString()).contains("ejected c").contains("on average");
    }

    @Test
    void oneFailureAmongAHundred_whereOthersHaveNone_isNoOutlier() {
        LoadBalancer balancer = balancer(10, OutlierDetection.builder());
        makeCalls(balancer, "100/0 100/0 100/0 100/0 100/0 100/0 100/0 100/0 100/0 99/1");
        rig.advanceMillis(1000);
        assertThat(ejected(balancer)).isEmpty();
        open.remove(balancer);
        balancer.close();
        LoadBalancer envoys = balancer(10, successRatesAlone());
        makeCalls(envoys, "100/0 100/0 100/0 100/0 100/0 100/0 100/0 100/0 100/0 99/1");
        rig.advanceMillis(1000);
        assertThat(ejected(envoys)).as("what Envoy does").isEqualTo("j");
    }

    @Test
    void instances_thatFailTheSame_areNotJudgedByTheirShare() {
        LoadBalancer balancer =
                balancer(4, OutlierDetection.builder().consecutiveFailures(0).maxEjectedShare(1));
        makeCalls(balancer, "40/60 41/59 39/61 40/60");
        rig.advanceMillis(1000);
        assertThat(ejected(balancer)).isEmpty();
        assertThat(state(balancer, "a")).isEqualTo(State.ELIGIBLE);
    }

    /** Each instance has room for one call in ten milliseconds and refuses six times as many at once. */
    private void overload(LoadBalancer balancer, Duration time) {
        Map<String, Long> freeAt = new HashMap<>();
        long end = rig.time.nanos() + time.toNanos();
        while (rig.time.nanos() < end) {
            Lease lease = balancer.acquire(PickRequest.plain());
            String id = lease.instance().id();
            boolean room = rig.time.nanos() >= freeAt.getOrDefault(id, Long.MIN_VALUE);
            if (room) {
                freeAt.put(id, rig.time.nanos() + 10_000_000);
            }
            lease.close(room ? Outcome.SUCCESS : Outcome.GATEWAY_ERROR);
            rig.time.advance(Duration.ofNanos(1_000_000_000 / 7_000));
        }
    }

    @Test
    void overload_ofAllAtOnce_ejectsNobody() {
        LoadBalancer balancer = balancer(10, OutlierDetection.builder());
        assertThat(run(balancer, 10, 200, id -> 0)).isNegative();
        overload(balancer, Duration.ofSeconds(3));
        assertThat(rig.events.lines).noneMatch(line -> line.startsWith("ejected"));
    }

    @Test
    void overload_withoutAskingWhetherOthersFail_ejectsHalf() {
        LoadBalancer balancer = balancer(10, OutlierDetection.builder().significance(1));
        assertThat(run(balancer, 10, 200, id -> 0)).isNegative();
        overload(balancer, Duration.ofSeconds(1));
        assertThat(ejected(balancer)).hasSize(5);
    }

    private void answerErrors(LoadBalancer balancer, String id, int calls) {
        end(balancer, id, calls, Outcome.SERVER_ERROR);
        rig.time.runDue();
    }

    @Test
    void errors_whereNobodyElseFails_ejectAtOnce() {
        LoadBalancer balancer = balancer(10, OutlierDetection.builder());
        answerErrors(balancer, "a", 5);
        assertThat(ejected(balancer)).isEqualTo("a");
    }

    @Test
    void errors_whereOthersFailToo_ejectWhenTheRunHasLasted() {
        LoadBalancer balancer = balancer(10, OutlierDetection.builder());
        end(balancer, "b", 1, Outcome.SERVER_ERROR);
        end(balancer, "a", 50, Outcome.SERVER_ERROR);
        rig.advanceMillis(199);
        answerErrors(balancer, "a", 1);
        assertThat(ejected(balancer)).isEmpty();
        rig.advanceMillis(1);
        answerErrors(balancer, "a", 1);
        assertThat(ejected(balancer)).isEqualTo("a");
    }

    @Test
    void errors_whereOthersFailTooAndNobodyAsks_ejectAtOnce() {
        LoadBalancer balancer = balancer(10, OutlierDetection.builder().significance(1));
        end(balancer, "b", 1, Outcome.SERVER_ERROR);
        answerErrors(balancer, "a", 5);
        assertThat(ejected(balancer)).isEqualTo("a");
    }

    @Test
    void errors_afterASuccess_areARunOfTheirOwn() {
        LoadBalancer balancer = balancer(10, OutlierDetection.builder());
        end(balancer, "b", 1, Outcome.SERVER_ERROR);
        end(balancer, "a", 50, Outcome.SERVER_ERROR);
        end(balancer, "a", 1, Outcome.SUCCESS);
        rig.advanceMillis(200);
        answerErrors(balancer, "a", 50);
        assertThat(ejected(balancer)).isEmpty();
        rig.advanceMillis(200);
        answerErrors(balancer, "a", 1);
        assertThat(ejected(balancer)).isEqualTo("a");
    }

    @Test
    void errors_whereOthersFailedASecondAgo_wait() {
        LoadBalancer balancer = balancer(10, OutlierDetection.builder());
        // Enough for one failure not to be what calls there usually do.
        end(balancer, "b", 1000, Outcome.SUCCESS);
        end(balancer, "b", 1, Outcome.SERVER_ERROR);
        rig.advanceMillis(1000);
        answerErrors(balancer, "a", 5);
        assertThat(ejected(balancer)).isEmpty();
    }

    /** It has no run that lasts, and too few others for their rates to be compared. */
    @Test
    void errors_ofFourCallsInTen_whereOthersFailOneInAHundred_ejectSoon() {
        LoadBalancer balancer = balancer(3, OutlierDetection.builder());
        assertThat(run(balancer, 30, 400, id -> 0.01)).isNegative();
        assertThat(run(balancer, 30, 400, id -> id.equals("c") ? 0.4 : 0.01)).isBetween(0L, 5_000L);
        assertThat(ejected(balancer)).isEqualTo("c");
    }

    /** One that failed some seconds ago is no reason to wait. */
    @Test
    void errors_whereOthersFailedEarlier_ejectAtOnce() {
        LoadBalancer balancer = balancer(10, OutlierDetection.builder());
        end(balancer, "b", 1, Outcome.SERVER_ERROR);
        rig.advanceMillis(2_000);
        answerErrors(balancer, "a", 5);
        assertThat(ejected(balancer)).isEqualTo("a");
    }

    @Test
    void brokenHalf_doesNotExcuseItself() {
        LoadBalancer balancer = balancer(10, OutlierDetection.builder());
        for (int i = 0; i < 100; i++) {
            Lease lease = balancer.acquire(PickRequest.plain());
            lease.close(lease.instance().id().compareTo("e") <= 0 ? Outcome.SERVER_ERROR : Outcome.SUCCESS);
            rig.advanceMillis(5);
        }
        assertThat(ejected(balancer)).as("after half a second").isEqualTo("abcde");
    }

    @ParameterizedTest
    @CsvSource({
        "certainly worse but hardly,   920/1080 1060/940 1060/940 1060/940, 1e-9, ''",
        "the same if nobody asks,      920/1080 1060/940 1060/940 1060/940, 1, a",
        "twice as bad,                 900/1100 1460/540 1460/540 1460/540, 1e-9, a",
        "not quite twice as bad,       900/1100 1440/560 1440/560 1440/560, 1e-9, ''"
    })
    void share_mustBeTwiceThatOfTheOthers(String name, String calls, double significance, String expected) {
        LoadBalancer balancer =
                balancer(4, OutlierDetection.builder().consecutiveFailures(0).significance(significance));
        makeCalls(balancer, calls);
        rig.advanceMillis(1000);
        assertThat(ejected(balancer)).as(name).isEqualTo(expected);
    }
}

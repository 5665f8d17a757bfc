package io.lb4j.balancer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.Candidate;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import io.lb4j.health.OutlierDetection;
import io.lb4j.testing.ChiSquare;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One broken endpoint takes an instance out for that endpoint, and a broken instance takes it out for all. */
final class EndpointTest {
    private static final String BROKEN = "GET /reports/{id}";
    private static final String WELL = "GET /orders/{id}";
    private static final OutlierDetection TRIED = OutlierDetection.DEFAULT;

    private final Rig rig = new Rig();
    private final SplittableRandom random = new SplittableRandom(7);

    /** What each instance answers to each endpoint; a null endpoint is a call without one. */
    private BiFunction<String, String, Outcome> servers = (instance, endpoint) -> Outcome.SUCCESS;

    private final Map<String, Map<String, Long>> answered = new TreeMap<>();
    private int failures;

    private LoadBalancer balancer(int instances, OutlierDetection health) {
        LoadBalancer balancer = rig.builder().outlierDetection(health).build();
        rig.set(Rig.instances(instances));
        rig.events.drain();
        return balancer;
    }

    /** One call a millisecond, to an endpoint drawn from these. */
    private void run(LoadBalancer balancer, int millis, String... endpoints) {
        for (int i = 0; i < millis; i++) {
            call(balancer, endpoints[random.nextInt(endpoints.length)]);
            rig.advanceMillis(1);
        }
    }

    private void call(LoadBalancer balancer, String endpoint) {
        PickRequest request =
                endpoint == null ? PickRequest.plain() : PickRequest.plain().withEndpoint(endpoint);
        Lease lease = balancer.acquire(request);
        String id = lease.instance().id();
        Outcome outcome = servers.apply(id, endpoint);
        failures += outcome.isFailure() ? 1 : 0;
        answered.computeIfAbsent(String.valueOf(endpoint), name -> new TreeMap<>())
                .merge(id, 1L, Long::sum);
        lease.close(outcome);
        rig.time.runDue();
    }

    private long count(String endpoint, String id) {
        return answered.getOrDefault(endpoint, Map.of()).getOrDefault(id, 0L);
    }

    private static BiFunction<String, String, Outcome> broken(String id, String endpoint) {
        return (instance, called) ->
                instance.equals(id) && endpoint.equals(called) ? Outcome.SERVER_ERROR : Outcome.SUCCESS;
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 10})
    void endpoint_brokenOnOneInstance_isServedByTheOthersAndTheInstanceServesTheRest(int instances) {
        LoadBalancer balancer = balancer(instances, TRIED);
        servers = broken("a", BROKEN);
        run(balancer, 2_000, BROKEN, WELL, WELL);
        assertThat(failures).isLessThan(25);
        assertThat(rig.events.drain())
                .singleElement()
                .asString()
                .startsWith("ejected a for " + BROKEN + " PT5S ")
                .endsWith("calls in a row failed");

        answered.clear();
        failures = 0;
        run(balancer, 2_900, BROKEN, WELL, WELL);
        assertThat(failures).isZero();
        assertThat(count(BROKEN, "a")).isZero();
        long[] shares = answered.get(WELL).values().stream().mapToLong(n -> n).toArray();
        assertThat(shares).hasSize(instances);
        double[] equal = new double[instances];
        Arrays.fill(equal, 1);
        assertThat(ChiSquare.excess(shares, equal)).isLessThan(1);
    }

    @Test
    void endpoint_thatFailsFastUnderTheStrategyThatPrefersIdleOnes_losesItsShareWithinTwoSeconds() {
        // A magnet: who fails at once is never busy.
        Strategy idlest = eligible -> request -> {
            Candidate best = eligible.get(0);
            for (int i = 1; i < eligible.size(); i++) {
                best = eligible.get(i).inFlight() < best.inFlight() ? eligible.get(i) : best;
            }
            return best;
        };
        LoadBalancer balancer =
                rig.builder().outlierDetection(TRIED).strategy(idlest).build();
        rig.set(Rig.instances(10));
        servers = broken("a", BROKEN);
        // The others keep one call in flight each, so that whatever comes goes to "a".
        for (char id = 'b'; id <= 'j'; id++) {
            balancer.acquire(PickRequest.plain().preferring(String.valueOf(id)));
        }
        run(balancer, 2_000, BROKEN, WELL);
        assertThat(failures).isLessThan(50);
        answered.clear();
        run(balancer, 1_000, BROKEN, WELL);
        assertThat(count(BROKEN, "a")).isZero();
        assertThat(count(WELL, "a"))
                .isEqualTo(
                        answered.get(WELL).values().stream().mapToLong(n -> n).sum());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 10})
    void endpoint_brokenEverywhere_takesNobodyOut(int instances) {
        LoadBalancer balancer = balancer(instances, TRIED);
        run(balancer, 3_000, BROKEN, WELL, WELL);
        servers = (instance, endpoint) -> BROKEN.equals(endpoint) ? Outcome.SERVER_ERROR : Outcome.SUCCESS;
        run(balancer, 30_000, BROKEN, WELL, WELL);
        assertThat(rig.events.drain()).isEmpty();
        assertThat(answered.get(BROKEN)).hasSize(instances);
    }

    @Test
    void endpoint_thatFailsHalfOfItsCallsEverywhere_takesNobodyOut() {
        LoadBalancer balancer = balancer(10, TRIED);
        servers = (instance, endpoint) ->
                BROKEN.equals(endpoint) && random.nextInt(2) == 0 ? Outcome.SERVER_ERROR : Outcome.SUCCESS;
        run(balancer, 60_000, BROKEN, WELL, WELL);
        assertThat(rig.events.drain()).isEmpty();
    }

    @Test
    void endpoint_brokenOnOneAndThenOnAll_isServedByAllAgain() {
        LoadBalancer balancer = balancer(4, TRIED);
        servers = broken("a", BROKEN);
        run(balancer, 1_000, BROKEN, WELL);
        assertThat(balancer.instance("a").endpointsOut()).containsOnlyKeys(BROKEN);
        servers = (instance, endpoint) -> BROKEN.equals(endpoint) ? Outcome.SERVER_ERROR : Outcome.SUCCESS;
        run(balancer, 3_000, BROKEN, WELL);
        for (InstanceReport each : balancer.instances()) {
            assertThat(each.endpointsOut()).isEmpty();
            assertThat(each.state()).isEqualTo(InstanceReport.State.ELIGIBLE);
        }
    }

    @Test
    void endpoint_thatFailsTwoThirdsOfItsCallsOnOneInstance_isOutThere() {
        LoadBalancer balancer =
                balancer(4, OutlierDetection.builder().consecutiveFailures(0).build());
        servers = (instance, endpoint) -> instance.equals("a") && BROKEN.equals(endpoint) && random.nextInt(3) > 0
                ? Outcome.SERVER_ERROR
                : Outcome.SUCCESS;
        run(balancer, 2_000, BROKEN, WELL, WELL);
        assertThat(rig.events.drain())
                .singleElement()
                .asString()
                .startsWith("ejected a for " + BROKEN + " PT5S ")
                .contains(" % of ");
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 10})
    void instance_brokenAsAWhole_isOutAsAWholeWithinASecond(int instances) {
        LoadBalancer balancer = balancer(instances, TRIED);
        servers = (instance, endpoint) -> instance.equals("a") ? Outcome.SERVER_ERROR : Outcome.SUCCESS;
        run(balancer, 1_000, BROKEN, WELL, "POST /orders");
        assertThat(Rig.state(balancer, "a")).isEqualTo(InstanceReport.State.EJECTED);
        assertThat(balancer.instance("a").endpointsOut()).isEmpty();
        assertThat(failures).isLessThan(20);
    }

    @Test
    void instance_brokenAsAWholeWithManyEndpoints_failsNoMoreCallsThanWithoutThem() {
        LoadBalancer balancer = balancer(2, TRIED);
        servers = (instance, endpoint) -> instance.equals("a") ? Outcome.TIMEOUT : Outcome.SUCCESS;
        String[] many = new String[50];
        for (int i = 0; i < many.length; i++) {
            many[i] = "GET /" + i;
        }
        run(balancer, 1_000, many);
        assertThat(failures).isLessThanOrEqualTo(8);
    }

    @Test
    void failure_ofTheInstance_countsForItAtOnce() {
        LoadBalancer balancer = balancer(4, TRIED);
        servers = (instance, endpoint) -> instance.equals("a") ? Outcome.CONNECT_FAILURE : Outcome.SUCCESS;
        run(balancer, 200, BROKEN);
        assertThat(failures).isEqualTo(5);
        assertThat(rig.events.drain()).containsExactly("ejected a PT5S 5 calls in a row failed");
    }

    @Test
    void instance_thatIsCalledForOneEndpointOnly_isOutAsAWholeWhenItFailsThat() {
        // Both instances of the better site fail the only endpoint there is: the other site is to stand in.
        LoadBalancer balancer = rig.builder().outlierDetection(TRIED).build();
        rig.set(
                Rig.instance("a", 1),
                Rig.instance("b", 2),
                ServiceInstance.builder("127.0.0.1", 3).id("c").priority(1).build(),
                ServiceInstance.builder("127.0.0.1", 4).id("d").priority(1).build());
        servers = (instance, endpoint) ->
                instance.equals("a") || instance.equals("b") ? Outcome.SERVER_ERROR : Outcome.SUCCESS;
        run(balancer, 3_000, BROKEN);
        answered.clear();
        failures = 0;
        run(balancer, 1_000, BROKEN);
        assertThat(failures).isZero();
        assertThat(Rig.state(balancer, "a")).isEqualTo(InstanceReport.State.EJECTED);
    }

    /** It is out for that endpoint, so nothing else is known of it; that nothing succeeds there takes it out, whoever else fails. */
    @Test
    void instance_thatFailsTheOnlyEndpointThatIsCalledWhereOthersFailOneInTwenty_isOutAfterAWindowOfSilence() {
        LoadBalancer balancer = balancer(
                4,
                OutlierDetection.builder()
                        .failurePercentage(0)
                        .successRateStdevFactor(0)
                        .build());
        servers = (instance, endpoint) ->
                instance.equals("a") || random.nextInt(20) == 0 ? Outcome.SERVER_ERROR : Outcome.SUCCESS;
        run(balancer, 10_900, BROKEN);
        assertThat(Rig.state(balancer, "a")).isEqualTo(InstanceReport.State.ELIGIBLE);
        run(balancer, 200, BROKEN);
        assertThat(Rig.state(balancer, "a")).isEqualTo(InstanceReport.State.EJECTED);
    }

    @Test
    void endpoint_failingThreeInTenElsewhere_staysOutWhereItIsBroken() {
        LoadBalancer balancer = balancer(4, TRIED);
        servers = (instance, endpoint) -> {
            boolean fails = endpoint.equals(BROKEN) && (instance.equals("a") || random.nextInt(10) < 3);
            return fails ? Outcome.SERVER_ERROR : Outcome.SUCCESS;
        };
        run(balancer, 4_900, BROKEN, WELL);
        assertThat(rig.events.drain()).singleElement().asString().startsWith("ejected a for " + BROKEN);
    }

    /** Each instance has room for one call in ten milliseconds and refuses six times as many at once. */
    @Test
    void endpoint_ofWhichAllInstancesRefuseWhatIsTooMuch_takesNobodyOut() {
        LoadBalancer balancer = balancer(10, TRIED);
        run(balancer, 5_000, BROKEN, WELL);
        overload(balancer, 3_000);
        assertThat(rig.events.drain()).noneMatch(line -> line.startsWith("ejected"));
    }

    @ParameterizedTest
    @CsvSource({"not quite twice as bad, 0.7, 0.4, 0", "twice as bad, 0.7, 0.3, 1"})
    void endpoint_shareOfFailuresThere_mustBeTwiceThatElsewhere(String name, double there, double elsewhere, int out) {
        LoadBalancer balancer =
                balancer(4, OutlierDetection.builder().consecutiveFailures(0).build());
        servers = (instance, endpoint) -> {
            double share = !endpoint.equals(BROKEN) ? 0 : instance.equals("a") ? there : elsewhere;
            return random.nextDouble() < share ? Outcome.SERVER_ERROR : Outcome.SUCCESS;
        };
        run(balancer, 4_900, BROKEN, WELL);
        assertThat(balancer.instance("a").endpointsOut()).as(name).hasSize(out);
    }

    private void overload(LoadBalancer balancer, int millis) {
        Map<String, Long> freeAt = new HashMap<>();
        servers = (instance, endpoint) -> {
            long now = rig.time.nanos();
            boolean room = !endpoint.equals(BROKEN) || now >= freeAt.getOrDefault(instance, Long.MIN_VALUE);
            if (room && endpoint.equals(BROKEN)) {
                freeAt.put(instance, now + 10_000_000);
            }
            return room ? Outcome.SUCCESS : Outcome.GATEWAY_ERROR;
        };
        for (int i = 0; i < millis; i++) {
            for (int call = 0; call < 6; call++) {
                call(balancer, BROKEN);
            }
            call(balancer, WELL);
            rig.advanceMillis(1);
        }
    }

    @Test
    void endpoint_outOnTheOnlyInstanceOfItsPriority_isServedByTheNextPriority() {
        LoadBalancer balancer = rig.builder().outlierDetection(TRIED).build();
        rig.set(
                Rig.instance("a", 1),
                ServiceInstance.builder("127.0.0.1", 3).id("c").priority(1).build());
        servers = broken("a", BROKEN);
        for (int i = 0; i < 30; i++) {
            // A retry, which goes to the other site, shows that the endpoint works there.
            Lease first = balancer.acquire(PickRequest.plain().withEndpoint(BROKEN));
            first.close(servers.apply(first.instance().id(), BROKEN));
            Lease second =
                    balancer.acquire(PickRequest.plain().withEndpoint(BROKEN).nextAttempt(first.candidate()));
            second.close(servers.apply(second.instance().id(), BROKEN));
            call(balancer, WELL);
        }
        assertThat(balancer.explain(PickRequest.plain().withEndpoint(BROKEN))
                        .pick()
                        .id())
                .isEqualTo("c");
        assertThat(balancer.explain(PickRequest.plain().withEndpoint(WELL))
                        .pick()
                        .id())
                .isEqualTo("a");
    }

    @Test
    void endpoint_whoseTimeIsOver_isTriedByOneCallAndOutForTwiceAsLong() {
        LoadBalancer balancer = balancer(4, TRIED);
        servers = broken("a", BROKEN);
        run(balancer, 4_000, BROKEN, WELL);
        failures = 0;
        rig.events.drain();
        run(balancer, 3_000, BROKEN, WELL);
        assertThat(failures).isEqualTo(1);
        assertThat(rig.events.drain())
                .containsExactly("ejected a for " + BROKEN + " PT10S its trial call failed: SERVER_ERROR");

        servers = (instance, endpoint) -> Outcome.SUCCESS;
        run(balancer, 13_000, BROKEN, WELL);
        assertThat(rig.events.drain()).containsExactly("returned a for " + BROKEN);
        answered.clear();
        run(balancer, 4_000, BROKEN);
        assertThat((double) count(BROKEN, "a")).isCloseTo(1_000, within(150.0));
    }

    @Test
    void endpoint_onTrial_getsOneCallAtATime() {
        LoadBalancer balancer = balancer(4, TRIED);
        servers = broken("a", BROKEN);
        run(balancer, 1_000, BROKEN, WELL);
        rig.advanceMillis(6_000);
        int onTrial = 0;
        for (int i = 0; i < 500; i++) {
            Lease lease = balancer.acquire(PickRequest.plain().withEndpoint(BROKEN));
            onTrial += lease.instance().id().equals("a") ? 1 : 0;
        }
        assertThat(onTrial).isEqualTo(1);
    }

    @Test
    void endpoint_withoutTrials_isOutAgainForItsFirstFailure() {
        LoadBalancer balancer = balancer(4, Rig.UNTRIED);
        servers = broken("a", BROKEN);
        run(balancer, 4_000, BROKEN, WELL);
        failures = 0;
        rig.events.drain();
        run(balancer, 3_000, BROKEN, WELL);
        assertThat(failures).isEqualTo(1);
        assertThat(rig.events.drain())
                .containsExactly(
                        "returned a for " + BROKEN, "ejected a for " + BROKEN + " PT10S failed again on its return");
    }

    @Test
    void instanceThatLeaves_isForgottenWithItsEndpoints() {
        LoadBalancer balancer = balancer(4, TRIED);
        servers = broken("a", BROKEN);
        run(balancer, 1_000, BROKEN, WELL);
        rig.set(Rig.instances(4).subList(1, 4));
        run(balancer, 2_000, BROKEN, WELL);
        assertThat(rig.events.drain()).endsWith("returned a for " + BROKEN);
        rig.set(Rig.instances(4));
        assertThat(balancer.instance("a").endpointsOut()).isEmpty();
    }

    @Test
    void twoEndpoints_ofTenBrokenOnOneInstance_leaveItTheOtherEight() {
        LoadBalancer balancer = balancer(3, TRIED);
        String[] ten = new String[10];
        for (int i = 0; i < ten.length; i++) {
            ten[i] = "GET /" + i;
        }
        servers = (instance, endpoint) -> instance.equals("a") && (endpoint.equals(ten[0]) || endpoint.equals(ten[1]))
                ? Outcome.SERVER_ERROR
                : Outcome.SUCCESS;
        run(balancer, 2_000, ten);
        assertThat(balancer.instance("a").endpointsOut()).containsOnlyKeys(ten[0], ten[1]);
        assertThat(Rig.state(balancer, "a")).isEqualTo(InstanceReport.State.ELIGIBLE);
    }

    @Test
    void callsWithoutEndpoint_areJudgedAsBefore() {
        LoadBalancer balancer = balancer(4, TRIED);
        servers = (instance, endpoint) -> instance.equals("a") ? Outcome.SERVER_ERROR : Outcome.SUCCESS;
        for (int i = 0; i < 200; i++) {
            call(balancer, null);
        }
        assertThat(failures).isEqualTo(5);
        assertThat(rig.events.drain()).containsExactly("ejected a PT5S 5 calls in a row failed");
    }

    @Test
    void madeUpNames_aMillionOfThem_areNotKept() {
        LoadBalancer balancer = balancer(10, TRIED);
        servers = (instance, endpoint) -> endpoint.endsWith("7") ? Outcome.SERVER_ERROR : Outcome.SUCCESS;
        int most = 0;
        for (int i = 0; i < 1_000_000; i++) {
            call(balancer, "GET /" + i);
            if (i % 1_000 == 0) {
                rig.advanceMillis(500);
                most = Math.max(most, balancer.endpoints().failing().size());
            }
        }
        assertThat(most).isBetween(1, Endpoints.MAX_FAILING);
        rig.time.advance(Duration.ofMinutes(2));
        assertThat(balancer.endpoints().failing()).isEmpty();

        servers = broken("a", BROKEN);
        run(balancer, 1_000, BROKEN, WELL);
        assertThat(balancer.instance("a").endpointsOut()).containsOnlyKeys(BROKEN);
    }

    @Test
    void explain_ofAnEndpointThatIsOut_saysWhereAndWhy() {
        LoadBalancer balancer = balancer(2, TRIED);
        servers = broken("a", BROKEN);
        run(balancer, 1_000, BROKEN, WELL);
        assertThat(balancer.explain(PickRequest.plain().withEndpoint(BROKEN)).toString())
                .contains("out for endpoint " + BROKEN + ": ")
                .contains("a call like this goes to b");
        assertThat(List.copyOf(balancer.instance("b").endpointsOut().keySet())).isEmpty();
    }
}

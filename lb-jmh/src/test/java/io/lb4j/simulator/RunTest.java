package io.lb4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.retry.HedgePolicy;
import io.lb4j.retry.RetryPolicy;
import io.lb4j.strategy.Strategies;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunTest {
    @Test
    void sameSeed_sameBytes() {
        Simulation simulation = Simulation.compare("round robin", Strategies.roundRobin())
                .with(List.of(Scenarios.fleets().get(5), Scenarios.dialogue().get(1)));

        String first = simulation.run().json();

        assertThat(simulation.run().json()).isEqualTo(first);
        assertThat(simulation.seed(2).run().json()).isNotEqualTo(first);
    }

    private static Scenario.Builder pair() {
        return Scenario.named("pair")
                .server("a", ServerSpec.firstCome(1))
                .server("b", ServerSpec.firstCome(1))
                .serviceTime(ServiceTime.constant(Duration.ofMillis(10)))
                .load(Load.regular(100))
                .lasts(Duration.ofSeconds(10), Duration.ZERO);
    }

    @Test
    void firstCall_isServed() {
        Result result = Run.of(pair().build(), Algorithm.of("round robin", Strategies.roundRobin()), 1);

        assertThat(result.started()).isEqualTo(1000);
        assertThat(result.success()).isEqualTo(1);
        assertThat(result.mean()).isEqualTo(Duration.ofMillis(10));
        assertThat(result.arrivals()).isEqualTo(Map.of("a", 500L, "b", 500L));
        assertThat(result.imbalance()).isEqualTo(2);
    }

    @Test
    void network_isCrossedTwice() {
        Scenario scenario = pair().network(Duration.ofMillis(3)).build();

        for (Algorithm algorithm :
                List.of(Algorithm.byDefault(), Algorithm.shortestQueue(), Algorithm.centralQueue())) {
            assertThat(Run.of(scenario, algorithm, 1).mean()).isEqualTo(Duration.ofMillis(16));
        }
    }

    @Test
    void crash_breaksWhatIsThereAndRefusesTheRest_andRetriesFindTheOther() {
        Scenario scenario = pair().serviceTime(ServiceTime.constant(Duration.ofMillis(15)))
                .at(Duration.ofMillis(5005), fleet -> fleet.crash("a"))
                .at(Duration.ofMillis(7000), fleet -> fleet.restart("a"))
                .build();

        Result result = Run.of(scenario, Algorithm.of("round robin", Strategies.roundRobin()), 1);

        assertThat(result.success()).isEqualTo(1);
        assertThat(result.attemptsPerCall()).isGreaterThan(1);
        assertThat(result.arrivals().get("a")).isBetween(200L, 450L);
        assertThat(Run.of(scenario, Algorithm.of("no retries", Strategies.roundRobin(), noRetries()), 1)
                        .success())
                .isLessThan(1);
    }

    private static Algorithm.Settings noRetries() {
        return Algorithm.Settings.DEFAULT.retries(RetryPolicy.none());
    }

    @ParameterizedTest
    @EnumSource
    void pause_standsStillAndGoesOn(ServerSpec.Discipline discipline) {
        Scenario scenario = Scenario.named("pause")
                .server("a", new ServerSpec(1, discipline, -1, 1, 1, null))
                .serviceTime(ServiceTime.constant(Duration.ofMillis(10)))
                .load(Load.regular(1))
                .lasts(Duration.ofSeconds(10), Duration.ZERO)
                .at(Duration.ofMillis(2005), fleet -> fleet.pause("a", Duration.ofMillis(100)))
                .at(Duration.ofMillis(4950), fleet -> fleet.pause("a", Duration.ofMillis(100)))
                .at(Duration.ofMillis(6002), fleet -> fleet.slow("a", 0.5))
                .build();

        Result result = Run.of(scenario, Algorithm.shortestQueue(), 1);

        // 0, 1, 3, 4: 10; 2: 110; 5: 60; 6: 2 + 16; 7, 8, 9: 20.
        assertThat(result.mean()).isEqualTo(Duration.ofNanos((4 * 10 + 110 + 60 + 18 + 3 * 20) * 100_000L));
    }

    @Test
    void weights_areWhatDiscoverySays() {
        Scenario scenario = Scenario.named("weights")
                .server("a", ServerSpec.firstCome(1).weight(1))
                .server("b", ServerSpec.firstCome(1).weight(3))
                .serviceTime(ServiceTime.constant(Duration.ofMillis(1)))
                .load(Load.regular(100))
                .lasts(Duration.ofSeconds(4), Duration.ZERO)
                .build();

        Result result = Run.of(scenario, Algorithm.of("weighted", Strategies.weightedRoundRobin()), 1);

        assertThat(result.arrivals()).containsExactlyInAnyOrderEntriesOf(Map.of("a", 100L, "b", 300L));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN})
    void weight_notAboveZero_isRefused(double weight) {
        assertThatThrownBy(() -> ServerSpec.firstCome(1).weight(weight))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("weight: " + weight + " (expected: above 0)");
    }

    @Test
    void queue_full_refuses() {
        Scenario scenario = Scenario.named("full")
                .server("a", ServerSpec.firstCome(1).queue(1))
                .serviceTime(ServiceTime.constant(Duration.ofMillis(10)))
                .load(Load.regular(1000))
                .lasts(Duration.ofMillis(5), Duration.ZERO)
                .build();

        Result result = Run.of(scenario, Algorithm.shortestQueue(), 1);

        assertThat(result.started()).isEqualTo(5);
        assertThat(result.success()).isEqualTo(0.4);
    }

    @Test
    void deadline_givesUpAndTheServerStops() {
        Scenario scenario = Scenario.named("deadline")
                .server("a", ServerSpec.firstCome(1))
                .serviceTime(ServiceTime.constant(Duration.ofMillis(30)))
                .load(Load.regular(100))
                .deadline(Duration.ofMillis(35))
                .lasts(Duration.ofMillis(30), Duration.ZERO)
                .build();

        Result result = Run.of(scenario, Algorithm.byDefault(), 1);

        // The first takes 30 ms, the second would take 50, the third begins when the second is given up, at 45.
        assertThat(result.started()).isEqualTo(3);
        assertThat(result.success()).isCloseTo(1 / 3.0, within(0.01));
        assertThat(result.p999()).isBetween(Duration.ofMillis(35), Duration.ofMillis(36));
    }

    @Test
    void closedLoop_neverHasMoreThanItsCallers() {
        Scenario scenario = Scenario.named("closed")
                .server("a", ServerSpec.firstCome(1))
                .serviceTime(ServiceTime.constant(Duration.ofMillis(10)))
                .load(Load.closed(3, Duration.ZERO))
                .lasts(Duration.ofSeconds(3), Duration.ofSeconds(1))
                .build();

        Result result = Run.of(scenario, Algorithm.byDefault(), 1);

        assertThat(result.mean()).isEqualTo(Duration.ofMillis(30));
        assertThat(result.imbalance()).isEqualTo(1);
    }

    @Test
    void hedges_areSentToOthersWhenACallIsLate() {
        Scenario scenario = Scenario.named("hedge")
                .servers(10, "s", ServerSpec.firstCome(50))
                .serviceTime(ServiceTime.constant(Duration.ofMillis(10)))
                .load(Load.poisson(500))
                .lasts(Duration.ofSeconds(30), Duration.ofSeconds(5))
                .at(Duration.ofSeconds(4), fleet -> fleet.slow("s-0", 0.02))
                .build();

        Result without = Run.of(scenario, Algorithm.of("no hedges", Strategies.roundRobin()), 1);
        Result with = Run.of(
                scenario,
                Algorithm.of(
                        "hedges",
                        Strategies.roundRobin(),
                        Algorithm.Settings.DEFAULT.hedged(HedgePolicy.builder()
                                .percentile(95)
                                .maxExtraLoad(0.2)
                                .build())),
                1);

        assertThat(without.p99()).isGreaterThan(Duration.ofMillis(400));
        assertThat(with.p99()).isLessThan(Duration.ofMillis(100));
        assertThat(with.attemptsPerCall()).isBetween(1.05, 1.15);
    }

    @Test
    void zone_lost_isMadeUpForByTheOthers() {
        Scenario scenario = Scenarios.named("a zone is lost, 50 %");

        Result bare = Run.of(scenario, Algorithm.of("bare", Strategies.roundRobin(), Algorithm.Settings.BARE), 1);
        Result result = Run.of(scenario, Algorithm.byDefault(), 1);

        // A third of the servers, for ten of 25 seconds.
        assertThat(bare.success()).isCloseTo(1 - 10 / 25.0 / 3, within(0.02));
        assertThat(result.success()).isGreaterThan(0.999);
    }

    @Test
    void endpoint_broken_failsItsOwnCallsInTheTimeTheyTake() {
        Scenario scenario = pair().endpoints(2)
                .at(Duration.ZERO, fleet -> fleet.errorsAt("a", 1, 500))
                .build();

        Result bare = Run.of(scenario, Algorithm.of("bare", Strategies.roundRobin(), Algorithm.Settings.BARE), 1);

        assertThat(bare.success()).isCloseTo(0.75, within(0.05));
        assertThat(bare.mean()).isEqualTo(Duration.ofMillis(10));
        assertThat(Run.of(scenario, Algorithm.byDefault(), 1).success()).isGreaterThan(0.999);
    }

    @Test
    void rate_limited_turnsTheRestAway() {
        Scenario scenario = pair().at(Duration.ZERO, fleet -> fleet.rateLimit("a", 20))
                .at(Duration.ofSeconds(5), fleet -> fleet.rateLimit("a", 0))
                .build();

        Result bare = Run.of(scenario, Algorithm.of("bare", Strategies.roundRobin(), Algorithm.Settings.BARE), 1);

        // 30 of 100 a second are turned away, for half of the time.
        assertThat(bare.success()).isCloseTo(0.85, within(0.01));
    }

    @Test
    void subset_isAllThatAClientUses() {
        Algorithm roundRobin = Algorithm.of("round robin", Strategies.roundRobin());

        Result one = Run.of(pair().subset(1).build(), roundRobin, 1);
        Result two = Run.of(pair().subset(1).clients(2).build(), roundRobin, 1);

        assertThat(one.share("a") * one.share("b")).isZero();
        assertThat(two.share("a")).isCloseTo(0.5, within(0.05));
    }

    @Test
    void reports_none_areMissed() {
        Scenario.Builder scenario = Scenario.named("reports")
                .clients(50)
                .servers(50, "s", ServerSpec.firstCome(1))
                .utilization(0.9)
                .lasts(Duration.ofSeconds(10), Duration.ofSeconds(5));
        assertThat(timesLongerWithoutReports(scenario)).isGreaterThan(1.2);
    }

    /** Taken for as busy as the large ones by weight, the small servers had so few calls that the large ones filled up: 16 ms. */
    @Test
    void reports_ofServersOfDifferentWeight_areWorthSomething() {
        Scenario.Builder scenario = Scenario.named("weights")
                .clients(20)
                .servers(5, "large", ServerSpec.firstCome(8).weight(8))
                .servers(15, "small", ServerSpec.firstCome(1))
                .utilization(0.85)
                .lasts(Duration.ofSeconds(10), Duration.ofSeconds(5));
        assertThat(timesLongerWithoutReports(scenario)).isGreaterThan(1.05);
    }

    /** On average of three seeds, since one differs from the next by as much as the smaller of these gains. */
    private static double timesLongerWithoutReports(Scenario.Builder scenario) {
        double told = meanNanos(scenario.build());
        return meanNanos(scenario.reports(false).build()) / told;
    }

    private static double meanNanos(Scenario scenario) {
        Algorithm adaptive = Algorithm.of("adaptive", Strategies.adaptive());
        return LongStream.rangeClosed(1, 3)
                .map(seed -> Run.of(scenario, adaptive, seed).mean().toNanos())
                .average()
                .orElseThrow();
    }

    @Test
    void limit_withAQueue_keepsCallsFromAServerThatRefuses() {
        Scenario scenario = Scenario.named("limit")
                .server("a", ServerSpec.firstCome(1).queue(0))
                .serviceTime(ServiceTime.constant(Duration.ofMillis(10)))
                .load(Load.regular(1000))
                .lasts(Duration.ofMillis(5), Duration.ZERO)
                .build();
        Algorithm.Settings limited = Algorithm.Settings.BARE.limited(ConcurrencyLimit.fixed(1), CallQueue.DEFAULT);

        Result result = Run.of(scenario, Algorithm.of("limited", Strategies.roundRobin(), limited), 1);

        assertThat(result.success()).isEqualTo(1);
        assertThat(result.attemptsPerCall()).isEqualTo(1);
        // They came at 0 to 4 ms, and the last was answered at 50.
        assertThat(result.mean()).isEqualTo(Duration.ofMillis((10 + 19 + 28 + 37 + 46) / 5));
        assertThat(result.within(Duration.ofMillis(30))).isCloseTo(0.6, within(1e-9));
    }

    @Test
    void load_rampAndBurst_areTheRatesThatWereSaid() {
        Duration second = Duration.ofSeconds(1);
        Scenario.Builder last = Scenario.named("load").server("a", ServerSpec.firstCome(10_000));

        Result ramp = Run.of(
                last.load(Load.ramp(1000, 5000, second, second.multipliedBy(3)))
                        .lasts(second.multipliedBy(4), second.multipliedBy(3))
                        .build(),
                Algorithm.shortestQueue(),
                1);
        Result burst = Run.of(
                last.load(Load.burst(1000, 5000, second, second.multipliedBy(2)))
                        .lasts(second.multipliedBy(4), Duration.ZERO)
                        .build(),
                Algorithm.shortestQueue(),
                1);

        assertThat(ramp.started()).isBetween(4700L, 5300L);
        assertThat(burst.started()).isBetween(7600L, 8400L);
    }

    @Test
    void pause_inAPause_endsWithTheFirst() {
        Scenario scenario = pair().at(Duration.ofSeconds(2), fleet -> fleet.pause("a", Duration.ofMillis(100)))
                .at(Duration.ofMillis(2050), fleet -> fleet.pause("a", Duration.ofMillis(100)))
                .build();

        Result result = Run.of(scenario, Algorithm.of("bare", Strategies.roundRobin(), Algorithm.Settings.BARE), 1);

        assertThat(result.success()).isEqualTo(1);
        assertThat(result.within(Duration.ofMillis(111))).isEqualTo(1);
    }

    @Test
    void scenarios_haveNamesOfTheirOwn() {
        List<String> names = Scenarios.all().stream().map(Scenario::name).toList();

        assertThat(names).doesNotHaveDuplicates();
        assertThat(Scenarios.named(names.get(7)).name()).isEqualTo(names.get(7));
        assertThatThrownBy(() -> Scenarios.named("x"))
                .hasMessageContaining("scenario: x (expected: one of [100 clients");
    }

    @Test
    void mistakes_areTold() {
        assertThatThrownBy(() -> Scenario.named("x").build())
                .hasMessage("scenario x: servers: none (expected: at least one)");
        assertThatThrownBy(() ->
                        Scenario.named("x").server("a", ServerSpec.firstCome(1)).build())
                .hasMessage("scenario x: load: none (expected: load or utilization)");
        Scenario stranger =
                pair().at(Duration.ofSeconds(1), fleet -> fleet.crash("c")).build();
        assertThatThrownBy(() -> Simulation.of(Algorithm.byDefault())
                        .with(List.of(stranger))
                        .run())
                .hasMessageContaining("default in pair")
                .hasMessageContaining("server: c (expected: one of [a, b])");
    }
}

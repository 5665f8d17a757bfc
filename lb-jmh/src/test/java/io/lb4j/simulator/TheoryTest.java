package io.lb4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.retry.RetryPolicy;
import io.lb4j.strategy.Strategies;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What is known exactly, the simulator must find: else nothing it says of the unknown is worth anything. Means lie within
 * the interval that holds the truth with 99.9 %.
 */
class TheoryTest {
    private static final Duration MEAN = Duration.ofMillis(10);
    private static final Algorithm LEAST_OF_TWO = Algorithm.of(
            "least of two", Strategies.leastRequest(2), Algorithm.Settings.DEFAULT.retries(RetryPolicy.none()));

    private static Scenario.Builder fleet(int servers, double utilization, int calls) {
        double perSecond = servers * utilization * 100;
        Duration lasts = Duration.ofMillis((long) (calls / perSecond * 1000));
        return Scenario.named("theory")
                .servers(servers, "s", ServerSpec.firstCome(1))
                .serviceTime(ServiceTime.exponential(MEAN))
                .utilization(utilization)
                .lasts(lasts.plus(lasts.dividedBy(5)), lasts.dividedBy(5));
    }

    private static void within(Result result, double services) {
        double mean = result.mean().toNanos() / (double) MEAN.toNanos();
        double margin = result.margin().toNanos() / (double) MEAN.toNanos();
        assertThat(margin).as("margin").isLessThan(services * 0.1);
        assertThat(mean).as("mean in service times").isBetween(services - margin, services + margin);
        assertThat(result.success()).isEqualTo(1);
    }

    /** Erlang's C: the chance to wait, and the mean time, with n servers on one queue. */
    private static double erlang(int n, double rho) {
        double load = n * rho;
        double blocking = 1;
        for (int i = 1; i <= n; i++) {
            blocking = load * blocking / (i + load * blocking);
        }
        double waits = blocking / (1 - rho * (1 - blocking));
        return 1 + waits / (n * (1 - rho));
    }

    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @CsvSource({"1, 0.5", "4, 0.7", "10, 0.9", "100, 0.95"})
    void centralQueue_isErlangsC(int servers, double rho) {
        Result result = Run.of(fleet(servers, rho, 300_000).build(), Algorithm.centralQueue(), 7);

        within(result, erlang(servers, rho));
    }

    /** Each server alone sees independent calls, whatever the others have: 1 / (1 - rho), with queues and with shares. */
    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @CsvSource({"FIRST_COME, 0.5", "FIRST_COME, 0.8", "FIRST_COME, 0.9", "SHARED, 0.5", "SHARED, 0.8"})
    void random_isAQueueOfItsOwnForEachServer(ServerSpec.Discipline discipline, double rho) {
        Scenario.Builder fleet = Scenario.named("theory")
                .servers(100, "s", new ServerSpec(1, discipline, -1, 1, 1, null))
                .serviceTime(ServiceTime.exponential(MEAN))
                .utilization(rho);
        Duration lasts = Duration.ofMillis((long) (400_000 / (rho * 10)));
        Result result = Run.of(
                fleet.lasts(lasts.plusSeconds(20), Duration.ofSeconds(20)).build(),
                Algorithm.of("random", Strategies.random()),
                7);

        within(result, 1 / (1 - rho));
    }

    /**
     * The supermarket model (Vvedenskaya, Dobrushin, Karpelevich 1996; Mitzenmacher 2001), for infinitely many servers;
     * with n there is a rest in the order of 1/n. Two distinct ones are drawn here, which is the same then.
     */
    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @CsvSource({"0.5, 1.2657", "0.7, 1.6145", "0.9, 2.6141", "0.95, 3.3830"})
    void leastOfTwo_isTheSupermarketModel(double rho, double expected) {
        isNear(expected, 0.005, Run.of(fleet(1000, rho, 600_000).build(), LEAST_OF_TWO, 7));
    }

    /** With a thousand servers a rest of 1 % is allowed. */
    @Timeout(300)
    @EnabledIfSystemProperty(named = "simulation", matches = "full")
    @Execution(ExecutionMode.CONCURRENT)
    @Test
    void leastOfTwo_nearSaturation_isTheSupermarketModel() {
        double expected = IntStream.rangeClosed(1, 20)
                .mapToDouble(i -> Math.pow(0.99, Math.pow(2, i) - 2))
                .sum();

        isNear(expected, 0.01, Run.of(fleet(1000, 0.99, 10_000_000).build(), LEAST_OF_TWO, 7));
    }

    private static void isNear(double expected, double rest, Result result) {
        double mean = result.mean().toNanos() / (double) MEAN.toNanos();
        double margin = result.margin().toNanos() / (double) MEAN.toNanos() + expected * rest;
        assertThat(margin).as("margin").isLessThan(expected * 0.1);
        assertThat(mean).as("mean in service times").isBetween(expected - margin, expected + margin);
    }
}

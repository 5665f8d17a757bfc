package io.lb4j.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Outcome;
import io.lb4j.health.OutlierDetection;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** How often chance makes an instance look slow that is as good as any; simulated for hours, with seeded chance. */
final class LatencyChanceTest {
    private static final double MILLI = 1e6;
    private static final int BEGINNING_SECONDS = 5;

    /** Draws how long one call takes, in nanoseconds. */
    private interface Latency {
        double draw(SplittableRandom chance, int instance);

        static Latency logNormal(double medianMillis, double sigma) {
            return (chance, instance) -> medianMillis * MILLI * Math.exp(sigma * chance.nextGaussian());
        }

        static Latency pareto(double leastMillis, double alpha) {
            return (chance, instance) -> leastMillis * MILLI / Math.pow(1 - chance.nextDouble(), 1 / alpha);
        }

        /** Cheap calls and dear ones. */
        static Latency mix(double dearShare, double cheapMillis, double dearMillis) {
            return (chance, instance) -> MILLI * (chance.nextDouble() < dearShare ? dearMillis : cheapMillis);
        }

        default Latency times(double... factors) {
            return (chance, instance) -> draw(chance, instance) * factors[instance % factors.length];
        }
    }

    /** Instances whose calls take what a law says; the counters are the real ones, the time is in seconds. */
    private static final class Fleet {
        private final InstanceState[] all;
        private final LatencyOutliers rule;
        private final SplittableRandom chance;
        /** Calls under way that are longer than a second, by the second in which they end. */
        private final List<Deque<long[]>> ends;

        private int now;

        Fleet(int instances, double factor, double significance, long seed) {
            rule = new LatencyOutliers(
                    OutlierDetection.builder()
                            .latencyFactor(factor)
                            .significance(significance)
                            .build(),
                    0);
            all = Rig.instances(instances).stream().map(InstanceState::new).toArray(InstanceState[]::new);
            for (InstanceState state : all) {
                state.tracker(Latencies.KEY, Latencies::new);
            }
            ends = IntStream.range(0, 64)
                    .<Deque<long[]>>mapToObj(i -> new ArrayDeque<>())
                    .toList();
            chance = new SplittableRandom(seed);
        }

        /** One second; returns how many stand out at its end. */
        int second(double callsEach, Latency latency) {
            Deque<long[]> due = ends.get(now % 64);
            while (!due.isEmpty()) {
                long[] call = due.poll();
                end((int) call[0], call[1]);
            }
            for (int i = 0; i < all.length; i++) {
                for (double t = gap(callsEach); t < 1; t += gap(callsEach)) {
                    all[i].started();
                    long nanos = (long) Math.min(latency.draw(chance, i), 59e9);
                    int seconds = (int) (t + nanos / 1e9);
                    if (seconds == 0) {
                        end(i, nanos);
                    } else {
                        ends.get((now + seconds) % 64).add(new long[] {i, nanos});
                    }
                }
            }
            now++;
            rule.tick(all);
            return (int) Arrays.stream(all)
                    .filter(state -> rule.judge(state) != null)
                    .count();
        }

        private double gap(double rate) {
            return -Math.log(1 - chance.nextDouble()) / rate;
        }

        private void end(int instance, long nanos) {
            Latencies.of(all[instance]).onEnd(Outcome.SUCCESS, 0, nanos);
            all[instance].succeeded();
        }
    }

    static Stream<Arguments> fleetsWithoutOutlier() {
        return Stream.of(
                Arguments.of("log-normal, pairs", 2, 10, 20, Latency.logNormal(20, 1.5)),
                Arguments.of("log-normal", 10, 5, 20, Latency.logNormal(20, 1.5)),
                Arguments.of("log-normal, the smallest factor", 10, 1.5, 20, Latency.logNormal(20, 1.5)),
                Arguments.of("log-normal, the smallest factor, pairs", 2, 1.5, 20, Latency.logNormal(20, 1.5)),
                Arguments.of("log-normal, slow and wide", 5, 2, 5, Latency.logNormal(1_500, 1.5)),
                Arguments.of("Pareto without a mean", 10, 2, 20, Latency.pareto(10, 0.9)),
                Arguments.of("Pareto, pairs", 2, 2, 20, Latency.pareto(10, 1.1)),
                Arguments.of("few calls", 10, 2, 2.5, Latency.logNormal(20, 1.5)),
                Arguments.of("half cheap, half dear", 10, 3, 20, Latency.mix(0.5, 5, 500)),
                Arguments.of("half cheap, half dear, pairs", 2, 3, 20, Latency.mix(0.5, 5, 500)),
                Arguments.of("mostly dear", 10, 3, 20, Latency.mix(0.6, 5, 500)),
                Arguments.of("half cheap, the others hang", 10, 3, 20, Latency.mix(0.5, 5, 30_000)),
                Arguments.of(
                        "hardware of two kinds",
                        10,
                        3,
                        20,
                        Latency.logNormal(20, 1).times(1, 2)),
                Arguments.of(
                        "hardware twice as slow, one",
                        10,
                        3,
                        20,
                        Latency.logNormal(20, 1).times(2, 1, 1, 1, 1, 1, 1, 1, 1, 1)),
                Arguments.of(
                        "hardware ten times as slow, pairs",
                        2,
                        20,
                        20,
                        Latency.logNormal(20, 1).times(1, 10)),
                Arguments.of(
                        "hardware ten times as slow, one",
                        10,
                        15,
                        20,
                        Latency.logNormal(20, 1).times(10, 1, 1, 1, 1, 1, 1, 1, 1, 1)),
                Arguments.of(
                        "two camps, far apart",
                        10,
                        3,
                        20,
                        Latency.logNormal(20, 0.3).times(1, 50)));
    }

    /** None in so many hours: with 95 % confidence fewer than three in as many, for each fleet. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("fleetsWithoutOutlier")
    void nobodyStandsOut_inFiftyInstanceHours(
            String name, int instances, double factor, double callsEach, Latency latency) {
        Fleet fleet = new Fleet(instances, factor, 1e-9, 7);
        int wrong = 0;
        for (int second = 0; second < 50 * 3600 / instances; second++) {
            int found = fleet.second(callsEach, latency);
            // At first only some have enough calls to be counted, and may be more of one camp than of the other.
            wrong += second < BEGINNING_SECONDS ? 0 : found;
        }
        assertThat(wrong).as("seconds in which somebody stood out").isZero();
    }

    @Test
    void nobodyStandsOut_ofTwoThousand() {
        Fleet fleet = new Fleet(2_000, 2, 1e-9, 7);
        int wrong = 0;
        for (int second = 0; second < 90; second++) {
            wrong += fleet.second(5, Latency.logNormal(20, 1.5));
        }
        assertThat(wrong).isZero();
    }

    /** Every instance pauses now and then, as for a collection of garbage: all its calls of that time are slow. */
    @Test
    void pausesOfServers_makeNobodyStandOut() {
        Fleet fleet = new Fleet(10, 5, 1e-9, 7);
        int wrong = 0;
        for (int second = 0; second < 2 * 3600; second++) {
            int pausing = second < 30 ? -1 : second / 2 % 17;
            wrong += fleet.second(20, (chance, i) -> MILLI * (i == pausing ? 1_000 : 5) * (1 + chance.nextDouble()));
        }
        assertThat(wrong).isZero();
    }

    /** And it must see the one that is slow, whatever the law, within seconds. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("fleetsWithAnOutlier")
    void theSlowOne_standsOut_alone(String name, int instances, double factor, double callsEach, Latency latency) {
        for (int seed = 0; seed < 20; seed++) {
            Fleet fleet = new Fleet(instances, factor, 1e-9, seed);
            for (int second = 0; second < 30; second++) {
                assertThat(fleet.second(callsEach, latency)).isZero();
            }
            int seconds = 0;
            double[] factors = new double[instances];
            Arrays.fill(factors, 1);
            factors[0] = 100;
            int found = 0;
            while (found == 0 && seconds < 60) {
                found = fleet.second(callsEach, latency.times(factors));
                seconds++;
            }
            assertThat(found).isOne();
            assertThat(fleet.rule.judge(fleet.all[0])).isNotNull();
            assertThat(seconds).as("seconds until it was found").isBetween(1, 15);
        }
    }

    static Stream<Arguments> fleetsWithAnOutlier() {
        return Stream.of(
                Arguments.of("log-normal, pairs", 2, 10, 20, Latency.logNormal(10, 1.5)),
                Arguments.of("log-normal", 10, 10, 20, Latency.logNormal(10, 1.5)),
                Arguments.of("Pareto", 10, 10, 20, Latency.pareto(5, 1.1)),
                Arguments.of("few calls", 10, 10, 5, Latency.logNormal(10, 1)),
                Arguments.of("of five hundred", 500, 10, 5, Latency.logNormal(10, 1)));
    }

    @Test
    void buckets_areNextToEachOther_andAFifthWideAtMost() {
        for (int i = 1; i < Latencies.BUCKETS - 1; i++) {
            long begin = Latencies.endOf(i - 1);
            assertThat(Latencies.bucket(begin)).isEqualTo(i);
            assertThat(Latencies.bucket(begin - 1)).isEqualTo(i - 1);
            assertThat((double) Latencies.endOf(i) / begin).isBetween(1.1, 1.26);
        }
        assertThat(Latencies.bucket(-5)).isZero();
        assertThat(Latencies.bucket(Long.MAX_VALUE)).isEqualTo(Latencies.BUCKETS - 1);
        assertThat(Latencies.bucket(60_000_000_000L)).isEqualTo(Latencies.BUCKETS - 2);
    }
}

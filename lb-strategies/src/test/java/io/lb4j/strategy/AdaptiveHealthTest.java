package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Strategy;
import io.lb4j.balancer.InstanceReport;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.health.OutlierDetection;
import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link Adaptive} and passive health with its defaults: who avoids an instance must not keep health from seeing why. */
final class AdaptiveHealthTest {
    private static final int INSTANCES = 10;
    private static final Duration BETWEEN = Duration.ofMillis(5);
    private static final Duration ANSWER = Duration.ofMillis(1);
    private static final Duration TIME_OUT = Duration.ofMillis(500);

    private final VirtualTime time = new VirtualTime();
    private final ManualDiscovery discovery = new ManualDiscovery();
    private OutlierDetection health = OutlierDetection.DEFAULT;
    private int seed = 1;
    private LoadBalancer balancer = balancer(Strategies.adaptive());

    private LoadBalancer balancer(Strategy strategy) {
        LoadBalancer made = LoadBalancer.builder("orders")
                .discovery(discovery)
                .strategy(strategy)
                .outlierDetection(health)
                .ticker(time)
                .scheduler(time)
                .random(new SplittableRandom(seed))
                .firstSnapshotTimeout(Duration.ZERO)
                .build();
        discovery.set("orders", Rig.instances(Rig.equal(INSTANCES)));
        time.runDue();
        return made;
    }

    @AfterEach
    void close() {
        balancer.close();
    }

    /** Makes a call of a millisecond, and returns whether it went to the first instance, which fails in that way. */
    private boolean call(Outcome first) {
        time.advance(BETWEEN.minus(ANSWER));
        Lease lease = balancer.acquire(PickRequest.plain());
        boolean isFirst = Rig.index(lease.instance()) == 0;
        time.advance(ANSWER);
        lease.close(isFirst ? first : Outcome.SUCCESS);
        time.runDue();
        return isFirst;
    }

    private boolean isOut() {
        return balancer.instances().stream()
                .filter(each -> Rig.index(each.instance()) == 0)
                .allMatch(each -> each.state() == InstanceReport.State.EJECTED);
    }

    /** Calls until the first instance is out. */
    private int callsUntilOut(Outcome first) {
        for (int i = 1; i <= 10_000; i++) {
            call(first);
            if (isOut()) {
                return i;
            }
        }
        return Integer.MAX_VALUE;
    }

    static Stream<Outcome> failures() {
        return Stream.of(Outcome.CONNECT_FAILURE, Outcome.TRANSPORT_FAILURE, Outcome.SERVER_ERROR);
    }

    @ParameterizedTest
    @MethodSource("failures")
    void instance_thatFailsAllCalls_isEjectedAsSoonAsUnderTwoChoices(Outcome failure) {
        for (int i = 0; i < 1000; i++) {
            call(Outcome.SUCCESS);
        }
        int adaptive = callsUntilOut(failure);
        balancer.close();
        balancer = balancer(Strategies.powerOfTwoChoices());
        int twoChoices = callsUntilOut(failure);

        // Five of its calls, of which one in ten is its own; chance draws when.
        assertThat(adaptive).isLessThan(150);
        assertThat(twoChoices).isLessThan(150);
    }

    /** One of ten is a little quicker, so that the others are hardly needed; and yet it is found out that one of these hangs. */
    @ParameterizedTest
    @CsvSource({"1, 1500", "2, 1500", "3, 1500", "4, 1500", "5, 2000", "6, 1500", "7, 1500", "8, 1500"})
    void instance_thatHangsInAQuietService_isEjectedInThreeTimeOutsOrFourAtTheExpenseOfFourCalls(
            int chance, int mostMillis) {
        balancer.close();
        seed = chance;
        health = OutlierDetection.builder().consecutiveLocalFailures(3).build();
        balancer = balancer(Strategies.adaptive());
        for (int i = 0; i < 4000; i++) {
            answer(balancer.acquire(PickRequest.plain()));
        }
        List<Lease> hung = new ArrayList<>();
        Deque<Long> timeOuts = new ArrayDeque<>();
        int waited = 0;
        long start = time.nanos();
        while (!isOut() && time.nanos() - start < Duration.ofSeconds(10).toNanos()) {
            while (!timeOuts.isEmpty() && timeOuts.peek() <= time.nanos()) {
                timeOuts.remove();
                hung.remove(0).close(Outcome.TIMEOUT);
            }
            Lease lease = balancer.acquire(PickRequest.plain());
            if (Rig.index(lease.instance()) == 0) {
                waited++;
                hung.add(lease);
                timeOuts.add(time.nanos() + TIME_OUT.toNanos());
                time.advance(BETWEEN);
            } else {
                answer(lease);
            }
            time.runDue();
        }
        assertThat(Duration.ofNanos(time.nanos() - start)).isLessThan(Duration.ofMillis(mostMillis));
        assertThat(waited).isBetween(1, 4);
        hung.forEach(Lease::close);
    }

    /** The last takes four fifths of the others' time. */
    private void answer(Lease lease) {
        Duration takes = Rig.index(lease.instance()) == INSTANCES - 1
                ? ANSWER.multipliedBy(8).dividedBy(10)
                : ANSWER;
        time.advance(takes);
        lease.close(Outcome.SUCCESS);
        time.advance(BETWEEN.minus(takes));
        time.runDue();
    }

    @Test
    void instance_thatIsWellAgain_hasItsShareSoonAfterItsTrial() {
        for (int i = 0; i < 1000; i++) {
            call(Outcome.SUCCESS);
        }
        callsUntilOut(Outcome.CONNECT_FAILURE);
        Duration out = Duration.ZERO;
        while (isOut() && out.toSeconds() < 60) {
            call(Outcome.SUCCESS);
            out = out.plus(BETWEEN);
        }
        assertThat(out).isLessThan(Duration.ofSeconds(6));
        // Past the slow start.
        for (int i = 0; i < 2500; i++) {
            call(Outcome.SUCCESS);
        }
        int first = 0;
        for (int i = 0; i < 1000; i++) {
            first += call(Outcome.SUCCESS) ? 1 : 0;
        }
        assertThat(first).isBetween(50, 200);
    }
}

package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instances;
import static io.lb4j.balancer.Rig.report;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.health.AimdLimit;
import io.lb4j.health.OutlierDetection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** A limit that is learnt from what an instance drops. */
final class AimdLimiterTest {
    private final Rig rig = new Rig();
    private LoadBalancer balancer;

    private void open(AimdLimit.Builder settings) {
        balancer = rig.builder()
                .outlierDetection(OutlierDetection.OFF)
                .concurrencyLimit(settings.build())
                .build();
        rig.set(instances(1));
    }

    @AfterEach
    void close() {
        balancer.close();
    }

    private int limit() {
        return report(balancer, "a").limit();
    }

    private List<Lease> start(int calls) {
        List<Lease> leases = new ArrayList<>();
        for (int i = 0; i < calls; i++) {
            leases.add(balancer.acquire(PickRequest.plain()));
        }
        return leases;
    }

    /** So many calls at a time, which end after so long. */
    private void round(int calls, Outcome outcome, long millis) {
        List<Lease> leases = start(calls);
        rig.advanceMillis(millis);
        leases.forEach(each -> each.close(outcome));
    }

    @Test
    void roundsInUse_growByOneEach() {
        open(AimdLimit.builder().initial(10));
        for (int i = 0; i < 20; i++) {
            round(limit(), Outcome.SUCCESS, 10);
        }
        // The calls of a round that end last find fewer than half of it in flight, and don't count.
        assertThat(limit()).isBetween(18, 30);
    }

    @Test
    void limitNotInUse_doesNotGrow() {
        open(AimdLimit.builder().initial(10));
        for (int i = 0; i < 1000; i++) {
            round(4, Outcome.SUCCESS, 10);
        }
        assertThat(limit()).isEqualTo(10);
    }

    @Test
    void growth_endsAtTheLargest() {
        open(AimdLimit.builder().initial(2).max(3));
        for (int i = 0; i < 50; i++) {
            round(limit(), Outcome.SUCCESS, 10);
        }
        assertThat(limit()).isEqualTo(3);
    }

    @ParameterizedTest
    @EnumSource(
            value = Outcome.Kind.class,
            names = {"SUCCESS", "SERVER_ERROR", "IGNORED"},
            mode = Mode.EXCLUDE)
    void dropped_allOfARound_shrinksOnce(Outcome.Kind kind) {
        Outcome outcome = switch (kind) {
            case CONNECT_FAILURE -> Outcome.CONNECT_FAILURE;
            case TIMEOUT -> Outcome.TIMEOUT;
            case TRANSPORT_FAILURE -> Outcome.TRANSPORT_FAILURE;
            case OVERLOADED -> Outcome.overloaded(Duration.ZERO);
            default -> throw new AssertionError(kind);
        };
        open(AimdLimit.builder().initial(100).backoff(0.8));
        round(100, outcome, 10);
        assertThat(limit()).isEqualTo(80);
        rig.advanceMillis(1);
        round(80, outcome, 10);
        assertThat(limit()).isEqualTo(64);
    }

    @Test
    void otherFailures_leaveItAlone() {
        open(AimdLimit.builder().initial(10));
        round(10, Outcome.SERVER_ERROR, 10);
        round(10, Outcome.IGNORED, 10);
        assertThat(limit()).isEqualTo(10);
        round(10, Outcome.GATEWAY_ERROR, 10);
        assertThat(limit()).isEqualTo(8);
    }

    @Test
    void loneDrop_ofAQuietInstance_leavesHalf() {
        open(AimdLimit.builder().initial(20).backoff(0.8));
        round(1, Outcome.TRANSPORT_FAILURE, 10);
        assertThat(limit()).isEqualTo(8);
    }

    @Test
    void drops_oneRoundAfterTheOther_endAtTheSmallest() {
        open(AimdLimit.builder().initial(20).min(3));
        for (int i = 0; i < 50; i++) {
            round(limit(), Outcome.TIMEOUT, 10);
        }
        assertThat(limit()).isEqualTo(3);
        rig.set(instances(2));
        assertThat(limit()).isEqualTo(3);
    }

    @Test
    void slowSuccess_countsAsDropped() {
        open(AimdLimit.builder().initial(10).slow(Duration.ofMillis(100)));
        round(10, Outcome.SUCCESS, 100);
        assertThat(limit()).isEqualTo(10);
        round(10, Outcome.SUCCESS, 101);
        assertThat(limit()).isEqualTo(8);
        balancer.close();
        open(AimdLimit.builder().initial(10).slow(Duration.ZERO));
        round(10, Outcome.SUCCESS, 1_000_000);
        assertThat(limit()).isEqualTo(10);
    }
}

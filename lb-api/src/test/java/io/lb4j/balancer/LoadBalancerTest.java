package io.lb4j.balancer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.NoEligibleInstanceException;
import io.lb4j.NoSuchServiceException;
import io.lb4j.NotReadyException;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class LoadBalancerTest {
    private static final ServiceInstance A = ServiceInstance.of("127.0.0.1", 1001);
    private static final ServiceInstance B = ServiceInstance.of("127.0.0.1", 1002);
    private static final Strategy UNIFORM =
            eligible -> request -> eligible.get(eligible.random().nextInt(eligible.size()));

    private final VirtualTime time = new VirtualTime();
    private final ManualDiscovery discovery = new ManualDiscovery();

    private LoadBalancer.Builder orders() {
        return LoadBalancer.builder("orders")
                .discovery(discovery)
                .strategy(UNIFORM)
                .ticker(time)
                .scheduler(time)
                .random(new SplittableRandom(1))
                .firstSnapshotTimeout(Duration.ZERO);
    }

    @Test
    void acquire_knownInstances_countsInFlightUntilClosed() {
        discovery.set("orders", A);
        try (LoadBalancer balancer = orders().build()) {
            time.runDue();
            Lease lease = balancer.acquire(PickRequest.plain());
            assertThat(lease.instance()).isEqualTo(A);
            assertThat(lease.candidate().inFlight()).isOne();
            assertThat(lease.close(Outcome.SUCCESS)).isTrue();
            assertThat(lease.close(Outcome.SUCCESS)).isFalse();
            assertThat(lease.candidate().inFlight()).isZero();
        }
        time.runDue();
        assertThat(time.pending()).isZero();
        assertThat(discovery.watches("orders")).isZero();
    }

    @Test
    void acquire_cannotPick_saysWhichOfThreeReasons() {
        try (LoadBalancer balancer = orders().build()) {
            assertThatThrownBy(() -> balancer.acquire(PickRequest.plain()))
                    .isInstanceOf(NotReadyException.class)
                    .hasMessageContaining("orders")
                    .hasMessageContaining("manual discovery");
            discovery.unknown("orders", "looked in the list");
            time.runDue();
            assertThatThrownBy(() -> balancer.acquire(PickRequest.plain()))
                    .isInstanceOf(NoSuchServiceException.class)
                    .hasMessageContaining("looked in the list");
            discovery.set("orders", A.toBuilder().weight(0).build());
            time.runDue();
            assertThatThrownBy(() -> balancer.acquire(PickRequest.plain()))
                    .isInstanceOf(NoEligibleInstanceException.class)
                    .hasMessageContaining("1 known")
                    .hasMessageContaining("DRAINING=1");
        }
    }

    @Test
    void failures_inARow_ejectAndReturn() {
        discovery.set("orders", A, B);
        try (LoadBalancer balancer = orders().build()) {
            time.runDue();
            int failed = 0;
            while (failed < 5) {
                Lease lease = balancer.acquire(PickRequest.plain());
                boolean bad = lease.instance().equals(A);
                lease.close(bad ? Outcome.CONNECT_FAILURE : Outcome.SUCCESS);
                failed += bad ? 1 : 0;
            }
            time.runDue();
            for (int i = 0; i < 50; i++) {
                try (Lease lease = balancer.acquire(PickRequest.plain())) {
                    assertThat(lease.instance()).isEqualTo(B);
                }
            }
            assertThat(balancer.explain(PickRequest.plain()).toString()).contains("EJECTED", "5 calls in a row failed");
            time.advance(Duration.ofSeconds(5));
            for (int i = 0; i < 200; i++) {
                balancer.acquire(PickRequest.plain()).close(Outcome.SUCCESS);
            }
            time.runDue();
            assertThat(balancer.instances()).allMatch(r -> r.state() == InstanceReport.State.ELIGIBLE);
        }
    }
}

package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instance;
import static io.lb4j.balancer.Rig.instances;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.FixedLimit;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Calls that something outside the strategy has a place for. */
final class PreferenceTest {
    private static final PickRequest FOR_C = PickRequest.plain().preferring("c");

    private final Rig rig = new Rig();
    private LoadBalancer balancer;

    @AfterEach
    void nothingLeaks() {
        balancer.close();
        rig.time.runDue();
        assertThat(rig.time.pending()).as("timers after close").isZero();
    }

    private void open(LoadBalancer.Builder settings, List<ServiceInstance> instances) {
        balancer = settings.build();
        rig.set(instances);
    }

    private String pick(PickRequest request) {
        try (Lease lease = balancer.acquire(request)) {
            return lease.instance().id();
        }
    }

    @Test
    void preferred_itTakesCalls_getsAll() {
        open(rig.builder(), instances(5));
        for (int i = 0; i < 100; i++) {
            assertThat(pick(FOR_C)).isEqualTo("c");
        }
        assertThat(balancer.explain(FOR_C).pick())
                .extracting(ServiceInstance::id)
                .isEqualTo("c");
    }

    @Test
    void preferred_ofEveryInstance_isFoundAfterEachSnapshot() {
        open(rig.builder(), instances(5));
        for (int i = 5; i > 0; i--) {
            rig.set(instances(i));
            for (ServiceInstance each : instances(i)) {
                assertThat(pick(PickRequest.plain().preferring(each.id()))).isEqualTo(each.id());
            }
        }
    }

    @Test
    void preferred_unknownEjectedOrExcluded_leavesItToTheStrategy() {
        open(rig.builder(), instances(3));
        assertThat(pick(PickRequest.plain().preferring("nobody"))).isIn("a", "b", "c");
        try (Lease failed = balancer.acquire(FOR_C)) {
            assertThat(pick(FOR_C.nextAttempt(failed.candidate()))).isIn("a", "b");
        }
        rig.fail(balancer, "c", 5);
        for (int i = 0; i < 100; i++) {
            assertThat(pick(FOR_C)).isIn("a", "b");
        }
    }

    @Test
    void preferred_itIsFull_leavesItToTheStrategy() {
        open(rig.builder().concurrencyLimit(new FixedLimit(1)), instances(3));
        Lease held = balancer.acquire(FOR_C);
        assertThat(held.instance().id()).isEqualTo("c");
        assertThat(pick(FOR_C)).isIn("a", "b");
        held.close();
        assertThat(pick(FOR_C)).isEqualTo("c");
    }

    @Test
    void preferred_ofLowerPriority_staysThere() {
        open(
                rig.builder().slowStart(SlowStart.OFF),
                List.of(
                        instance("a", 1001),
                        instance("b", 1002),
                        instance("c", 1003).toBuilder().priority(1).build()));
        assertThat(pick(PickRequest.plain())).isIn("a", "b");
        assertThat(pick(FOR_C)).isEqualTo("c");
    }

    @Test
    void trial_callBelongsElsewhere_isNotTakenFromThere() {
        open(rig.builder().outlierDetection(OutlierDetection.DEFAULT).slowStart(SlowStart.OFF), instances(3));
        rig.fail(balancer, "a", 5);
        rig.advanceMillis(5_000);
        for (int i = 0; i < 1_000; i++) {
            assertThat(pick(FOR_C)).isEqualTo("c");
        }
        assertThat(Rig.leaseOn(balancer, "a").close(Outcome.SUCCESS))
                .as("others do try it")
                .isTrue();
    }

    @Test
    void instance_byId_reportsWhatTheListDoes() {
        open(rig.builder(), instances(3));
        rig.fail(balancer, "b", 5);
        assertThat(balancer.instance("b")).isEqualTo(Rig.report(balancer, "b"));
        assertThat(balancer.instance("b").state()).isEqualTo(State.EJECTED);
        assertThat(balancer.instance("nobody")).isNull();
    }

    @Test
    void request_withCallAndExclusions_keepsThePreference() {
        open(rig.builder(), instances(2));
        try (Lease lease = balancer.acquire(PickRequest.ofHash(7))) {
            PickRequest request =
                    PickRequest.ofHash(7).preferring("c").withCall("call").avoiding(lease.candidate());
            assertThat(request.preferred()).isEqualTo("c");
            assertThat(request.hash()).isEqualTo(7);
            assertThat(request).asString().contains("preferring c");
        }
        assertThat(PickRequest.plain().preferred()).isNull();
    }
}

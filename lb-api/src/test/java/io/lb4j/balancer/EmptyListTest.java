package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instances;
import static io.lb4j.balancer.Rig.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.NoEligibleInstanceException;
import io.lb4j.PickRequest;
import io.lb4j.ServiceDiscovery;
import io.lb4j.balancer.InstanceReport.State;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of an empty list where there were instances. */
final class EmptyListTest {
    private final Rig rig = new Rig();
    private LoadBalancer balancer = rig.builder().build();

    @AfterEach
    void nothingLeaks() {
        balancer.close();
        rig.time.runDue();
        assertThat(rig.time.pending()).as("timers after close").isZero();
    }

    private void rebuild(LoadBalancer.Builder builder) {
        balancer.close();
        rig.time.runDue();
        balancer = builder.build();
    }

    private String trouble() {
        Throwable error = balancer.explain(PickRequest.plain()).error();
        return error == null ? "none" : error.getMessage();
    }

    private void assertNobody() {
        assertThatThrownBy(() -> balancer.acquire(PickRequest.plain())).isInstanceOf(NoEligibleInstanceException.class);
    }

    @Test
    void emptyList_isNotBelievedForFiveMinutes() {
        rig.set(instances(2));
        rig.events.drain();
        rig.set();

        assertThat(rig.events.drain()).containsExactly("empty list, for PT5M");
        rig.time.advance(Duration.ofMinutes(5).minusSeconds(1));
        assertThat(rig.picks(balancer, 100)).containsOnlyKeys("a", "b");
        assertThat(trouble())
                .isEqualTo("manual discovery lists no instance of service orders, since PT4M59S; the 2 it had stay in"
                        + " force until it has done so for PT5M (emptyListGrace)");
        assertThat(balancer.explain(PickRequest.plain()).toString()).contains("trouble: manual discovery lists no");

        rig.time.advance(Duration.ofSeconds(1));
        assertThat(rig.events.drain()).containsExactly("instances 0");
        assertNobody();
        assertThat(balancer.instances()).isEmpty();
        assertThat(trouble()).contains("can take a call: 0 known");
    }

    @Test
    void emptyList_repeated_startsNoNewTime() {
        rig.set(instances(2));
        for (int i = 0; i < 10; i++) {
            rig.set();
            rig.time.advance(Duration.ofSeconds(30));
        }
        assertNobody();
    }

    @Test
    void instancesAgain_endTheTime() {
        rig.set(instances(2));
        rig.set();
        rig.time.advance(Duration.ofMinutes(4));
        rig.set(instances(3));
        assertThat(trouble()).isEqualTo("none");
        rig.time.advance(Duration.ofMinutes(4));
        assertThat(rig.picks(balancer, 100)).hasSize(3);

        rig.set();
        rig.time.advance(Duration.ofMinutes(4));
        assertThat(rig.picks(balancer, 100)).as("a time of its own").hasSize(3);
    }

    @Test
    void whatIsKept_isStillJudged() {
        rig.set(instances(4));
        rig.set();
        rig.fail(balancer, "a", 5);
        assertThat(state(balancer, "a")).isEqualTo(State.EJECTED);
        assertThat(rig.picks(balancer, 100)).containsOnlyKeys("b", "c", "d");
    }

    @Test
    void error_whileAnEmptyListIsNotBelieved_isItsCause() {
        rig.set(instances(1));
        rig.set();
        IOException down = new IOException("connection refused");
        rig.discovery.fail("orders", down);
        rig.time.runDue();
        assertThat(balancer.explain(PickRequest.plain()).error())
                .hasMessageContaining("lists no instance")
                .hasCause(down);
    }

    @Test
    void firstList_empty_isBelieved() {
        rig.set();
        assertNobody();
        assertThat(rig.events.drain()).containsExactly("instances 0");
    }

    @Test
    void noGrace_believesAtOnce() {
        rebuild(rig.builder().emptyListGrace(Duration.ZERO));
        rig.set(instances(2));
        rig.set();
        assertNobody();
    }

    @Test
    void discoveryThatVouches_isBelievedAtOnce() {
        rebuild(rig.builder().discovery(new Vouching(rig.discovery)));
        rig.set(instances(2));
        rig.set();
        assertNobody();
    }

    @Test
    void unknownService_thenEmpty_isKnownAgain() {
        rig.set(instances(2));
        rig.discovery.unknown("orders", "none of that name");
        rig.time.runDue();
        rig.set();
        assertThat(rig.picks(balancer, 10)).isNotEqualTo(Map.of());
        rig.time.advance(Duration.ofMinutes(5));
        assertThatThrownBy(() -> balancer.acquire(PickRequest.plain()))
                .as("not: no such service")
                .isInstanceOf(NoEligibleInstanceException.class);
    }

    @Test
    void emptyListGrace_negative_isRefused() {
        assertThatThrownBy(() -> rig.builder().emptyListGrace(Duration.ofNanos(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("emptyListGrace: PT-0.000000001S (expected: >= 0)");
    }

    private record Vouching(ServiceDiscovery inner) implements ServiceDiscovery {
        @Override
        public Watch watch(String service, Listener listener) {
            return inner.watch(service, listener);
        }

        @Override
        public boolean vouchesForEmptyLists() {
            return true;
        }

        @Override
        public void close() {
            inner.close();
        }
    }

    @Test
    void listener_hearsNothingOfAListThatIsAsBefore() {
        rig.set(instances(2));
        rig.set();
        rig.events.drain();
        rig.set(instances(2));
        assertThat(rig.events.drain()).isEqualTo(List.of());
    }
}

package io.lb4j.discovery.decorator;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Recorder;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.discovery.decorator.DualReadDiscovery.Comparison;
import io.lb4j.discovery.decorator.DualReadDiscovery.Difference;
import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DualReadDiscoveryTest {
    private static final ServiceInstance ONE = ServiceInstance.of("10.0.0.1", 1);
    private static final ServiceInstance TWO = ServiceInstance.of("10.0.0.1", 2);

    private final VirtualTime time = new VirtualTime();
    private final ManualDiscovery serving = new ManualDiscovery();
    private final ManualDiscovery compared = new ManualDiscovery();
    private final Recorder recorder = new Recorder();
    private final List<String> events = new ArrayList<>();
    private final List<Difference> differences = new ArrayList<>();
    private final DualReadDiscovery discovery = discovery(compared);

    private DualReadDiscovery discovery(io.lb4j.ServiceDiscovery other) {
        return DualReadDiscovery.builder(serving, other)
                .settle(Duration.ofSeconds(10))
                .scheduler(time)
                .ticker(time)
                .listener(new DualReadListener() {
                    @Override
                    public void onDifference(Difference difference) {
                        differences.add(difference);
                        events.add("differs " + difference.address());
                    }

                    @Override
                    public void onAgreement(Difference over) {
                        events.add("agrees " + over.address());
                    }

                    @Override
                    public void onComparedError(String service, Throwable error) {
                        events.add(service + ": " + error.getMessage());
                        throw new IllegalStateException("on purpose");
                    }
                })
                .build();
    }

    @AfterEach
    void close_leavesNothing() {
        discovery.close();
        assertThat(time.pending()).isZero();
        assertThat(serving.watches("orders") + compared.watches("orders")).isZero();
        assertThat(discovery.comparisons()).isEmpty();
    }

    private Comparison comparison() {
        return discovery.comparison("orders").orElseThrow();
    }

    private void pass(int seconds) {
        time.advance(Duration.ofSeconds(seconds));
    }

    @Test
    void callers_areServedFromTheOneSource() {
        discovery.watch("orders", recorder);
        serving.set("orders", ONE);
        compared.set("orders", TWO);
        serving.fail("orders", new IOException("down"));
        serving.unknown("orders", "gone");
        compared.fail("orders", new IOException("other is down"));
        compared.unknown("orders", "gone there");

        assertThat(recorder.calls).containsExactly("instances", "error", "unknown");
        assertThat(events).containsExactly("orders: other is down");
    }

    @Test
    void sideWithAComplaint_isCompared() {
        discovery.watch("orders", recorder);
        serving.set("orders", ONE);
        compared.set("orders", ONE);
        serving.complain("orders", new IOException("b: no port"));
        compared.complain("orders", new IOException("c: no port"));

        assertThat(comparison().comparable()).isTrue();
        assertThat(recorder.complaints).containsExactly("b: no port");
        assertThat(events).isEmpty();
    }

    @Test
    void agreement_isCounted_whateverTheIdsAndMetadata() {
        discovery.watch("orders", recorder);
        assertThat(comparison().comparable()).isFalse();
        serving.set("orders", ONE, TWO);
        compared.set(
                "orders", TWO.toBuilder().id("other").metadata(Map.of("a", "b")).build(), ONE);
        pass(60);

        assertThat(events).isEmpty();
        assertThat(comparison()).isEqualTo(new Comparison(true, 2, List.of(), 0, 0));
        assertThat(discovery.comparisons()).containsOnlyKeys("orders");
    }

    @Test
    void lag_isNoDifference() {
        discovery.watch("orders", recorder);
        serving.set("orders", ONE);
        compared.set("orders", ONE);

        serving.set("orders", ONE, TWO);
        pass(9);
        compared.set("orders", ONE, TWO);
        pass(60);

        assertThat(events).isEmpty();
        assertThat(time.pending()).isZero();
    }

    @Test
    void difference_thatLasts_isToldOnceAndWhenItIsOver() {
        discovery.watch("orders", recorder);
        serving.set("orders", ONE, TWO);
        compared.set("orders", ONE.toBuilder().weight(3).build());

        pass(9);
        assertThat(events).isEmpty();
        pass(1);
        assertThat(events).containsExactly("differs 10.0.0.1:1", "differs 10.0.0.1:2");
        assertThat(differences)
                .containsExactly(
                        new Difference(
                                "orders",
                                "10.0.0.1:1",
                                ONE,
                                ONE.toBuilder().weight(3).build()),
                        new Difference("orders", "10.0.0.1:2", TWO, null));
        assertThat(comparison()).isEqualTo(new Comparison(true, 0, differences, 2, 0));
        pass(600);
        assertThat(events).hasSize(2);

        compared.set("orders", ONE, TWO);
        assertThat(events).endsWith("agrees 10.0.0.1:1", "agrees 10.0.0.1:2").hasSize(4);
        assertThat(comparison()).isEqualTo(new Comparison(true, 2, List.of(), 2, 2));
    }

    @Test
    void difference_thatBecomesAnother_isToldAgain() {
        discovery.watch("orders", recorder);
        serving.set("orders", ONE);
        compared.set("orders", ONE.toBuilder().zone("a").build());
        pass(10);
        compared.set(
                "orders", ONE.toBuilder().zone("a").metadata(Map.of("x", "y")).build());
        compared.set("orders", ONE.toBuilder().zone("b").build());

        assertThat(events).containsExactly("differs 10.0.0.1:1", "differs 10.0.0.1:1");
        assertThat(comparison().found()).isEqualTo(1);
    }

    @Test
    void outage_isNoDifference() {
        discovery.watch("orders", recorder);
        serving.set("orders", ONE);
        compared.set("orders", ONE);
        compared.fail("orders", new IOException("other is down"));

        serving.set("orders", ONE, TWO);
        pass(60);
        assertThat(events).containsExactly("orders: other is down");
        assertThat(comparison().comparable()).isFalse();
        compared.set("orders", ONE);
        pass(5);
        compared.set("orders", ONE, TWO);
        pass(60);

        assertThat(events).containsExactly("orders: other is down");
        assertThat(comparison().matching()).isEqualTo(2);
    }

    @Test
    void differenceFromBeforeAnOutage_hasToLastAnew() {
        discovery.watch("orders", recorder);
        serving.set("orders", ONE, TWO);
        compared.set("orders", ONE);
        pass(6);
        serving.fail("orders", new IOException("down"));
        pass(6);
        serving.set("orders", ONE, TWO);
        pass(6);
        assertThat(events).isEmpty();
        pass(4);
        assertThat(events).containsExactly("differs 10.0.0.1:2");
    }

    /** Though its time would be over before anybody looked again. */
    @Test
    void differenceFromBeforeAShortOutage_hasToLastAnew() {
        discovery.watch("orders", recorder);
        serving.set("orders", ONE);
        compared.set("orders", TWO);
        pass(5);
        compared.fail("orders", new IOException("down"));
        pass(3);
        compared.set("orders", TWO);
        events.clear();

        pass(9);
        assertThat(events).isEmpty();
        pass(1);
        assertThat(events).hasSize(2);
    }

    @Test
    void differenceThatIsGoneFromBoth_isOver() {
        discovery.watch("orders", recorder);
        serving.set("orders", ONE);
        compared.set("orders", ONE, TWO);
        pass(10);
        assertThat(events).containsExactly("differs " + TWO.authority());
        compared.set("orders", ONE);

        assertThat(events).containsExactly("differs " + TWO.authority(), "agrees " + TWO.authority());
        assertThat(comparison().differences()).isEmpty();
    }

    @Test
    void differenceInTlsAlone_isOne() {
        discovery.watch("orders", recorder);
        serving.set("orders", ONE);
        compared.set("orders", ONE.toBuilder().secure(true).build());
        pass(10);

        assertThat(events).containsExactly("differs " + ONE.authority());
    }

    @Test
    void comparedThatRefusesTheName_harmsNobody() {
        StaticDiscovery closed = StaticDiscovery.of("orders", "h:1");
        closed.close();
        try (DualReadDiscovery odd = discovery(closed)) {
            odd.watch("orders", recorder);
            serving.set("orders", ONE);
            assertThat(recorder.last()).containsExactly("10.0.0.1:1");
            assertThat(events).hasSize(1);
        }
    }
}

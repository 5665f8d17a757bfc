package io.lb4j.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.strategy.Strategies;
import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class DemoViewTest {
    private final VirtualTime time = new VirtualTime();
    private final Meter meter = new Meter(Strategies.roundRobin());
    private final StaticDiscovery discovery = StaticDiscovery.builder()
            .service("orders", instance("alpha", 1), instance("a-very-long-name", 2))
            .build();
    private LoadBalancer balancer;
    private DemoView view;

    @BeforeEach
    void start() {
        balancer = LoadBalancer.builder("orders")
                .discovery(discovery)
                .strategy(meter)
                .ticker(time)
                .scheduler(time)
                .build();
        time.advance(Duration.ofMillis(1));
        view = new DemoView(balancer, meter);
    }

    @AfterEach
    void stop() {
        balancer.close();
        discovery.close();
    }

    @Test
    void table_evenCalls_showsHalfEach() {
        view.sample();
        calls(10, Outcome.SUCCESS);
        view.sample();

        assertThat(view.share("alpha")).isCloseTo(0.5, within(0.001));
        assertThat(view.table(false)).hasSize(3);
        assertThat(view.table(false).get(1))
                .startsWith("  alpha    ███████░░░░░░░  50%         0")
                .endsWith("in rotation");
        assertThat(view.oneLine()).isEqualTo("alpha 50%, a-very-long-name 50%");
    }

    @Test
    void table_anyContent_fitsEightyColumns() {
        view.sample();
        calls(40, Outcome.CONNECT_FAILURE);
        view.sample();

        assertThat(view.table(false))
                .allSatisfy(line -> assertThat(line.length()).isLessThan(80));
        assertThat(String.join("\n", view.table(false))).contains("ejected: ");
        assertThat(view.oneLine()).contains("(ejected)");
    }

    @Test
    void table_coloured_saysTheSame() {
        calls(4, Outcome.SUCCESS);
        view.sample();

        String plain = String.join("\n", view.table(true)).replaceAll("\033\\[[0-9]+m", "");
        assertThat(plain).isEqualTo(String.join("\n", view.table(false)));
    }

    @Test
    void table_instanceNoLongerListed_showsItAsGone() {
        view.sample();
        discovery.set("orders", List.of(instance("alpha", 1)));
        time.advance(Duration.ofMillis(1));
        view.sample();

        assertThat(view.table(false).get(2)).contains("a-very-…").endsWith("gone: its lease ran out");
    }

    private void calls(int count, Outcome outcome) {
        for (int i = 0; i < count; i++) {
            Lease lease = balancer.acquire(PickRequest.plain());
            time.advance(Duration.ofMillis(5));
            lease.close(outcome);
        }
        time.advance(Duration.ofMillis(1));
    }

    private static ServiceInstance instance(String id, int port) {
        return ServiceInstance.builder("127.0.0.1", port).id(id).build();
    }
}

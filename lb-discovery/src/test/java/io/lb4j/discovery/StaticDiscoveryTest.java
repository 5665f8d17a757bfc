package io.lb4j.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StaticDiscoveryTest {
    private final Recorder recorder = new Recorder();

    @Test
    void watch_knownService_isToldItsInstancesAtOnce() {
        StaticDiscovery discovery = StaticDiscovery.of("orders", "127.0.0.1:8081", "[::1]:8082");

        discovery.watch("orders", recorder);

        assertThat(recorder.snapshots)
                .containsExactly(List.of(ServiceInstance.of("127.0.0.1", 8081), ServiceInstance.of("::1", 8082)));
    }

    @Test
    void watch_unknownService_namesTheKnownOnes() {
        StaticDiscovery discovery =
                StaticDiscovery.builder().service("b").service("a").build();

        discovery.watch("ordrs", recorder);

        assertThat(recorder.unknown)
                .containsExactly("static discovery has no service 'ordrs' (expected: one of [a, b])");
    }

    @Test
    void watch_unknownServiceOfMany_namesSomeAndCountsTheRest() {
        StaticDiscovery.Builder builder = StaticDiscovery.builder();
        for (int i = 10; i < 40; i++) {
            builder.service("s" + i);
        }

        builder.build().watch("x", recorder);

        assertThat(recorder.unknown.get(0)).contains("s29, and 10 more]").doesNotContain("s30");
    }

    @Test
    void watch_nothingKnown_saysSo() {
        StaticDiscovery.builder().build().watch("x", recorder);

        assertThat(recorder.unknown.get(0)).endsWith("(expected: a known service, but none is known)");
    }

    @Test
    void set_watchedService_reachesEveryWatchOnce() {
        StaticDiscovery discovery = StaticDiscovery.of("orders", "127.0.0.1:8081");
        Recorder second = new Recorder();
        discovery.watch("orders", recorder);
        discovery.watch("orders", second);

        discovery.set("orders", List.of(ServiceInstance.of("127.0.0.1", 9000)));
        discovery.set("orders", List.of(ServiceInstance.of("127.0.0.1", 9000)));

        assertThat(recorder.snapshots).hasSize(2);
        assertThat(second.last()).containsExactly("127.0.0.1:9000");
    }

    @Test
    void set_unknownServiceThenRemove_revokesEachOther() {
        StaticDiscovery discovery = StaticDiscovery.builder().build();
        discovery.watch("orders", recorder);

        discovery.set("orders", List.of());
        discovery.remove("orders");

        assertThat(recorder.calls).containsExactly("unknown", "instances", "unknown");
    }

    @Test
    void set_fromInsideAListener_isDeliveredAfterwards() {
        StaticDiscovery discovery = StaticDiscovery.of("orders", "127.0.0.1:1");
        StringBuilder order = new StringBuilder();
        discovery.watch("orders", new ServiceDiscovery.Listener() {
            @Override
            public void onInstances(List<ServiceInstance> instances) {
                int port = instances.get(0).port();
                order.append('<').append(port);
                if (port < 3) {
                    discovery.set("orders", List.of(ServiceInstance.of("127.0.0.1", port + 1)));
                }
                order.append('>');
            }

            @Override
            public void onUnknownService(String detail) {}

            @Override
            public void onError(Throwable error) {}
        });

        assertThat(order).hasToString("<1><2><3>");
    }

    @Test
    void listener_throws_othersAreStillTold() {
        StaticDiscovery discovery = StaticDiscovery.of("orders", "127.0.0.1:1");
        discovery.watch("orders", new ServiceDiscovery.Listener() {
            @Override
            public void onInstances(List<ServiceInstance> instances) {
                throw new IllegalStateException("on purpose");
            }

            @Override
            public void onUnknownService(String detail) {}

            @Override
            public void onError(Throwable error) {}
        });
        discovery.watch("orders", recorder);

        discovery.set("orders", List.of());

        assertThat(recorder.snapshots).hasSize(2);
    }

    @Test
    void watch_closed_hearsNothingMore() {
        StaticDiscovery discovery = StaticDiscovery.of("orders", "127.0.0.1:1");
        ServiceDiscovery.Watch watch = discovery.watch("orders", recorder);

        watch.close();
        watch.close();
        discovery.set("orders", List.of());

        assertThat(recorder.snapshots).hasSize(1);
    }

    @Test
    void close_thenUse_isRefused() {
        StaticDiscovery discovery = StaticDiscovery.of("orders", "127.0.0.1:1");
        discovery.watch("orders", recorder);
        discovery.close();
        discovery.close();

        assertThatThrownBy(() -> discovery.set("orders", List.of()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("StaticDiscovery[orders] is closed");
        assertThatThrownBy(() -> discovery.watch("orders", recorder)).isInstanceOf(IllegalStateException.class);
        assertThat(recorder.snapshots).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "host", ":80", "host:", "host:x", "host:0", "host:65536", "::1:80", "ho st:80", "[]:80"})
    void of_malformedAddress_isRefused(String address) {
        assertThatThrownBy(() -> StaticDiscovery.of("orders", address))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("(expected: ");
    }

    @Test
    void builder_duplicates_areRefused() {
        assertThatThrownBy(() -> StaticDiscovery.of("orders", "a:1", "b:2", "a:1"))
                .hasMessage("orders: id a:1 at a:1 and a:1 (expected: ids that are unique within the service)");
        assertThatThrownBy(() -> StaticDiscovery.builder().service("a").service("a"))
                .hasMessage("service: a (expected: each service once)");
        assertThatThrownBy(() -> StaticDiscovery.builder().service(" ")).hasMessage("service: ' ' (expected: a name)");
    }
}

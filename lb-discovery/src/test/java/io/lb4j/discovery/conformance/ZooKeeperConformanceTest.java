package io.lb4j.discovery.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.zookeeper.ZooKeeperServer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ZooKeeperConformanceTest extends DiscoveryConformance {
    @TempDir
    static Path directory;

    @Override
    RealSource newSource() {
        return new ZooKeeperServer(directory);
    }

    /** The session goes with the memory, and with both the watch. */
    @Test
    void serverBackEmpty_isNoticed() throws Exception {
        ZooKeeperServer server = (ZooKeeperServer) source;
        Heard heard = new Heard();
        source.put("forgotten", ServiceInstance.of("127.0.0.1", 1001));
        try (ServiceDiscovery discovery = source.discovery(source.address())) {
            discovery.watch("forgotten", heard);
            await().until(() -> heard.last.size() == 1);

            server.kill();
            try {
                await().until(() -> !heard.errors.isEmpty());
                assertThat(heard.last).hasSize(1);
            } finally {
                server.startEmpty();
            }
            await().until(() -> !heard.unknown.isEmpty());
            source.put("forgotten", ServiceInstance.of("127.0.0.1", 1002));

            await().until(() -> heard.last.size() == 1 && heard.last.get(0).port() == 1002);
            assertThat(heard.errors).hasSize(1);
        }
    }

    /** The one that a session is with misbehaves. */
    @ParameterizedTest
    @EnumSource(names = {"MUTE", "GARBAGE", "CUT"})
    void oneMisbehaves_theOtherIsAsked(Relay.Mode mode) throws Exception {
        String service = "shop-" + mode.name().toLowerCase(Locale.ROOT);
        Heard heard = new Heard();
        source.put(service, ServiceInstance.of("127.0.0.1", 1001));
        try (Relay relay = new Relay(source.address());
                ServiceDiscovery discovery = startedAt(relay, service, heard)) {
            assertThat(discovery).isNotNull();
            relay.mode(mode);
            source.put(service, ServiceInstance.of("127.0.0.1", 1002));

            await().until(() -> heard.last.size() == 2);
            // Between two servers there is a moment without.
            assertThat(heard.errors).hasSizeLessThanOrEqualTo(1);
        }
    }

    /** ZooKeeper's client takes its servers in any order. */
    private ServiceDiscovery startedAt(Relay relay, String service, Heard heard) {
        while (true) {
            ServiceDiscovery discovery = source.discovery(relay.address() + "," + source.address());
            discovery.watch(service, heard);
            await().until(() -> heard.last.size() == 1);
            if (relay.open() > 0) {
                return discovery;
            }
            discovery.close();
            heard.last = List.of();
        }
    }
}

package io.lb4j.discovery.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.eureka.EurekaServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EurekaConformanceTest extends DiscoveryConformance {
    @TempDir
    static Path directory;

    @Override
    RealSource newSource() throws IOException {
        return new EurekaServer(directory);
    }

    /** One answer has all services, and a thousand instances take their time where the server is slow. */
    @AfterEach
    void forget() throws Exception {
        ((EurekaServer) source).removeAll();
    }

    /** The first of several is the one that misbehaves. */
    @ParameterizedTest
    @EnumSource(names = {"MUTE", "GARBAGE", "CUT"})
    void oneMisbehaves_theOtherIsAsked(Relay.Mode mode) throws Exception {
        String service = "shop-" + mode.name().toLowerCase(Locale.ROOT);
        Heard heard = new Heard();
        source.put(service, ServiceInstance.of("127.0.0.1", 1001));
        try (Relay relay = new Relay(source.address());
                ServiceDiscovery discovery =
                        ((EurekaServer) source).discovery(List.of(relay.address(), source.address()))) {
            discovery.watch(service, heard);
            await().until(() -> heard.last.size() == 1);
            relay.mode(mode);
            source.put(service, ServiceInstance.of("127.0.0.1", 1002));

            await().until(() -> heard.last.size() == 2);
            assertThat(heard.errors).isEmpty();
        }
    }
}

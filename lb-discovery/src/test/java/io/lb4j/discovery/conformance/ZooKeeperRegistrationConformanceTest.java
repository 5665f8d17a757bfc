package io.lb4j.discovery.conformance;

import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Registration;
import io.lb4j.discovery.zookeeper.ZooKeeperServer;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZooKeeperRegistrationConformanceTest extends RegistrationConformance {
    @TempDir
    static Path directory;

    @Override
    RealSource newSource() {
        return new ZooKeeperServer(directory);
    }

    @Test
    void serverBackEmpty_registersAgainByItself() throws Exception {
        ZooKeeperServer server = (ZooKeeperServer) source;
        Heard heard = new Heard();
        ServiceInstance instance = ServiceInstance.of("127.0.0.1", 1001);
        try (ServiceDiscovery discovery = source.discovery(source.address());
                Registration registration = source.registration(source.address(), "forgotten", instance)
                        .ttl(Duration.ofSeconds(2))
                        .start()) {
            discovery.watch("forgotten", heard);
            await().until(() -> heard.last.size() == 1);
            heard.unknown.clear();

            server.kill();
            server.startEmpty();

            await().until(() -> registration.status().state() == Registration.State.REGISTERED
                    && !heard.errors.isEmpty()
                    && heard.last.size() == 1);
            try (ServiceDiscovery fresh = source.discovery(source.address())) {
                Heard now = new Heard();
                fresh.watch("forgotten", now);
                await().until(() -> now.last.size() == 1);
            }
        }
    }
}

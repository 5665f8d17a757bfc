package io.lb4j.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Registry, discovery and registration together, over real sockets. */
class RegistryTest {
    @TempDir
    Path dir;

    private final Recorder recorder = new Recorder();
    private final List<AutoCloseable> open = new ArrayList<>();
    private RegistryServer server;

    @BeforeEach
    void start() throws IOException {
        server = RegistryServer.start(0);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
        server.close();
    }

    private <T extends AutoCloseable> T closing(T closeable) {
        open.add(0, closeable);
        return closeable;
    }

    private RegistryDiscovery watch() {
        RegistryDiscovery discovery = closing(RegistryDiscovery.of(server.url()));
        discovery.watch("orders", recorder);
        return discovery;
    }

    private Registration register(int port) {
        return closing(Registration.builder(server.url(), "orders", ServiceInstance.of("127.0.0.1", port))
                .start());
    }

    private void restart(RegistryServer.Builder builder) throws IOException {
        int port = server.port();
        server.close();
        server = builder.port(port).start();
    }

    @Test
    void newServer_registers_isVisibleToAWatcherWithinASecond() {
        watch();
        await().untilAsserted(() -> assertThat(recorder.messages()).hasSize(1));

        register(8081);

        await().atMost(Duration.ofSeconds(1))
                .untilAsserted(() -> assertThat(recorder.last()).containsExactly("127.0.0.1:8081"));
    }

    @Test
    void server_closesItsRegistration_isGone() {
        register(8081);
        Registration second = register(8082);
        watch();
        await().untilAsserted(() -> assertThat(recorder.last()).hasSize(2));

        second.close();

        await().atMost(Duration.ofSeconds(1))
                .untilAsserted(() -> assertThat(recorder.last()).containsExactly("127.0.0.1:8081"));
        assertThat(second.status().state()).isEqualTo(Registration.State.CLOSED);
    }

    @Test
    void registry_restartedWithoutMemory_erasesNobodyAndIsFilledAgain() throws IOException {
        Registration registration =
                closing(Registration.builder(server.url(), "orders", ServiceInstance.of("127.0.0.1", 8081))
                        .ttl(Duration.ofSeconds(2))
                        .start());
        register(8082);
        watch();
        await().untilAsserted(() -> assertThat(recorder.last()).hasSize(2));

        restart(RegistryServer.builder());

        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(server.services()).containsEntry("orders", 1));
        await().untilAsserted(() -> assertThat(recorder.calls).endsWith("instances"));
        assertThat(recorder.snapshots).allSatisfy(list -> assertThat(list).isNotEmpty());
        assertThat(recorder.last()).containsExactlyInAnyOrder("127.0.0.1:8081", "127.0.0.1:8082");
        assertThat(recorder.unknown).isEmpty();
        await().until(() -> registration.status().state() == Registration.State.REGISTERED);
    }

    @Test
    void registry_restartedWithASnapshot_forgetsNobody() throws IOException {
        Path file = dir.resolve("registry.json");
        restart(RegistryServer.builder().snapshotFile(file));
        Registration registration = register(8081);
        watch();
        await().untilAsserted(() -> assertThat(recorder.last()).hasSize(1));
        await().until(() -> registration.status().state() == Registration.State.REGISTERED);

        restart(RegistryServer.builder().snapshotFile(file));

        assertThat(server.services()).containsEntry("orders", 1);
        register(8082);
        await().untilAsserted(() -> assertThat(recorder.last()).containsExactly("127.0.0.1:8081", "127.0.0.1:8082"));
        assertThat(recorder.snapshots).allSatisfy(list -> assertThat(list).isNotEmpty());
    }

    @Test
    void registry_warmUpOver_isBelievedWhoIsGone() throws IOException {
        Registration crashed = Registration.builder(server.url(), "orders", ServiceInstance.of("127.0.0.1", 8081))
                .scheduler((task, delay) -> () -> {})
                .start();
        register(8082);
        watch();
        await().untilAsserted(() -> assertThat(recorder.last()).hasSize(2));

        restart(RegistryServer.builder().warmUp(Duration.ofSeconds(2)));
        register(8083);

        await().untilAsserted(() -> assertThat(recorder.last())
                .containsExactlyInAnyOrder("127.0.0.1:8081", "127.0.0.1:8082", "127.0.0.1:8083"));
        await().untilAsserted(() -> assertThat(recorder.last()).containsExactly("127.0.0.1:8083"));
        crashed.close();
    }

    @Test
    void registry_deadForAWhile_keepsTheLastGoodListAndRecovers() throws IOException {
        register(8081);
        watch();
        await().untilAsserted(() -> assertThat(recorder.last()).hasSize(1));
        int port = server.port();

        server.close();
        await().untilAsserted(() -> assertThat(recorder.errors).isNotEmpty());
        await().during(Duration.ofSeconds(1)).until(() -> recorder.last().size() == 1);
        server = RegistryServer.start(port);

        await().untilAsserted(() -> assertThat(recorder.calls).endsWith("instances"));
        assertThat(recorder.snapshots).allSatisfy(list -> assertThat(list).hasSize(1));
        assertThat(recorder.messages()).doesNotHaveDuplicates();
    }
}

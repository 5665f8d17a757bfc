package io.lb4j.discovery.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Recorder;
import io.lb4j.discovery.Registration;
import io.lb4j.discovery.Registration.State;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/** Registration with a real etcd: what is its own, beside what every registry must do. */
class EtcdRegistrationTest {
    private static final ServiceInstance ONE =
            ServiceInstance.builder("127.0.0.1", 1).id("one").build();

    private static EtcdServer etcd;

    private final Recorder recorder = new Recorder();
    private String service;
    private EtcdDiscovery discovery;

    @BeforeAll
    static void startServer(@TempDir Path directory) {
        etcd = new EtcdServer(directory);
        etcd.start();
    }

    @AfterAll
    static void stopServer() {
        if (etcd != null) {
            etcd.close();
        }
    }

    @BeforeEach
    void watch(TestInfo test) {
        service = test.getTestMethod().orElseThrow().getName();
        discovery = EtcdDiscovery.of(etcd.url());
        discovery.watch(service, recorder);
    }

    @AfterEach
    void stop() {
        discovery.close();
    }

    private String key() {
        return "/services/" + service + "/one";
    }

    private Registration register(ServiceInstance instance) {
        return Registration.builder(EtcdRegistrar.of(etcd.url()), service, instance)
                .ttl(Duration.ofSeconds(1))
                .start();
    }

    private void awaitLast(String... authorities) {
        await().pollInterval(Duration.ofMillis(10))
                .untilAsserted(() -> assertThat(recorder.last()).containsExactly(authorities));
    }

    private static void awaitState(Registration registration, State state) {
        await().untilAsserted(() -> assertThat(registration.status().state()).isEqualTo(state));
    }

    @Test
    void closed_leavesNoLease() {
        int before = leases();
        try (Registration registration = register(ONE)) {
            awaitLast("127.0.0.1:1");
            awaitState(registration, State.REGISTERED);
            assertThat(leases()).isEqualTo(before + 1);
        }
        assertThat(leases()).isEqualTo(before);
        awaitLast();
    }

    private static int leases() {
        return etcd.ask("lease/leases", "{}").path("leases").size();
    }

    @Test
    void etcdBackWithoutMemory_isToldAgain() {
        try (Registration registration = register(ONE)) {
            awaitLast("127.0.0.1:1");
            etcd.kill();
            awaitState(registration, State.RENEWING);
            etcd.startEmpty();
            awaitState(registration, State.REGISTERED);
            await().until(() -> etcd.ask("kv/range", "{\"key\":\"" + EtcdServer.base64(key()) + "\"}")
                            .path("count")
                            .asInt()
                    == 1);
            awaitLast("127.0.0.1:1");
        }
    }

    @Test
    void deletedOrOverwritten_isPutBack() {
        try (Registration registration = register(ONE)) {
            awaitLast("127.0.0.1:1");
            etcd.delete(key());
            awaitLast();
            awaitLast("127.0.0.1:1");
            await().untilAsserted(
                            () -> assertThat(registration.status().state()).isEqualTo(State.REGISTERED));
        }
        awaitLast();
    }

    @Test
    void sameId_isRefusedUntilItIsFree() {
        Registration first = register(ONE);
        awaitLast("127.0.0.1:1");
        ServiceInstance other =
                ServiceInstance.builder("127.0.0.1", 2).id("one").build();
        try (Registration second = register(other)) {
            awaitState(second, State.REFUSED);
            assertThat(second.status().detail())
                    .isEqualTo("etcd " + etcd.url() + ": " + key() + " is held by 127.0.0.1:1 (expected: an id that no"
                            + " other server has; it gets free when that one's lease ends)");
            first.close();
            awaitState(second, State.REGISTERED);
            awaitLast("127.0.0.1:2");
        }
        awaitLast();
    }

    @Test
    void sameAddress_isTheServerRestarted_andOutlivesItsPredecessor() {
        Registration before = register(ONE);
        awaitLast("127.0.0.1:1");
        try (Registration after = register(ONE.toBuilder().weight(3).build())) {
            await().untilAsserted(() ->
                    assertThat(recorder.snapshots).last().asString().contains("weight=3.0"));
            before.close();
            etcd.put(service, ServiceInstance.of("127.0.0.1", 9));
            awaitLast("127.0.0.1:9", "127.0.0.1:1");
            await().untilAsserted(() -> assertThat(after.status().state()).isEqualTo(State.REGISTERED));
        }
    }

    @Test
    void slashInAnId_isRefusedBeforeAnythingIsAsked() {
        try (EtcdRegistrar registrar = EtcdRegistrar.of(etcd.url())) {
            assertThatThrownBy(() -> Registration.builder(
                            registrar, service, ONE.toBuilder().id("a/b").build()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("instance id: 'a/b' (expected: no slash, as in a key of etcd)");
        }
    }
}

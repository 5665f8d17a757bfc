package io.lb4j.discovery.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Recorder;
import io.lb4j.discovery.Registrar;
import io.lb4j.discovery.Registration;
import io.lb4j.discovery.Registration.State;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Registration with a real etcd. */
class EtcdRegistrationTest {
    private static final ServiceInstance ONE =
            ServiceInstance.builder("127.0.0.1", 1).id("one").build();
    private static final String KEY = "/services/orders/one";

    private final Recorder recorder = new Recorder();
    private EtcdServer etcd;
    private EtcdDiscovery discovery;

    @BeforeEach
    void start(@TempDir Path directory) throws IOException {
        EtcdServer.program();
        etcd = new EtcdServer(directory);
        etcd.start();
        discovery = EtcdDiscovery.of(etcd.url());
        discovery.watch("orders", recorder);
    }

    @AfterEach
    void stop() {
        if (etcd != null) {
            discovery.close();
            etcd.close();
        }
    }

    private Registration register(ServiceInstance instance) {
        return Registration.builder(EtcdRegistrar.of(etcd.url()), "orders", instance)
                .ttl(Duration.ofSeconds(2))
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
    void closed_isGoneAtOnce_andAnUpdateIsSeen() {
        try (Registration registration = register(ONE)) {
            awaitLast("127.0.0.1:1");
            registration.update(ONE.toBuilder().weight(7).build());
            await().untilAsserted(() ->
                    assertThat(recorder.snapshots).last().asString().contains("weight=7.0"));
        }
        awaitLast();
        assertThat(etcd.ask("lease/leases", "{}").path("leases")).isEmpty();
    }

    @Test
    void crashed_isGoneWithItsLease() {
        CompletableFuture<Duration> held = new CompletableFuture<>();
        try (EtcdRegistrar registrar = EtcdRegistrar.of(etcd.url())) {
            registrar.register("orders", ONE, Duration.ofSeconds(2), new Registrar.Answer() {
                @Override
                public void held(Duration leaseTtl) {
                    held.complete(leaseTtl);
                }

                @Override
                public void forgotten(String detail) {
                    held.completeExceptionally(new IOException(detail));
                }

                @Override
                public void refused(String detail) {
                    held.completeExceptionally(new IOException(detail));
                }

                @Override
                public void failed(IOException error) {
                    held.completeExceptionally(error);
                }
            });
            assertThat(held.join()).isEqualTo(Duration.ofSeconds(2));
            awaitLast("127.0.0.1:1");
        }
        long crashed = System.nanoTime();
        awaitLast();
        assertThat(Duration.ofNanos(System.nanoTime() - crashed)).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void etcdBackWithoutMemory_isToldAgain() {
        try (Registration registration = register(ONE)) {
            awaitLast("127.0.0.1:1");
            etcd.kill();
            awaitState(registration, State.RENEWING);
            etcd.start();
            awaitState(registration, State.REGISTERED);
            await().until(() -> etcd.ask("kv/range", "{\"key\":\"" + EtcdServer.base64(KEY) + "\"}")
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
            etcd.delete(KEY);
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
                    .isEqualTo("etcd " + etcd.url() + ": " + KEY + " is held by 127.0.0.1:1 (expected: an id that no"
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
            etcd.put("orders", ServiceInstance.of("127.0.0.1", 9));
            awaitLast("127.0.0.1:9", "127.0.0.1:1");
            await().untilAsserted(() -> assertThat(after.status().state()).isEqualTo(State.REGISTERED));
        }
    }

    @Test
    void slashInAnId_isRefusedBeforeAnythingIsAsked() {
        try (EtcdRegistrar registrar = EtcdRegistrar.of(etcd.url())) {
            assertThatThrownBy(() -> Registration.builder(
                            registrar, "orders", ONE.toBuilder().id("a/b").build()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("instance id: 'a/b' (expected: no slash, as in a key of etcd)");
        }
    }
}

package io.lb4j.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Registration.State;
import io.lb4j.testing.VirtualTime;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import okhttp3.OkHttpClient;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real sockets; the registry's time and the registrations' timers are virtual and separate. */
class RegistrationTest {
    private static final ServiceInstance FIRST =
            ServiceInstance.builder("127.0.0.1", 8081).id("a").build();
    private static final ServiceInstance SECOND =
            ServiceInstance.builder("127.0.0.1", 8082).id("a").build();

    @TempDir
    Path dir;

    private final VirtualTime registryTime = new VirtualTime();
    private final VirtualTime time = new VirtualTime();
    private final List<Registration> open = new ArrayList<>();
    private final List<State> states = new CopyOnWriteArrayList<>();
    private RegistryServer server;

    @BeforeEach
    void start() throws IOException {
        server = builder().start();
    }

    @AfterEach
    void closed_leavesNoThreadAndNoTask() {
        Collections.reverse(open);
        open.forEach(Registration::close);
        server.close();
        assertThat(time.pending()).isZero();
        await().untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("lb4j-registry-client"));
    }

    private RegistryServer.Builder builder() {
        return RegistryServer.builder()
                .ticker(registryTime)
                .scheduler(registryTime)
                .warmUp(Duration.ZERO);
    }

    private Registration.Builder registration(ServiceInstance instance) {
        return Registration.builder(server.url(), "orders", instance).scheduler(time);
    }

    private Registration opened(Registration.Builder builder) {
        Registration registration =
                builder.listener(status -> states.add(status.state())).start();
        open.add(registration);
        return registration;
    }

    private static void awaitState(Registration registration, State state) {
        await().untilAsserted(() -> assertThat(registration.status().state()).isEqualTo(state));
    }

    private void restart() throws IOException {
        int port = server.port();
        server.close();
        server = builder().port(port).start();
    }

    private int listed() {
        return server.services().getOrDefault("orders", 0);
    }

    /** Lets both clocks run in small steps, with time for the calls between, until the condition holds. */
    private void runUntil(Duration step, Runnable condition) {
        await().untilAsserted(() -> {
            time.advance(step);
            registryTime.advance(step);
            condition.run();
        });
    }

    @Test
    void start_registersAndStatusSaysSo() throws InterruptedException {
        Registration registration = opened(registration(FIRST));

        assertThat(registration.awaitRegistered(Duration.ofSeconds(10))).isTrue();

        assertThat(registration.status()).isEqualTo(new Registration.Status(State.REGISTERED, ""));
        assertThat(listed()).isEqualTo(1);
        assertThat(registration).hasToString("registration of orders/a with registry " + server.url());
    }

    @Test
    void lease_isRenewedBeforeAThirdOfItIsOver() {
        CountingRegistrar registrar = new CountingRegistrar(new RegistryRegistrar(server.url(), null, null));
        Registration registration = opened(
                Registration.builder(registrar, "orders", FIRST).scheduler(time).ttl(Duration.ofSeconds(9)));
        awaitState(registration, State.REGISTERED);

        for (int i = 0; i < 10; i++) {
            int before = registrar.answers.get();
            time.advance(Duration.ofSeconds(3));
            await().until(() -> registrar.answers.get() > before);
            registryTime.advance(Duration.ofSeconds(3));
        }

        assertThat(listed()).isEqualTo(1);
        assertThat(states).containsExactly(State.REGISTERED);
    }

    @Test
    void lease_ofACrashedServer_ends() {
        Registration registration = opened(registration(FIRST).ttl(Duration.ofSeconds(9)));
        awaitState(registration, State.REGISTERED);

        registryTime.advance(Duration.ofSeconds(10));

        assertThat(listed()).isZero();
    }

    @Test
    void registry_forgot_isRegisteredAgain() throws IOException {
        Registration registration = opened(registration(FIRST));
        awaitState(registration, State.REGISTERED);

        restart();
        assertThat(listed()).isZero();
        runUntil(Duration.ofMillis(500), () -> assertThat(listed()).isEqualTo(1));

        awaitState(registration, State.REGISTERED);
    }

    @Test
    void registry_downAtStart_isAskedUntilItIsThere() throws Exception {
        int port = server.port();
        server.close();
        Registration registration = opened(registration(FIRST));
        await().untilAsserted(() -> assertThat(registration.status().detail())
                .isEqualTo("registry http://127.0.0.1:" + port + ": Failed to connect to /127.0.0.1:" + port));
        assertThat(registration.status().state()).isEqualTo(State.REGISTERING);
        assertThat(registration.awaitRegistered(Duration.ofMillis(1))).isFalse();

        server = builder().port(port).start();
        runUntil(Duration.ofMillis(100), () -> assertThat(listed()).isEqualTo(1));

        awaitState(registration, State.REGISTERED);
    }

    @Test
    void registry_downLater_isRenewingUntilItIsBack() throws IOException {
        Registration registration = opened(registration(FIRST));
        awaitState(registration, State.REGISTERED);
        int port = server.port();
        server.close();

        runUntil(
                Duration.ofMillis(500),
                () -> assertThat(registration.status().state()).isEqualTo(State.RENEWING));
        server = builder().port(port).start();
        runUntil(Duration.ofMillis(500), () -> assertThat(listed()).isEqualTo(1));

        awaitState(registration, State.REGISTERED);
    }

    @Test
    void id_heldByAnother_isRefusedUntilItsLeaseEnds() {
        Registration first = opened(registration(FIRST));
        awaitState(first, State.REGISTERED);

        Registration second = opened(registration(SECOND));
        awaitState(second, State.REFUSED);
        assertThat(second.status().detail()).contains("answered 409: orders/a is held by 127.0.0.1:8081");
        first.close();
        runUntil(
                Duration.ofMillis(100),
                () -> assertThat(second.status().state()).isEqualTo(State.REGISTERED));

        assertThat(listed()).isEqualTo(1);
    }

    @Test
    void id_takenOverAfterTheLeaseEnded_isNotDisturbedByTheFirst() {
        VirtualTime stopped = new VirtualTime();
        Registration first = opened(registration(FIRST).scheduler(stopped));
        awaitState(first, State.REGISTERED);
        registryTime.advance(Duration.ofSeconds(16));
        Registration second = opened(registration(SECOND));
        awaitState(second, State.REGISTERED);

        stopped.advance(Duration.ofSeconds(5));
        awaitState(first, State.REFUSED);
        first.close();

        assertThat(listed()).isEqualTo(1);
        assertThat(stopped.pending()).isZero();
    }

    @Test
    void id_ofARestartedServer_atTheSameAddressIsTakenOverAtOnce() {
        VirtualTime stopped = new VirtualTime();
        Registration first = opened(registration(FIRST).scheduler(stopped));
        awaitState(first, State.REGISTERED);

        Registration second = opened(registration(FIRST));
        awaitState(second, State.REGISTERED);
        first.close();

        assertThat(listed()).isEqualTo(1);
    }

    @Test
    void update_changesWhatIsListed() {
        Registration registration = opened(registration(FIRST));
        awaitState(registration, State.REGISTERED);
        Recorder recorder = new Recorder();
        try (RegistryDiscovery discovery = RegistryDiscovery.of(server.url())) {
            discovery.watch("orders", recorder);
            await().until(() -> !recorder.snapshots.isEmpty());

            registration.update(FIRST.toBuilder().weight(0).build());

            await().untilAsserted(() -> assertThat(recorder.snapshots)
                    .last()
                    .isEqualTo(List.of(FIRST.toBuilder().weight(0).build())));
        }
        assertThatThrownBy(() -> registration.update(ServiceInstance.of("127.0.0.1", 1)))
                .hasMessage("id: 127.0.0.1:1 (expected: a)");
        awaitState(registration, State.REGISTERED);
    }

    @Test
    void update_whileTheRegistryIsDown_isMadeUpFor() throws IOException {
        Path snapshot = dir.resolve("registry.json");
        int port = server.port();
        server.close();
        server = builder().port(port).snapshotFile(snapshot).start();
        Registration registration = opened(registration(FIRST));
        awaitState(registration, State.REGISTERED);
        server.close();

        registration.update(FIRST.toBuilder().zone("elsewhere").build());
        awaitState(registration, State.RENEWING);
        server = builder().port(port).snapshotFile(snapshot).start();
        runUntil(
                Duration.ofMillis(100),
                () -> assertThat(registration.status().state()).isEqualTo(State.REGISTERED));

        Recorder recorder = new Recorder();
        try (RegistryDiscovery discovery = RegistryDiscovery.of(server.url())) {
            discovery.watch("orders", recorder);
            await().untilAsserted(() -> assertThat(recorder.snapshots)
                    .last()
                    .isEqualTo(List.of(FIRST.toBuilder().zone("elsewhere").build())));
        }
    }

    @Test
    void update_rightAfterStart_wins() {
        Registration registration = opened(registration(FIRST));
        registration.update(SECOND);

        awaitState(registration, State.REGISTERED);
        assertThat(listed()).isEqualTo(1);
    }

    @Test
    void close_deregistersAndMayBeRepeated() {
        Registration registration = opened(registration(FIRST));
        awaitState(registration, State.REGISTERED);

        registration.close();
        registration.close();

        assertThat(listed()).isZero();
        assertThat(states).containsExactly(State.REGISTERED, State.CLOSED);
        assertThatThrownBy(() -> registration.update(FIRST)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void close_registryHangs_takesBoundedTime() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Registration registration = Registration.builder(
                            "http://127.0.0.1:" + silent.getLocalPort(), "orders", FIRST)
                    .scheduler(time)
                    .start();

            long start = System.nanoTime();
            registration.close();

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
            assertThat(registration.status().state()).isEqualTo(State.CLOSED);
        }
    }

    @Test
    void listener_throws_registrationGoesOn() {
        Registration registration = registration(FIRST)
                .listener(status -> {
                    throw new IllegalStateException("on purpose");
                })
                .start();
        open.add(registration);

        awaitState(registration, State.REGISTERED);
        await().until(() -> time.pending() == 1);
    }

    @Test
    void tokenAndTls_areUsedByBothSides() throws IOException {
        HeldCertificate certificate = new HeldCertificate.Builder()
                .addSubjectAlternativeName("127.0.0.1")
                .build();
        HandshakeCertificates certificates = new HandshakeCertificates.Builder()
                .heldCertificate(certificate)
                .addTrustedCertificate(certificate.certificate())
                .build();
        String token = "correct-horse-battery";
        server.close();
        server = builder().token(token).tls(certificates.sslContext()).start();
        OkHttpClient client = new OkHttpClient.Builder()
                .sslSocketFactory(certificates.sslSocketFactory(), certificates.trustManager())
                .build();
        Recorder recorder = new Recorder();
        try (RegistryDiscovery discovery = RegistryDiscovery.builder(server.url())
                        .client(client)
                        .token(token)
                        .build();
                RegistryDiscovery stranger = RegistryDiscovery.builder(server.url())
                        .client(client)
                        .token("correct-horse-staple")
                        .build();
                RegistryDiscovery distrustful =
                        RegistryDiscovery.builder(server.url()).token(token).build()) {
            Recorder refused = new Recorder();
            Recorder untrusted = new Recorder();
            discovery.watch("orders", recorder);
            stranger.watch("orders", refused);
            distrustful.watch("orders", untrusted);

            Registration registration =
                    opened(registration(FIRST).client(client).token(token));

            awaitState(registration, State.REGISTERED);
            await().untilAsserted(() -> assertThat(recorder.last()).containsExactly("127.0.0.1:8081"));
            await().untilAsserted(
                            () -> assertThat(refused.messages())
                                    .containsExactly(
                                            "registry " + server.url()
                                                    + ": answered 401: authorization: another one (expected: Bearer and the registry's token)"));
            await().untilAsserted(() -> assertThat(untrusted.errors).isNotEmpty());
        }
        open.remove(0).close();
        client.connectionPool().evictAll();
    }

    @Test
    void builder_invalid_isRefused() {
        assertThatThrownBy(() -> Registration.builder("http://h", "or ders", FIRST))
                .hasMessageStartingWith("service: or ders (");
        assertThatThrownBy(() -> Registration.builder(
                        "http://h", "orders", FIRST.toBuilder().id("a/b").build()))
                .hasMessageStartingWith("id: a/b (");
        assertThatThrownBy(() -> registration(FIRST).ttl(Duration.ofMillis(1)))
                .hasMessage("ttl: 1ms (expected: 1s to 10m)");
        assertThatThrownBy(() -> registration(FIRST).token("short")).hasMessageStartingWith("token: 5 characters");
        assertThatThrownBy(() -> Registration.builder("http://10.0.0.1", "orders", FIRST)
                        .token("0123456789abcdef")
                        .start())
                .hasMessageEndingWith("(expected: https, or a loopback address)");
    }
}

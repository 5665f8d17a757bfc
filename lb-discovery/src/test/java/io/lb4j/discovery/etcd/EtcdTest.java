package io.lb4j.discovery.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Discoveries;
import io.lb4j.discovery.Recorder;
import io.lb4j.discovery.Registration;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import okhttp3.OkHttpClient;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a real etcd. */
class EtcdTest {
    private static final String PASSWORD = "correct-horse";

    @TempDir
    private Path directory;

    private final Recorder recorder = new Recorder();
    private EtcdServer etcd;
    private ServiceDiscovery discovery;

    @BeforeEach
    void start() throws IOException {
        EtcdServer.program();
        etcd = new EtcdServer(directory);
        etcd.start();
    }

    @AfterEach
    void stop_leavesNoThread() {
        if (discovery != null) {
            discovery.close();
        }
        if (etcd != null) {
            etcd.close();
        }
        await().untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("lb4j-registry-client"));
    }

    private static ServiceInstance instance(int port) {
        return ServiceInstance.builder("127.0.0.1", port).id("i" + port).build();
    }

    private void watch(EtcdDiscovery.Builder builder) {
        discovery = builder.margin(Duration.ofSeconds(2)).build();
        discovery.watch("orders", recorder);
    }

    private EtcdDiscovery.Builder builder() {
        return EtcdDiscovery.builder(etcd.url());
    }

    private List<ServiceInstance> last() {
        return recorder.snapshots.isEmpty() ? List.of() : recorder.snapshots.get(recorder.snapshots.size() - 1);
    }

    private void awaitLast(ServiceInstance... expected) {
        await().pollInterval(Duration.ofMillis(10))
                .untilAsserted(() -> assertThat(last()).containsExactly(expected));
    }

    @Test
    void changes_areSeen_andTheLastKeyLeavesAnEmptyList() {
        watch(builder());
        await().until(() -> !recorder.unknown.isEmpty());
        ServiceInstance rich = ServiceInstance.builder("127.0.0.1", 2)
                .id("i2")
                .secure(true)
                .weight(2.5)
                .zone("z1")
                .priority(3)
                .metadata(Map.of("version", "7"))
                .build();

        etcd.put("orders", instance(1));
        awaitLast(instance(1));
        etcd.put("orders", rich);
        awaitLast(instance(1), rich);
        ServiceInstance heavier = rich.toBuilder().weight(9).build();
        etcd.put("orders", heavier);
        awaitLast(instance(1), heavier);
        etcd.delete("/services/orders/i1");
        awaitLast(heavier);
        etcd.delete("/services/orders/i2");
        awaitLast();

        assertThat(recorder.unknown)
                .containsExactly(
                        "etcd " + etcd.url() + " has no service 'orders': there is no key below /services/orders/");
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void killed_leavesTheLastListInForce_andIsFoundAgainWithAndWithoutMemory() {
        etcd.put("orders", instance(1));
        watch(builder());
        awaitLast(instance(1));

        etcd.kill();
        await().until(() -> !recorder.errors.isEmpty());
        etcd.startAgain();
        await().until(() -> recorder.snapshots.size() == 2);
        assertThat(recorder.snapshots).containsOnly(List.of(instance(1)));
        assertThat(recorder.errors).hasSize(1);

        etcd.put("orders", instance(2));
        awaitLast(instance(1), instance(2));
        etcd.kill();
        etcd.start();
        awaitLast();
        etcd.put("orders", instance(3));
        awaitLast(instance(3));
        assertThat(recorder.unknown).isEmpty();
    }

    @Test
    void compaction_isNoTrouble() {
        etcd.put("orders", instance(1));
        watch(builder().waitTime(Duration.ofMillis(300)));
        awaitLast(instance(1));

        for (int i = 0; i < 5; i++) {
            etcd.compact(etcd.put("/elsewhere", "x" + i));
            long at = System.nanoTime();
            await().until(() -> System.nanoTime() - at > 350_000_000);
        }
        etcd.put("orders", instance(2));

        awaitLast(instance(1), instance(2));
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void otherSpellings_areRead_andWhatIsNoneIsLeftOut() {
        etcd.put("/services/orders/a", "{\"Op\":0,\"Addr\":\"10.0.0.1:80\",\"Metadata\":{\"version\":\"7\",\"n\":1}}");
        etcd.put("/services/orders/b", "{\"Addr\":\"[::1]:81\",\"Metadata\":null}");
        etcd.put("/services/orders/c", "10.0.0.3:82");
        etcd.put("/services/orders/d", "{\"host\":\"10.0.0.4\"}");
        etcd.put("/services/orders/deeper/e", "10.0.0.5:80");
        etcd.put("/services/orders2/f", "10.0.0.6:80");
        watch(builder());

        awaitLast(
                ServiceInstance.builder("10.0.0.1", 80)
                        .id("a")
                        .metadata(Map.of("version", "7", "n", "1"))
                        .build(),
                ServiceInstance.builder("::1", 81).id("b").build(),
                ServiceInstance.builder("10.0.0.3", 82).id("c").build());
        await().untilAsserted(() -> assertThat(recorder.messages())
                .containsExactly("etcd " + etcd.url()
                        + ": the instance d that is left out: no port (expected: an instance with host and port)"));
    }

    @Test
    void thousandInstances_andThousandChanges_endExactly() {
        IntStream.rangeClosed(1, 1000).forEach(i -> etcd.put("orders", instance(i)));
        watch(builder());
        await().until(() -> last().size() == 1000);

        IntStream.rangeClosed(1, 1000)
                .forEach(i -> etcd.put(
                        "orders", instance(i % 10 + 1).toBuilder().weight(i).build()));

        await().until(() -> last().stream().anyMatch(i -> i.weight() == 1000));
        assertThat(last())
                .containsExactlyInAnyOrderElementsOf(IntStream.rangeClosed(1, 1000)
                        .mapToObj(i -> i > 10
                                ? instance(i)
                                : instance(i).toBuilder()
                                        .weight(i == 1 ? 1000 : 990 + i - 1)
                                        .build())
                        .toList());
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void deadMember_isPassedOver() throws IOException {
        int dead;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            dead = socket.getLocalPort();
        }
        etcd.put("orders", instance(1));
        watch(EtcdDiscovery.builder("http://127.0.0.1:" + dead, etcd.url()).random(() -> 0));

        awaitLast(instance(1));
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void login_isRenewedWhenItsTokenHasExpired_andWhatIsForbiddenIsSaid() {
        etcd.wantLogin(PASSWORD, "/services/orders/");
        etcd.put("orders", instance(1));
        watch(builder().login("app", () -> PASSWORD).waitTime(Duration.ofMillis(300)));
        awaitLast(instance(1));

        // Tokens are in the memory of a member only.
        etcd.kill();
        etcd.startAgain();
        etcd.logIn(PASSWORD);
        etcd.put("orders", instance(2));
        awaitLast(instance(1), instance(2));
        assertThat(recorder.messages()).noneMatch(message -> message.contains("token"));

        Recorder others = new Recorder();
        discovery.watch("users", others);
        await().untilAsserted(() -> assertThat(others.messages())
                .containsExactly("etcd " + etcd.url() + ": answered 403: etcdserver: permission denied"));
        try (EtcdDiscovery wrong = builder().login("app", () -> "wrong").build()) {
            Recorder refused = new Recorder();
            wrong.watch("orders", refused);
            await().untilAsserted(() -> assertThat(refused.messages())
                    .containsExactly("etcd " + etcd.url()
                            + ": answered 400: etcdserver: authentication failed, invalid user ID or password"));
        }
    }

    @Test
    void clientCertificate_isShown() throws IOException {
        HeldCertificate authority =
                new HeldCertificate.Builder().certificateAuthority(0).build();
        HeldCertificate server = new HeldCertificate.Builder()
                .signedBy(authority)
                .addSubjectAlternativeName("127.0.0.1")
                .build();
        HeldCertificate caller =
                new HeldCertificate.Builder().signedBy(authority).build();
        HandshakeCertificates known = new HandshakeCertificates.Builder()
                .addTrustedCertificate(authority.certificate())
                .heldCertificate(caller)
                .build();
        OkHttpClient client = new OkHttpClient.Builder()
                .sslSocketFactory(known.sslSocketFactory(), known.trustManager())
                .build();
        try (EtcdServer strict = new EtcdServer(
                Files.createDirectory(directory.resolve("strict")),
                "--cert-file",
                Files.writeString(directory.resolve("cert"), server.certificatePem())
                        .toString(),
                "--key-file",
                Files.writeString(directory.resolve("key"), server.privateKeyPkcs8Pem())
                        .toString(),
                "--trusted-ca-file",
                Files.writeString(directory.resolve("ca"), authority.certificatePem())
                        .toString(),
                "--client-cert-auth")) {
            strict.start();
            watch(EtcdDiscovery.builder("https://" + strict.address()).client(client));

            await().until(() -> !recorder.unknown.isEmpty());
            try (Registration registration = Registration.builder(
                            EtcdRegistrar.builder("https://" + strict.address())
                                    .client(client)
                                    .build(),
                            "orders",
                            instance(1))
                    .start()) {
                awaitLast(instance(1));
                // Who watches may hear of it before who registered.
                await().untilAsserted(() ->
                        assertThat(registration.status().state()).isEqualTo(Registration.State.REGISTERED));
            }
            awaitLast();
        } finally {
            client.connectionPool().evictAll();
        }
    }

    @Test
    void uri_opensIt() throws IOException {
        etcd.put("/grpc/orders-v2/a", "{\"Op\":0,\"Addr\":\"10.0.0.1:80\",\"Metadata\":null}");
        discovery = Discoveries.open("etcd://" + etcd.address() + "/orders-v2?prefix=/grpc/&waitTime=1s");
        discovery.watch("orders", recorder);

        awaitLast(ServiceInstance.builder("10.0.0.1", 80).id("a").build());
    }
}

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
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.OkHttpClient;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/** Against a real etcd: what is its own, beside what every source must do. */
class EtcdTest {
    private static final String PASSWORD = "correct-horse";

    /** One for all whom a server with a past doesn't disturb. */
    private static EtcdServer shared;

    @TempDir
    private Path directory;

    private final Recorder recorder = new Recorder();
    private String service;
    private ServiceDiscovery discovery;

    @BeforeAll
    static void startShared(@TempDir Path directory) {
        shared = new EtcdServer(directory);
        shared.start();
    }

    @AfterAll
    static void stopShared() {
        if (shared != null) {
            shared.close();
        }
    }

    @BeforeEach
    void name(TestInfo test) {
        service = test.getTestMethod().orElseThrow().getName();
    }

    @AfterEach
    void stop_leavesNoThread() {
        if (discovery != null) {
            discovery.close();
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
        discovery.watch(service, recorder);
    }

    private static EtcdDiscovery.Builder builder() {
        return EtcdDiscovery.builder(shared.url());
    }

    private List<ServiceInstance> last() {
        return recorder.snapshots.isEmpty() ? List.of() : recorder.snapshots.get(recorder.snapshots.size() - 1);
    }

    private void awaitLast(ServiceInstance... expected) {
        await().pollInterval(Duration.ofMillis(10))
                .untilAsserted(() -> assertThat(last()).containsExactly(expected));
    }

    @Test
    void noKeyYet_isUnknown_andTheLastKeyLeavesAnEmptyList() {
        watch(builder());
        await().until(() -> !recorder.unknown.isEmpty());
        shared.put(service, instance(1));
        awaitLast(instance(1));
        shared.remove(service, "i1");
        await().until(() -> recorder.snapshots.size() == 2);

        assertThat(last()).isEmpty();
        assertThat(recorder.unknown)
                .containsExactly("etcd " + shared.url() + " has no service '" + service
                        + "': there is no key below /services/" + service + "/");
        assertThat(recorder.errors).isEmpty();
    }

    /** Its count starts anew, below what was read: a stream from there on would be silent. */
    @Test
    void backWithoutItsMemory_allIsReadAgain() {
        try (EtcdServer etcd = new EtcdServer(directory)) {
            etcd.start();
            etcd.put(service, instance(1));
            etcd.put(service, instance(2));
            watch(EtcdDiscovery.builder(etcd.url()));
            awaitLast(instance(1), instance(2));

            etcd.kill();
            etcd.startEmpty();
            awaitLast();
            etcd.put(service, instance(3));
            awaitLast(instance(3));
            assertThat(recorder.unknown).isEmpty();
        }
    }

    /** What the stream would go on from is gone, as nothing happened to this service meanwhile. */
    @Test
    void compaction_allIsReadAgain_andIsNoTrouble() {
        shared.put(service, instance(1));
        watch(builder().waitTime(Duration.ofMillis(100)));
        awaitLast(instance(1));
        int reads = shared.reads();

        await().until(() -> {
            shared.compact(shared.put("/elsewhere", "x"));
            return shared.reads() > reads;
        });
        shared.put(service, instance(2));

        awaitLast(instance(1), instance(2));
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void otherSpellings_areRead_andWhatIsNoneIsLeftOut() {
        String prefix = "/services/" + service;
        shared.put(prefix + "/a", "{\"Op\":0,\"Addr\":\"10.0.0.1:80\",\"Metadata\":{\"version\":\"7\",\"n\":1}}");
        shared.put(prefix + "/b", "{\"Addr\":\"[::1]:81\",\"Metadata\":null}");
        shared.put(prefix + "/c", "10.0.0.3:82");
        shared.put(prefix + "/d", "{\"host\":\"10.0.0.4\"}");
        shared.put(prefix + "/deeper/e", "10.0.0.5:80");
        shared.put(prefix + "2/f", "10.0.0.6:80");
        watch(builder());

        awaitLast(
                ServiceInstance.builder("10.0.0.1", 80)
                        .id("a")
                        .metadata(Map.of("version", "7", "n", "1"))
                        .build(),
                ServiceInstance.builder("::1", 81).id("b").build(),
                ServiceInstance.builder("10.0.0.3", 82).id("c").build());
        await().untilAsserted(() -> assertThat(recorder.messages())
                .containsExactly("etcd " + shared.url()
                        + ": the instance d that is left out: no port (expected: an instance with host and port)"));
    }

    @Test
    void deadMember_isPassedOver() throws IOException {
        int dead;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            dead = socket.getLocalPort();
        }
        shared.put(service, instance(1));
        watch(EtcdDiscovery.builder("http://127.0.0.1:" + dead, shared.url()).random(new FirstMember()));

        awaitLast(instance(1));
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void login_isRenewedWhenItsTokenHasExpired_andWhatIsForbiddenIsSaid() {
        try (EtcdServer etcd = new EtcdServer(directory)) {
            etcd.start();
            etcd.wantLogin(PASSWORD, "/services/" + service + "/");
            etcd.put(service, instance(1));
            watch(EtcdDiscovery.builder(etcd.url()).login("app", () -> PASSWORD).waitTime(Duration.ofMillis(300)));
            awaitLast(instance(1));

            // Tokens are in the memory of a member only.
            etcd.kill();
            etcd.start();
            etcd.logIn(PASSWORD);
            etcd.put(service, instance(2));
            awaitLast(instance(1), instance(2));
            assertThat(recorder.messages()).noneMatch(message -> message.contains("token"));

            Recorder others = new Recorder();
            discovery.watch("users", others);
            await().untilAsserted(() -> assertThat(others.messages())
                    .containsExactly("etcd " + etcd.url() + ": answered 403: etcdserver: permission denied"));
            try (EtcdDiscovery wrong = EtcdDiscovery.builder(etcd.url())
                    .login("app", () -> "wrong")
                    .build()) {
                Recorder refused = new Recorder();
                wrong.watch(service, refused);
                await().untilAsserted(() -> assertThat(refused.messages())
                        .containsExactly("etcd " + etcd.url()
                                + ": answered 400: etcdserver: authentication failed, invalid user ID or password"));
            }
        }
    }

    /** As one does that comes from a file which somebody mounts later. */
    @Test
    void passwordThatCannotBeRead_isTrouble_andIsAskedForAgain() {
        AtomicInteger asked = new AtomicInteger();
        watch(builder().login("app", () -> {
            if (asked.incrementAndGet() < 3) {
                throw new IllegalStateException("not mounted");
            }
            return PASSWORD;
        }));

        // This server wants no login, and says so.
        await().until(() -> !recorder.unknown.isEmpty());
        assertThat(recorder.messages()).containsExactly("etcd " + shared.url() + ": not mounted");
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
                directory,
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
                            service,
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
        shared.put("/grpc/orders-v2/a", "{\"Op\":0,\"Addr\":\"10.0.0.1:80\",\"Metadata\":null}");
        discovery = Discoveries.open("etcd://" + shared.address() + "/orders-v2?prefix=/grpc/&waitTime=1s");
        discovery.watch("orders", recorder);

        awaitLast(ServiceInstance.builder("10.0.0.1", 80).id("a").build());
    }
}

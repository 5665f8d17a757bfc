package io.lb4j.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import okhttp3.OkHttpClient;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiscoveriesTest {
    @TempDir
    Path dir;

    private final Recorder recorder = new Recorder();

    @Test
    void staticScheme_listsItsAddressesForEveryService() {
        try (ServiceDiscovery discovery = Discoveries.open("static:127.0.0.1:8081,[::1]:8082?secure=true")) {
            discovery.watch("whatever", recorder);

            assertThat(recorder.last()).containsExactly("127.0.0.1:8081", "[::1]:8082");
            assertThat(recorder.snapshots.get(0)).allMatch(ServiceInstance::secure);
            assertThat(discovery.vouchesForEmptyLists()).isTrue();
        }
        assertThatThrownBy(() -> Discoveries.open("static:"))
                .hasMessage(
                        "addresses: none (expected: host:port, separated by commas, as in static:127.0.0.1:8081), in"
                                + " static:");
        assertThatThrownBy(() -> Discoveries.open("static:h"))
                .hasMessageStartingWith("address: h (expected: host:port");
        assertThatThrownBy(() -> Discoveries.open("static:h:1?service=a"))
                .hasMessageStartingWith("service: unknown (expected: parameters of [");
    }

    @Test
    void fileScheme_readsAFile() throws IOException {
        Path file =
                Files.writeString(dir.resolve("my services.json"), "{\"services\":{\"a\":[\"h:1\"],\"b\":[\"h:2\"]}}");
        try (ServiceDiscovery discovery = Discoveries.open(file.toUri() + "?checkInterval=50ms")) {
            discovery.watch("b", recorder);
            await().untilAsserted(() -> assertThat(recorder.last()).containsExactly("h:2"));
            assertThat(discovery.vouchesForEmptyLists()).isFalse();
        }
        Recorder fixed = new Recorder();
        try (ServiceDiscovery discovery = Discoveries.open(file.toUri() + "?service=a")) {
            discovery.watch("b", fixed);
            await().untilAsserted(() -> assertThat(fixed.last()).containsExactly("h:1"));
        }
        assertThatThrownBy(() -> Discoveries.open("file:/x?checkIntervall=1s"))
                .hasMessageStartingWith("checkIntervall (did you mean 'checkInterval'?): unknown (expected:");
        assertThatThrownBy(() -> Discoveries.open("file:")).hasMessageStartingWith("path: none");
        assertThatThrownBy(() -> Discoveries.open("file://h/x")).hasMessageStartingWith("hosts: h (expected: none");
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .filteredOn(name -> name.contains("checkIntervall"))
                .isEmpty();
    }

    @Test
    void registryScheme_watchesTheServiceOfThePathWhateverTheName() throws IOException {
        try (RegistryServer server = RegistryServer.start(0);
                Registration registration = Registration.builder(
                                server.url(), "orders-v2", ServiceInstance.of("127.0.0.1", 8081))
                        .start();
                ServiceDiscovery discovery =
                        Discoveries.open("registry://127.0.0.1:" + server.port() + "/orders-v2?waitTime=1s");
                ServiceDiscovery byName = Discoveries.open("registry://127.0.0.1:" + server.port())) {
            Recorder named = new Recorder();
            discovery.watch("orders", recorder);
            byName.watch("orders-v2", named);

            await().untilAsserted(() -> assertThat(recorder.last()).containsExactly("127.0.0.1:8081"));
            await().untilAsserted(() -> assertThat(named.last()).containsExactly("127.0.0.1:8081"));
            await().untilAsserted(
                            () -> assertThat(registration.status().state()).isEqualTo(Registration.State.REGISTERED));
        }
    }

    @Test
    void registryScheme_withTlsAndToken() throws IOException {
        HeldCertificate authority =
                new HeldCertificate.Builder().certificateAuthority(0).build();
        HeldCertificate certificate = new HeldCertificate.Builder()
                .signedBy(authority)
                .addSubjectAlternativeName("127.0.0.1")
                .build();
        HandshakeCertificates server = new HandshakeCertificates.Builder()
                .heldCertificate(certificate)
                .addTrustedCertificate(authority.certificate())
                .build();
        Path ca = Files.writeString(dir.resolve("ca.pem"), authority.certificatePem());
        Path token = Files.writeString(dir.resolve("token"), "correct-horse-battery\n");
        OkHttpClient client = new OkHttpClient.Builder()
                .sslSocketFactory(server.sslSocketFactory(), server.trustManager())
                .build();
        try (RegistryServer registry = RegistryServer.builder()
                        .token("correct-horse-battery")
                        .tls(server.sslContext())
                        .start();
                Registration registration = Registration.builder(
                                registry.url(), "orders", ServiceInstance.of("127.0.0.1", 8081))
                        .client(client)
                        .token("correct-horse-battery")
                        .start();
                ServiceDiscovery discovery = Discoveries.open("registry://127.0.0.1:" + registry.port()
                        + "/orders?tls=true&waitTime=200ms&caFile=" + ca + "&tokenFile=" + token)) {
            discovery.watch("orders", recorder);

            await().untilAsserted(() -> assertThat(recorder.last()).containsExactly("127.0.0.1:8081"));
            assertThat(registration.status().detail()).isEmpty();
            // It is read anew: with another one the registry says no.
            Files.writeString(token, "wrong-horse-battery\n");
            await().untilAsserted(() -> assertThat(recorder.messages()).anyMatch(text -> text.contains("401")));
        }
        client.connectionPool().evictAll();
        assertThatThrownBy(() -> Discoveries.open("registry://h?tls=true&caFile=" + token))
                .hasMessageStartingWith(
                        "certificates: " + token + " (expected: a readable PEM file with at least one)");
        assertThatThrownBy(() -> Discoveries.open("registry://h?tls=true&tokenEnv=NO_SUCH_VARIABLE"))
                .hasMessage("tokenEnv NO_SUCH_VARIABLE: not set (expected: a secret), in registry://h");
        assertThatThrownBy(() -> Discoveries.open("registry://10.0.0.1?tokenFile=" + token))
                .hasMessageContaining("(expected: https, or a loopback address)");
    }

    @Test
    void scheme_unknown_isRefusedWithThoseThereAre() {
        assertThat(Discoveries.schemes()).contains("echo", "file", "registry", "static");
        assertThatThrownBy(() -> Discoveries.open("registy://h"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("scheme: registy (did you mean 'registry'?) (expected: one of [")
                .hasMessageContaining("registry, static")
                .hasMessageEndingWith("], or a DiscoveryProvider for it on the class or module path), in registy://h");
        assertThatThrownBy(() -> Discoveries.open("quite-different://h"))
                .hasMessageStartingWith("scheme: quite-different (expected: one of [");
    }

    @Test
    void thirdParty_onTheClassPath_isFound() {
        try (ServiceDiscovery discovery = Discoveries.open("echo://a,b:2/orders")) {
            discovery.watch("anything", recorder);

            assertThat(recorder.last()).isEqualTo(List.of("a:7", "b:2"));
        }
    }
}

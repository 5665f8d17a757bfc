package io.lb4j.discovery.consul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Recorder;
import io.lb4j.discovery.Registration;
import io.lb4j.discovery.conformance.ConsulSource;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real agent that speaks TLS and wants to see a certificate. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class ConsulTlsTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @Test
    void clientCertificate_isShown_andWithoutOneNothingIsSaid(@TempDir Path directory) throws Exception {
        HeldCertificate authority =
                new HeldCertificate.Builder().certificateAuthority(0).build();
        HeldCertificate server = new HeldCertificate.Builder()
                .signedBy(authority)
                .addSubjectAlternativeName("127.0.0.1")
                .build();
        HeldCertificate caller =
                new HeldCertificate.Builder().signedBy(authority).build();
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Path tls = Files.writeString(directory.resolve("tls.json"), """
                {"ports": {"https": %d}, "cert_file": "%s", "key_file": "%s", "ca_file": "%s", "verify_incoming_https": true}
                """.formatted(
                        port,
                        Files.writeString(directory.resolve("cert"), server.certificatePem()),
                        Files.writeString(directory.resolve("key"), server.privateKeyPkcs8Pem()),
                        Files.writeString(directory.resolve("ca"), authority.certificatePem())));
        String url = "https://127.0.0.1:" + port;
        OkHttpClient known = client(new HandshakeCertificates.Builder()
                .addTrustedCertificate(authority.certificate())
                .heldCertificate(caller)
                .build());
        OkHttpClient nobody = client(new HandshakeCertificates.Builder()
                .addTrustedCertificate(authority.certificate())
                .build());
        ConsulSource consul = new ConsulSource(directory, "", "-config-file=" + tls);
        Recorder listed = new Recorder();
        Recorder refused = new Recorder();
        try {
            consul.start();
            try (ConsulDiscovery discovery =
                            ConsulDiscovery.builder(url).client(known).build();
                    ConsulDiscovery without =
                            ConsulDiscovery.builder(url).client(nobody).build();
                    Registration registration = Registration.builder(
                                    ConsulRegistrar.builder(url).client(known).build(),
                                    "orders",
                                    ServiceInstance.of("127.0.0.1", 1))
                            .start()) {
                discovery.watch("orders", listed);
                without.watch("orders", refused);
                await().atMost(LONG)
                        .untilAsserted(() -> assertThat(listed.last()).containsExactly("127.0.0.1:1"));
                await().atMost(LONG).until(() -> !refused.errors.isEmpty());
                assertThat(registration.awaitRegistered(LONG)).isTrue();
                assertThat(refused.snapshots).isEmpty();
                assertThat(listed.errors).isEmpty();
            }
        } finally {
            consul.close();
            known.connectionPool().evictAll();
            nobody.connectionPool().evictAll();
        }
    }

    private static OkHttpClient client(HandshakeCertificates certificates) {
        return new OkHttpClient.Builder()
                .sslSocketFactory(certificates.sslSocketFactory(), certificates.trustManager())
                .build();
    }
}

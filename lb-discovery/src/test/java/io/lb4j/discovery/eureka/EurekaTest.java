package io.lb4j.discovery.eureka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Discoveries;
import io.lb4j.discovery.Recorder;
import io.lb4j.discovery.Registration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.OkHttpClient;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is Eureka's own, with two real servers, one of which speaks TLS and wants a password. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class EurekaTest {
    private static final Duration TTL = Duration.ofSeconds(2);

    @TempDir
    static Path directory;

    private static EurekaServer eureka;
    private static EurekaServer guarded;
    private static HeldCertificate authority;

    private final Recorder heard = new Recorder();

    @BeforeAll
    static void start() throws Exception {
        Awaitility.setDefaultTimeout(Duration.ofSeconds(60));
        Awaitility.setDefaultPollInterval(Duration.ofMillis(10));
        authority = new HeldCertificate.Builder().certificateAuthority(0).build();
        HeldCertificate server = new HeldCertificate.Builder()
                .signedBy(authority)
                .addSubjectAlternativeName("127.0.0.1")
                .build();
        eureka = new EurekaServer(directory);
        guarded = new EurekaServer(
                directory,
                "--login=me:right",
                "--server.ssl.enabled=true",
                "--server.ssl.certificate="
                        + Files.writeString(directory.resolve("cert.pem"), server.certificatePem())
                                .toUri(),
                "--server.ssl.certificate-private-key="
                        + Files.writeString(directory.resolve("key.pem"), server.privateKeyPkcs8Pem())
                                .toUri());
        eureka.launch();
        guarded.launch();
        eureka.awaitReady();
        guarded.awaitReady();
    }

    @AfterAll
    static void stop() throws Exception {
        Awaitility.reset();
        if (eureka != null) {
            eureka.close();
        }
        if (guarded != null) {
            guarded.close();
        }
    }

    @AfterEach
    void clear() throws Exception {
        eureka.removeAll();
    }

    private static EurekaDiscovery.Builder quick() {
        return EurekaServer.quick(List.of(eureka.address()));
    }

    private static ServiceInstance at(int port) {
        return ServiceInstance.builder("127.0.0.1", port).id("i1").build();
    }

    private static Registration register(String service, ServiceInstance instance) {
        return Registration.builder(EurekaRegistrar.of(eureka.url()), service, instance)
                .ttl(TTL)
                .start();
    }

    private ServiceInstance awaitOne() {
        await().untilAsserted(() -> assertThat(heard.last()).hasSize(1));
        return heard.snapshots.get(heard.snapshots.size() - 1).get(0);
    }

    @Test
    void changesOfARealServer_addUp() throws Exception {
        List<String> asked = new CopyOnWriteArrayList<>();
        OkHttpClient counting = new OkHttpClient.Builder()
                .addInterceptor(chain -> {
                    asked.add(chain.request().url().encodedPath());
                    return chain.proceed(chain.request());
                })
                .build();
        eureka.put("changes", at(1));
        try (EurekaDiscovery discovery = quick().client(counting).build()) {
            discovery.watch("changes", heard);
            awaitOne();
            eureka.put("changes", at(2).toBuilder().id("i2").build());
            await().untilAsserted(() -> assertThat(heard.last()).hasSize(2));
            eureka.status("changes", "i1", "DOWN");
            await().untilAsserted(() -> assertThat(heard.last()).containsExactly("127.0.0.1:2"));
            eureka.status("changes", "i1", "OUT_OF_SERVICE");
            await().untilAsserted(() -> assertThat(heard.last()).hasSize(2));
            eureka.status("changes", "i1", "STARTING");
            await().untilAsserted(() -> assertThat(heard.last()).containsExactly("127.0.0.1:2"));
            eureka.remove("changes", "i2");
            await().untilAsserted(() -> assertThat(heard.last()).isEmpty());
            eureka.remove("changes", "i1");
            await().until(() ->
                    asked.stream().filter("/eureka/apps/delta"::equals).count() > 20);
        }
        assertThat(heard.errors).isEmpty();
        // A server's answers are kept each for its own time, so that one may be older than the other.
        assertThat(asked.stream().filter("/eureka/apps"::equals).count()).isBetween(1L, 5L);
        counting.connectionPool().evictAll();
    }

    @Test
    void registration_carriesEverything_asEurekaSpellsIt() throws Exception {
        ServiceInstance full = at(8443).toBuilder()
                .weight(2.5)
                .zone("z1")
                .priority(3)
                .secure(true)
                .metadata(Map.of("version", "7"))
                .build();
        try (EurekaDiscovery discovery = quick().byVip(true).build()) {
            discovery.watch("full", heard);
            Registration registration = Registration.builder(
                            EurekaRegistrar.builder(eureka.url() + "/eureka/")
                                    .ipAddress("10.0.0.1")
                                    .build(),
                            "full",
                            full)
                    .start();
            try (registration) {
                ServiceInstance listed = awaitOne();
                assertThat(listed.toBuilder().metadata(Map.of()).build())
                        .isEqualTo(full.toBuilder().metadata(Map.of()).build());
                assertThat(listed.metadata()).containsEntry("version", "7");
                assertThat(registration.awaitRegistered(Duration.ofSeconds(60))).isTrue();
                assertThat(eureka.instance("full", "i1").path("ipAddr").asText())
                        .isEqualTo("10.0.0.1");
            }
            await().untilAsserted(() -> assertThat(heard.last()).isEmpty());
        }
    }

    @Test
    void lease_isSpelledSoThatItLastsAsLongAsItShould() throws Exception {
        try (EurekaRegistrar registrar = EurekaRegistrar.of(eureka.url())) {
            AtomicInteger held = new AtomicInteger();
            Duration ttl = Duration.ofSeconds(4);
            registrar.register("leased", at(1), ttl, new Held(held::incrementAndGet));
            await().until(() -> held.get() == 1);
            JsonNode lease = eureka.instance("leased", "i1").path("leaseInfo");
            assertThat(lease.path("durationInSecs").asInt()).isEqualTo(2);
            assertThat(lease.path("renewalIntervalInSecs").asInt()).isEqualTo(1);
            assertThat(registrar.defaultTtl()).isEqualTo(Duration.ofSeconds(90));

            // Never renewed again, as after a crash. What Eureka says of the last renewal is later than that was.
            long lastHeardOf = lease.path("registrationTimestamp").asLong();
            await().until(() -> eureka.instance("leased", "i1").isMissingNode());
            assertThat(System.currentTimeMillis() - lastHeardOf).isGreaterThanOrEqualTo(ttl.toMillis());
        }
    }

    @Test
    void draining_isOutOfService_andComesBack() throws Exception {
        try (EurekaDiscovery discovery = quick().build();
                Registration registration =
                        register("drained", at(1).toBuilder().weight(0).build())) {
            discovery.watch("drained", heard);
            assertThat(awaitOne().weight()).isZero();
            assertThat(eureka.instance("drained", "i1").path("status").asText()).isEqualTo("OUT_OF_SERVICE");
            registration.update(at(1).toBuilder().weight(4).build());
            await().until(() -> awaitOne().weight() == 4);
            registration.update(at(1).toBuilder().weight(0).build());
            await().until(() -> awaitOne().weight() == 0);
            registration.update(at(1));
            await().until(() -> awaitOne().weight() == 1);
        }
        assertThat(heard.errors).isEmpty();
    }

    @Test
    void statusThatSomebodyElseSets_isLeftAlone() throws Exception {
        try (EurekaDiscovery discovery = quick().build();
                Registration registration = register("operated", at(1))) {
            discovery.watch("operated", heard);
            assertThat(awaitOne().weight()).isEqualTo(1);
            eureka.status("operated", "i1", "OUT_OF_SERVICE");
            await().until(() -> awaitOne().weight() == 0);

            registration.update(
                    at(1).toBuilder().metadata(Map.of("version", "2")).build());
            await().until(() -> "2".equals(awaitOne().metadata().get("version")));
            assertThat(awaitOne().weight()).isZero();
            eureka.status("operated", "i1", "UP");
            await().until(() -> awaitOne().weight() == 1);
        }
    }

    @Test
    void takenOutBehindItsBack_registersAgain() throws Exception {
        try (Registration registration = register("forgotten", at(1))) {
            await().until(() -> registration.status().state() == Registration.State.REGISTERED);
            eureka.remove("forgotten", "i1");

            await().until(() -> !eureka.instance("forgotten", "i1").isMissingNode());
        }
        assertThat(eureka.instance("forgotten", "i1").isMissingNode()).isTrue();
    }

    @Test
    void registration_firstServerDown_usesTheNext() throws Exception {
        EurekaServer down = new EurekaServer(directory);
        try (EurekaDiscovery discovery = quick().build()) {
            discovery.watch("moved", heard);
            try (Registration registration = Registration.builder(
                            EurekaRegistrar.builder(down.url(), eureka.url())
                                    .random(new FirstServer())
                                    .build(),
                            "moved",
                            at(1))
                    .ttl(TTL)
                    .start()) {
                awaitOne();
                assertThat(registration.awaitRegistered(Duration.ofSeconds(60))).isTrue();
                assertThat(registration.status().detail()).isEmpty();
            }
            // To the one that is there, whichever is asked first.
            await().untilAsserted(() -> assertThat(heard.last()).isEmpty());
        }
        try (EurekaRegistrar nowhere = EurekaRegistrar.of(down.url())) {
            assertThatThrownBy(() -> nowhere.deregister("moved", at(1), Duration.ofSeconds(2)))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith("Eureka " + down.url() + "/eureka: ");
        }
    }

    @Test
    void wrongPath_isRefusedWithTheReason() {
        try (Registration registration = Registration.builder(
                        EurekaRegistrar.of(eureka.url() + "/nowhere"), "lost", at(1))
                .ttl(TTL)
                .start()) {
            await().until(() -> registration.status().state() == Registration.State.REFUSED);
            assertThat(registration.status().detail())
                    .isEqualTo("Eureka " + eureka.url()
                            + "/nowhere: answered 404: Not Found (expected: Eureka's API there;"
                            + " its path is part of the URL)");
        }
    }

    @Test
    void namesThatPathsCannotCarry_areRefused() {
        try (EurekaRegistrar registrar = EurekaRegistrar.of(eureka.url())) {
            for (String name : List.of("a/b", "a\\b", "a;b", "a%b", "..", ".")) {
                ServiceInstance odd = at(1).toBuilder().id(name).build();
                assertThatThrownBy(() -> registrar.check("s", odd))
                        .hasMessage("id: '" + name + "' (expected: a name without / \\ ; %)");
                assertThatThrownBy(() -> registrar.check(name, at(1))).hasMessageStartingWith("service: '");
            }
            registrar.check(
                    "my-App.v2", at(1).toBuilder().id("host:orders:8080").build());
        }
    }

    @Test
    void tlsAndPassword_inOneLine() throws Exception {
        Path password = Files.writeString(directory.resolve("password"), "wrong");
        Path trusted = Files.writeString(directory.resolve("ca.pem"), authority.certificatePem());
        HandshakeCertificates certificates = new HandshakeCertificates.Builder()
                .addTrustedCertificate(authority.certificate())
                .build();
        OkHttpClient client = new OkHttpClient.Builder()
                .sslSocketFactory(certificates.sslSocketFactory(), certificates.trustManager())
                .build();
        EurekaRegistrar registrar = EurekaRegistrar.builder("https://" + guarded.address())
                .client(client)
                .login("me", () -> Files.readString(password))
                .build();
        try (var discovery = Discoveries.open("eureka://" + guarded.address() + "/guarded?tls=true&caFile=" + trusted
                        + "&user=me&passwordFile=" + password
                        + "&path=eureka&interval=100ms&keepForgotten=0ms&by=vip");
                Registration registration = Registration.builder(registrar, "guarded", at(1))
                        .ttl(TTL)
                        .start()) {
            discovery.watch("whatever", heard);
            await().until(() -> registration.status().state() == Registration.State.REFUSED && !heard.errors.isEmpty());
            assertThat(registration.status().detail())
                    .startsWith("Eureka https://")
                    .contains("answered 401");
            assertThat(heard.messages().get(0)).contains("answered 401").doesNotContain("wrong");

            Files.writeString(password, "right");
            assertThat(awaitOne().port()).isEqualTo(1);
            assertThat(registration.awaitRegistered(Duration.ofSeconds(60))).isTrue();
        } finally {
            client.connectionPool().evictAll();
        }
        assertThatThrownBy(() -> Discoveries.open("eureka://127.0.0.1/orders?user=me"))
                .hasMessage("password: none (expected: user= and passwordFile= or passwordEnv=, or neither), in"
                        + " eureka://127.0.0.1/orders");
    }

    /** An answer that must be that it is held. */
    private record Held(Runnable held) implements io.lb4j.discovery.Registrar.Answer {
        @Override
        public void held(Duration leaseTtl) {
            held.run();
        }

        @Override
        public void forgotten(String detail) {
            throw new AssertionError(detail);
        }

        @Override
        public void refused(String detail) {
            throw new AssertionError(detail);
        }

        @Override
        public void failed(IOException error) {
            throw new AssertionError(error);
        }
    }
}

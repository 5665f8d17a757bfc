package io.lb4j.okhttp;

import io.lb4j.ServiceInstance;
import io.lb4j.testing.VirtualTime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.io.TempDir;

/** Servers and clients with TLS, an authority that signs for them, and files that are looked at in virtual time. */
abstract class TlsFixture extends Fixture {
    static final HeldCertificate AUTHORITY = Certificates.authority("authority");
    static final HeldCertificate NEXT_AUTHORITY = Certificates.authority("next authority");
    static final HeldCertificate ORDERS = Certificates.of(AUTHORITY, "orders");
    static final Duration LOOK = Duration.ofSeconds(TlsSettings.DEFAULT_RELOAD_SECONDS);

    /** Held, since loggers are not; the server reports every handshake that a test breaks. */
    static final Logger LOG = Logger.getLogger("mockwebserver3");

    static {
        LOG.setLevel(Level.OFF);
    }

    final VirtualTime time = new VirtualTime();

    @TempDir
    Path directory;

    TlsSettings.Builder trusting() {
        try {
            return TlsSettings.builder()
                    .trust(Certificates.write(directory.resolve("trust.pem"), Certificates.trust(AUTHORITY)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    TlsSettings.Builder mutual(String name) {
        identity(name);
        return trusting().identity(directory.resolve("client.pem"), directory.resolve("client.key"));
    }

    void identity(String name) {
        HeldCertificate own = Certificates.of(AUTHORITY, name);
        try {
            Certificates.write(directory.resolve("client.pem"), own.certificatePem());
            Certificates.write(directory.resolve("client.key"), own.privateKeyPkcs8Pem());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    LoadBalancedClient client(TlsSettings tls, Wire wire) {
        return client(tls, wire, settings -> {});
    }

    LoadBalancedClient client(TlsSettings tls, Wire wire, Consumer<ServiceSettings.Builder> more) {
        // With no more trust than every client has.
        OkHttpClient base = base(Wire.H1).protocols(wire.protocols).build();
        return started(lb(base).scheduler(time)
                .defaults(s -> s.tls(tls))
                .service("orders", more)
                .build());
    }

    LoadBalancedClient started(LoadBalancedClient client) {
        // For the first snapshot, which comes on the scheduler.
        client.balancer("orders");
        time.runDue();
        return closing(client);
    }

    MockWebServer server(String name, HandshakeCertificates own) throws Exception {
        MockWebServer server = closing(new MockWebServer());
        server.useHttps(own.sslSocketFactory());
        server.setDispatcher(
                dispatcher(request -> new MockResponse.Builder().body(name).build()));
        server.start();
        return server;
    }

    static Dispatcher dispatcher(Function<RecordedRequest, MockResponse> answer) {
        return new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) {
                return answer.apply(request);
            }
        };
    }

    static ServiceInstance secure(String id, MockWebServer server) {
        return ServiceInstance.builder("127.0.0.1", server.getPort())
                .id(id)
                .secure(true)
                .build();
    }
}

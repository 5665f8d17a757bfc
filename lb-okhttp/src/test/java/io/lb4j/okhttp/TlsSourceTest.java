package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import okhttp3.ConnectionSpec;
import okhttp3.OkHttpClient;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is said of certificates, and how often. */
class TlsSourceTest extends TlsFixture {
    private static final Logger SOURCE = Logger.getLogger(TlsSource.class.getName());

    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.now());
    private final List<String> said = new CopyOnWriteArrayList<>();
    private final Handler listener = new Handler() {
        @Override
        public void publish(LogRecord entry) {
            // Other tests' sources have other directories.
            if (entry.getMessage().contains(directory.toString())) {
                said.add(entry.getMessage());
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        SOURCE.addHandler(listener);
        SOURCE.setUseParentHandlers(false);
    }

    @AfterEach
    void listenNoMore() {
        SOURCE.removeHandler(listener);
        SOURCE.setUseParentHandlers(true);
    }

    private TlsSource source(TlsSettings settings) {
        OkHttpClient base = base(Wire.H1).build();
        return closing(new TlsSource(settings, base, base, time, clock()));
    }

    private Clock clock() {
        InstantSource source = now::get;
        return source.withZone(ZoneOffset.UTC);
    }

    private void refuses(TlsSettings settings, String why) {
        assertThatIllegalStateException().isThrownBy(() -> source(settings)).withMessageContaining(why);
    }

    @Test
    void certificate_thatExpiresSoon_isWarnedOfOnceADay() {
        Instant end =
                Certificates.of(AUTHORITY, "me").certificate().getNotAfter().toInstant();
        now.set(end.minus(Duration.ofDays(TlsSettings.DEFAULT_WARN_DAYS + 1)));
        source(mutual("me").build());
        assertThat(said).isEmpty();

        now.set(end.minus(Duration.ofDays(TlsSettings.DEFAULT_WARN_DAYS - 1)));
        time.advance(LOOK.multipliedBy(5));
        // The authority lives as long as any.
        assertThat(said).isNotEmpty().allMatch(each -> each.contains("expires at"));
        assertThat(said).filteredOn(each -> each.contains("CN=me expires")).hasSize(1);

        now.set(now.get().plus(Duration.ofDays(1)));
        time.advance(LOOK.multipliedBy(5));
        assertThat(said).filteredOn(each -> each.contains("CN=me expires")).hasSize(2);
    }

    @Test
    void trouble_thatStays_isSaidOnce() throws Exception {
        source(mutual("me").build());
        Certificates.write(directory.resolve("client.pem"), "no certificate");

        time.advance(LOOK.multipliedBy(10));

        assertThat(said).hasSize(1).first().asString().contains("client.pem: ", "what was in use stays in use");
    }

    @Test
    void authorities_thatAreAllExpired_areRefused() throws Exception {
        HeldCertificate expired = Certificates.expired(AUTHORITY, "old authority");
        Path file = Certificates.write(directory.resolve("old-trust.pem"), Certificates.trust(expired));
        refuses(
                TlsSettings.builder().trust(file).build(),
                "old-trust.pem: the certificate of CN=old authority expired");

        Certificates.write(file, Certificates.trust(expired, AUTHORITY));
        assertThat(source(TlsSettings.builder().trust(file).build()).report().trusted())
                .containsExactly("CN=old authority", "CN=authority");
    }

    @Test
    void certificate_ofTomorrow_isRefusedUntilItIsValid() {
        TlsSettings settings = mutual("me").build();
        now.set(Instant.now().minus(Duration.ofDays(2)));
        refuses(settings, "client.pem: the certificate of CN=me is valid from ");

        now.set(Instant.now());
        assertThat(source(settings).report().identity()).isEqualTo("CN=me");
    }

    @Test
    void client_thatKnowsNoTls_isRefusedWhenSettingsWantIt() {
        OkHttpClient plain =
                base(Wire.H1).connectionSpecs(List.of(ConnectionSpec.CLEARTEXT)).build();
        assertThatIllegalStateException()
                .isThrownBy(() -> new TlsSource(trusting().build(), plain, plain, time, clock()))
                .withMessageContaining("connectionSpecs allow TLS");
    }
}

package io.lb4j.discovery.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.discovery.Logged;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrustInFileTest {
    private final HeldCertificate one = authority();
    private final HeldCertificate other = authority();
    private final Logged log = new Logged(TrustInFile.class);
    private final List<String> logged = log.lines;

    private static HeldCertificate authority() {
        return new HeldCertificate.Builder().certificateAuthority(0).build();
    }

    @AfterEach
    void stop() {
        log.close();
    }

    private static void check(TrustInFile trust, HeldCertificate authority) throws CertificateException {
        HeldCertificate server = new HeldCertificate.Builder()
                .signedBy(authority)
                .addSubjectAlternativeName("localhost")
                .build();
        trust.checkServerTrusted(new X509Certificate[] {server.certificate()}, "ECDHE_ECDSA");
    }

    @Test
    void replaced_isInForceWithTheNextHandshake(@TempDir Path directory) throws Exception {
        Path pem = Files.writeString(directory.resolve("ca.pem"), one.certificatePem());
        TrustInFile trust = new TrustInFile(pem);
        check(trust, one);
        assertThatThrownBy(() -> check(trust, other)).isInstanceOf(CertificateException.class);

        Files.writeString(pem, other.certificatePem());

        check(trust, other);
        assertThatThrownBy(() -> check(trust, one)).isInstanceOf(CertificateException.class);
        assertThat(trust.getAcceptedIssuers()).containsExactly(other.certificate());
        assertThat(logged).isEmpty();
    }

    @Test
    void broken_keepsWhatItHad_andSaysSoOncePerTrouble(@TempDir Path directory) throws Exception {
        Path pem = Files.writeString(directory.resolve("ca.pem"), one.certificatePem());
        TrustInFile trust = new TrustInFile(pem);

        Files.writeString(pem, "");
        for (int i = 0; i < 3; i++) {
            assertThatCode(() -> check(trust, one)).doesNotThrowAnyException();
        }
        assertThat(logged)
                .hasSize(1)
                .first()
                .asString()
                .startsWith("WARNING " + pem + ": the certificates that it had");
        Files.delete(pem);
        for (int i = 0; i < 3; i++) {
            assertThatCode(() -> check(trust, one)).doesNotThrowAnyException();
        }
        assertThat(logged).hasSize(2);

        Files.writeString(pem, one.certificatePem() + other.certificatePem());
        check(trust, one);
        check(trust, other);
        assertThat(logged).hasSize(3).last().isEqualTo("INFO " + pem + " can be read again");
        Files.delete(pem);
        check(trust, other);
        assertThat(logged).hasSize(4);
    }

    @Test
    void empty_isRefusedFromTheStart(@TempDir Path directory) throws IOException {
        Path pem = Files.writeString(directory.resolve("ca.pem"), "");
        assertThatThrownBy(() -> new TrustInFile(pem))
                .isInstanceOf(IOException.class)
                .hasMessage("no certificate");
    }
}

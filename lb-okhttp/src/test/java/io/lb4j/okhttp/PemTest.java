package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.lb4j.okhttp.Pem.PemException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.stream.Collectors;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;

/** Certificates and keys as tools write them. */
class PemTest {
    private static final HeldCertificate EC = new HeldCertificate.Builder().build();

    /** By {@code openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:secret}, as OpenSSL 3 does it. */
    private static final String ENCRYPTED = """
            -----BEGIN ENCRYPTED PRIVATE KEY-----
            MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjsUo+TVM0nDgICCAAw
            DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEHHZDhjON4FmzNbDMK7inTcEgZDs
            DVZiDlcrxu6PHsywYAfYkbZ92zk4JlLACascrCKxkq3n64AK7NfOlY0sxb2qOXqe
            ukNZw3znZW0D7OJ/Q8bXx6HqOqJWbrQWGU9wXgCmaVGc+THnDqsiPU64lR+Xadn2
            PV7qkL9FZoayATGh0XYN6gdOojlgxayfO4Uvn+jkMm9uA8qmiVf/5urgYQm///0=
            -----END ENCRYPTED PRIVATE KEY-----
            """;

    /** By {@code openssl pkey -pubout}, of the same key. */
    private static final String ITS_PUBLIC_KEY = """
            -----BEGIN PUBLIC KEY-----
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQWxMmNsVo5vUrVvQ9M3Wpc+vsOfv
            zfI3BtQFY3E2OkfQue5ExiTYMD3embvfdUAa0bN/V8PjaBcxHiDQ6eUEHg==
            -----END PUBLIC KEY-----
            """;

    @Test
    void key_ellipticAndRsa_isRead() throws Exception {
        HeldCertificate rsa = new HeldCertificate.Builder().rsa2048().build();
        assertThat(key(EC, EC.privateKeyPkcs8Pem(), null))
                .isEqualTo(EC.keyPair().getPrivate());
        assertThat(key(rsa, rsa.privateKeyPkcs8Pem(), null))
                .isEqualTo(rsa.keyPair().getPrivate());
    }

    @Test
    void key_besideItsCertificateInOneFile_isFound() throws Exception {
        String both = "a note\n" + EC.certificatePem() + EC.privateKeyPkcs8Pem();
        assertThat(key(EC, both, null)).isEqualTo(EC.keyPair().getPrivate());
        assertThat(Pem.certificates("f", both)).containsExactly(EC.certificate());
    }

    @Test
    void key_encrypted_needsItsPassword() throws Exception {
        PublicKey owner = KeyFactory.getInstance("EC")
                .generatePublic(new X509EncodedKeySpec(Base64.getMimeDecoder()
                        .decode(ITS_PUBLIC_KEY
                                .lines()
                                .filter(each -> !each.startsWith("-"))
                                .collect(Collectors.joining()))));
        assertThat(Pem.key("f", ENCRYPTED, "secret", owner).getAlgorithm()).isEqualTo("EC");
        refused(ENCRYPTED, "wrong", "f: the key can't be decrypted (expected: the right keyPassword");
        refused(ENCRYPTED, null, "f: an encrypted key (expected: a password by keyPassword");
    }

    @Test
    void key_thatIsNone_isRefused() {
        refused("", null, "f: no key (expected: -----BEGIN PRIVATE KEY-----)");
        refused(EC.privateKeyPkcs8Pem().substring(0, 60), null, "f: ends in the middle of a block");
        refused("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", null, "f: can't be read as the EC key");
        refused(
                "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----",
                null,
                "f: a key as 'EC PRIVATE KEY'");
        HeldCertificate rsa = new HeldCertificate.Builder().rsa2048().build();
        refused(rsa.privateKeyPkcs8Pem(), null, "f: can't be read as the EC key of the certificate");
        refused(new HeldCertificate.Builder().build().privateKeyPkcs8Pem(), null, "f: the key of another certificate");
    }

    @Test
    void certificate_thatIsNone_isRefused() {
        assertThatExceptionOfType(PemException.class)
                .isThrownBy(() -> Pem.certificates("f", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"))
                .withMessageStartingWith("f: certificate 1 can't be read");
    }

    private static PrivateKey key(HeldCertificate of, String text, String password) throws PemException {
        return Pem.key("f", text, password, of.certificate().getPublicKey());
    }

    private static void refused(String text, String password, String message) {
        assertThatExceptionOfType(PemException.class)
                .isThrownBy(() -> key(EC, text, password))
                .withMessageStartingWith(message);
    }
}

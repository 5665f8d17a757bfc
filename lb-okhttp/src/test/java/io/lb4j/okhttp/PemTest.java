package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.lb4j.okhttp.Pem.PemException;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.PrivateKey;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.PBEParameterSpec;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;

/** Certificates and keys as tools write them. */
class PemTest {
    private static final String PBES2 = "PBEWithHmacSHA256AndAES_256";
    private static final HeldCertificate EC = new HeldCertificate.Builder().build();

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
        String encrypted = encrypted(EC.keyPair().getPrivate(), "secret");
        assertThat(key(EC, encrypted, "secret")).isEqualTo(EC.keyPair().getPrivate());
        refused(encrypted, "wrong", "f: the key can't be decrypted (expected: the right keyPassword");
        refused(encrypted, null, "f: an encrypted key (expected: a password by keyPassword");
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

    /** As {@code openssl pkcs8 -topk8} does it. */
    private static String encrypted(PrivateKey key, String password) throws Exception {
        Cipher cipher = Cipher.getInstance(PBES2);
        cipher.init(
                Cipher.ENCRYPT_MODE,
                SecretKeyFactory.getInstance(PBES2).generateSecret(new PBEKeySpec(password.toCharArray())),
                new PBEParameterSpec(new byte[16], 2048, new IvParameterSpec(new byte[16])));
        AlgorithmParameters parameters = cipher.getParameters();
        byte[] encoded = new EncryptedPrivateKeyInfo(parameters, cipher.doFinal(key.getEncoded())).getEncoded();
        return "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                + Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                        .encodeToString(encoded)
                + "\n-----END ENCRYPTED PRIVATE KEY-----\n";
    }
}

package io.lb4j.okhttp;

import io.lb4j.okhttp.Pem.PemException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Certificates and keys as they were at one moment, and what makes sockets of them. Immutable.
 *
 * @param identity this client's chain, empty if it has none
 * @param authorities what a file says is trusted, empty without one
 */
record TlsMaterial(
        SSLSocketFactory sockets,
        X509TrustManager trust,
        List<X509Certificate> identity,
        List<X509Certificate> authorities) {

    /**
     * What the files hold, so that a change is one whatever their times say; null where there is no file. PEM is text, of
     * which every byte is a character here.
     */
    record Content(
            @Nullable String certificates,
            @Nullable String key,
            @Nullable String trust) {

        /** @throws PemException if one can't be read */
        static Content of(TlsSettings settings) throws PemException {
            return new Content(read(settings.certificates), read(settings.key), read(settings.trust));
        }

        private static @Nullable String read(@Nullable Path file) throws PemException {
            try {
                return file == null ? null : Files.readString(file, StandardCharsets.ISO_8859_1);
            } catch (IOException e) {
                throw new PemException(file + ": can't be read (expected: a PEM file): " + e, e);
            }
        }

        /** Without the key. */
        @Override
        public String toString() {
            return "Content[" + hashCode() + "]";
        }
    }

    /**
     * Makes material of what the files hold and what the settings bring along.
     *
     * @param otherwise who is trusted if the settings don't say
     * @param base what makes sockets if the settings bring nothing at all
     * @throws PemException if something can't be used, with what and why
     */
    static TlsMaterial of(
            TlsSettings settings, Content content, X509TrustManager otherwise, SSLSocketFactory base, Instant now)
            throws PemException {
        List<X509Certificate> chain = List.of();
        KeyManager[] keys = settings.keyManager == null ? null : new KeyManager[] {settings.keyManager};
        if (content.certificates != null && content.key != null) {
            chain = Pem.certificates(String.valueOf(settings.certificates), content.certificates);
            for (X509Certificate each : chain) {
                checkDates(String.valueOf(settings.certificates), each, now);
            }
            keys = keys(
                    chain,
                    Pem.key(
                            String.valueOf(settings.key),
                            content.key,
                            settings.keyPassword,
                            chain.get(0).getPublicKey()));
        }
        X509TrustManager trust = settings.trustManager == null ? otherwise : settings.trustManager;
        List<X509Certificate> authorities = List.of();
        if (content.trust != null) {
            String file = String.valueOf(settings.trust);
            authorities = Pem.certificates(file, content.trust);
            if (authorities.stream()
                    .allMatch(each -> each.getNotAfter().toInstant().isBefore(now))) {
                checkDates(file, authorities.get(0), now);
            }
            trust = trust(authorities);
        }
        return new TlsMaterial(sockets(settings, keys, trust, base), trust, chain, authorities);
    }

    private static SSLSocketFactory sockets(
            TlsSettings settings, KeyManager @Nullable [] keys, X509TrustManager trust, SSLSocketFactory base)
            throws PemException {
        if (settings.context != null) {
            return settings.context.getSocketFactory();
        }
        if (keys == null && settings.trust == null && settings.trustManager == null) {
            return base;
        }
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys, new TrustManager[] {trust}, null);
            return context.getSocketFactory();
        } catch (GeneralSecurityException e) {
            throw new PemException("TLS can't be set up: " + e.getMessage(), e);
        }
    }

    /** Before anybody connects with it: servers would only say that they don't like it. */
    private static void checkDates(String file, X509Certificate certificate, Instant now) throws PemException {
        String name = certificate.getSubjectX500Principal().getName();
        if (certificate.getNotAfter().toInstant().isBefore(now)) {
            throw new PemException(
                    file + ": the certificate of " + name + " expired at "
                            + certificate.getNotAfter().toInstant() + " (expected: one that is valid at " + now + ")",
                    null);
        }
        if (certificate.getNotBefore().toInstant().isAfter(now)) {
            throw new PemException(
                    file + ": the certificate of " + name + " is valid from "
                            + certificate.getNotBefore().toInstant() + " only (expected: one that is valid at " + now
                            + "; is this machine's clock right?)",
                    null);
        }
    }

    private static KeyManager[] keys(List<X509Certificate> chain, PrivateKey key) throws PemException {
        try {
            KeyStore store = emptyStore();
            store.setKeyEntry("key", key, new char[0], chain.toArray(X509Certificate[]::new));
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(store, new char[0]);
            return factory.getKeyManagers();
        } catch (GeneralSecurityException e) {
            throw new PemException("certificate and key can't be used: " + e.getMessage(), e);
        }
    }

    private static X509TrustManager trust(List<X509Certificate> authorities) throws PemException {
        try {
            KeyStore store = emptyStore();
            for (int i = 0; i < authorities.size(); i++) {
                store.setCertificateEntry("ca-" + i, authorities.get(i));
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            for (TrustManager each : factory.getTrustManagers()) {
                if (each instanceof X509TrustManager trust) {
                    return trust;
                }
            }
            throw new GeneralSecurityException("no X509TrustManager from " + factory.getProvider());
        } catch (GeneralSecurityException e) {
            throw new PemException("trusted certificates can't be used: " + e.getMessage(), e);
        }
    }

    private static KeyStore emptyStore() throws GeneralSecurityException {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            return store;
        } catch (IOException e) {
            throw new GeneralSecurityException(e);
        }
    }

    /** When the first of these expires; null of none. */
    static @Nullable Instant firstExpiry(List<X509Certificate> certificates) {
        return certificates.stream()
                .map(each -> each.getNotAfter().toInstant())
                .min(Instant::compareTo)
                .orElse(null);
    }
}

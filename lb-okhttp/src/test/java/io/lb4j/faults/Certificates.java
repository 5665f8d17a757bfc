package io.lb4j.faults;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.OkHttpClient;

/** A certificate that the clients trust, for the service's name and the servers' addresses, and somebody else's. */
final class Certificates {
    private final Path directory;

    Certificates(Path directory) throws IOException, InterruptedException {
        this.directory = directory;
        StringBuilder names = new StringBuilder("DNS:orders");
        for (int i = 0; i < Fleet.SIZE; i++) {
            names.append(",IP:").append(Fleet.address(i));
        }
        make("right", "orders", names.toString());
        make("wrong", "strangers", "DNS:strangers");
    }

    private void make(String file, String name, String alternatives) throws IOException, InterruptedException {
        Shell.run(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=" + name,
                "-addext",
                "subjectAltName=" + alternatives,
                "-keyout",
                key(file).toString(),
                "-out",
                certificate(file).toString());
    }

    Path certificate(String file) {
        return directory.resolve(file + ".crt");
    }

    Path key(String file) {
        return directory.resolve(file + ".key");
    }

    /** Makes the client trust the right certificate and no other. */
    void trust(OkHttpClient.Builder client) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream in = Files.newInputStream(certificate("right"))) {
            store.setCertificateEntry(
                    "right", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        TrustManager[] managers = factory.getTrustManagers();
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers, new SecureRandom());
        client.sslSocketFactory(context.getSocketFactory(), (X509TrustManager) managers[0]);
    }
}

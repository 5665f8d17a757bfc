package io.lb4j.discovery.internal;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import okio.ByteString;

/** Trusts the authorities that a PEM file has at the time. Thread-safe. */
final class TrustInFile extends X509ExtendedTrustManager {
    private static final System.Logger LOG = System.getLogger(TrustInFile.class.getName());

    private final Path pem;
    private final Troubles troubles = new Troubles();
    private volatile Trust trust;

    /** What the file had, and who judges by it. */
    private record Trust(ByteString content, X509ExtendedTrustManager manager) {}

    TrustInFile(Path pem) throws IOException, GeneralSecurityException {
        this.pem = pem;
        this.trust = trust(content());
    }

    private ByteString content() throws IOException {
        return ByteString.of(Files.readAllBytes(pem));
    }

    private static Trust trust(ByteString content) throws IOException, GeneralSecurityException {
        Collection<? extends Certificate> authorities = CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(content.toByteArray()));
        if (authorities.isEmpty()) {
            throw new IOException("no certificate");
        }
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        for (Certificate authority : authorities) {
            store.setCertificateEntry("ca-" + store.size(), authority);
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        return new Trust(content, (X509ExtendedTrustManager) factory.getTrustManagers()[0]);
    }

    private X509ExtendedTrustManager now() {
        Trust last = trust;
        try {
            ByteString content = content();
            if (!content.equals(last.content)) {
                last = trust(content);
                trust = last;
            }
            if (troubles.clear()) {
                LOG.log(System.Logger.Level.INFO, pem + " can be read again");
            }
        } catch (IOException | GeneralSecurityException e) {
            if (troubles.add(String.valueOf(e))) {
                LOG.log(System.Logger.Level.WARNING, pem + ": the certificates that it had stay in force: " + e);
            }
        }
        return last.manager;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        now().checkServerTrusted(chain, type, socket);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        now().checkServerTrusted(chain, type, engine);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        now().checkServerTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        now().checkClientTrusted(chain, type, socket);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        now().checkClientTrusted(chain, type, engine);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        now().checkClientTrusted(chain, type);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return now().getAcceptedIssuers();
    }
}

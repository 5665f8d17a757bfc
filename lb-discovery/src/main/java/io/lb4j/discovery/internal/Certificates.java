package io.lb4j.discovery.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import okhttp3.OkHttpClient;

/** Trust in a registry whose certificate no public authority has signed. */
public final class Certificates {
    private Certificates() {}

    /**
     * A client that trusts what is signed by the authorities in a PEM file, and nobody else. The file is read anew for each
     * handshake, since authorities are replaced as certificates are; while it can't be read, those that it had are trusted.
     *
     * @throws IllegalArgumentException if there are none
     */
    public static OkHttpClient trusting(Path pem) {
        try {
            X509ExtendedTrustManager manager = new TrustInFile(pem);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {manager}, null);
            return new OkHttpClient.Builder()
                    .sslSocketFactory(context.getSocketFactory(), manager)
                    .build();
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    "certificates: " + pem + " (expected: a readable PEM file with at least one): " + e, e);
        }
    }
}

package io.lb4j.okhttp;

import java.util.Objects;
import javax.net.ssl.HostnameVerifier;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * What connections are secured with, until that changes; then there is another of these. Compared by identity.
 * Thread-safe.
 */
final class Secured {
    /** For attempts that are calls of their own. */
    final OkHttpClient attempts;

    /** Null if it is the client's own TLS. */
    private final @Nullable SSLSocketFactory sockets;

    private final @Nullable X509TrustManager trust;
    private final @Nullable HostnameVerifier verifier;
    private final @Nullable TlsSettings settings;
    private volatile @Nullable OkHttpClient probes;

    private Secured(
            OkHttpClient attempts,
            @Nullable SSLSocketFactory sockets,
            @Nullable X509TrustManager trust,
            @Nullable HostnameVerifier verifier,
            @Nullable TlsSettings settings) {
        this.attempts = attempts;
        this.sockets = sockets;
        this.trust = trust;
        this.verifier = verifier;
        this.settings = settings;
    }

    /** What it was made by; null if it is the client's own TLS. */
    @Nullable
    TlsSettings settings() {
        return settings;
    }

    /** The client's own TLS. */
    static Secured ofClient(OkHttpClient attempts) {
        return new Secured(attempts, null, null, null, null);
    }

    static Secured of(OkHttpClient attempts, TlsMaterial material, TlsSettings settings) {
        ServiceTls sockets = new ServiceTls(material.sockets(), settings.serverName, settings.tls13Only);
        String name = settings.serverName;
        HostnameVerifier usual = attempts.hostnameVerifier();
        HostnameVerifier verifier = name == null ? null : (host, session) -> usual.verify(name, session);
        OkHttpClient.Builder builder = attempts.newBuilder().sslSocketFactory(sockets, material.trust());
        if (verifier != null) {
            builder.hostnameVerifier(verifier);
        }
        return new Secured(builder.build(), sockets, material.trust(), verifier, settings);
    }

    /** Secures what follows in this chain, unless an interceptor above brought TLS of its own for this call. */
    Interceptor.Chain on(Interceptor.Chain chain, OkHttpClient usual) {
        SSLSocketFactory own = sockets;
        if (own == null
                || trust == null
                || !Objects.equals(chain.getSslSocketFactoryOrNull(), usual.sslSocketFactory())) {
            return chain;
        }
        Interceptor.Chain secured = chain.withSslSocketFactory(own, trust);
        return verifier == null ? secured : secured.withHostnameVerifier(verifier);
    }

    /** The client that probes are made with; two made at once are equal. */
    OkHttpClient probes() {
        OkHttpClient known = probes;
        if (known == null) {
            known = ProbeCalls.prepared(attempts);
            probes = known;
        }
        return known;
    }
}

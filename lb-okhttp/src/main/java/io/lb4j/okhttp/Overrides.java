package io.lb4j.okhttp;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.ConnectionSpec;
import okhttp3.Interceptor.Chain;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * What interceptors above changed for one call: time-outs, but also the tenant's certificate or cookie jar. A further
 * attempt is a call of its own that runs no interceptors, and it must not go out under somebody else's name.
 */
final class Overrides {
    private Overrides() {}

    /**
     * The client for an attempt of the call that this chain makes.
     *
     * @param client the instance's
     * @param usual the one whose settings the chain has if nobody changed them
     */
    static OkHttpClient applied(Chain chain, OkHttpClient client, OkHttpClient usual) {
        if (hasTimeoutsOf(chain, client) && hasIdentityOf(chain, usual)) {
            return client;
        }
        OkHttpClient.Builder builder = client.newBuilder()
                .connectTimeout(chain.connectTimeoutMillis(), TimeUnit.MILLISECONDS)
                .readTimeout(chain.readTimeoutMillis(), TimeUnit.MILLISECONDS)
                .writeTimeout(chain.writeTimeoutMillis(), TimeUnit.MILLISECONDS)
                .cookieJar(chain.getCookieJar())
                .cache(chain.getCache())
                .authenticator(chain.getAuthenticator())
                .proxyAuthenticator(chain.getProxyAuthenticator())
                .certificatePinner(chain.getCertificatePinner());
        if (!usual.hostnameVerifier().equals(chain.getHostnameVerifier())) {
            builder.hostnameVerifier(chain.getHostnameVerifier());
        }
        SSLSocketFactory tls = chain.getSslSocketFactoryOrNull();
        X509TrustManager trust = chain.getX509TrustManagerOrNull();
        if (tls != null && trust != null && !tls.equals(tls(usual))) {
            builder.sslSocketFactory(new ServiceTls(tls), trust);
        }
        return builder.build();
    }

    private static boolean hasTimeoutsOf(Chain chain, OkHttpClient client) {
        return client.connectTimeoutMillis() == chain.connectTimeoutMillis()
                && client.readTimeoutMillis() == chain.readTimeoutMillis()
                && client.writeTimeoutMillis() == chain.writeTimeoutMillis();
    }

    private static boolean hasIdentityOf(Chain chain, OkHttpClient usual) {
        return usual.cookieJar().equals(chain.getCookieJar())
                && Objects.equals(usual.cache(), chain.getCache())
                && usual.authenticator().equals(chain.getAuthenticator())
                && usual.proxyAuthenticator().equals(chain.getProxyAuthenticator())
                && usual.hostnameVerifier().equals(chain.getHostnameVerifier())
                && usual.certificatePinner().equals(chain.getCertificatePinner())
                && Objects.equals(tls(usual), chain.getSslSocketFactoryOrNull());
    }

    private static @Nullable SSLSocketFactory tls(OkHttpClient client) {
        return client.connectionSpecs().stream().anyMatch(ConnectionSpec::isTls) ? client.sslSocketFactory() : null;
    }
}

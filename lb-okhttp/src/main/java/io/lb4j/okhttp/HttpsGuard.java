package io.lb4j.okhttp;

import java.io.IOException;
import java.net.UnknownServiceException;
import okhttp3.Connection;
import okhttp3.Interceptor;
import okhttp3.Response;

/**
 * Sends nothing to {@code https} over a connection without TLS, which OkHttp does if no {@code connectionSpecs} of the client allow TLS, after a redirect for
 * one. Only such clients have it.
 */
final class HttpsGuard implements Interceptor {
    static final Interceptor INSTANCE = new HttpsGuard();

    private HttpsGuard() {}

    @Override
    public Response intercept(Chain chain) throws IOException {
        Connection connection = chain.connection();
        if (chain.request().isHttps() && (connection == null || connection.handshake() == null)) {
            throw new UnknownServiceException(chain.request().url().host()
                    + ": https, and no connectionSpecs of this OkHttpClient allow TLS (expected:"
                    + " ConnectionSpec.MODERN_TLS among them)");
        }
        return chain.proceed(chain.request());
    }
}

package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLSocketFactory;
import okhttp3.Authenticator;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

/** What interceptors above change for one call holds for every attempt of it. */
class OverridesTest extends Fixture {

    @Test
    void cookieJar_ofOneCall_isUsedByFurtherAttempts() throws Exception {
        Backend b = backend("b", Wire.H1);
        orders(backend("a", Wire.H1).answersStatus(500), b);
        OkHttpClient base = base(Wire.H1)
                .addInterceptor(chain -> chain.withCookieJar(tenant()).proceed(chain.request()))
                .build();
        LoadBalancedClient client = closing(lb(base).build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertThat(b.requests().get(0).getHeaders().get("Cookie")).isEqualTo("tenant=7");
    }

    private static CookieJar tenant() {
        return new CookieJar() {
            @Override
            public void saveFromResponse(HttpUrl url, List<Cookie> cookies) {}

            @Override
            public List<Cookie> loadForRequest(HttpUrl url) {
                return List.of(new Cookie.Builder()
                        .domain(url.host())
                        .name("tenant")
                        .value("7")
                        .build());
            }
        };
    }

    @Test
    void authenticator_ofOneCall_answersForFurtherAttempts() throws Exception {
        Backend b = backend("b", Wire.H1);
        b.answers(request -> b.named(request.getHeaders().get("Authorization") == null ? 401 : 200));
        orders(backend("a", Wire.H1).answersStatus(500), b);
        Authenticator authenticator = (route, response) ->
                response.request().newBuilder().header("Authorization", "me").build();
        OkHttpClient base = base(Wire.H1)
                .addInterceptor(chain -> chain.withAuthenticator(authenticator).proceed(chain.request()))
                .build();
        LoadBalancedClient client = closing(lb(base).build());

        try (Response response = client.newCall(get(Wire.H1)).execute()) {
            assertThat(response.code()).isEqualTo(200);
        }
    }

    @Test
    void tls_ofOneCall_isUsedByFurtherAttemptsOverSharedConnections() throws Exception {
        orders(backend("a", Wire.H1_TLS).answersStatus(500), backend("b", Wire.H1_TLS));
        CountingTls tls = new CountingTls(Wire.CLIENT.sslSocketFactory());
        OkHttpClient base = base(Wire.H1_TLS)
                .addInterceptor(chain -> chain.withSslSocketFactory(tls, Wire.CLIENT.trustManager())
                        .proceed(chain.request()))
                .build();
        LoadBalancedClient client = closing(lb(base).build());

        for (int i = 0; i < 3; i++) {
            assertThat(body(client, get(Wire.H1_TLS))).isEqualTo("b");
        }
        assertThat(tls.handshakes).hasValue(2);
    }

    @Test
    void callTimeout_proceedingTwice_isNotGrantedTwice() {
        CountDownLatch never = new CountDownLatch(1);
        Backend slow = backend("b", Wire.H1);
        slow.answers(slow.response(200)
                .body("x".repeat(1000))
                .throttleBody(1, 20, TimeUnit.MILLISECONDS)
                .build());
        orders(slow);
        OkHttpClient base = base(Wire.H1)
                .callTimeout(Duration.ofSeconds(1))
                .addInterceptor(chain -> {
                    chain.proceed(chain.request()).close();
                    pass(never, 700);
                    return chain.proceed(chain.request());
                })
                .build();
        LoadBalancedClient client = closing(lb(base).build());

        long start = System.nanoTime();
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> body(client, get(Wire.H1)));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMillis(1500));
    }

    private static void pass(CountDownLatch never, long millis) throws IOException {
        try {
            assertThat(never.await(millis, TimeUnit.MILLISECONDS)).isFalse();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    /** Counts the sockets it secures. */
    private static final class CountingTls extends SSLSocketFactory {
        private final SSLSocketFactory delegate;
        private final AtomicInteger handshakes = new AtomicInteger();

        CountingTls(SSLSocketFactory delegate) {
            this.delegate = delegate;
        }

        @Override
        public Socket createSocket(Socket socket, String host, int port, boolean autoClose) throws IOException {
            handshakes.incrementAndGet();
            return delegate.createSocket(socket, host, port, autoClose);
        }

        @Override
        public String[] getDefaultCipherSuites() {
            return delegate.getDefaultCipherSuites();
        }

        @Override
        public String[] getSupportedCipherSuites() {
            return delegate.getSupportedCipherSuites();
        }

        @Override
        public Socket createSocket(String host, int port) throws IOException {
            return delegate.createSocket(host, port);
        }

        @Override
        public Socket createSocket(String host, int port, InetAddress from, int fromPort) throws IOException {
            return delegate.createSocket(host, port, from, fromPort);
        }

        @Override
        public Socket createSocket(InetAddress host, int port) throws IOException {
            return delegate.createSocket(host, port);
        }

        @Override
        public Socket createSocket(InetAddress host, int port, InetAddress from, int fromPort) throws IOException {
            return delegate.createSocket(host, port, from, fromPort);
        }
    }
}

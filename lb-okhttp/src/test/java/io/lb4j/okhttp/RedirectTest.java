package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SSLSocket;
import mockwebserver3.MockResponse;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Redirects and proxies: what stays with the instance, and what must not. */
class RedirectTest extends Fixture {

    private static MockResponse to(int status, String location) {
        return new MockResponse.Builder()
                .code(status)
                .setHeader("Location", location)
                .build();
    }

    @ParameterizedTest
    @CsvSource({
        "H1, /next",
        "H1, http://orders/next",
        "H1, http://orders:9999/next",
        "H2_TLS, https://orders/next",
        "H2_TLS, https://orders:9999/next"
    })
    void redirect_sameService_staysWithTheInstance(Wire wire, String location) throws Exception {
        Backend a = backend("a", wire);
        a.answers(request -> request.getTarget().equals("/next") ? a.named(200) : to(302, location));
        Backend b = backend("b", wire);
        orders(a, b);
        LoadBalancedClient client = lb(wire);

        Request request =
                get(wire).newBuilder().header("Authorization", "secret").build();
        assertThat(body(client, request)).isEqualTo("a");

        assertThat(a.hits()).isEqualTo(2);
        assertThat(a.requests().get(1).getHeaders().get("Authorization"))
                .isEqualTo(location.contains("9999") ? null : "secret");
        assertThat(b.hits()).isZero();
        assertCounted(client, "a", 1, 0);
    }

    @Test
    void redirect_otherHost_goesThereAndItsFailureIsNotTheInstances() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend other = backend("other", Wire.H1);
        other.answersStatus(500);
        a.answers(to(302, "http://example.test:" + other.port() + "/"));
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = closing(lb(base(Wire.H1)
                        .dns(host -> List.of(InetAddress.getByAddress(host, new byte[] {127, 0, 0, 1})))
                        .build())
                .build());

        try (Response response = client.newCall(get(Wire.H1)).execute()) {
            assertThat(response.code()).isEqualTo(500);
            assertThat(response.header("Server-Name")).isEqualTo("other");
        }
        assertThat(other.requests().get(0).getHeaders().get("Host")).isEqualTo("example.test:" + other.port());
        assertThat(b.hits()).isZero();
        assertCounted(client, "a", 1, 0);
    }

    @Test
    void redirect_otherHostThatIsDown_isNotTheInstancesFailure() throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(to(302, "http://127.0.0.1:" + RetryTest.refusing("x").port() + "/"));
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = lb(Wire.H1);

        assertThatExceptionOfType(IOException.class).isThrownBy(() -> body(client, get(Wire.H1)));
        assertThat(b.hits()).isZero();
        assertCounted(client, "a", 1, 0);
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void redirect_otherService_isBalancedThere(Wire wire) throws Exception {
        Backend a = backend("a", wire).answers(to(303, wire.url("billing/invoice")));
        Backend bad = backend("bad", wire).answersStatus(500);
        Backend good = backend("good", wire);
        orders(a);
        discovery.set("billing", bad.instance(), good.instance());
        LoadBalancedClient client = lb(wire);

        Request request = RetryTest.post(wire, RequestBody.create(new byte[1]))
                .newBuilder()
                .header("Authorization", "secret")
                .build();
        assertThat(body(client, request)).isEqualTo("good");

        assertThat(good.requests().get(0).getMethod()).isEqualTo("GET");
        assertThat(good.requests().get(0).getTarget()).isEqualTo("/invoice");
        assertThat(good.requests().get(0).getHeaders().get("Authorization")).isNull();
        assertCounted(client, "a", 1, 0);
        assertThat(client.balancer("billing").instances())
                .extracting(each -> each.failures())
                .containsExactly(1L, 0L);
    }

    @Test
    void redirect_toAServiceByAStranger_isNotFollowed() {
        Backend billing = backend("billing", Wire.H1);
        Backend stranger = backend("stranger", Wire.H1).answers(to(302, "http://billing/invoice"));
        orders(backend("a", Wire.H1).answers(to(302, "http://127.0.0.1:" + stranger.port() + "/")));
        discovery.set("billing", billing.instance());
        LoadBalancedClient client = lb(Wire.H1);

        assertThatExceptionOfType(IOException.class).isThrownBy(() -> body(client, get(Wire.H1)));

        assertThat(stranger.hits()).isEqualTo(1);
        assertThat(billing.hits()).isZero();
        assertCounted(client, "a", 1, 0);
    }

    @Test
    void redirect_betweenServicesForEver_ends() {
        Backend a = backend("a", Wire.H1).answers(to(302, "http://billing/"));
        Backend b = backend("b", Wire.H1).answers(to(302, "http://orders/"));
        orders(a);
        discovery.set("billing", b.instance());
        LoadBalancedClient client = lb(Wire.H1);

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> body(client, get(Wire.H1)))
                .withMessageContaining("Too many redirects");
        assertThat(a.hits() + b.hits()).isEqualTo(21);
        assertIdle(client);
    }

    @Test
    void redirect_fromHttpToHttps_reachesTheSameInstance() throws Exception {
        // One port that speaks both, told apart by the first byte, as some servers do.
        RawServer both = closing(new RawServer("a", server -> (connection, socket) -> {
            InputStream in = socket.getInputStream();
            int first = in.read();
            if (first == 0x16) {
                SSLSocket tls = (SSLSocket) Wire.SERVER
                        .sslSocketFactory()
                        .createSocket(socket, new ByteArrayInputStream(new byte[] {0x16}), true);
                tls.setUseClientMode(false);
                server.readRequest(tls);
                server.answer(tls, "secured");
                tls.getInputStream().read();
            } else {
                server.readRequest(socket);
                RawServer.send(
                        socket, "HTTP/1.1 301 Moved\r\nLocation: https://orders/path\r\nContent-Length: 0\r\n\r\n");
                socket.getInputStream().read();
            }
        }));
        discovery.set("orders", both.instance());
        LoadBalancedClient client = closing(lb(base(Wire.H1_TLS).build()).build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("secured");
        assertThat(both.requests()).isEqualTo(2);
        assertCounted(client, "a", 1, 0);
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void proxy_forAllHosts_isNotAskedForServices(Wire wire) throws Exception {
        List<URI> asked = new CopyOnWriteArrayList<>();
        ProxySelector before = ProxySelector.getDefault();
        ProxySelector.setDefault(new ProxySelector() {
            @Override
            public List<Proxy> select(URI uri) {
                // The JDK's own sockets ask as well, for a SOCKS proxy.
                if (uri.getScheme().equals("socket")) {
                    return List.of(Proxy.NO_PROXY);
                }
                asked.add(uri);
                return List.of(new Proxy(Proxy.Type.HTTP, new InetSocketAddress(InetAddress.getLoopbackAddress(), 1)));
            }

            @Override
            public void connectFailed(URI uri, SocketAddress sa, IOException ioe) {}
        });
        try {
            Backend a = backend("a", wire);
            Backend b = backend("b", wire);
            orders(a, b);
            LoadBalancedClient client =
                    closing(lb(base(wire).build()).strategy(BY_TURNS).build());

            List<String> bodies = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                bodies.add(body(client, get(wire)));
            }
            assertThat(bodies).containsExactly("a", "b", "a", "b");
            assertThat(asked).isEmpty();
        } finally {
            ProxySelector.setDefault(before);
        }
    }

    @Test
    void proxy_redirectToAnotherHost_isUsedForIt() throws Exception {
        Backend proxy = backend("proxy", Wire.H1);
        Backend a = backend("a", Wire.H1).answers(to(302, "http://example.test/elsewhere"));
        orders(a);
        OkHttpClient base = base(Wire.H1)
                .proxy(new Proxy(
                        Proxy.Type.HTTP, new InetSocketAddress(InetAddress.getLoopbackAddress(), proxy.port())))
                .build();
        LoadBalancedClient client = closing(lb(base).build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("proxy");
        assertThat(proxy.requests().get(0).getRequestLine()).contains("http://example.test/elsewhere");
        assertThat(a.hits()).isEqualTo(1);
    }

    @Test
    void interceptorAbove_sendsTheCallElsewhere_letsItPass() throws Exception {
        Backend other = backend("other", Wire.H1);
        Backend a = backend("a", Wire.H1);
        orders(a);
        LoadBalancedClient client = closing(lb(base(Wire.H1)
                        .addInterceptor(chain -> chain.proceed(
                                chain.request().url().host().equals("orders")
                                        ? chain.request()
                                                .newBuilder()
                                                .url("http://127.0.0.1:" + other.port() + "/")
                                                .build()
                                        : chain.request()
                                                .newBuilder()
                                                .url("http://orders/")
                                                .build()))
                        .build())
                .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("other");
        assertThat(body(client, new Request.Builder().url("http://127.0.0.1:1/").build()))
                .isEqualTo("a");
    }
}

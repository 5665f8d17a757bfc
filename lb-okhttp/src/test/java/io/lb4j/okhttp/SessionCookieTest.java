package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.affinity.InMemoryAffinityStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import mockwebserver3.MockResponse;
import okhttp3.Cache;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sessions that servers begin, each with a cookie of its own, over real sockets. */
class SessionCookieTest extends Fixture {
    private final AtomicInteger sessions = new AtomicInteger();

    /** Keeps its sessions in memory, as a servlet container does: what it doesn't know is a new one. */
    private Backend server(String name, Wire wire) {
        Backend server = backend(name, wire);
        Map<String, Boolean> known = new ConcurrentHashMap<>();
        return server.answers(request -> {
            String cookie = request.getHeaders().get("Cookie");
            String id = cookie == null ? null : cookie.replaceFirst(".*JSESSIONID=([^;]*).*", "$1");
            if (id != null && known.containsKey(id)) {
                return server.named(200);
            }
            String fresh = name + "-" + sessions.incrementAndGet();
            known.put(fresh, true);
            return server.response(200)
                    .addHeader("Set-Cookie", "other=1")
                    .addHeader("Set-Cookie", "JSESSIONID=" + fresh + "; Path=/; HttpOnly")
                    .build();
        });
    }

    private LoadBalancedClient client(OkHttpClient base, Consumer<ServiceSettings.Builder> more) {
        return closing(lb(base).strategy(BY_TURNS)
                .service("orders", orders -> more.accept(orders.sessionCookie("JSESSIONID")))
                .build());
    }

    private static Request with(Wire wire, @Nullable String cookie) {
        Request.Builder request = get(wire).newBuilder();
        return cookie == null
                ? request.build()
                : request.header("Cookie", cookie).build();
    }

    /** Who answered, and the cookie it set. */
    private record Answer(String server, @Nullable String cookie) {
        static Answer to(LoadBalancedClient client, Request request) throws IOException {
            try (Response response = client.newCall(request).execute()) {
                String set = response.headers("Set-Cookie").stream()
                        .filter(each -> each.startsWith("JSESSIONID="))
                        .findFirst()
                        .orElse(null);
                return new Answer(response.body().string(), set == null ? null : set.substring(0, set.indexOf(';')));
            }
        }
    }

    /** A jar for one user, by host only. */
    private static final class Jar implements CookieJar {
        private final Map<String, Cookie> cookies = new ConcurrentHashMap<>();

        @Override
        public void saveFromResponse(HttpUrl url, List<Cookie> all) {
            all.forEach(each -> cookies.put(each.name(), each));
        }

        @Override
        public List<Cookie> loadForRequest(HttpUrl url) {
            return List.copyOf(cookies.values());
        }
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void session_thatAnInstanceBegan_staysThere(Wire wire) throws Exception {
        orders(server("a", wire), server("b", wire), server("c", wire));
        LoadBalancedClient client = client(base(wire).build(), settings -> {});
        Answer first = Answer.to(client, with(wire, null));
        Answer second = Answer.to(client, with(wire, null));
        assertThat(second.server()).isNotEqualTo(first.server());

        for (int i = 0; i < 10; i++) {
            for (Answer each : List.of(first, second)) {
                // Beside others, and in another spelling.
                Answer next = Answer.to(client, with(wire, "x=1; " + each.cookie() + "; y=2"));
                assertThat(next).isEqualTo(new Answer(each.server(), null));
            }
        }
        assertThat(sessions).hasValue(2);
    }

    @Test
    void session_ofACookieJar_staysWhereItBegan() throws Exception {
        orders(server("a", Wire.H1), server("b", Wire.H1), server("c", Wire.H1));
        LoadBalancedClient client = client(base(Wire.H1).cookieJar(new Jar()).build(), settings -> {});

        String first = body(client, get(Wire.H1));
        for (int i = 0; i < 10; i++) {
            assertThat(body(client, get(Wire.H1))).isEqualTo(first);
        }
        assertThat(sessions).hasValue(1);
    }

    @Test
    void session_ofBothAJarAndTheCaller_isTheOneThatIsSent() throws Exception {
        orders(server("a", Wire.H1), server("b", Wire.H1));
        Jar jar = new Jar();
        LoadBalancedClient client = client(base(Wire.H1).cookieJar(jar).build(), settings -> {});
        Answer first = Answer.to(client, with(Wire.H1, null));
        jar.cookies.clear();
        Answer second = Answer.to(client, with(Wire.H1, null));
        assertThat(second.server()).isNotEqualTo(first.server());

        // OkHttp decides which of the two a server sees; that one's session must not be looked for elsewhere.
        for (int i = 0; i < 4; i++) {
            assertThat(Answer.to(client, with(Wire.H1, first.cookie())).cookie())
                    .isNull();
        }
        assertThat(sessions).hasValue(2);
    }

    @Test
    void session_setTwiceByOneAnswer_isTheLast() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        a.answers(a.response(200)
                .addHeader("Set-Cookie", "JSESSIONID=gone; Max-Age=0")
                .addHeader("Set-Cookie", "JSESSIONID=s1")
                .build());
        orders(a, b);
        LoadBalancedClient client = client(base(Wire.H1).build(), settings -> {});
        assertThat(body(client, with(Wire.H1, null))).isEqualTo("a");

        for (int i = 0; i < 4; i++) {
            assertThat(body(client, with(Wire.H1, "JSESSIONID=s1"))).isEqualTo("a");
        }
    }

    @Test
    void session_whoseInstanceIsGone_beginsElsewhereAndStaysThere() throws Exception {
        Backend a = server("a", Wire.H1);
        Backend b = server("b", Wire.H1);
        Backend c = server("c", Wire.H1);
        orders(a, b, c);
        LoadBalancedClient client = client(base(Wire.H1).build(), settings -> {});
        Answer first = Answer.to(client, with(Wire.H1, null));
        assertThat(first.server()).isEqualTo("a");

        // It refuses connections, but discovery lists it still.
        a.close();
        Answer moved = Answer.to(client, with(Wire.H1, first.cookie()));
        assertThat(moved.server()).isIn("b", "c");
        assertThat(moved.cookie()).isNotNull();
        for (int i = 0; i < 6; i++) {
            assertThat(Answer.to(client, with(Wire.H1, moved.cookie()))).isEqualTo(new Answer(moved.server(), null));
            // Even who sends the old one is served at one place.
            assertThat(Answer.to(client, with(Wire.H1, first.cookie())).server())
                    .isEqualTo(moved.server());
        }

        orders(moved.server().equals("b") ? c : b);
        await().untilAsserted(
                        () -> assertThat(client.balancer("orders").instances()).hasSize(1));
        Answer again = Answer.to(client, with(Wire.H1, moved.cookie()));
        assertThat(again.server()).isNotEqualTo(moved.server());
        assertThat(Answer.to(client, with(Wire.H1, again.cookie()))).isEqualTo(new Answer(again.server(), null));
    }

    @Test
    void session_begunByARedirect_isLearnt() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        for (Backend each : List.of(a, b)) {
            each.answers(request -> request.getTarget().equals("/login")
                    ? new MockResponse.Builder()
                            .code(302)
                            .setHeader("Location", "/home")
                            .setHeader("Set-Cookie", "JSESSIONID=" + sessions.incrementAndGet() + "; Path=/")
                            .build()
                    : each.named(200));
        }
        orders(a, b);
        LoadBalancedClient client = client(base(Wire.H1).cookieJar(new Jar()).build(), settings -> {});
        Request login = new Request.Builder().url("http://orders/login").build();

        String first = body(client, login);
        for (int i = 0; i < 4; i++) {
            assertThat(body(client, get(Wire.H1))).isEqualTo(first);
        }
    }

    @Test
    void session_ofACachedAnswer_isNotLearnt(@TempDir Path directory) throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(a.response(200)
                .setHeader("Cache-Control", "max-age=600")
                .setHeader("Set-Cookie", "JSESSIONID=s1")
                .build());
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        InMemoryAffinityStore store = InMemoryAffinityStore.create(100, Duration.ofMinutes(1));
        LoadBalancedClient client = client(
                base(Wire.H1)
                        .cache(closing(new Cache(directory.toFile(), 1_000_000)))
                        .build(),
                settings -> settings.sessionCookie("JSESSIONID", store));
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(store.size()).isEqualTo(1);

        // Picked for b, answered by the cache.
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(body(
                        client,
                        with(Wire.H1, "JSESSIONID=s1")
                                .newBuilder()
                                .url("http://orders/other")
                                .build()))
                .isEqualTo("a");
        assertThat(store.size()).isEqualTo(1);
    }

    @Test
    void session_ofAnInstanceThatFailsOnce_staysThere() throws Exception {
        Backend a = server("a", Wire.H1);
        Backend b = server("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = client(base(Wire.H1).build(), settings -> {});
        Answer first = Answer.to(client, with(Wire.H1, null));
        assertThat(first.server()).isEqualTo("a");

        a.answersStatus(503);
        assertThat(body(client, with(Wire.H1, first.cookie()))).isEqualTo("b");
        a.answersStatus(200);
        assertThat(body(client, with(Wire.H1, first.cookie()))).isEqualTo("a");
    }

    @Test
    void store_thatIsShared_keepsSessionsWhereAnotherClientSawThemBegin() throws Exception {
        Backend a = server("a", Wire.H1);
        Backend b = server("b", Wire.H1);
        orders(a, b);
        InMemoryAffinityStore store = InMemoryAffinityStore.create(100, Duration.ofMinutes(1));
        LoadBalancedClient one = client(base(Wire.H1).build(), settings -> settings.sessionCookie("JSESSIONID", store));
        Answer first = Answer.to(one, with(Wire.H1, null));
        one.close();
        LoadBalancedClient two = client(base(Wire.H1).build(), settings -> settings.sessionCookie("JSESSIONID", store));

        for (int i = 0; i < 4; i++) {
            assertThat(Answer.to(two, with(Wire.H1, first.cookie()))).isEqualTo(new Answer(first.server(), null));
        }
    }

    @Test
    void sessions_moreThanAreRemembered_takeNoMoreMemory() throws Exception {
        orders(server("a", Wire.H1), server("b", Wire.H1));
        InMemoryAffinityStore store = InMemoryAffinityStore.create(8, Duration.ofMinutes(1));
        LoadBalancedClient client =
                client(base(Wire.H1).build(), settings -> settings.sessionCookie("JSESSIONID", store));

        for (int i = 0; i < 50; i++) {
            body(client, with(Wire.H1, i % 2 == 0 ? null : "JSESSIONID=made-up-" + i));
        }
        assertThat(store.size()).isEqualTo(8);
    }

    @Test
    void setCookie_ofWhateverKind_isNoError() throws Exception {
        List<String> odd =
                List.of("", ";", "=", "JSESSIONID", "JSESSIONID=", "JSESSIONID=\"\"", "; JSESSIONID=x", "jsessionid=x");
        Backend a = backend("a", Wire.H1);
        a.answers(request -> {
            MockResponse.Builder response = a.response(200);
            odd.forEach(each -> response.addHeader("Set-Cookie", each));
            return response.build();
        });
        orders(a);
        InMemoryAffinityStore store = InMemoryAffinityStore.create(8, Duration.ofMinutes(1));
        LoadBalancedClient client =
                client(base(Wire.H1).build(), settings -> settings.sessionCookie("JSESSIONID", store));

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(store.size()).isZero();
    }

    /** What a server answers to a request with the cookie, over a connection or from elsewhere. */
    private static Response answer(String sent, String set, boolean received) {
        Response answer = new Response.Builder()
                .request(with(Wire.H1, sent))
                .protocol(Protocol.HTTP_1_1)
                .code(200)
                .message("OK")
                .header("Set-Cookie", set)
                .build();
        return received ? answer.newBuilder().networkResponse(answer).build() : answer;
    }

    @Test
    void session_thatTheRequestNamedAlready_isNotBegunAgain() {
        SessionCookie cookie = new SessionCookie("JSESSIONID");

        // Said with each answer: a retry elsewhere would take the session along.
        assertThat(cookie.begun(answer("JSESSIONID=s1", "JSESSIONID=s1; Path=/", true)))
                .isEmpty();
        assertThat(cookie.begun(answer("JSESSIONID=s1", "JSESSIONID=\"s1\"", true)))
                .isEmpty();
        assertThat(cookie.begun(answer("JSESSIONID=s1", "JSESSIONID=s2", true))).isPresent();
        assertThat(cookie.begun(answer("other=s1", "JSESSIONID=s1", true))).isPresent();
    }

    /** Of a cache, or of an interceptor that answers by itself. */
    @Test
    void session_ofAnAnswerThatNoServerGave_isNone() {
        assertThat(new SessionCookie("JSESSIONID").begun(answer("other=1", "JSESSIONID=s1", false)))
                .isEmpty();
    }

    @Test
    void settings_thatMakeNoSense_areRefused() {
        assertThatThrownBy(() -> client(base(Wire.H1).build(), settings -> settings.sessionCookie("")))
                .hasMessage("sessionCookie: '' (expected: the name of a cookie)");
    }
}

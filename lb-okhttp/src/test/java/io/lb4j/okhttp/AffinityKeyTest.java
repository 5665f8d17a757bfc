package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.lb4j.Strategy;
import io.lb4j.strategy.Strategies;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import okhttp3.Request;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class AffinityKeyTest extends Fixture {
    private static Request request(Function<Request.Builder, Request.Builder> change) {
        return change.apply(new Request.Builder().url("http://orders/pages/home%20page/7?user=u1&user=u2&empty="))
                .build();
    }

    @Test
    void header_presentOrNot_isTheKeyOrNone() {
        assertThat(AffinityKey.header("X-User").of(request(r -> r.header("x-user", "7"))))
                .isEqualTo("7");
        assertThat(AffinityKey.header("X-User").of(request(r -> r))).isNull();
    }

    @Test
    void cookie_amongOthers_isFoundByItsWholeName() {
        AffinityKey key = AffinityKey.cookie("sid");
        assertThat(key.of(request(r -> r.header("Cookie", "xsid=1; sid=2; sidx=3"))))
                .isEqualTo("2");
        assertThat(key.of(request(r -> r.header("Cookie", "a=b;sid = 4 ")))).isEqualTo("4");
        assertThat(key.of(request(r -> r.header("Cookie", "sid; b=sid=5")))).isNull();
        assertThat(key.of(request(r -> r.addHeader("Cookie", "a=1").addHeader("Cookie", "sid=6"))))
                .isEqualTo("6");
        assertThat(key.of(request(r -> r))).isNull();
    }

    @Test
    void cookie_inTheJar_isFoundToo() {
        CookieJar jar = new CookieJar() {
            @Override
            public void saveFromResponse(HttpUrl url, List<Cookie> cookies) {}

            @Override
            public List<Cookie> loadForRequest(HttpUrl url) {
                return List.of(new Cookie.Builder()
                        .name("sid")
                        .value("jar")
                        .domain("orders")
                        .build());
            }
        };
        assertThat(AffinityKey.cookie("sid", jar).of(request(r -> r))).isEqualTo("jar");
        assertThat(AffinityKey.cookie("sid", jar).of(request(r -> r.header("Cookie", "sid=own"))))
                .isEqualTo("own");
        assertThat(AffinityKey.cookie("other", jar).of(request(r -> r))).isNull();
    }

    @Test
    void queryAndPath_decoded() {
        assertThat(AffinityKey.queryParameter("user").of(request(r -> r))).isEqualTo("u1");
        assertThat(AffinityKey.queryParameter("none").of(request(r -> r))).isNull();
        assertThat(AffinityKey.pathSegment(1).of(request(r -> r))).isEqualTo("home page");
        assertThat(AffinityKey.pathSegment(3).of(request(r -> r))).isNull();
        assertThat(AffinityKey.pathSegment(0).of(request(r -> r.url("http://orders/"))))
                .isNull();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AffinityKey.pathSegment(-1))
                .withMessage("index: -1 (expected: >= 0)");
    }

    @Test
    void clientAddress_firstHop_orNone() {
        AffinityKey key = AffinityKey.clientAddress();
        assertThat(key.of(request(r -> r.header("X-Forwarded-For", " 10.0.0.1 , 10.9.9.9"))))
                .isEqualTo("10.0.0.1");
        assertThat(key.of(request(r -> r.header("X-Forwarded-For", "2001:db8::1"))))
                .isEqualTo("2001:db8::1");
        assertThat(key.of(request(r -> r.header("X-Forwarded-For", ", 10.9.9.9"))))
                .isNull();
        assertThat(key.of(request(r -> r))).isNull();
    }

    @Test
    void calls_ofOneKey_goToOneInstanceFromEveryClient() throws Exception {
        Backend[] backends = new Backend[4];
        for (int i = 0; i < 4; i++) {
            backends[i] = backend("i" + i, Wire.H1);
        }
        orders(backends);
        Strategy keyed = Strategies.rendezvous();
        LoadBalancedClient one = affine(keyed);
        LoadBalancedClient other = affine(keyed);
        Map<String, String> placed = new HashMap<>();

        for (int user = 0; user < 20; user++) {
            Request request = ofUser("user-" + user);
            String instance = body(one, request);
            assertThat(body(one, request)).isEqualTo(instance);
            assertThat(body(other, request)).isEqualTo(instance);
            placed.put("user-" + user, instance);
        }
        assertThat(placed.values()).contains("i0", "i1", "i2", "i3");

        // Only the keys of the instance that is gone move.
        discovery.set("orders", backends[0].instance(), backends[1].instance(), backends[2].instance());
        String moving = placed.entrySet().stream()
                .filter(each -> each.getValue().equals("i3"))
                .findAny()
                .orElseThrow()
                .getKey();
        Awaitility.await().until(() -> !body(one, ofUser(moving)).equals("i3"));
        placed.forEach((user, instance) -> {
            try {
                String now = body(one, ofUser(user));
                assertThat(now.equals(instance)).isEqualTo(!instance.equals("i3"));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }

    @Test
    void key_thatThrows_leavesTheCallWithoutOne() throws Exception {
        orders(backend("a", Wire.H1));
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .service(
                        "orders",
                        settings -> settings.affinity(AffinityKey.of(request -> {
                            throw new IllegalStateException("broken");
                        })))
                .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
    }

    @Test
    void request_underAnyStrategy_isSeenByThePicker() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        Strategy byPath = eligible -> request ->
                eligible.get(request.call(Request.class).url().encodedPath().equals("/b") ? 1 : 0);
        LoadBalancedClient client =
                closing(lb(base(Wire.H1).build()).strategy(byPath).build());

        assertThat(body(client, new Request.Builder().url("http://orders/b").build()))
                .isEqualTo("b");
        assertThat(body(client, new Request.Builder().url("http://orders/a").build()))
                .isEqualTo("a");
    }

    private static Request ofUser(String user) {
        return get(Wire.H1).newBuilder().header("X-User", user).build();
    }

    private LoadBalancedClient affine(Strategy strategy) {
        return closing(lb(base(Wire.H1).build())
                .strategy(strategy)
                .service("orders", settings -> settings.affinity(AffinityKey.header("X-User")))
                .build());
    }
}

package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.okhttp.rules.RequestMatch;
import io.lb4j.okhttp.rules.Route;
import io.lb4j.okhttp.rules.TrafficRules;
import io.lb4j.okhttp.rules.ValueMatch;
import io.lb4j.retry.HedgePolicy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import mockwebserver3.MockResponse;
import okhttp3.Cache;
import okhttp3.CacheControl;
import okhttp3.Call;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.EventListener;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Cookies, cache and authentication belong to the service, not to the instance. */
class CacheTest extends Fixture {

    @ParameterizedTest
    @EnumSource(Wire.class)
    void cache_hit_comesFromNobodyAndCountsForNobody(Wire wire, @TempDir Path directory) throws Exception {
        Backend a = backend("a", wire);
        a.answers(a.response(200).setHeader("Cache-Control", "max-age=600").build());
        Backend b = backend("b", wire);
        orders(a, b);
        LoadBalancedClient client =
                closing(lb(cached(wire, directory)).strategy(BY_TURNS).build());
        assertThat(body(client, get(wire))).isEqualTo("a");

        // Picked for b, answered from the cache, under the service's URL.
        assertThat(body(client, get(wire))).isEqualTo("a");

        assertThat(b.hits()).isZero();
        assertThat(a.hits()).isEqualTo(1);
        assertCounted(client, "a", 1, 0);
        assertCounted(client, "b", 0, 0);
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void cache_validatedByAnotherInstance_countsAsItsSuccess(Wire wire, @TempDir Path directory) throws Exception {
        Backend a = backend("a", wire);
        a.answers(a.response(200)
                .setHeader("Cache-Control", "no-cache")
                .setHeader("ETag", "1")
                .build());
        Backend b = backend("b", wire);
        b.answers(new MockResponse.Builder().code(304).build());
        orders(a, b);
        LoadBalancedClient client =
                closing(lb(cached(wire, directory)).strategy(BY_TURNS).build());
        assertThat(body(client, get(wire))).isEqualTo("a");

        assertThat(body(client, get(wire))).isEqualTo("a");

        assertThat(b.requests().get(0).getHeaders().get("If-None-Match")).isEqualTo("1");
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void cache_onlyIfCachedAndNothingThere_countsAgainstNobodyAndIsNotRetried(@TempDir Path directory)
            throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = closing(lb(cached(Wire.H1, directory)).build());

        try (Response response = client.newCall(get(Wire.H1)
                        .newBuilder()
                        .cacheControl(CacheControl.FORCE_CACHE)
                        .build())
                .execute()) {
            assertThat(response.code()).isEqualTo(504);
        }
        assertCounted(client, "a", 0, 0);
        assertCounted(client, "b", 0, 0);
    }

    @Test
    void cache_hit_needsNoInstance(@TempDir Path directory) throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(a.response(200).setHeader("Cache-Control", "max-age=600").build());
        orders(a);
        LoadBalancedClient client = closing(lb(cached(Wire.H1, directory)).build());
        Request request = get(Wire.H1);
        assertThat(body(client, request)).isEqualTo("a");
        a.close();

        try (Response response = client.newCall(request).execute()) {
            assertThat(response.body().string()).isEqualTo("a");
            assertThat(response.request()).isSameAs(request);
            assertThat(response.networkResponse()).isNull();
        }
        assertCounted(client, "a", 1, 0);
    }

    @Test
    void cache_unsafeMethodOnAnotherInstance_invalidates(@TempDir Path directory) throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(a.response(200).setHeader("Cache-Control", "max-age=600").build());
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client =
                closing(lb(cached(Wire.H1, directory)).strategy(BY_TURNS).build());
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");

        assertThat(body(client, RetryTest.post(Wire.H1, Bodies.oneShot()))).isEqualTo("b");

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(a.hits()).isEqualTo(2);
    }

    @Test
    void cache_answersThatVary_areKeptForTheirHeader(@TempDir Path directory) throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(a.response(200)
                .setHeader("Cache-Control", "max-age=600")
                .setHeader("Vary", "Accept-Language")
                .build());
        orders(a);
        LoadBalancedClient client = closing(lb(cached(Wire.H1, directory)).build());
        Request english =
                get(Wire.H1).newBuilder().header("Accept-Language", "en").build();
        body(client, english);
        body(client, english);
        assertThat(a.hits()).isEqualTo(1);
        body(client, get(Wire.H1).newBuilder().header("Accept-Language", "de").build());
        assertThat(a.hits()).isEqualTo(2);
    }

    @Test
    void cache_offForAService_isNeitherReadNorFilled(@TempDir Path directory) throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(a.response(200).setHeader("Cache-Control", "max-age=600").build());
        orders(a);
        OkHttpClient base = cached(Wire.H1, directory);
        LoadBalancedClient client =
                closing(lb(base).service("orders", each -> each.cache(false)).build());
        body(client, get(Wire.H1));
        body(client, get(Wire.H1));
        assertThat(a.hits()).isEqualTo(2);
        assertThat(base.cache().writeSuccessCount()).isZero();
    }

    @Test
    void cache_withHedging_answersBeforeAnybodyIsAsked(@TempDir Path directory) throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(a.response(200).setHeader("Cache-Control", "max-age=600").build());
        orders(a, backend("b", Wire.H1));
        LoadBalancedClient client = closing(lb(cached(Wire.H1, directory))
                .service("orders", each -> each.hedge(HedgePolicy.defaults()))
                .build());
        body(client, get(Wire.H1));
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(a.hits()).isEqualTo(1);
        assertCounted(client, "a", 1, 0);
    }

    @Test
    void cache_afterARetry_keepsWhatTheSecondInstanceAnswered(@TempDir Path directory) throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(500);
        Backend b = backend("b", Wire.H1);
        b.answers(b.response(200).setHeader("Cache-Control", "max-age=600").build());
        orders(a, b);
        LoadBalancedClient client = closing(lb(cached(Wire.H1, directory)).build());
        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertThat(a.hits()).isEqualTo(1);
        assertThat(b.hits()).isEqualTo(1);
    }

    @Test
    void cache_whileInstancesDiffer_keepsWhatCameByTlsOnly(@TempDir Path directory) throws Exception {
        Backend tls = backend("tls", Wire.H1_TLS);
        tls.answers(tls.response(200).setHeader("Cache-Control", "max-age=600").build());
        Backend plain = backend("plain", Wire.H1);
        plain.answers(
                plain.response(200).setHeader("Cache-Control", "max-age=600").build());
        orders(tls, plain);
        LoadBalancedClient client =
                closing(lb(cached(Wire.H1_TLS, directory)).strategy(BY_TURNS).build());

        assertThat(body(client, get(Wire.H1))).as("kept from TLS").isEqualTo("tls");
        assertThat(body(client, get(Wire.H1))).as("a hit").isEqualTo("tls");
        assertThat(plain.hits()).isZero();

        body(client, RetryTest.post(Wire.H1, Bodies.oneShot()));
        assertThat(plain.hits()).as("changed without TLS").isEqualTo(1);
        body(client, get(Wire.H1));
        assertThat(tls.hits()).isEqualTo(2);

        Request other = new Request.Builder().url("http://orders/other").build();
        assertThat(body(client, other)).as("came without TLS, not kept").isEqualTo("plain");
        assertThat(body(client, other)).isEqualTo("tls");
        assertThat(body(client, other)).as("kept").isEqualTo("tls");
        assertThat(tls.hits()).isEqualTo(3);
    }

    @Test
    void cache_hitWhereAnotherServiceRedirectsTo_countsForNobody(@TempDir Path directory) throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(a.response(200).setHeader("Cache-Control", "max-age=600").build());
        Backend billing = backend("billing", Wire.H1);
        billing.answers(redirect(302, "http://orders/path"));
        orders(a);
        discovery.set("billing", billing.instance());
        LoadBalancedClient client = closing(lb(cached(Wire.H1, directory)).build());
        Request redirected = new Request.Builder().url("http://billing/").build();
        assertThat(body(client, redirected)).isEqualTo("a");
        assertThat(body(client, redirected)).isEqualTo("a");
        assertThat(a.hits()).isEqualTo(1);
        assertCounted(client, "a", 1, 0);

        // Not even one that is there to be picked is needed.
        orders();
        assertThat(body(client, redirected)).isEqualTo("a");
    }

    @Test
    void cache_hit_neitherWaitsForAnInstanceThatIsFullNorTakesItsRoom(@TempDir Path directory) throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(a.response(200).setHeader("Cache-Control", "max-age=600").build());
        orders(a);
        LoadBalancedClient client = closing(lb(cached(Wire.H1, directory))
                .defaults(s -> s.concurrencyLimit(ConcurrencyLimit.fixed(1)))
                .build());
        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        try (Response busy = client.newCall(
                        new Request.Builder().url("http://orders/other").build())
                .execute()) {
            assertThat(body(client, get(Wire.H1))).isEqualTo("a");
            try (Response hit = client.newCall(get(Wire.H1)).execute()) {
                assertThat(report(client, "a").inFlight()).isEqualTo(1);
                assertThat(hit.cacheResponse()).isNotNull();
            }
            assertThat(busy.code()).isEqualTo(200);
        }
        assertCounted(client, "a", 2, 0);
    }

    @Test
    void cache_ofCallsThatRulesSendElsewhere_isKeptByWhereTheyGo(@TempDir Path directory) throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(a.response(200).setHeader("Cache-Control", "max-age=600").build());
        Backend canary = backend("canary", Wire.H1);
        canary.answers(
                canary.response(200).setHeader("Cache-Control", "max-age=600").build());
        orders(a);
        discovery.set("orders-canary", canary.instance());
        LoadBalancedClient client = closing(lb(cached(Wire.H1, directory))
                .rules(TrafficRules.builder()
                        .route(Route.named("canary")
                                .match(RequestMatch.builder()
                                        .header("X-Canary", ValueMatch.is("yes"))
                                        .build())
                                .service("orders-canary")
                                .build())
                        .build())
                .build());
        Request few = get(Wire.H1).newBuilder().header("X-Canary", "yes").build();
        for (int i = 0; i < 2; i++) {
            assertThat(body(client, get(Wire.H1))).isEqualTo("a");
            assertThat(body(client, few)).isEqualTo("canary");
        }
        try (Response hit = client.newCall(few).execute()) {
            assertThat(hit.request().url()).hasToString("http://orders/path");
        }
        assertThat(a.hits()).isEqualTo(1);
        assertThat(canary.hits()).isEqualTo(1);
    }

    @Test
    void answerWithoutBody_ofAFurtherAttempt_isCounted() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(500);
        Backend b = backend("b", Wire.H1);
        b.answers(new MockResponse.Builder().code(204).build());
        orders(a, b);
        LoadBalancedClient client = lb(Wire.H1);

        client.newCall(get(Wire.H1)).execute().close();

        assertCounted(client, "b", 1, 0);
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void cookies_setByOneInstance_areSentToAnother(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        a.answers(a.response(200).setHeader("Set-Cookie", "session=1").build());
        Backend b = backend("b", wire);
        orders(a, b);
        Map<String, List<Cookie>> jar = new ConcurrentHashMap<>();
        OkHttpClient base = base(wire)
                .cookieJar(new CookieJar() {
                    @Override
                    public void saveFromResponse(HttpUrl url, List<Cookie> cookies) {
                        jar.put(url.host(), cookies);
                    }

                    @Override
                    public List<Cookie> loadForRequest(HttpUrl url) {
                        return jar.getOrDefault(url.host(), List.of());
                    }
                })
                .build();
        LoadBalancedClient client = closing(lb(base).strategy(BY_TURNS).build());

        body(client, get(wire));
        body(client, get(wire));

        assertThat(jar).containsOnlyKeys("orders");
        assertThat(b.requests().get(0).getHeaders().get("Cookie")).isEqualTo("session=1");
    }

    @Test
    void authenticator_challengeOfAnInstance_isAnsweredThere() throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(request -> request.getHeaders().get("Authorization") == null ? a.named(401) : a.named(200));
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        OkHttpClient base = base(Wire.H1)
                .authenticator((route, response) -> response.request()
                        .newBuilder()
                        .header("Authorization", "secret")
                        .build())
                .build();
        LoadBalancedClient client = closing(lb(base).strategy(BY_TURNS).build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
        assertThat(a.hits()).isEqualTo(2);
        assertCounted(client, "a", 1, 0);
    }

    @Test
    void events_ofFirstAndFurtherAttempts_goToTheBasesListeners() throws Exception {
        orders(backend("a", Wire.H1).answersStatus(500), backend("b", Wire.H1));
        List<String> events = Collections.synchronizedList(new ArrayList<>());
        OkHttpClient base = base(Wire.H1)
                .eventListenerFactory(call -> new EventListener() {
                    @Override
                    public void callStart(Call started) {
                        events.add("start");
                    }

                    @Override
                    public void callEnd(Call ended) {
                        events.add("end");
                    }

                    @Override
                    public void callFailed(Call failed, IOException e) {
                        events.add("failed");
                    }
                })
                .build();
        LoadBalancedClient client = closing(lb(base).build());

        body(client, get(Wire.H1));

        assertThat(events).containsExactly("start", "start", "end", "end");
    }

    private OkHttpClient cached(Wire wire, Path directory) {
        return base(wire)
                .cache(closing(new Cache(directory.toFile(), 1_000_000)))
                .build();
    }
}

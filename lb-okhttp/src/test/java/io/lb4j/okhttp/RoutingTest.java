package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.NoEligibleInstanceException;
import io.lb4j.NoSuchServiceException;
import io.lb4j.ServiceInstance;
import io.lb4j.Subset;
import io.lb4j.okhttp.rules.Mirror;
import io.lb4j.okhttp.rules.RequestMatch;
import io.lb4j.okhttp.rules.Route;
import io.lb4j.okhttp.rules.RouteLoopException;
import io.lb4j.okhttp.rules.RouteReport;
import io.lb4j.okhttp.rules.TrafficRules;
import io.lb4j.okhttp.rules.ValueMatch;
import io.lb4j.retry.HedgePolicy;
import io.lb4j.retry.RetryPolicy;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import okhttp3.Cache;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.BufferedSink;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rules in force in a client, over real servers. */
class RoutingTest extends Fixture {
    private static final MediaType TEXT = MediaType.get("text/plain");

    @TempDir
    Path temp;

    private static TrafficRules rules(Route... routes) {
        TrafficRules.Builder rules = TrafficRules.builder();
        for (Route each : routes) {
            rules.route(each);
        }
        return rules.build();
    }

    private static Route.Builder toBilling() {
        return Route.named("to billing")
                .match(RequestMatch.builder().pathPrefix("/invoices").build())
                .service("billing");
    }

    private LoadBalancedClient with(OkHttpClient base, Route... routes) {
        return closing(lb(base).rules(rules(routes)).build());
    }

    private void billing(Backend... all) {
        ServiceInstance[] instances = new ServiceInstance[all.length];
        for (int i = 0; i < all.length; i++) {
            instances[i] = all[i].instance();
        }
        discovery.set("billing", instances);
    }

    private static ServiceInstance tagged(Backend backend, String name, String value) {
        return backend.instance().toBuilder().metadata(Map.of(name, value)).build();
    }

    private static Request to(String url) {
        return new Request.Builder().url(url).build();
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void route_toAnotherService_isThatServicesCallAndTheCallersAnswer(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        Backend b = backend("b", wire);
        orders(a);
        billing(b);
        LoadBalancedClient client = with(
                base(wire).build(),
                toBilling()
                        .rewritePrefix("/v2")
                        .setHeader("X-From", "orders")
                        .removeHeader("X-Old")
                        .build());

        Request request = to(wire.url("orders:81/invoices/7?x=1"))
                .newBuilder()
                .header("X-Old", "1")
                .build();
        try (Response response = client.newCall(request).execute()) {
            assertThat(response.body().string()).isEqualTo("b");
            assertThat(response.request()).isSameAs(request);
        }
        assertThat(a.hits()).isZero();
        RecordedRequest sent = b.takeRequest();
        assertThat(sent.getTarget()).isEqualTo("/v2/7?x=1");
        assertThat(sent.getHeaders().get(wire.isH2() ? ":authority" : "Host")).isEqualTo("billing");
        assertThat(sent.getHeaders().get("X-From")).isEqualTo("orders");
        assertThat(sent.getHeaders().get("X-Old")).isNull();
        // The certificate is for the service that it went to.
        if (wire.tls) {
            assertThat(sent.getHandshakeServerNames()).containsExactly("billing");
        }
        assertThat(body(client, to(wire.url("orders/other")))).isEqualTo("a");
    }

    @Test
    void routes_severalMatch_theFirstApplies() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        orders(a);
        billing(b);
        LoadBalancedClient client = with(
                base(Wire.H1).build(),
                Route.named("stays")
                        .match(RequestMatch.builder().path("/invoices/here").build())
                        .build(),
                toBilling().build());

        assertThat(body(client, to("http://orders/invoices/here"))).isEqualTo("a");
        assertThat(body(client, to("http://orders/invoices/there"))).isEqualTo("b");
        assertThat(client.routes().stream().map(RouteReport::calls)).containsExactly(1L, 1L);
    }

    @Test
    void subset_ofTaggedInstances_getsItsCallsAndRetriesStayThere() throws Exception {
        Backend plain = backend("plain", Wire.H1);
        Backend video = backend("video", Wire.H1).answersStatus(500);
        Backend video2 = backend("video2", Wire.H1);
        discovery.set("orders", plain.instance(), tagged(video, "kind", "video"), tagged(video2, "kind", "video"));
        LoadBalancedClient client = with(
                base(Wire.H1).build(),
                Route.named("videos")
                        .match(RequestMatch.builder().contentType("video/*").build())
                        .subset(Subset.of("kind", "video"))
                        .build());

        Request upload = new Request.Builder()
                .url("http://orders/x")
                .put(RequestBody.create("", MediaType.get("video/mp4")))
                .build();
        assertThat(body(client, upload)).isEqualTo("video2");
        assertThat(video.hits()).isEqualTo(1);
        assertThat(plain.hits()).isZero();
        assertThat(body(client, to("http://orders/x"))).isEqualTo("plain");
        // The same instance, the same counts: a subset is no service of its own.
        assertCounted(client, "video", 1, 1);
    }

    @Test
    void subset_empty_isAnErrorThatNamesItOrItsFallback() throws Exception {
        Backend a = backend("a", Wire.H1);
        discovery.set("orders", tagged(a, "version", "7"));
        Route.Builder canary = Route.named("canary");
        LoadBalancedClient failing = with(
                base(Wire.H1).build(), canary.subset(Subset.of("version", "8")).build());
        LoadBalancedClient any = with(
                base(Wire.H1).build(),
                canary.subset(Subset.of("version", "8").orAnyInstance()).build());
        LoadBalancedClient other = with(
                base(Wire.H1).build(),
                canary.subset(Subset.of("version", "8").orElse(Map.of("version", "7")))
                        .build());

        assertThatThrownBy(() -> body(failing, to("http://orders/")))
                .isInstanceOf(ServiceUnavailableException.class)
                .hasCauseInstanceOf(NoEligibleInstanceException.class)
                .hasMessageContaining("subset version=8")
                .hasMessageContaining("their version: [7]")
                .hasMessageContaining("route 'canary'");
        assertThat(body(any, to("http://orders/"))).isEqualTo("a");
        assertThat(body(other, to("http://orders/"))).isEqualTo("a");
        assertThat(any.explain(to("http://orders/")).toString()).contains("which is empty");
    }

    @Test
    void subset_ownStrategy_choosesThereAndNowhereElse() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = with(
                base(Wire.H1).build(),
                Route.named("spread")
                        .match(RequestMatch.builder().path("/spread").build())
                        .strategy(BY_TURNS)
                        .build());

        Set<String> spread = new TreeSet<>();
        Set<String> usual = new TreeSet<>();
        for (int i = 0; i < 4; i++) {
            spread.add(body(client, to("http://orders/spread")));
            usual.add(body(client, to("http://orders/")));
        }
        assertThat(spread).containsExactly("a", "b");
        assertThat(usual).containsExactly("a");
    }

    @Test
    void target_unknownToDiscovery_isNamedWithItsRoute() {
        LoadBalancedClient client = with(
                base(Wire.H1).build(), Route.named("astray").service("nowhere").build());
        client.balancer("nowhere");
        discovery.unknown("nowhere", "no such name");

        assertThatThrownBy(() -> body(client, to("http://orders/")))
                .isInstanceOf(ServiceUnavailableException.class)
                .hasCauseInstanceOf(NoSuchServiceException.class)
                .hasMessageContaining("nowhere")
                .hasMessageContaining("route 'astray'");
    }

    @Test
    void target_thatIsNoService_isRefusedWhenTheClientIsBuilt() {
        LoadBalancedClient.Builder builder = lb(base(Wire.H1).build())
                .rules(rules(Route.named("out").service("api.example.com").build()));

        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("routes[0] 'out': service: 'api.example.com'")
                .hasMessageContaining("Builder.service");
    }

    @Test
    void loop_ofRoutesWithConditions_failsTheCallAndNamesThem() {
        LoadBalancedClient client = with(
                base(Wire.H1).build(),
                Route.named("there")
                        .match(RequestMatch.builder()
                                .service("orders")
                                .pathPrefix("/x")
                                .build())
                        .service("billing")
                        .build(),
                Route.named("back")
                        .match(RequestMatch.builder()
                                .service("billing")
                                .pathPrefix("/x")
                                .build())
                        .service("orders")
                        .build());

        assertThatThrownBy(() -> body(client, to("http://orders/x/1")))
                .isInstanceOf(RouteLoopException.class)
                .hasMessageContaining("'there' to billing, 'back' to orders, 'there' to billing");
    }

    @Test
    void redirect_withinTheService_goesThroughTheRulesAgain() throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(request -> request.getTarget().equals("/old") ? redirect(302, "/invoices/1") : a.named(200));
        Backend b = backend("b", Wire.H1);
        orders(a);
        billing(b);
        for (boolean child : new boolean[] {false, true}) {
            LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                    .rules(rules(toBilling().build()))
                    .defaults(settings -> settings.attemptTimeout(child ? Duration.ofSeconds(5) : null))
                    .build());
            try (Response response = client.newCall(to("http://orders/old")).execute()) {
                assertThat(response.body().string()).isEqualTo("b");
                assertThat(response.request().url().toString()).isEqualTo("http://orders/invoices/1");
            }
            assertIdle(client);
        }
        assertThat(a.hits()).isEqualTo(2);
    }

    @Test
    void redirect_toAServiceThatIsRouted_isRoutedToo() throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(redirect(302, "http://old-billing/invoices/1"));
        Backend b = backend("b", Wire.H1);
        orders(a);
        billing(b);
        LoadBalancedClient client = with(
                base(Wire.H1).build(),
                Route.named("moved")
                        .match(RequestMatch.builder().service("old-billing").build())
                        .service("billing")
                        .build());

        assertThat(body(client, to("http://orders/x"))).isEqualTo("b");
    }

    @Test
    void redirect_withinTheSubset_staysOnItsInstance() throws Exception {
        Backend plain = backend("plain", Wire.H1);
        Backend canary = backend("canary", Wire.H1);
        canary.answers(request -> request.getTarget().equals("/old") ? redirect(302, "/new") : canary.named(200));
        discovery.set("orders", plain.instance(), tagged(canary, "version", "canary"));
        LoadBalancedClient client = with(
                base(Wire.H1).build(),
                Route.named("canary").subset(Subset.of("version", "canary")).build());

        assertThat(body(client, to("http://orders/old"))).isEqualTo("canary");
        assertThat(canary.connections()).isEqualTo(1);
        assertThat(client.routes().get(0).calls()).isEqualTo(1);
    }

    @Test
    void cookies_ofARoutedCall_areTheCallersHosts() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        b.answers(request -> b.response(200)
                .addHeader("Set-Cookie", "plain=1")
                .addHeader("Set-Cookie", "everywhere=2; Path=/")
                .build());
        orders(a);
        billing(b);
        List<Cookie> kept = new ArrayList<>();
        List<HttpUrl> asked = new ArrayList<>();
        OkHttpClient base = base(Wire.H1)
                .cookieJar(new CookieJar() {
                    @Override
                    public void saveFromResponse(HttpUrl url, List<Cookie> cookies) {
                        asked.add(url);
                        kept.addAll(cookies);
                    }

                    @Override
                    public List<Cookie> loadForRequest(HttpUrl url) {
                        asked.add(url);
                        return kept.stream().filter(each -> each.matches(url)).toList();
                    }
                })
                .build();
        LoadBalancedClient client =
                with(base, toBilling().rewritePrefix("/v2/of").build());

        body(client, to("http://orders/invoices/7"));
        body(client, to("http://orders/invoices/7"));

        assertThat(asked).allSatisfy(each -> assertThat(each.toString()).isEqualTo("http://orders/invoices/7"));
        assertThat(b.requests().get(1).getHeaders().get("Cookie"))
                .contains("plain=1")
                .contains("everywhere=2");
    }

    @Test
    void terms_ofARoute_areThoseOfItsCallsOnly() throws Exception {
        Backend slow = backend("slow", Wire.H1);
        CountDownLatch never = new CountDownLatch(1);
        slow.answers(request -> {
            if (!request.getTarget().equals("/usual")) {
                try {
                    never.await(20, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            return slow.named(200);
        });
        orders(slow);
        LoadBalancedClient client = with(
                base(Wire.H1).build(),
                Route.named("one try")
                        .match(RequestMatch.builder().path("/try").build())
                        .attemptTimeout(Duration.ofMillis(60))
                        .retry(RetryPolicy.none())
                        .build(),
                Route.named("whole")
                        .match(RequestMatch.builder().path("/whole").build())
                        .callTimeout(Duration.ofMillis(60))
                        .build());

        assertThatThrownBy(() -> body(client, to("http://orders/try")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("PT0.06S");
        assertThat(slow.hits()).isEqualTo(1);
        // Not the read time-out, which is a subclass.
        assertThatThrownBy(() -> body(client, to("http://orders/whole")))
                .isExactlyInstanceOf(InterruptedIOException.class)
                .hasMessageContaining("timeout");
        assertThat(body(client, to("http://orders/usual"))).isEqualTo("slow");
        never.countDown();
    }

    @Test
    void hedge_routeWithout_isNotHedged() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        a.answers(a.response(200).headersDelay(150, TimeUnit.MILLISECONDS).build());
        orders(a, b);
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .defaults(settings -> settings.hedge(HedgePolicy.builder()
                        .initialDelay(Duration.ofMillis(10))
                        .minDelay(Duration.ofMillis(1))
                        .maxExtraLoad(1)
                        .build()))
                .rules(rules(Route.named("alone")
                        .match(RequestMatch.builder().path("/alone").build())
                        .hedge(false)
                        .build()))
                .build());

        assertThat(body(client, to("http://orders/alone"))).isEqualTo("a");
        assertThat(b.hits()).isZero();
        assertThat(body(client, to("http://orders/"))).isEqualTo("b");
    }

    @Test
    void mirror_ofCalls_isMarkedCountedAndOfNoConsequence() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend copies = backend("copies", Wire.H1).answersStatus(500);
        orders(a);
        discovery.set("shadow", copies.instance());
        LoadBalancedClient client = with(
                base(Wire.H1).build(),
                Route.named("m").mirror(Mirror.to("shadow")).build());

        Request post = new Request.Builder()
                .url("http://orders/p?q=1")
                .header("X-User", "u")
                .post(RequestBody.create("body", TEXT))
                .build();
        try (Response response = client.newCall(post).execute()) {
            assertThat(response.body().string()).isEqualTo("a");
        }
        RecordedRequest copy = copies.takeRequest();
        assertThat(copy.getTarget()).isEqualTo("/p?q=1");
        assertThat(copy.getHeaders().get("Host")).isEqualTo("shadow");
        assertThat(copy.getHeaders().get("X-User")).isEqualTo("u");
        assertThat(copy.getHeaders().get(MirrorCalls.HEADER)).isEqualTo("true");
        assertThat(copy.getBody()).isNotNull();
        assertThat(copy.getBody().utf8()).isEqualTo("body");
        assertThat(a.takeRequest().getHeaders().get(MirrorCalls.HEADER)).isNull();
        // A one-shot body is the call's own.
        Request once = post.newBuilder().post(new OneShot()).build();
        assertThat(body(client, once)).isEqualTo("a");
        RouteReport report = client.routes().get(0);
        assertThat(report.calls()).isEqualTo(2);
        assertThat(report.mirrored()).isEqualTo(1);
        assertThat(report.mirrorsDropped()).isEqualTo(1);
        assertThat(copies.hits()).isEqualTo(1);
    }

    private static final class OneShot extends RequestBody {
        @Override
        public MediaType contentType() {
            return TEXT;
        }

        @Override
        public boolean isOneShot() {
            return true;
        }

        @Override
        public void writeTo(BufferedSink sink) throws IOException {
            sink.writeUtf8("once");
        }
    }

    @Test
    void mirror_thatHangs_delaysNoCallAndIsBounded() throws Exception {
        Backend a = backend("a", Wire.H1);
        CountDownLatch end = new CountDownLatch(1);
        Backend hangs = backend("hangs", Wire.H1);
        hangs.answers(request -> {
            try {
                end.await(20, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return hangs.named(200);
        });
        orders(a);
        discovery.set("shadow", hangs.instance());
        LoadBalancedClient client = with(
                base(Wire.H1).build(),
                Route.named("m").mirror(Mirror.to("shadow")).build());

        int calls = MirrorCalls.MAX_UNDER_WAY + 10;
        for (int i = 0; i < calls; i++) {
            assertThat(body(client, to("http://orders/"))).isEqualTo("a");
        }
        assertThat(client.routes().get(0).mirrorsDropped()).isEqualTo(10);
        end.countDown();
        await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
            RouteReport report = client.routes().get(0);
            assertThat(report.mirrored()).isEqualTo(MirrorCalls.MAX_UNDER_WAY);
        });
    }

    @Test
    void mirror_toNobody_failsNoCall() throws Exception {
        Backend a = backend("a", Wire.H1);
        orders(a);
        LoadBalancedClient client = with(
                base(Wire.H1).build(),
                Route.named("m").mirror(Mirror.to("shadow")).build());
        client.balancer("shadow");
        discovery.unknown("shadow", "no such name");

        assertThat(body(client, to("http://orders/"))).isEqualTo("a");
        await().atMost(Duration.ofSeconds(5))
                .untilAsserted(() ->
                        assertThat(client.routes().get(0).mirrorFailures()).isEqualTo(1));
    }

    @Test
    void mirror_whoseCopyCantBeMade_failsNoCall() throws Exception {
        Backend a = backend("a", Wire.H1);
        orders(a);
        AtomicInteger asked = new AtomicInteger();
        OkHttpClient base = base(Wire.H1)
                .cookieJar(new CookieJar() {
                    @Override
                    public void saveFromResponse(HttpUrl url, List<Cookie> cookies) {}

                    @Override
                    public List<Cookie> loadForRequest(HttpUrl url) {
                        if (asked.getAndIncrement() == 0) {
                            throw new IllegalStateException("jar");
                        }
                        return List.of();
                    }
                })
                .build();
        LoadBalancedClient client =
                with(base, Route.named("m").mirror(Mirror.to("shadow")).build());

        assertThat(body(client, to("http://orders/"))).isEqualTo("a");
        assertThat(client.routes().get(0).mirrorsDropped()).isEqualTo(1);
    }

    @Test
    void cache_ofRoutedCalls_isOfWhereTheyWent() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        for (Backend each : List.of(a, b)) {
            each.answers(
                    each.response(200).setHeader("Cache-Control", "max-age=60").build());
        }
        orders(a);
        billing(b);
        Cache cache = closing(new Cache(temp.toFile(), 1 << 20));
        LoadBalancedClient client = with(
                base(Wire.H1).cache(cache).build(),
                Route.named("gold")
                        .match(RequestMatch.builder()
                                .header("X-Tier", ValueMatch.is("gold"))
                                .build())
                        .service("billing")
                        .build());
        Request plain = to("http://orders/x");
        Request gold = plain.newBuilder().header("X-Tier", "gold").build();

        for (int i = 0; i < 2; i++) {
            assertThat(body(client, plain)).isEqualTo("a");
            assertThat(body(client, gold)).isEqualTo("b");
        }
        assertThat(a.hits()).isEqualTo(1);
        assertThat(b.hits()).isEqualTo(1);
    }

    @Test
    void webSocket_isRoutedAsAnyCall() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        b.answers(new MockResponse.Builder()
                .webSocketUpgrade(new WebSocketListener() {
                    @Override
                    public void onOpen(WebSocket webSocket, Response response) {
                        webSocket.send("from b");
                    }
                })
                .build());
        orders(a);
        billing(b);
        LoadBalancedClient client = with(
                base(Wire.H1).build(),
                toBilling().callTimeout(Duration.ofMinutes(1)).build());

        LinkedBlockingQueue<String> said = new LinkedBlockingQueue<>();
        WebSocket socket = client.newWebSocket(to("http://orders/invoices/live"), new WebSocketListener() {
            @Override
            public void onMessage(WebSocket webSocket, String text) {
                said.add(text);
            }

            @Override
            public void onFailure(WebSocket webSocket, Throwable t, Response response) {
                said.add(t.toString());
            }
        });
        assertThat(said.poll(10, TimeUnit.SECONDS)).isEqualTo("from b");
        socket.cancel();
    }

    @Test
    void interceptorAbove_seesTheCallersRequestAndAnswer() throws Exception {
        Backend b = backend("b", Wire.H1);
        billing(b);
        orders();
        List<String> seen = new ArrayList<>();
        OkHttpClient base = base(Wire.H1)
                .addInterceptor(chain -> {
                    Response response = chain.proceed(chain.request()
                            .newBuilder()
                            .header("X-Tier", "gold")
                            .build());
                    seen.add(response.request().url().toString());
                    return response;
                })
                .build();
        LoadBalancedClient client = with(
                base,
                Route.named("gold")
                        .match(RequestMatch.builder()
                                .header("X-Tier", ValueMatch.is("gold"))
                                .build())
                        .service("billing")
                        .build());

        assertThat(body(client, to("http://orders/x"))).isEqualTo("b");
        assertThat(seen).containsExactly("http://orders/x");
    }

    @Test
    void explain_namesTheRouteWhyOthersDontAndTheInstances() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        orders(a);
        discovery.set("billing", tagged(b, "version", "2"), a.instance());
        LoadBalancedClient client = with(
                base(Wire.H1).build(),
                Route.named("gold")
                        .match(RequestMatch.builder()
                                .header("X-Tier", ValueMatch.is("gold"))
                                .build())
                        .build(),
                toBilling().rewritePrefix("/").subset(Subset.of("version", "2")).build());
        body(client, to("http://orders/invoices/7"));

        RequestExplanation explanation = client.explain(to("http://orders/invoices/7"));
        assertThat(explanation.routes()).containsExactly("to billing");
        assertThat(explanation.request().url().toString()).isEqualTo("http://billing/7");
        assertThat(explanation.toString())
                .contains("route 0 'gold': header X-Tier is 'gold' doesn't hold: none")
                .contains("route 1 'to billing': matches")
                .contains("http://orders/invoices/7 becomes http://billing/7")
                .contains("billing within subset version=2 by")
                .contains("OTHER_SUBSET")
                .contains("a call like this goes to b");
    }
}

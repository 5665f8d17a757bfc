package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceInstance;
import io.lb4j.okhttp.rules.Firewall;
import io.lb4j.okhttp.rules.FirewallRule;
import io.lb4j.okhttp.rules.Mirror;
import io.lb4j.okhttp.rules.RateLimit;
import io.lb4j.okhttp.rules.RequestDeniedException;
import io.lb4j.okhttp.rules.RequestMatch;
import io.lb4j.okhttp.rules.Route;
import io.lb4j.okhttp.rules.TrafficRules;
import io.lb4j.okhttp.rules.TrafficRulesFile;
import io.lb4j.retry.HedgePolicy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import okhttp3.Cache;
import okhttp3.Headers;
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

/** A firewall in force in a client, over real servers: what it denies doesn't leave the process. */
class FirewallCallsTest extends Fixture {
    private LoadBalancedClient with(OkHttpClient base, Firewall firewall, Route... routes) {
        TrafficRules.Builder rules = TrafficRules.builder().firewall(firewall);
        for (Route each : routes) {
            rules.route(each);
        }
        return closing(lb(base).rules(rules.build()).build());
    }

    private static Firewall rule(FirewallRule.Builder rule) {
        return Firewall.builder().rule(rule.build()).build();
    }

    private static void assertDenied(LoadBalancedClient client, Request request, String rule) {
        assertThatThrownBy(() -> client.newCall(request).execute().close())
                .isInstanceOfSatisfying(
                        RequestDeniedException.class, e -> assertThat(e.rule()).isEqualTo(rule));
    }

    private static Request to(String url) {
        return new Request.Builder().url(url).build();
    }

    /** Bytes without a length, or with a wrong one, as often as they are asked for. */
    private static final class Flood extends RequestBody {
        private final long saidLength;
        private final boolean swallows;

        Flood(long saidLength, boolean swallows) {
            this.saidLength = saidLength;
            this.swallows = swallows;
        }

        @Override
        public MediaType contentType() {
            return MediaType.get("text/plain");
        }

        @Override
        public long contentLength() {
            return saidLength;
        }

        @Override
        public void writeTo(BufferedSink sink) throws IOException {
            try {
                for (int i = 0; i < 100; i++) {
                    sink.writeUtf8("x".repeat(10_000)).flush();
                }
            } catch (IOException e) {
                if (!swallows) {
                    throw e;
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void call_thatIsDenied_makesNoConnection(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        orders(a);
        LoadBalancedClient client =
                with(base(wire).build(), rule(FirewallRule.named("no admin").denyPaths("/admin")));

        assertDenied(client, to(wire.url("orders/x/..%2fadmin")), "no admin");
        assertThat(a.connections()).isZero();
        assertThat(client.denials()).containsEntry("no admin", 1L);
        assertThat(client.explain(to(wire.url("orders/admin"))).rules().get(0)).contains("no admin");
        assertThat(body(client, to(wire.url("orders/x")))).isEqualTo("a");
        assertCounted(client, "a", 1, 0);
    }

    @Test
    void call_toAnotherHost_makesNoConnection() throws Exception {
        Backend other = backend("other", Wire.H1);
        orders(backend("a", Wire.H1));
        LoadBalancedClient client =
                with(base(Wire.H1).build(), Firewall.builder().hosts("orders").build());

        for (String host : new String[] {"localhost", "127.0.0.1", "127.1", "0x7f.0.0.1", "[::ffff:127.0.0.1]"}) {
            assertDenied(client, to("http://" + host + ":" + other.port() + "/"), "hosts");
        }
        assertThat(other.connections()).isZero();
    }

    @Test
    void redirect_toAnotherHost_makesNoConnectionAndBlamesNobody() throws Exception {
        Backend other = backend("other", Wire.H1);
        Backend a = backend("a", Wire.H1).answers(redirect(307, "http://127.0.0.1:" + other.port() + "/"));
        orders(a);
        LoadBalancedClient client =
                with(base(Wire.H1).build(), Firewall.builder().hosts("orders").build());

        assertDenied(client, to("http://orders/"), "hosts");
        assertThat(other.connections()).isZero();
        assertCounted(client, "a", 1, 0);
    }

    @Test
    void redirect_ofAnAllowedOtherHost_isDeniedWithoutAConnection() throws Exception {
        Backend inner = backend("inner", Wire.H1);
        Backend outer = backend("outer", Wire.H1).answers(redirect(307, "http://127.0.0.1:" + inner.port() + "/"));
        LoadBalancedClient client = with(
                base(Wire.H1).build(), Firewall.builder().hosts("localhost").build());

        assertDenied(client, to("http://localhost:" + outer.port() + "/"), "hosts");
        assertThat(inner.connections()).isZero();
    }

    @Test
    void redirect_withinTheServiceOrToAnother_isDenied() throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(request -> redirect(307, request.getTarget().equals("/1") ? "/admin" : "http://billing/admin"));
        Backend b = backend("b", Wire.H1);
        orders(a);
        discovery.set("billing", b.instance());
        LoadBalancedClient client =
                with(base(Wire.H1).build(), rule(FirewallRule.named("no admin").denyPaths("/admin")));

        assertDenied(client, to("http://orders/1"), "no admin");
        assertDenied(client, to("http://orders/2"), "no admin");
        assertThat(a.hits()).isEqualTo(2);
        assertThat(b.connections()).isZero();
    }

    @Test
    void redirect_ofAWebSocket_isDenied() throws Exception {
        Backend other = backend("other", Wire.H1);
        orders(backend("a", Wire.H1).answers(redirect(307, "http://127.0.0.1:" + other.port() + "/")));
        LoadBalancedClient client =
                with(base(Wire.H1).build(), Firewall.builder().hosts("orders").build());
        CompletableFuture<WebSocket> opened = new CompletableFuture<>();

        client.newWebSocket(to("http://orders/"), new WebSocketListener() {
            @Override
            public void onFailure(WebSocket socket, Throwable error, Response response) {
                opened.completeExceptionally(error);
            }
        });

        assertThatThrownBy(() -> opened.get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(RequestDeniedException.class);
        assertThat(other.connections()).isZero();
    }

    @Test
    void interceptor_inAClientOfTheUsers_deniesRedirectsToo() throws Exception {
        Backend other = backend("other", Wire.H1);
        orders(backend("a", Wire.H1).answers(redirect(307, "http://127.0.0.1:" + other.port() + "/")));
        OkHttpClient base = base(Wire.H1).build();
        LoadBalancedClient client =
                with(base, Firewall.builder().hosts("orders").build());
        OkHttpClient theirs =
                base.newBuilder().addInterceptor(client.interceptor()).build();

        assertThatThrownBy(() -> theirs.newCall(to("http://orders/")).execute().close())
                .isInstanceOf(RequestDeniedException.class);
        assertThat(other.connections()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void body_thatGrowsTooLarge_isBrokenOffAndBlamesNobody(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        orders(a);
        LoadBalancedClient client =
                with(base(wire).build(), rule(FirewallRule.named("small").maxBodyBytes(50_000)));

        for (boolean swallows : new boolean[] {false, true}) {
            Request request =
                    get(wire).newBuilder().post(new Flood(-1, swallows)).build();
            assertDenied(client, request, "small");
        }
        assertThat(a.requests()).as("whole requests").isEmpty();
        assertThat(client.denials()).containsEntry("small", 2L);
        assertIdle(client);
        assertThat(report(client, "a").failures()).isZero();
        assertThat(body(
                        client,
                        get(wire)
                                .newBuilder()
                                .post(RequestBody.create("x".repeat(50_000), null))
                                .build()))
                .isEqualTo("a");
    }

    @Test
    void call_thatARouteMakesAnother_isCheckedAsItIsSent() throws Exception {
        Backend a = backend("a", Wire.H1);
        orders(a);
        LoadBalancedClient client = with(
                base(Wire.H1).build(),
                rule(FirewallRule.named("no admin").denyPaths("/admin")),
                Route.named("inside").rewritePath("/admin").build());

        assertDenied(client, to("http://orders/x"), "no admin");
        assertThat(a.connections()).isZero();
    }

    @Test
    void header_thatANetworkInterceptorAdds_isCheckedBeforeItIsSent() throws Exception {
        Backend a = backend("a", Wire.H1);
        orders(a);
        OkHttpClient base = base(Wire.H1)
                .addNetworkInterceptor(chain -> chain.proceed(chain.request()
                        .newBuilder()
                        .header("X-HTTP-Method-Override", "DELETE")
                        .build()))
                .build();
        LoadBalancedClient client =
                with(base, rule(FirewallRule.named("no deletes").denyMethods("DELETE")));

        assertDenied(client, to("http://orders/x"), "no deletes");
        assertThat(a.hits()).isZero();
        assertIdle(client);
        assertThat(report(client, "a").failures()).isZero();
    }

    @Test
    void rate_ofCalls_countsNoAttempts() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(503);
        Backend b = backend("b", Wire.H1);
        orders(a, b);
        LoadBalancedClient client = with(
                base(Wire.H1).build(),
                rule(FirewallRule.named("slow").rateLimit(RateLimit.of(2, Duration.ofHours(1)))));

        assertThat(body(client, to("http://orders/"))).isEqualTo("b");
        assertThat(body(client, to("http://orders/"))).isEqualTo("b");
        assertDenied(client, to("http://orders/"), "slow");
        assertThat(b.hits()).isEqualTo(2);
    }

    @Test
    void redirect_thatAFurtherAttemptAnswersWith_isDeniedAndNotRetried() throws Exception {
        Backend other = backend("other", Wire.H1);
        Backend a = backend("a", Wire.H1).answersStatus(503);
        Backend b = backend("b", Wire.H1).answers(redirect(307, "http://127.0.0.1:" + other.port() + "/"));
        Backend c = backend("c", Wire.H1);
        orders(a, b, c);
        LoadBalancedClient client =
                with(base(Wire.H1).build(), Firewall.builder().hosts("orders").build());

        assertDenied(client, to("http://orders/"), "hosts");
        assertThat(other.connections()).isZero();
        assertThat(c.connections()).isZero();
        assertCounted(client, "b", 1, 0);
        assertThat(client.denials()).containsEntry("hosts", 1L);
    }

    @Test
    void redirect_thatAHedgeAnswersWith_isDeniedAndLeavesTheCallToTheOther() throws Exception {
        Backend other = backend("other", Wire.H1);
        Backend a = backend("a", Wire.H1);
        CountDownLatch over = new CountDownLatch(1);
        a.answers(request -> {
            try {
                over.await(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return a.named(200);
        });
        Backend b = backend("b", Wire.H1).answers(redirect(307, "http://127.0.0.1:" + other.port() + "/"));
        orders(a, b);
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .defaults(settings -> settings.hedge(HedgePolicy.builder()
                        .initialDelay(Duration.ofMillis(20))
                        .maxExtraLoad(1)
                        .build()))
                .rules(TrafficRules.builder()
                        .firewall(Firewall.builder().hosts("orders").build())
                        .build())
                .build());

        CompletableFuture<String> answer = CompletableFuture.supplyAsync(() -> {
            try {
                return body(client, to("http://orders/"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        await().untilAsserted(() -> assertThat(client.denials()).containsEntry("hosts", 1L));
        over.countDown();

        assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo("a");
        assertThat(other.connections()).isZero();
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void redirect_fromTheCache_isDeniedThoughItsTargetIsCachedToo(@TempDir Path directory) throws Exception {
        Backend a = backend("a", Wire.H1);
        a.answers(request -> (request.getTarget().equals("/x") ? redirect(307, "/admin") : a.named(200))
                .newBuilder()
                .setHeader("Cache-Control", "max-age=600")
                .build());
        orders(a);
        OkHttpClient base = base(Wire.H1)
                .cache(closing(new Cache(directory.toFile(), 1_000_000)))
                .build();
        assertThat(body(closing(lb(base).build()), to("http://orders/x"))).isEqualTo("a");
        int before = a.hits();
        LoadBalancedClient client =
                with(base, rule(FirewallRule.named("no admin").denyPaths("/admin")));

        assertDenied(client, to("http://orders/x"), "no admin");
        assertDenied(client, to("http://orders/admin"), "no admin");
        assertThat(a.hits()).isEqualTo(before);
    }

    @Test
    void webSocket_thatIsDenied_makesNoConnection() throws Exception {
        Backend a = backend("a", Wire.H1);
        orders(a);
        LoadBalancedClient client = with(
                base(Wire.H1).build(), rule(FirewallRule.named("no sockets").denyHeaders("Upgrade")));
        CompletableFuture<WebSocket> opened = new CompletableFuture<>();

        client.newWebSocket(to("http://orders/"), new WebSocketListener() {
            @Override
            public void onFailure(WebSocket socket, Throwable error, Response response) {
                opened.completeExceptionally(error);
            }
        });

        assertThatThrownBy(() -> opened.get(10, TimeUnit.SECONDS)).hasCauseInstanceOf(RequestDeniedException.class);
        assertThat(a.connections()).isZero();
    }

    @Test
    void mirror_thatIsDenied_makesNoConnectionAndHarmsNoCall() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend shadow = backend("shadow", Wire.H1);
        orders(a);
        discovery.set("shadow", shadow.instance());
        LoadBalancedClient client = with(
                base(Wire.H1).build(),
                rule(FirewallRule.named("no shadows").hosts("shadow").denyPaths("/x")),
                Route.named("mirrored").mirror(Mirror.to("shadow")).build());

        assertThat(body(client, to("http://orders/x"))).isEqualTo("a");
        await().untilAsserted(() ->
                assertThat(client.routes().get(0).mirrorFailures()).isEqualTo(1));
        assertThat(shadow.connections()).isZero();
        assertThat(client.denials()).containsEntry("no shadows", 1L);
    }

    @Test
    void mirror_ofACallThatIsDenied_isNotSent() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend shadow = backend("shadow", Wire.H1);
        orders(a);
        discovery.set("shadow", shadow.instance());
        LoadBalancedClient client = with(
                base(Wire.H1).build(),
                rule(FirewallRule.named("no admin").hosts("orders").denyPaths("/admin")),
                Route.named("mirrored")
                        .rewritePath("/admin")
                        .mirror(Mirror.to("shadow"))
                        .build());

        assertDenied(client, to("http://orders/x"), "no admin");
        assertThat(client.routes().get(0).mirrored()).isZero();
        assertThat(shadow.connections()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Wire.class)
    void body_thatIsTooLargeWhereARouteOrARedirectLeads_isBrokenOff(Wire wire) throws Exception {
        Backend a = backend("a", wire);
        Backend b = backend("b", wire);
        a.answers(redirect(307, wire.url("billing/x")));
        orders(a);
        discovery.set("billing", b.instance());
        LoadBalancedClient client = with(
                base(wire).build(),
                rule(FirewallRule.named("small").hosts("billing").maxBodyBytes(50_000)),
                Route.named("moved")
                        .match(RequestMatch.builder().path("/moved").build())
                        .service("billing")
                        .build());

        assertDenied(
                client,
                to(wire.url("orders/moved"))
                        .newBuilder()
                        .post(new Flood(-1, false))
                        .build(),
                "small");
        assertDenied(
                client,
                to(wire.url("orders/y")).newBuilder().post(new Flood(-1, false)).build(),
                "small");
        assertThat(b.requests()).as("whole requests").isEmpty();
    }

    @Test
    void body_thatIsDuplexAndGrowsTooLarge_endsTheCallWithTheNamedError() throws Exception {
        Backend a = backend("a", Wire.H2_PRIOR_KNOWLEDGE);
        orders(a);
        LoadBalancedClient client = with(
                base(Wire.H2_PRIOR_KNOWLEDGE).build(),
                rule(FirewallRule.named("small").maxBodyBytes(50_000)));
        CompletableFuture<BufferedSink> writer = new CompletableFuture<>();
        RequestBody duplex = new RequestBody() {
            @Override
            public MediaType contentType() {
                return MediaType.get("text/plain");
            }

            @Override
            public boolean isDuplex() {
                return true;
            }

            @Override
            public void writeTo(BufferedSink sink) {
                writer.complete(sink);
            }
        };
        CompletableFuture<Void> written = writer.thenAcceptAsync(sink -> {
            try {
                for (int i = 0; i < 100; i++) {
                    sink.writeUtf8("x".repeat(10_000)).flush();
                }
                throw new AssertionError("all of it was written");
            } catch (IOException e) {
                assertThat(e).isInstanceOf(RequestDeniedException.class);
            }
        });

        assertDenied(
                client, get(Wire.H2_PRIOR_KNOWLEDGE).newBuilder().post(duplex).build(), "small");
        written.get(10, TimeUnit.SECONDS);
        assertIdle(client);
        assertThat(report(client, "a").failures()).isZero();
        assertThat(client.denials()).containsEntry("small", 1L);
    }

    /** Two requests on one connection that a server would read as three, the second one of a denied path. */
    @Test
    void request_thatWouldSmuggleAnother_doesNotLeave() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            discovery.set(
                    "orders",
                    ServiceInstance.builder("127.0.0.1", server.getLocalPort())
                            .id("raw")
                            .build());
            LoadBalancedClient client = with(
                    base(Wire.H1).build(), rule(FirewallRule.named("no admin").denyPaths("/admin")));
            Request plain = to("http://orders/x");

            assertDenied(
                    client, plain.newBuilder().header("Content-Length", "170").build(), "form");
            assertDenied(
                    client,
                    plain.newBuilder()
                            .method("GET /admin HTTP/1.1\r\nHost: orders\r\n\r\nGET", null)
                            .build(),
                    "form");
            assertDenied(
                    client,
                    plain.newBuilder()
                            .headers(new Headers.Builder()
                                    .addUnsafeNonAscii("A", "a\r\n\r\nGET /admin HTTP/1.1")
                                    .build())
                            .build(),
                    "form");
            server.setSoTimeout(1);
            assertThatThrownBy(server::accept).isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void listener_hearsOfEveryDenialOnce_andMayThrow() throws Exception {
        orders(backend("a", Wire.H1).answers(redirect(307, "/admin")));
        List<String> heard = new CopyOnWriteArrayList<>();
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .rules(TrafficRules.builder()
                        .firewall(Firewall.builder()
                                .hosts("orders")
                                .rule(FirewallRule.named("no admin")
                                        .denyPaths("/admin")
                                        .build())
                                .rule(FirewallRule.named("small")
                                        .maxBodyBytes(10)
                                        .build())
                                .build())
                        .build())
                .denialListener((request, denial) -> {
                    throw new IllegalStateException("never mind");
                })
                .denialListener((request, denial) ->
                        heard.add(denial.rule() + " " + request.url().encodedPath()))
                .build());

        assertDenied(client, to("http://orders/admin"), "no admin");
        assertDenied(client, to("http://orders/x"), "no admin");
        assertDenied(client, to("http://example.com/y"), "hosts");
        assertDenied(
                client,
                to("http://orders/z").newBuilder().post(new Flood(-1, false)).build(),
                "small");

        assertThat(heard).containsExactly("no admin /admin", "no admin /admin", "hosts /y", "small /z");
        assertThat(client.denials())
                .containsEntry("no admin", 2L)
                .containsEntry("hosts", 1L)
                .containsEntry("small", 1L);
    }

    @Test
    void rules_fromAFileThatChanges_denyCallsThatBeginAfterwards(@TempDir Path directory) throws Exception {
        Backend a = backend("a", Wire.H1);
        orders(a);
        Path path = Files.writeString(directory.resolve("rules.json"), "{}");
        TrafficRulesFile file = closing(TrafficRulesFile.open(path));
        LoadBalancedClient client =
                closing(lb(base(Wire.H1).build()).rules(file).build());
        assertThat(body(client, to("http://orders/admin"))).isEqualTo("a");

        Files.writeString(path, "{\"firewall\": {\"rules\": [{\"name\": \"no admin\", \"denyPaths\": [\"/admin\"]}]}}");
        await().untilAsserted(() -> assertThat(client.denials()).containsKey("no admin"));
        assertDenied(client, to("http://orders/admin"), "no admin");

        Files.writeString(path, "{\"firewall\": {\"rules\": [{\"name\": \"no admin\", \"denyPath\": [\"/admin\"]}]}}");
        await().untilAsserted(() -> assertThat(file.trouble()).hasMessageContaining("denyPath: unknown field"));
        assertDenied(client, to("http://orders/admin"), "no admin");
    }
}

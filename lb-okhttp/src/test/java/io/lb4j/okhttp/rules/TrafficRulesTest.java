package io.lb4j.okhttp.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.Subset;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What rules make of requests, without a client. */
class TrafficRulesTest {
    private static final double CHI_SQUARE_ONE_IN_A_BILLION = 37.3;

    private static TrafficRules rules(Route... routes) {
        TrafficRules.Builder rules = TrafficRules.builder();
        Arrays.stream(routes).forEach(rules::route);
        return rules.build();
    }

    private static Request.Builder to(String url) {
        return new Request.Builder().url(url);
    }

    private static boolean matches(RequestMatch.Builder match, Request.Builder request) throws Exception {
        return rules(Route.named("r").match(match.build()).build()).decide(request.build()) != null;
    }

    private static String sentTo(Route route, String url) throws Exception {
        RouteDecision decision = rules(route).decide(to(url).build());
        return decision == null ? "unmatched" : decision.request().url().toString();
    }

    @ParameterizedTest
    @CsvSource({
        "/video, /video, true",
        "/video, /video/, true",
        "/video, /video/1, true",
        "/video, /videos, false",
        "/video/, /video/1, true",
        "/video/, /video, false",
        "/video, /Video, false",
        "/video, /%76ideo/1, true",
        "/%76ideo, /video/1, true",
        "/a%2fb, /a%2Fb/c, true",
        "/a/b, /a%2Fb, false",
        "/, /anything, true",
        "/video, /x/../video/1, true",
        "/video, /x/%2e%2e/video/1, true",
    })
    void pathPrefix_ofPaths_goesBySegments(String prefix, String path, boolean expected) throws Exception {
        assertThat(matches(RequestMatch.builder().pathPrefix(prefix), to("http://orders" + path)))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "/orders/{id}, /orders/7, true",
        "/orders/{id}, /orders/, false",
        "/orders/{id}, /orders, false",
        "/orders/{id}, /orders/7/items, false",
        "/orders/{id}, /orders/7/, false",
        "/orders/{id}/items, /orders/7/items, true",
        "/orders/{id}/{item}, /orders/7/8, true",
        "/files/{name...}, /files/a/b, true",
        "/files/{name...}, /files/, false",
        "/{a}, /%41, true",
        "/A/{a}, /%41/1, true",
        "/, /, true",
        "/, /a, false",
    })
    void pathTemplate_ofPaths_takesOneSegmentForAName(String template, String path, boolean expected) throws Exception {
        assertThat(PathTemplate.of(template).matches(path)).isEqualTo(expected);
        assertThat(PathTemplate.of(template).variables(path) != null).isEqualTo(expected);
        assertThat(matches(RequestMatch.builder().pathTemplate(template), to("http://orders" + path)))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "orders/{id}",
        "/orders/{id",
        "/orders/x{id}",
        "/orders/{}",
        "/{a}/{a}",
        "/{a...}/b",
        "/{a b}",
        "/a?b",
        "/a#b"
    })
    void pathTemplate_thatIsNone_isRefused(String template) {
        assertThatThrownBy(() -> PathTemplate.of(template))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("pathTemplate: '" + template + "' (expected: ");
    }

    @Test
    void conditions_allOfThem_mustHold() throws Exception {
        Request.Builder request = to("http://orders/a?q=x%20y&q=z&flag")
                .header("X-Tier", "gold-1")
                .header("Cookie", "a=\"1\"; user=7");
        assertThat(matches(
                        RequestMatch.builder()
                                .service("Orders")
                                .method("GET", "HEAD")
                                .path("/a")
                                .query("q", ValueMatch.is("x y"))
                                .query("other", ValueMatch.isAbsent())
                                .header("x-tier", ValueMatch.beginsWith("gold"))
                                .cookie("a", ValueMatch.is("1"))
                                .cookie("user", ValueMatch.is("6", "7")),
                        request))
                .isTrue();
        for (RequestMatch.Builder each : List.of(
                RequestMatch.builder().service("billing"),
                RequestMatch.builder().method("POST"),
                RequestMatch.builder().method("get"),
                RequestMatch.builder().path("/b"),
                RequestMatch.builder().query("q", ValueMatch.is("z")),
                RequestMatch.builder().query("none", ValueMatch.isPresent()),
                RequestMatch.builder().header("x-tier", ValueMatch.endsWith("2")),
                RequestMatch.builder().header("x-tier", ValueMatch.isAbsent()),
                RequestMatch.builder().cookie("a", ValueMatch.is("\"1\"")),
                RequestMatch.builder().cookie("b", ValueMatch.isPresent()),
                RequestMatch.builder().contentType("video/*"))) {
            assertThat(matches(each, request)).as(each.build().toString()).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "video/*, video/mp4, true",
        "video/mp4, VIDEO/MP4; codecs=x, true",
        "video/mp4, video/ogg, false",
        "application/json, application/json; charset=utf-8, true",
        "video/*, audio/mp4, false",
    })
    void contentType_ofTheBody_goesWithoutParameters(String type, String actual, boolean expected) throws Exception {
        RequestBody body = RequestBody.create("", MediaType.get(actual));
        // The body's own type is what OkHttp sends, whatever the header says.
        assertThat(matches(
                        RequestMatch.builder().contentType(type),
                        to("http://orders/")
                                .header("Content-Type", "text/plain")
                                .post(body)))
                .isEqualTo(expected);
    }

    @Test
    void rewrite_ofPaths_keepsQueryAndEscapes() throws Exception {
        Route.Builder prefix =
                Route.named("p").match(RequestMatch.builder().pathPrefix("/api").build());
        assertThat(sentTo(prefix.rewritePrefix("/v2").build(), "http://orders/api/a%2Fb?x=%20"))
                .isEqualTo("http://orders/v2/a%2Fb?x=%20");
        assertThat(sentTo(prefix.rewritePrefix("/").build(), "http://orders/api"))
                .isEqualTo("http://orders/");
        assertThat(sentTo(prefix.rewritePrefix("/").build(), "http://orders/api/x"))
                .isEqualTo("http://orders/x");
        assertThat(sentTo(
                        Route.named("t")
                                .match(RequestMatch.builder()
                                        .pathTemplate("/u/{user}/{rest...}")
                                        .build())
                                .rewritePath("/of/{user}/{rest...}")
                                .build(),
                        "http://orders/u/%C3%A9/a/b?q"))
                .isEqualTo("http://orders/of/%C3%A9/a/b?q");
    }

    @Test
    void rewrite_ofWhatIsNotMatched_isRefused() {
        assertThatThrownBy(() -> Route.named("r").rewritePrefix("/x").build())
                .hasMessageContaining("rewritePrefix: '/x' (expected: a match with pathPrefix");
        assertThatThrownBy(() -> Route.named("r")
                        .match(RequestMatch.builder().pathTemplate("/{a}").build())
                        .rewritePath("/{b}")
                        .build())
                .hasMessageContaining("one of [a]");
        for (String header : List.of("Host", "content-length", "Transfer-Encoding", "Upgrade", "Connection")) {
            assertThatThrownBy(() -> Route.named("r").setHeader(header, "x")).hasMessageContaining(header);
        }
        assertThatThrownBy(() -> Route.named("r").setHeader("X-A", "line\nbreak"))
                .hasMessageContaining("setHeader");
    }

    @Test
    void chain_ofServices_collectsWhatEachRouteSays() throws Exception {
        TrafficRules rules = rules(
                Route.named("first")
                        .match(RequestMatch.builder().service("a").build())
                        .service("b")
                        .subset(Subset.of("x", "1"))
                        .setHeader("X-First", "1")
                        .hedge(false)
                        .build(),
                Route.named("second")
                        .match(RequestMatch.builder()
                                .service("b")
                                .pathPrefix("/p")
                                .build())
                        .service("c")
                        .setHeader("X-Second", "2")
                        .build());

        RouteDecision decision = decided(rules, "http://a:81/p");
        assertThat(decision.routes()).extracting(Route::name).containsExactly("first", "second");
        assertThat(decision.service()).isEqualTo("c");
        assertThat(decision.request().url().toString()).isEqualTo("http://c/p");
        assertThat(decision.request().header("X-First")).isEqualTo("1");
        assertThat(decision.request().header("X-Second")).isEqualTo("2");
        assertThat(decision.hedge()).isFalse();
        // The subset was one of b.
        assertThat(decision.subset()).isNull();
        assertThat(decided(rules, "http://a/q").subset()).isEqualTo(Subset.of("x", "1"));
    }

    private static RouteDecision decided(TrafficRules rules, String url) throws Exception {
        @Nullable RouteDecision decision = rules.decide(to(url).build());
        if (decision == null) {
            throw new AssertionError("no route matches " + url);
        }
        return decision;
    }

    @Test
    void chain_backToARouteThatHasApplied_endsIfItLeadsNowhereElse() throws Exception {
        TrafficRules rules = rules(Route.named("videos")
                .match(RequestMatch.builder().pathPrefix("/video").build())
                .service("video")
                .rewritePrefix("/video/v2")
                .build());

        assertThat(decided(rules, "http://web/video/1").request().url().toString())
                .isEqualTo("http://video/video/v2/1");
    }

    @Test
    void loop_thatNoCallGetsOutOf_isRefusedWhenBuilt() {
        assertThatThrownBy(() -> rules(
                        Route.named("maybe")
                                .match(RequestMatch.builder()
                                        .service("a")
                                        .path("/x")
                                        .build())
                                .service("d")
                                .build(),
                        Route.named("one")
                                .match(RequestMatch.builder().service("a").build())
                                .service("b")
                                .build(),
                        Route.named("two")
                                .match(RequestMatch.builder().service("b").build())
                                .service("a")
                                .build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'one' to b, 'two' to a")
                .hasMessageContaining("circle");
    }

    @Test
    void loop_dependingOnTheCall_isToldToIt() {
        TrafficRules rules = rules(
                Route.named("one")
                        .match(RequestMatch.builder().service("a").path("/x").build())
                        .service("b")
                        .build(),
                Route.named("two")
                        .match(RequestMatch.builder().service("b").path("/x").build())
                        .service("a")
                        .build());

        assertThatThrownBy(() -> rules.decide(to("http://a/x").build()))
                .isInstanceOf(RouteLoopException.class)
                .hasMessageContaining("'one' to b, 'two' to a, 'one' to b");
        assertThatThrownBy(() -> rules.explain(to("http://a/x").build())).isInstanceOf(RouteLoopException.class);
    }

    @Test
    void names_twice_areRefused() {
        assertThatThrownBy(
                        () -> rules(Route.named("r").build(), Route.named("r").build()))
                .hasMessageContaining("routes[1] 'r': name")
                .hasMessageContaining("routes[0]");
    }

    @Test
    void share_byUser_isStickyAndAsLargeAsSaid() throws Exception {
        TrafficRules five = canary("canary", 5);
        TrafficRules ten = canary("canary", 10);
        TrafficRules other = canary("other", 5);
        int users = 100_000;
        int in = 0;
        int both = 0;
        for (int i = 0; i < users; i++) {
            Request request =
                    to("http://orders/" + i).header("X-User", "user-" + i).build();
            boolean mine = five.decide(request) != null;
            for (int repeat = 0; repeat < 3; repeat++) {
                Request again =
                        to("http://orders/again").header("X-User", "user-" + i).build();
                assertThat(five.decide(again) != null).isEqualTo(mine);
            }
            // Growing keeps those that are in it.
            assertThat(ten.decide(request) != null || !mine).isTrue();
            in += mine ? 1 : 0;
            both += mine && other.decide(request) != null ? 1 : 0;
        }
        assertThat(chiSquare(in, users, 0.05)).isLessThan(CHI_SQUARE_ONE_IN_A_BILLION);
        // Another rule draws for itself: a fifth of a percent have both.
        assertThat(chiSquare(both, users, 0.0025)).isLessThan(CHI_SQUARE_ONE_IN_A_BILLION);
        assertThat(five.decide(to("http://orders/").build())).as("no user").isNull();
    }

    private static TrafficRules canary(String name, double percent) {
        return rules(Route.named(name)
                .match(RequestMatch.builder()
                        .percent(percent)
                        .byHeader("X-User")
                        .build())
                .subset(Subset.of("version", "canary"))
                .build());
    }

    /** With one degree of freedom. */
    private static double chiSquare(int hits, int of, double share) {
        double expected = of * share;
        double misses = of - expected;
        return Math.pow(hits - expected, 2) / expected + Math.pow(hits - expected, 2) / misses;
    }

    @Test
    void share_ofCalls_isDrawnForEach() throws Exception {
        TrafficRules rules = rules(Route.named("some")
                .match(RequestMatch.builder().percent(20).build())
                .mirror(new Mirror("shadow", null, 30))
                .build());
        SplittableRandom random = new SplittableRandom(7);
        int calls = 50_000;
        int in = 0;
        int mirrored = 0;
        Request request = to("http://orders/").build();
        for (int i = 0; i < calls; i++) {
            RouteDecision decision = rules.decide(request, random);
            in += decision == null ? 0 : 1;
            mirrored += decision == null ? 0 : decision.mirrors().size();
        }
        assertThat(chiSquare(in, calls, 0.2)).isLessThan(CHI_SQUARE_ONE_IN_A_BILLION);
        assertThat(chiSquare(mirrored, calls, 0.06)).isLessThan(CHI_SQUARE_ONE_IN_A_BILLION);
    }

    @Test
    void subsets_ofAService_areThoseItsCallsMayAskFor() {
        Subset any = Subset.of("k", "any");
        Subset orders = Subset.of("k", "orders");
        Subset moved = Subset.of("k", "moved");
        Subset shadow = Subset.of("k", "shadow");
        TrafficRules rules = rules(
                Route.named("1")
                        .subset(any)
                        .match(RequestMatch.builder().path("/1").build())
                        .build(),
                Route.named("2")
                        .subset(orders)
                        .match(RequestMatch.builder().service("orders").build())
                        .build(),
                Route.named("3")
                        .match(RequestMatch.builder().service("old").build())
                        .service("new")
                        .subset(moved)
                        .mirror(new Mirror("old", shadow, 100))
                        .build());

        assertThat(rules.subsets("orders")).containsExactlyInAnyOrder(any, orders);
        assertThat(rules.subsets("new")).containsExactlyInAnyOrder(any, moved);
        assertThat(rules.subsets("old")).containsExactlyInAnyOrder(any, shadow);
    }

    @Test
    void decide_ofNoMatch_makesNoDecision() throws Exception {
        assertThat(TrafficRules.none().decide(to("http://orders/").build())).isNull();
        assertThat(TrafficRules.none().explain(to("http://orders/").build()))
                .containsExactly("no route matches: service orders");
    }
}

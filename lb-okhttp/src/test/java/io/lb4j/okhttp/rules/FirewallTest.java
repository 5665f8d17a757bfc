package io.lb4j.okhttp.rules;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.testing.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import okhttp3.Headers;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a firewall lets pass, and what it says of the rest. */
class FirewallTest {
    private final VirtualTime time = new VirtualTime();

    private static Request.Builder to(String url) {
        return new Request.Builder().url(url);
    }

    private static Firewall of(FirewallRule.Builder rule) {
        return Firewall.builder().rule(rule.build()).build();
    }

    private static void assertDenied(Firewall firewall, Request request, String... words) {
        assertThatThrownBy(() -> firewall.checked(request, unused -> {}))
                .isInstanceOf(RequestDeniedException.class)
                .hasMessageContainingAll(words);
    }

    private void assertRate(Firewall firewall, Request request, int passes) throws IOException {
        for (int i = 0; i < passes; i++) {
            firewall.admit(request, unused -> {});
        }
        assertThatThrownBy(() -> firewall.admit(request, unused -> {}))
                .isInstanceOf(RequestDeniedException.class)
                .hasMessageContaining("one call too many");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://other/",
                "http://example.com/",
                "http://orders.evil.example/",
                "http://orders@evil.example/",
                "http://orders./",
                "http://127.0.0.1/",
                "http://2130706433/",
                "http://0x7f000001/",
                "http://0177.0.0.1/",
                "http://127.1/",
                "http://[::1]/",
                "http://[::ffff:127.0.0.1]/",
                "http://\u043erders/",
                "http://localhost/"
            })
    void host_thatIsNotListed_isDenied(String url) {
        Firewall firewall = Firewall.builder().hosts("orders").build();

        assertDenied(firewall, to(url).build(), "firewall rule 'hosts'", "expected: one of [orders]");
        assertThat(firewall.denials()).isEqualTo(Map.of("form", 0L, "hosts", 1L));
    }

    @Test
    void host_thatIsListed_passesHoweverItIsSpelled() {
        Firewall firewall =
                Firewall.builder().hosts("orders", "B\u00fccher.example").build();

        assertThatCode(() -> {
                    firewall.checked(to("http://ORDERS:81/x").build(), unused -> {});
                    firewall.checked(to("http://b\u00fccher.example/").build(), unused -> {});
                    firewall.checked(
                            to("http://orders/").header("Host", "orders:81").build(), unused -> {});
                })
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"evil", "orders@evil", "evil/orders", "orders.", ""})
    void hostHeader_thatNamesAnother_isDenied(String host) {
        Firewall firewall = Firewall.builder().hosts("orders", "evil").build();

        assertDenied(firewall, to("http://orders/").header("Host", host).build(), "header Host", "'orders', the URL's");
    }

    @Test
    void host_withAPort_isAllowedAtThatPortOnly() {
        Firewall firewall =
                Firewall.builder().hosts("api.example:8443", "orders").build();

        assertThat(firewall.hosts()).containsExactly("api.example:8443", "orders");
        assertThat(firewall.explain(to("http://API.example:8443/").build())).isNull();
        assertThat(firewall.explain(to("http://orders:9/").build())).isNull();
        assertDenied(firewall, to("http://api.example/").build(), "'api.example', port 80 (expected: one of [api.ex");
        assertDenied(firewall, to("https://api.example:22/").build(), "port 22");
    }

    @Test
    void settings_withoutAnyValue_areRefusedAndNotTakenForAll() {
        String[] none = {};
        FirewallRule.Builder rule = FirewallRule.named("r");

        assertThatThrownBy(() -> Firewall.builder().hosts(none))
                .hasMessageContaining("hosts: none (expected: at least");
        assertThatThrownBy(() -> rule.hosts(none)).hasMessageContaining("hosts: none");
        assertThatThrownBy(() -> rule.allowMethods(none)).hasMessageContaining("allowMethods: none");
        assertThatThrownBy(() -> rule.denyMethods(none)).hasMessageContaining("denyMethods: none");
        assertThatThrownBy(() -> rule.allowPaths(none)).hasMessageContaining("allowPaths: none");
        assertThatThrownBy(() -> rule.denyPaths(none)).hasMessageContaining("denyPaths: none");
        assertThatThrownBy(() -> rule.denyHeaders(none)).hasMessageContaining("denyHeaders: none");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /admin HTTP/1.1\r\nHost: orders\r\n\r\nGET",
                "GET /admin",
                "G\tET",
                "G\u00c9T",
                "GET:",
            })
    void method_thatIsMoreThanAMethod_isDenied(String method) {
        assertDenied(
                of(FirewallRule.named("p").denyPaths("/admin")),
                to("http://orders/").method(method, null).build(),
                "firewall rule 'form'",
                "method: ",
                "a token of RFC 9110");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\r\nX-Original-URL: /admin", "a\n b", "a\r\n\r\nGET /admin HTTP/1.1", "a\0", "a\u007f"})
    void header_whoseValueHasALineEnd_isDenied(String value) {
        Headers headers = new Headers.Builder().addUnsafeNonAscii("A", value).build();

        assertDenied(
                of(FirewallRule.named("p").denyPaths("/admin")),
                to("http://orders/").headers(headers).build(),
                "firewall rule 'form'",
                "header A: a control character");
    }

    @ParameterizedTest
    @ValueSource(strings = {"X-Original-URL:/admin?", "Transfer-Encoding:chunked,", "A(b)", ":path"})
    void header_whoseNameIsMoreThanAName_isDenied(String name) {
        assertDenied(
                of(FirewallRule.named("p").denyPaths("/admin")),
                to("http://orders/").header(name, "x").build(),
                "firewall rule 'form'",
                "header 0: its name");
    }

    @ParameterizedTest
    @CsvSource({"Content-Length, 57", "content-length, 00", "Transfer-Encoding, chunked", "Transfer-Encoding, identity"
    })
    void length_withoutABody_isDenied(String name, String value) {
        assertDenied(
                Firewall.builder().build(),
                to("http://orders/").header(name, value).build(),
                "firewall rule 'form'",
                "without a body");
    }

    @Test
    void length_withABodyOrOfNothing_passes() {
        Firewall firewall = Firewall.builder().build();
        RequestBody body = RequestBody.create("hello", null);

        assertThat(firewall.explain(
                        to("http://orders/").header("Content-Length", "0").build()))
                .isNull();
        assertThat(firewall.explain(to("http://orders/")
                        .post(body)
                        .header("Content-Length", "7")
                        .build()))
                .isNull();
        assertDenied(
                firewall,
                to("http://orders/")
                        .addHeader("Host", "orders")
                        .addHeader("Host", "orders")
                        .build(),
                "header Host: 2 of them");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "?_method=DELETE",
                "?a=1&_method=delete",
                "?a=1;_method=DELETE",
                "?%5Fmethod=%44ELETE",
                "?x-http-method-override=DELETE",
                "?_method=GET&_method=DELETE",
                "?.method=DELETE",
                "?+_method=DELETE",
            })
    void method_thatAParameterMakesAnother_isDenied(String query) {
        assertDenied(
                of(FirewallRule.named("m").denyMethods("DELETE")),
                to("http://orders/" + query).build(),
                "another one in a parameter of the query");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "?q=method", "?my_method=DELETE", "?_method=PUT", "?a=%zz&method=DELETE"})
    void query_thatMakesNoDeniedMethodOfIt_passes(String query) {
        assertThat(of(FirewallRule.named("m").denyMethods("DELETE"))
                        .explain(to("http://orders/" + query).build()))
                .isNull();
    }

    @ParameterizedTest
    @CsvSource({"upgrade", "Upgrade", "X-Debug", "X_Debug", "x.debug"})
    void header_thatIsDenied_isSoInWhateverSpelling(String name) {
        assertDenied(
                of(FirewallRule.named("h").denyHeaders("Upgrade", "X-Debug")),
                to("http://orders/").header(name, "secret").build(),
                "(expected: none of [Upgrade, X-Debug])");
    }

    @Test
    void url_thatIsTooLong_isDenied() {
        Firewall firewall = of(FirewallRule.named("u").maxUrlBytes(8));

        assertThat(firewall.explain(to("http://orders/abc?d=e").build())).isNull();
        assertDenied(firewall, to("http://orders/abc?d=ef").build(), "URL bytes: 9 (expected: at most 8)");
    }

    @Test
    void explain_ofACallThatARouteChanges_saysWhatTheFirewallThinksOfBoth() throws Exception {
        TrafficRules rules = TrafficRules.builder()
                .firewall(of(FirewallRule.named("no admin").denyPaths("/admin")))
                .route(Route.named("inside").rewritePath("/admin").build())
                .build();

        assertThat(rules.explain(to("http://orders/x").build()))
                .startsWith("firewall: passes")
                .last()
                .asString()
                .startsWith("firewall, as it is sent: denied by firewall rule 'no admin': path: '/admin'");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"127.0.0.1", "::1", "2130706433", "10.0.0.1:80", "[::1]:80", "orders:0", "orders:x", "a:b:1"})
    void hosts_thatAreAddresses_areRefused(String host) {
        assertThatThrownBy(() -> Firewall.builder().hosts(host))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("hosts: '" + host + "' (expected: a name and not an address");
    }

    @ParameterizedTest
    @CsvSource({
        "X-HTTP-Method-Override, DELETE",
        "x-http-method-override, delete",
        "X-HTTP-Method, DELETE",
        "X-Method-Override, DELETE",
        "X_HTTP_Method_Override, DELETE",
        "X-HTTP-Method-Override, 'GET, DELETE'"
    })
    void method_thatAHeaderMakesAnother_isDenied(String header, String method) {
        Request request = to("http://orders/").header(header, method).build();

        assertDenied(of(FirewallRule.named("m").denyMethods("DELETE")), request, "another one in header", "DELETE");
        assertDenied(of(FirewallRule.named("m").allowMethods("GET")), request, "another one in header", "[GET]");
    }

    @Test
    void method_inAnotherCase_isDeniedAndNotAllowed() {
        Request request = to("http://orders/").method("delete", null).build();

        assertDenied(of(FirewallRule.named("m").denyMethods("DELETE")), request, "method: 'delete'");
        assertDenied(of(FirewallRule.named("m").allowMethods("DELETE")), request, "method: 'delete'");
    }

    @ParameterizedTest
    @CsvSource({
        "X-Original-URL, /admin",
        "X-Rewrite-URL, /x/%2e%2e/admin",
        "X-Original-URL, http://orders/admin?x",
        "x_original_url, admin",
        "X-Forwarded-URI, /admin/x",
        "Destination, http://orders/admin/x",
        "Destination, /x/..%2fadmin"
    })
    void path_thatAHeaderMakesAnother_isDeniedAndItsValueNotTold(String header, String value) {
        Firewall firewall = of(FirewallRule.named("p").denyPaths("/admin"));

        assertDenied(firewall, to("http://orders/").header(header, value).build(), "another one in header " + header);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/public", "/public/x", "/%70ublic/x", "/public//x"})
    void path_belowAnAllowedOne_passes(String path) {
        assertThatCode(() -> of(FirewallRule.named("p").allowPaths("/public"))
                        .checked(to("http://orders" + path).build(), unused -> {}))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/publicity",
                "/PUBLIC",
                "/public/..%2fx",
                "/public/..;/x",
                "/public/%252e%252e/x",
                "/x/..%2fpublic"
            })
    void path_thatMayLeaveTheAllowedOne_isDenied(String path) {
        assertDenied(
                of(FirewallRule.named("p").allowPaths("/public")),
                to("http://orders" + path).build(),
                "[/public]");
    }

    @Test
    void rule_forSomeHosts_holdsForThemInAnySpelling() {
        Firewall firewall = of(FirewallRule.named("p").hosts("api.example").denyPaths("/admin"));

        assertThat(firewall.explain(to("http://other/admin").build())).isNull();
        assertDenied(firewall, to("http://API.example/admin").build(), "'p'");
        assertDenied(firewall, to("http://api.example./admin").build(), "'p'");
        assertDenied(
                firewall, to("http://other/admin").header("Host", "api.example").build(), "'p'");
        assertDenied(
                firewall,
                to("http://other/admin").header("Host", "api.example.:80").build(),
                "'p'");
        // Whatever a server makes of this.
        assertDenied(
                firewall,
                to("http://other/admin").header("Host", "api.example:no-port").build(),
                "'p'");
    }

    @Test
    void headers_tooManyOrTooLarge_areDeniedWithoutTheirValues() {
        Request request = to("http://orders/?token=q-secret")
                .addHeader("A", "h-secret")
                .addHeader("A", "b")
                .addHeader("B", "c")
                .build();

        assertDenied(of(FirewallRule.named("h").maxHeaders(2)), request, "headers: 3 (expected: at most 2)");
        assertThat(of(FirewallRule.named("h").maxHeaders(3)).explain(request)).isNull();
        // Three names of one byte, values of 8, 1 and 1, and four each for colon, space and line end.
        assertThat(of(FirewallRule.named("h").maxHeaderBytes(25)).explain(request))
                .isNull();
        assertThat(of(FirewallRule.named("h").maxHeaderBytes(24)).explain(request))
                .contains("header bytes: 25 (expected: at most 24)")
                .doesNotContain("secret");
    }

    @Test
    void body_thatSaysItIsTooLarge_isDenied() {
        Firewall firewall = of(FirewallRule.named("b").maxBodyBytes(4));

        assertDenied(
                firewall,
                to("http://orders/").post(RequestBody.create("hello", null)).build(),
                "body: 5 bytes (expected: at most 4 bytes)");
        assertThat(firewall.explain(to("http://orders/")
                        .post(RequestBody.create("hell", null))
                        .build()))
                .isNull();
    }

    @Test
    void rate_perKey_isEachKeysOwnAndComesBackWithTime() throws Exception {
        Firewall firewall = Firewall.builder()
                .ticker(time)
                .rule(FirewallRule.named("r")
                        .rateLimit(RateLimit.of(10, Duration.ofSeconds(1))
                                .withBurst(3)
                                .byHeader("X-User"))
                        .build())
                .build();
        Request a = to("http://orders/").header("X-User", "a").build();

        assertRate(firewall, a, 3);
        assertRate(firewall, to("http://orders/").header("X-User", "b").build(), 3);
        time.advance(Duration.ofMillis(100));
        assertRate(firewall, a, 1);
        // Past the end of what a long holds, where the clock turns negative.
        time.advance(Duration.ofSeconds(10));
        assertRate(firewall, a, 3);
        // Without the key all share one bucket: leaving it away is no way out.
        assertRate(firewall, to("http://orders/").build(), 3);
        assertRate(firewall, to("http://orders/x").build(), 0);
        assertThat(firewall.denials().get("r")).isEqualTo(6);
    }

    @Test
    void rate_keyInAnAlias_isTheSameKey() throws Exception {
        Firewall firewall = of(FirewallRule.named("r")
                .rateLimit(RateLimit.of(1, Duration.ofHours(1)).byHeader("X-User")));
        assertRate(firewall, to("http://orders/").header("X-User", "a").build(), 1);

        assertRate(firewall, to("http://orders/").header("x_user", "a").build(), 0);
        assertThatThrownBy(() -> firewall.admit(
                        to("http://orders/")
                                .header("X-User", "b")
                                .header("X_User", "a")
                                .build(),
                        unused -> {}))
                .hasMessageContaining("occurs 2 times");
    }

    @Test
    void rate_keyGivenTwice_isDenied() {
        RateLimit limit = RateLimit.of(1, Duration.ofHours(1));
        Request headers = to("http://orders/")
                .addHeader("X-User", "a")
                .addHeader("X-User", "b")
                .build();
        Request cookies = to("http://orders/").header("Cookie", "u=s-1; u=s-2").build();

        assertThatThrownBy(() -> of(FirewallRule.named("r").rateLimit(limit.byHeader("X-User")))
                        .admit(headers, unused -> {}))
                .hasMessageContaining("header X-User occurs 2 times (expected: once)");
        assertThatThrownBy(() -> of(FirewallRule.named("r").rateLimit(limit.byCookie("u")))
                        .admit(cookies, unused -> {}))
                .hasMessageContaining("cookie u occurs 2 times")
                .hasMessageNotContaining("s-1");
    }

    @Test
    void rate_afterAFloodOfKeys_isNotResetForAnyone() throws Exception {
        Firewall firewall = Firewall.builder()
                .ticker(time)
                .rule(FirewallRule.named("r")
                        .rateLimit(RateLimit.of(5, Duration.ofHours(1)).byCookie("u"))
                        .build())
                .build();
        Request mine = to("http://orders/").header("Cookie", "a=b; u=me").build();
        assertRate(firewall, mine, 5);

        for (int i = 0; i < 200_000; i++) {
            Request other = to("http://orders/").header("Cookie", "u=" + i).build();
            try {
                firewall.admit(other, unused -> {});
            } catch (RequestDeniedException e) {
                // Shares a bucket with others.
                assertThat(e.rule()).isEqualTo("r");
            }
        }
        assertRate(firewall, mine, 0);
    }

    @Test
    void rules_readAnew_goOnCounting() throws Exception {
        String json =
                "{\"firewall\": {\"rules\": [{\"name\": \"r\", \"rateLimit\": {\"calls\": 1, \"per\": \"24m\"}}]}}";
        TrafficRules first = read(json);
        Request request = to("http://orders/").build();
        assertRate(first.firewall(), request, 1);

        TrafficRules second = read(json).after(first);
        assertRate(second.firewall(), request, 0);
        assertThat(second.firewall().denials().get("r")).isEqualTo(2);
        assertRate(read(json.replace("24m", "23m")).after(second).firewall(), request, 1);
    }

    private static TrafficRules read(String json) throws IOException {
        return RulesReader.read(json.getBytes(UTF_8), "rules.json");
    }

    @Test
    void json_withEveryField_isUnderstood() throws Exception {
        Firewall firewall = read("""
                        {"firewall": {"hosts": ["orders", "billing"], "rules": [
                          {"name": "all", "hosts": "orders", "allowMethods": ["GET", "POST"], "denyMethods": "DELETE",
                           "allowPaths": "/v1", "denyPaths": ["/v1/admin"], "maxHeaders": 50, "maxHeaderBytes": 8192,
                           "maxBodyBytes": 4, "maxUrlBytes": 100, "denyHeaders": "Upgrade",
                           "rateLimit": {"calls": 100, "per": "1s", "burst": 20, "byHeader": "X-User"}}]}}
                        """).firewall();

        assertThat(firewall.hosts()).containsExactly("billing", "orders");
        assertThat(firewall.rules().get(0).rateLimit())
                .isEqualTo(new RateLimit(100, Duration.ofSeconds(1), 20, "X-User", null));
        assertThat(firewall.explain(to("http://billing/x").build())).isNull();
        assertThat(firewall.explain(to("http://orders/v1/x").build())).isNull();
        assertThat(firewall.explain(to("http://orders/v1/admin").build())).contains("'all'");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "{'hosts': ['1.2.3.4']} | rules.json: firewall.hosts: '1.2.3.4' (expected: a name",
                "{'host': 'a'} | rules.json: firewall.host: unknown field",
                "{'rules': [{}]} | rules.json: firewall.rules[0]: no name",
                "{'rules': [{'name': 'hosts'}]} | rules.json: firewall.rules[0]: name: 'hosts' (expected:",
                "{'rules': [{'name': 'form'}]} | rules.json: firewall.rules[0]: name: 'form' (expected:",
                "{'hosts': []} | rules.json: firewall.hosts: an array (expected: a string",
                "{'rules': [{'name': 'a', 'maxBodyBytes': 1.5}]} | 'a': maxBodyBytes: 1.5 (expected: a whole number",
                "{'rules': [{'name': 'a', 'denyHeaders': 'a b'}]} | 'a': denyHeaders: 'a b' (expected: a header",
                "{'rules': [{'name': 'a'}, {'name': 'a'}]} | rules: 'a' (expected: a name of its own)",
                "{'rules': [{'name': 'a', 'denyPaths': 'admin'}]} | firewall.rules[0] 'a': denyPaths: 'admin' (expected: a plain",
                "{'rules': [{'name': 'a', 'denyPaths': '/a/../b'}]} | denyPaths: '/a/../b' (expected: a plain",
                "{'rules': [{'name': 'a', 'denyPaths': '/%61'}]} | denyPaths: '/%61' (expected: a plain",
                "{'rules': [{'name': 'a', 'denyMethods': 'delete'}]} | denyMethods: 'delete' (expected: a method in upper case",
                "{'rules': [{'name': 'a', 'maxHeaders': 0}]} | maxHeaders: 0 (expected: >= 1)",
                "{'rules': [{'name': 'a', 'rateLimit': {'calls': 1}}]} | 'a': rateLimit: no per",
                "{'rules': [{'name': 'a', 'rateLimit': {'per': '1s'}}]} | calls: 0 (expected: 1 to 1000000)",
                "{'rules': [{'name': 'a', 'rateLimit': {'calls': 1, 'per': '1s', 'burst': 2}}]} | burst: 2 (expected: 1 to 1"
            })
    void json_thatIsWrong_isRefusedWithTheField(String json, String message) {
        assertThatThrownBy(() -> read("{\"firewall\": " + json.trim().replace('\'', '"') + "}"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(message.trim());
    }

    @Test
    void route_toWhereTheFirewallLetsNoneGo_isRefused() {
        assertThatThrownBy(() -> read("{\"firewall\": {\"hosts\": \"orders\"},"
                        + " \"routes\": [{\"name\": \"out\", \"service\": \"billing\"}]}"))
                .hasMessageContaining(
                        "routes[0] 'out': service: 'billing' (expected: one of the firewall's hosts, [orders])");
    }
}

package io.lb4j.okhttp.rules;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.testing.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
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
        assertThatThrownBy(() -> firewall.check(request))
                .isInstanceOf(RequestDeniedException.class)
                .hasMessageContainingAll(words);
    }

    private void assertRate(Firewall firewall, Request request, int passes) throws IOException {
        for (int i = 0; i < passes; i++) {
            firewall.admit(request, () -> {});
        }
        assertThatThrownBy(() -> firewall.admit(request, () -> {}))
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
        assertThat(firewall.denials()).isEqualTo(Map.of("hosts", 1L));
    }

    @Test
    void host_thatIsListed_passesHoweverItIsSpelled() {
        Firewall firewall =
                Firewall.builder().hosts("orders", "B\u00fccher.example").build();

        assertThatCode(() -> {
                    firewall.check(to("http://ORDERS:81/x").build());
                    firewall.check(to("http://b\u00fccher.example/").build());
                    firewall.check(
                            to("http://orders/").header("Host", "orders:81").build());
                })
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"evil", "orders@evil", "evil/orders", "orders.", ""})
    void hostHeader_thatNamesAnother_isDenied(String host) {
        Firewall firewall = Firewall.builder().hosts("orders", "evil").build();

        assertDenied(firewall, to("http://orders/").header("Host", host).build(), "header Host", "'orders', the URL's");
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1", "2130706433"})
    void hosts_thatAreAddresses_areRefused(String host) {
        assertThatThrownBy(() -> Firewall.builder().hosts(host))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("hosts: '" + host + "' (expected: a name and not an address)");
    }

    @ParameterizedTest
    @CsvSource({
        "X-HTTP-Method-Override, DELETE",
        "x-http-method-override, delete",
        "X-HTTP-Method, DELETE",
        "X-Method-Override, DELETE"
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
    @CsvSource({"X-Original-URL, /admin", "X-Rewrite-URL, /x/%2e%2e/admin", "X-Original-URL, http://orders/admin?x"})
    void path_thatAHeaderMakesAnother_isDeniedAndItsValueNotTold(String header, String value) {
        Firewall firewall = of(FirewallRule.named("p").denyPaths("/admin"));

        assertDenied(firewall, to("http://orders/").header(header, value).build(), "another one in header " + header);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/public", "/public/x", "/%70ublic/x", "/public//x"})
    void path_belowAnAllowedOne_passes(String path) {
        assertThatCode(() -> of(FirewallRule.named("p").allowPaths("/public"))
                        .check(to("http://orders" + path).build()))
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
    void rate_keyGivenTwice_isDenied() {
        RateLimit limit = RateLimit.of(1, Duration.ofHours(1));
        Request headers = to("http://orders/")
                .addHeader("X-User", "a")
                .addHeader("X-User", "b")
                .build();
        Request cookies = to("http://orders/").header("Cookie", "u=s-1; u=s-2").build();

        assertThatThrownBy(() -> of(FirewallRule.named("r").rateLimit(limit.byHeader("X-User")))
                        .admit(headers, () -> {}))
                .hasMessageContaining("header X-User occurs 2 times (expected: once)");
        assertThatThrownBy(() -> of(FirewallRule.named("r").rateLimit(limit.byCookie("u")))
                        .admit(cookies, () -> {}))
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
                firewall.admit(other, () -> {});
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
                           "maxBodyBytes": 4,
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

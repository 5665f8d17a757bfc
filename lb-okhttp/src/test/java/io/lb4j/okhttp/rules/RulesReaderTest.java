package io.lb4j.okhttp.rules;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.Subset;
import io.lb4j.testing.Fuzzer;
import io.lb4j.testing.VirtualTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import okhttp3.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules as JSON, right and wrong, and the file that they are in. */
class RulesReaderTest {
    private static final String ALL = """
            {"routes": [
              {"name": "all",
               "match": {"service": ["orders", "old"], "method": "GET", "pathTemplate": "/o/{id}",
                         "query": {"a": "1", "b": {"anyOf": ["1", "2"]}},
                         "header": {"X-A": {"prefix": "p"}, "X-B": {"suffix": "s"}, "X-C": {"present": false}},
                         "cookie": {"c": {"present": true}}, "contentType": ["video/*"],
                         "percent": 50.5, "byCookie": "user"},
               "service": "billing", "subset": {"version": "2"}, "fallback": {"version": "1"},
               "strategy": "leastRequest",
               "rewrite": {"path": "/v2/{id}", "setHeaders": {"X-S": "1"}, "addHeaders": {"X-T": "1"},
                           "removeHeaders": ["X-R"]},
               "attemptTimeout": "250ms", "callTimeout": "2s", "hedge": false,
               "retry": {"maxAttempts": 2, "on": ["timeout", "connect_failure"], "baseDelay": "10ms",
                         "maxDelay": "1s", "maxUnsent": 3, "maxRetryAfter": "1m"},
               "mirror": {"service": "shadow", "subset": {"v": "1"}, "fallback": "any", "percent": 10}}]}
            """;

    @TempDir
    Path temp;

    private static TrafficRules read(String json) throws IOException {
        return RulesReader.read(json.getBytes(UTF_8), "rules.json");
    }

    private static String route(String fields) {
        return "{\"routes\": [{\"name\": \"first\"}, {\"name\": \"r\", " + fields.replace('\'', '"') + "}]}";
    }

    @Test
    void read_everyField_isUnderstood() throws Exception {
        Route route = read(ALL).routes().get(0);

        assertThat(route.name()).isEqualTo("all");
        assertThat(route.match().toString())
                .contains("service is one of [old, orders]")
                .contains("method is GET")
                .contains("path is like '/o/{id}'")
                .contains("query parameter b is one of")
                .contains("header X-A begins with 'p'")
                .contains("header X-B ends with 's'")
                .contains("header X-C is not there")
                .contains("cookie c is there")
                .contains("content type is video/*")
                .contains("50.5 % of values of cookie user");
        assertThat(route.service()).isEqualTo("billing");
        assertThat(route.subset()).isNotNull();
        assertThat(route.subset().metadata()).isEqualTo(Map.of("version", "2"));
        assertThat(route.subset().fallback()).isEqualTo(Subset.Fallback.DEFAULT_SUBSET);
        assertThat(route.subset().defaultMetadata()).isEqualTo(Map.of("version", "1"));
        assertThat(route.attemptTimeout()).isEqualTo(Duration.ofMillis(250));
        assertThat(route.callTimeout()).isEqualTo(Duration.ofSeconds(2));
        assertThat(route.hedge()).isFalse();
        assertThat(route.retry()).isNotNull();
        assertThat(route.retry().maxAttempts()).isEqualTo(2);
        assertThat(route.mirror())
                .isEqualTo(new Mirror("shadow", Subset.of("v", "1").orAnyInstance(), 10));
        assertThat(route.rewrite().describe())
                .containsExactly(
                        "service becomes billing",
                        "path becomes /v2/{id}",
                        "header X-S becomes 1",
                        "header X-T has also 1",
                        "header X-R goes");
        // The same file again has equal subsets, so that their pickers stay.
        assertThat(read(ALL).routes().get(0).subset()).isEqualTo(route.subset());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "'sevice': 'x' | routes[1] 'r': sevice: unknown field (expected: one of attemptTimeout, callTimeout,",
                "'match': {'pth': '/'} | routes[1] 'r': match.pth: unknown field (expected: one of byCookie,",
                "'match': {'path': 'x'} | routes[1] 'r': match.path: 'x' (expected: a path that begins with /",
                "'match': {'path': '/x', 'pathPrefix': '/y'} | (expected: one condition on the path)",
                "'match': {'path': 1} | routes[1] 'r': match.path: 1 (expected: a string)",
                "'match': {'header': {'X': 1}} | routes[1] 'r': match.header.X: 1 (expected: a string, or",
                "'match': {'header': {'X': {'prefx': 'a'}}} | match.header.X.prefx: unknown field (expected: one of anyOf",
                "'match': {'header': {'X': {}}} | match.header.X: 0 fields (expected: one of anyOf",
                "'match': {'percent': 101} | routes[1] 'r': match.percent: '101.0' (expected: 0 to 100)",
                "'match': {'byHeader': 'X'} | routes[1] 'r': match: percent: missing (expected: 0 to 100",
                "'match': [] | routes[1] 'r': match: an array (expected: an object)",
                "'match': {'pathTemplate': '/{'} | routes[1] 'r': match.pathTemplate: '/{' (expected: ",
                "'match': {'contentType': 'json'} | match.contentType: 'json' (expected: such as application/json",
                "'service': 'a b' | routes[1] 'r': service: 'a b' (expected: a service's name",
                "'fallback': 'any' | routes[1] 'r': fallback: \"any\" (expected: a subset with it)",
                "'subset': {'a': 'b'}, 'fallback': 'some' | fallback: \"some\" (expected: \"fail\", \"any\", or",
                "'subset': {'a': 1} | routes[1] 'r': subset.a: 1 (expected: a string)",
                "'strategy': 'best' | routes[1] 'r': strategy: 'best' (expected: one of adaptive, boundedLoad, default,",
                "'attemptTimeout': 5 | routes[1] 'r': attemptTimeout: 5 (expected: a whole number and ms, s or m",
                "'attemptTimeout': '0s' | routes[1] 'r': attemptTimeout: PT0S (expected: above 0",
                "'hedge': 'no' | routes[1] 'r': hedge: \"no\" (expected: true or false)",
                "'retry': {'maxAttempts': 0} | routes[1] 'r': retry.maxAttempts: 0 (expected: ",
                "'retry': {'on': 'tired'} | routes[1] 'r': retry.on: 'tired' (expected: one of [connect_failure",
                "'retry': {'baseDelay': '1s'} | routes[1] 'r': retry: baseDelay alone (expected: baseDelay and maxDelay",
                "'mirror': {} | routes[1] 'r': mirror: neither service nor subset (expected: at least one",
                "'mirror': {'service': 'x', 'percent': 0} | routes[1] 'r': mirror: percent: 0.0 (expected: ",
                "'rewrite': {'prefix': '/x'} | routes[1] 'r': rewritePrefix: '/x' (expected: a match with pathPrefix",
                "'rewrite': {'setHeaders': {'Host': 'x'}} | routes[1] 'r': rewrite.setHeaders: setHeader: 'Host'",
                "'name': 'twice' | Duplicate field 'name'",
            })
    void read_wrongField_namesFileRouteFieldAndWhatWasExpected(String fields, String message) {
        assertThatThrownBy(() -> read(route(fields)))
                .isInstanceOf(MalformedRulesException.class)
                .hasMessageStartingWith("rules.json: ")
                .hasMessageContaining(message.trim());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "{\"routes\": [ | line 1, column",
                "[] | rules.json: an array (expected: an object)",
                "{\"rules\": []} | rules.json: rules: unknown field (expected: one of firewall, routes",
                "{} {} | Trailing token",
                "{\"routes\": [{}]} | rules.json: routes[0]: no name (expected: ",
                "{\"routes\": [1]} | rules.json: routes[0]: 1 (expected: an object)",
                "{\"routes\": [{\"name\": \" \"}]} | rules.json: routes[0]: name: ' ' (expected: 1 to 100",
                "null | rules.json: null (expected: an object)",
            })
    void read_wrongFile_saysWhere(String json, String message) {
        assertThatThrownBy(() -> read(json.trim().replace("\\\"", "\"")))
                .isInstanceOf(MalformedRulesException.class)
                .hasMessageStartingWith("rules.json: ")
                .hasMessageContaining(message.trim());
    }

    @Test
    void read_nothing_saysSo() {
        assertThatThrownBy(() -> read("")).hasMessage("rules.json: nothing (expected: a JSON object)");
    }

    @Test
    @Timeout(value = 30, unit = TimeUnit.MINUTES) // for a million inputs
    void read_anyText_isRulesOrRefused() {
        List<String> words = List.of(
                "{",
                "}",
                "[",
                "]",
                ":",
                ",",
                "\"routes\":",
                "\"name\":\"x\"",
                "\"match\":",
                "\"path\":\"/\"",
                "\"percent\":",
                "\"subset\":{}",
                "\"fallback\":\"any\"",
                "\"retry\":{}",
                "1e999",
                "-1",
                "null",
                "true",
                "\"\"",
                "\"mirror\":{\"service\":\"a\"}",
                "\\u0000",
                "\\ud800",
                "\"{id}\"",
                "\"/{a...}\"",
                "\"service\":\"a\"");
        Request request = new Request.Builder().url("http://orders/o/7?a=1").build();
        new Fuzzer(11, List.of(ALL, "{\"routes\":[{\"name\":\"a\",\"service\":\"b\"}]}"), words).run("rules", input -> {
            TrafficRules rules;
            try {
                rules = read(input);
            } catch (MalformedRulesException e) {
                assertThat(e.getMessage()).startsWith("rules.json: ");
                return Fuzzer.kind(e);
            }
            try {
                RouteDecision decision = rules.decide(request);
                assertThat(rules.explain(request)).isNotEmpty();
                return decision == null ? "no route" : "routed";
            } catch (RouteLoopException e) {
                return "loop";
            }
        });
    }

    private void write(Path file, String json) throws IOException {
        Files.writeString(file, json);
    }

    @Test
    void file_thatIsMissingOrWrong_isNotOpened() throws IOException {
        Path file = temp.resolve("rules.json");
        assertThatThrownBy(() -> TrafficRulesFile.open(file))
                .isInstanceOf(IOException.class)
                .hasMessage(file + ": no such file");
        write(file, "{\"routes\": [{}]}");
        assertThatThrownBy(() -> TrafficRulesFile.open(file))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(file + ": routes[0]: no name");
    }

    @Test
    void file_thatChanges_isInForceAndABadOneChangesNothing() throws IOException {
        VirtualTime time = new VirtualTime();
        Path file = temp.resolve("rules.json");
        write(file, "{\"routes\": [{\"name\": \"one\"}]}");
        try (TrafficRulesFile rules = TrafficRulesFile.open(file, Duration.ofMillis(100), time)) {
            List<String> seen = new ArrayList<>();
            Runnable end = rules.follow(each -> {
                String names = each.routes().stream().map(Route::name).toList().toString();
                if (names.equals("[bad]")) {
                    throw new IllegalArgumentException("routes[0] 'bad': not for me");
                }
                seen.add(names);
            });
            write(file, "{\"routes\": [{\"name\": \"two\"}]}");
            time.advance(Duration.ofMillis(100));
            // Half written: a second look finds it the same, and only then it is a trouble.
            write(file, "{\"routes\": [{\"na");
            time.advance(Duration.ofMillis(100));
            assertThat(rules.trouble()).isNull();
            time.advance(Duration.ofMillis(100));
            assertThat(rules.trouble()).hasMessageStartingWith(file + ": line 1");
            assertThat(rules.rules().routes().get(0).name()).isEqualTo("two");
            write(file, "{\"routes\": [{\"name\": \"three\"}]}");
            time.advance(Duration.ofMillis(100));
            assertThat(rules.trouble()).isNull();
            write(file, "{\"routes\": [{\"name\": \"bad\"}]}");
            time.advance(Duration.ofMillis(100));
            assertThat(rules.trouble()).hasMessage(file + ": routes[0] 'bad': not for me");
            Files.delete(file);
            time.advance(Duration.ofMillis(300));
            assertThat(rules.trouble()).hasMessage(file + ": no such file");
            end.run();
            write(file, "{\"routes\": []}");
            time.advance(Duration.ofMillis(100));
            assertThat(rules.rules().routes()).isEmpty();
            assertThat(seen).containsExactly("[one]", "[two]", "[three]");
        }
    }
}

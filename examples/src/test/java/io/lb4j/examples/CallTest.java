package io.lb4j.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.discovery.Registration;
import io.lb4j.discovery.RegistryServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CallTest {
    @TempDir
    Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private AppServer one;
    private AppServer two;

    @BeforeEach
    void startServers() throws IOException {
        one = AppServer.start("one");
        two = AppServer.start("two");
        list(one, two);
    }

    @AfterEach
    void stopServers() {
        one.close();
        two.close();
    }

    @Test
    void oneCall_answered_printsTheBody() throws Exception {
        assertThat(call("http://orders/path")).isZero();

        assertThat(out.toString(StandardCharsets.UTF_8)).isIn("one\n", "two\n");
        assertThat(err.toString(StandardCharsets.UTF_8)).startsWith("status 200, by ");
    }

    @Test
    void manyCalls_twoServers_reportsWhatEachGot() throws Exception {
        assertThat(call("-n", "200", "-c", "4", "--strategy", "round-robin", "http://orders/path"))
                .isZero();

        assertThat(lines()).contains("0 failed calls", "  status 200                                           200");
        assertThat(lines()).anySatisfy(line -> assertThat(line).matches("one +100 +50\\.0% +0 .* ELIGIBLE"));
        assertThat(lines()).anySatisfy(line -> assertThat(line).matches("two +100 +50\\.0% +0 .* ELIGIBLE"));
    }

    @Test
    void deadServer_othersAlive_noCallFailsAndTheDeadIsEjected() throws Exception {
        two.stop();

        // An ejection is another thread's work; at full speed it was a dozen calls late on a busy machine.
        assertThat(call("-n", "300", "--rate", "500", "--json", "--strategy", "round-robin", "http://orders/"))
                .isZero();

        JsonNode report = json();
        assertThat(report.path("failedCalls").asLong()).isZero();
        assertThat(report.path("statuses").path("200").asLong()).isEqualTo(300);
        assertThat(instance(report, "one").path("attempts").asLong()).isEqualTo(300);
        assertThat(instance(report, "two").path("state").asText()).isEqualTo("EJECTED");
        assertThat(instance(report, "two").path("failures").asLong()).isBetween(5L, 10L);
        assertThat(instance(report, "two").path("reason").asText()).isNotEmpty();
    }

    @Test
    void everyServerDead_calls_failWithTheReasonAndExitCodeOne() throws Exception {
        one.stop();
        two.stop();

        assertThat(call("-n", "3", "http://orders/")).isEqualTo(1);

        assertThat(lines()).contains("3 failed calls");
    }

    @Test
    void serverErrors_counted_asFailedCalls() throws Exception {
        try (AppServer broken = AppServer.start("broken", exchange -> {
            exchange.sendResponseHeaders(500, -1);
            return "";
        })) {
            list(broken);

            assertThat(call("-n", "4", "-X", "POST", "http://orders/")).isEqualTo(1);

            assertThat(lines())
                    .contains("4 failed calls", "  status 500                                             4");
        }
    }

    @Test
    void unknownService_call_failsSayingSo() throws Exception {
        assertThat(call("http://nobody/")).isEqualTo(1);

        assertThat(err.toString(StandardCharsets.UTF_8)).contains("nobody").contains("by no instance");
    }

    @ParameterizedTest
    @CsvSource({"header:X-User", "query:user", "path:0", "cookie:user"})
    void key_equalForAllCalls_keepsThemOnOneServer(String key) throws Exception {
        assertThat(call(
                        "-n",
                        "50",
                        "--json",
                        "--strategy",
                        "maglev",
                        "--key",
                        key,
                        "-H",
                        "X-User: ann",
                        "-H",
                        "Cookie: user=ann",
                        "http://orders/ann?user=ann"))
                .isZero();

        assertThat(one.calls() + two.calls()).isEqualTo(50);
        assertThat(Math.min(one.calls(), two.calls())).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "adaptive",
                "round-robin",
                "weighted-round-robin",
                "random",
                "weighted-random",
                "power-of-two",
                "least-request",
                "least-request-round-robin",
                "peak-ewma",
                "weighted-by-response-time",
                "ring-hash",
                "maglev",
                "rendezvous",
                "bounded-load",
                "jump-hash",
                "sticky-until-failure"
            })
    void strategy_byName_answersEveryCall(String name) throws Exception {
        assertThat(call("-n", "20", "--strategy", name, "http://orders/")).isZero();

        assertThat(CallOptions.usage()).contains(name);
    }

    @Test
    void requestOptions_set_reachTheServer() throws Exception {
        try (AppServer echo = AppServer.start(
                "echo",
                exchange -> exchange.getRequestMethod()
                        + " " + exchange.getRequestURI()
                        + " " + exchange.getRequestHeaders().getFirst("X-Colour")
                        + " " + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8))) {
            list(echo);

            assertThat(call("-X", "put", "-d", "text", "-H", "X-Colour: green", "http://orders/a?b=c"))
                    .isZero();

            assertThat(lines()).containsExactly("PUT /a?b=c green text");
        }
    }

    @Test
    void registry_insteadOfFile_knowsTheInstances() throws Exception {
        try (RegistryServer registry = RegistryServer.builder().start();
                Registration registration = Registration.builder(registry.url(), "orders", one.instance())
                        .start()) {
            assertThat(registration.awaitRegistered(Duration.ofSeconds(10))).isTrue();

            assertThat(Call.run(print(out), print(err), "--registry", registry.url(), "http://orders/"))
                    .isZero();

            assertThat(lines()).containsExactly("one");
        }
    }

    @Test
    void rate_given_stretchesTheRun() throws Exception {
        assertThat(call("-n", "21", "--rate", "100", "--json", "http://orders/"))
                .isZero();

        assertThat(json().path("seconds").asDouble()).isGreaterThanOrEqualTo(0.2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''                                              | URL: missing (expected: http://SERVICE/path)",
                "http://orders/                                  | expected: either --file or --registry",
                "--file a --registry http://b/ http://orders/    | expected: either --file or --registry",
                "--file                                          | --file: missing (expected: a value after it)",
                "--file a orders                                 | URL: orders (expected: http://SERVICE/path)",
                "--file a http://orders/ http://users/           | URL: http://users/ (expected: only one)",
                "--file a -n 0 http://orders/                    | -n: 0 (expected: 1 to 100000000)",
                "--file a -c many http://orders/                 | -c: many (expected: 1 to 1000)",
                "--file a --timeout 0 http://orders/             | --timeout: 0 (expected: 0.001 to 3600)",
                "--file a --strategy best http://orders/         | --strategy: best (expected: one of",
                "--file a --key session http://orders/           | --key: session (expected: header:NAME,",
                "--file a --key path:first http://orders/        | --key path: first (expected: 0 to 1000)",
                "--file a --colour http://orders/                | unknown option: --colour",
                "--file nowhere.json http://orders/              | --file: nowhere.json (expected: a file that can be read)",
                "--registry b http://orders/                     | --registry: b (expected: a URL)",
            })
    void wrongCommand_parsed_saysWhatIsWrong(String command, String message) {
        String[] arguments = command.isEmpty() ? new String[0] : command.split(" +");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> CallOptions.parse(arguments))
                .withMessageContaining(message);
    }

    @Test
    void wrongCommand_run_exitsWithTwoAndAHint() throws Exception {
        assertThat(Call.run(print(out), print(err), "--nonsense")).isEqualTo(2);

        assertThat(err.toString(StandardCharsets.UTF_8)).contains("unknown option: --nonsense", "Call --help");
    }

    private int call(String... arguments) throws InterruptedException {
        List<String> all = new ArrayList<>(List.of("--file", file().toString()));
        all.addAll(Arrays.asList(arguments));
        return Call.run(print(out), print(err), all.toArray(String[]::new));
    }

    private Path file() {
        return directory.resolve("services.json");
    }

    private void list(AppServer... servers) throws IOException {
        String instances = Stream.of(servers)
                .map(AppServer::instance)
                .map(each -> "{\"id\": \"%s\", \"host\": \"%s\", \"port\": %d}"
                        .formatted(each.id(), each.host(), each.port()))
                .collect(Collectors.joining(", "));
        Files.writeString(file(), "{\"services\": {\"orders\": [" + instances + "]}}");
    }

    private List<String> lines() {
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    private JsonNode json() throws IOException {
        return new ObjectMapper().readTree(out.toByteArray());
    }

    private static JsonNode instance(JsonNode report, String id) {
        for (JsonNode each : report.path("instances")) {
            if (each.path("id").asText().equals(id)) {
                return each;
            }
        }
        throw new AssertionError("no instance " + id + " in " + report);
    }

    private static PrintStream print(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }
}

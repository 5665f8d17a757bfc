package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.health.Probe;
import io.lb4j.testing.Fuzzer;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import okhttp3.Headers;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;
import okio.Buffer;
import okio.Okio;
import okio.Source;
import okio.Timeout;
import org.junit.jupiter.api.Test;

/** What answers and requests can carry, right and wrong: see {@link Fuzzer}. */
@org.junit.jupiter.api.Timeout(
        value = 30,
        unit = TimeUnit.MINUTES) // for a million inputs; twenty thousand take a second or two
final class FuzzTest {
    private static final Request REQUEST =
            new Request.Builder().url("http://orders/").build();
    private static final Pattern GRPC_TIMEOUT = Pattern.compile("[0-9]{1,8}[HMSmun]");

    @Test
    void loadReportHeader_ofAnyValue_isReadOrRefused() {
        List<String> sound = List.of(
                "TEXT cpu_utilization=0.5,mem_utilization=0.25,rps_fractional=12.5,eps=1,named_metrics.in_flight=3",
                "text application_utilization:0.5, utilization.disk=1e-3,request_cost.bytes=100",
                "JSON {\"cpu_utilization\":0.5,\"namedMetrics\":{\"latency_ms\":\"1.5\"},\"utilization\":{\"disk\":1}}",
                "JSON {}");
        List<String> words = List.of(
                "TEXT ",
                "JSON ",
                "BIN ",
                "cpu_utilization",
                "memUtilization",
                "named_metrics.",
                "utilization.",
                "request_cost.",
                "named_metrics",
                "{",
                "}",
                "[",
                "]",
                "\"",
                ":",
                ",",
                "=",
                "null",
                "\"a\":1,",
                "\"a\":{},");
        new Fuzzer(1, sound, words).run("load report", input -> {
            LoadReport report;
            try {
                report = LoadReports.of(headers("endpoint-load-metrics", input));
            } catch (IOException e) {
                return Fuzzer.kind(e);
            }
            if (report == null) {
                return "no header";
            }
            String text = report.toText();
            if (text.length() < LoadReports.MAX_LENGTH - 5) {
                LoadReport again = LoadReports.of(headers("endpoint-load-metrics", "TEXT " + text));
                assertThat(again).isNotNull();
                assertThat(again.toText()).isEqualTo(text);
            }
            return "sound";
        });
    }

    @Test
    void loadReportBody_ofAnyContent_isReadOrRefused() {
        List<String> sound =
                List.of("{\"cpu_utilization\":0.5,\"named_metrics\":{\"latency_ms\":1.5}}", "{\"a\":{\"b\":[{}]}}");
        List<String> words =
                List.of("{", "}", "[", "]", "\"", ":", ",", "\"eps\":", "\"cpuUtilization\":", "\"utilization\":{");
        new Fuzzer(2, sound, words).run("load report, body", input -> {
            try {
                LoadReports.parseJson(input);
                return "sound";
            } catch (IOException e) {
                return Fuzzer.kind(e);
            }
        });
    }

    @Test
    void retryAfter_ofAnyValue_isATimeOutOfBounds() {
        OutcomeClassifier classifier = new StandardClassifier(() -> Instant.parse("2026-01-02T03:04:05Z"));
        List<String> sound = List.of(
                "120",
                "Fri, 2 Jan 2026 03:05:05 GMT",
                "Friday, 02-Jan-26 03:05:05 GMT",
                "Fri Jan  2 03:05:05 2026",
                "0");
        List<String> words = List.of("Mon, ", "Jan", "9999", "0000", "GMT", "+1800", "-1800", ":", ",", "29 Feb ");
        new Fuzzer(3, sound, words).run("Retry-After", input -> {
            Response.Builder response = new Response.Builder()
                    .request(REQUEST)
                    .protocol(Protocol.HTTP_1_1)
                    .code(503)
                    .message("")
                    .headers(headers("Retry-After", input));
            Outcome outcome = classifier.ofResponse(response.build());
            // The server's own date is as much its choice.
            Outcome dated = classifier.ofResponse(response.headers(headers("Retry-After", sound.get(1), "Date", input))
                    .build());
            assertThat(dated.retryAfter()).isBetween(Duration.ZERO, StandardClassifier.LONGEST);
            assertThat(outcome.retryAfter()).isBetween(Duration.ZERO, StandardClassifier.LONGEST);
            return outcome.kind() + " " + outcome.retryAfter().toSeconds() / 60
                    + dated.retryAfter().toSeconds() / 60;
        });
    }

    @Test
    void deadlineHeader_ofAnyValue_isReplacedUnlessItIsShorter() {
        DeadlineHeader grpc = DeadlineHeader.grpcTimeout();
        DeadlineHeader millis = DeadlineHeader.envoyExpectedTimeout();
        List<String> sound = List.of("250m", "1S", "99999999H", "100", "5n");
        List<String> words = List.of("n", "u", "m", "S", "M", "H", "9223372036854775807", "99999999");
        new Fuzzer(4, sound, words).run("deadline header", input -> {
            Request request = REQUEST.newBuilder()
                    .headers(headers("grpc-timeout", input, "x-envoy-expected-rq-timeout-ms", input))
                    .build();
            String said = grpc.on(request, TimeUnit.SECONDS.toNanos(1)).header("grpc-timeout");
            assertThat(said).isNotNull();
            assertThat(said.trim()).matches(GRPC_TIMEOUT);
            String envoy = millis.on(request, TimeUnit.SECONDS.toNanos(1)).header("x-envoy-expected-rq-timeout-ms");
            assertThat(envoy).isNotNull();
            assertThat(Long.parseLong(envoy.trim())).isBetween(1L, 1000L);
            return said.equals("1000000u") + " " + envoy.equals("1000");
        });
    }

    @Test
    void affinityKeys_ofAnyRequest_areFoundOrNot() {
        List<String> sound = List.of(
                "session=abc; other=\"x y\"; z", "10.1.2.3, 10.4.5.6", "user=a%20b&q=&session", "/pages/home/7");
        List<String> words =
                List.of("session=", "session", "user=", ";", "=", "&", "\"", ",", "/", "%20", "?", "#", "..");
        List<AffinityKey> keys = List.of(
                AffinityKey.cookie("session"),
                AffinityKey.header("Cookie"),
                AffinityKey.queryParameter("session"),
                AffinityKey.pathSegment(1),
                AffinityKey.clientAddress(),
                AffinityKey.allOf(AffinityKey.cookie("session").terminal(), AffinityKey.header("X-Forwarded-For")));
        new Fuzzer(5, sound, words).run("affinity keys", input -> {
            HttpUrl.Builder url = new HttpUrl.Builder().scheme("http").host("orders");
            url.encodedQuery(input).encodedPath("/" + input);
            Request request = new Request.Builder()
                    .url(url.build())
                    .headers(headers("Cookie", input, "X-Forwarded-For", input))
                    .build();
            StringBuilder found = new StringBuilder();
            for (AffinityKey each : keys) {
                String key = each.of(request);
                assertThat(each.hash(request).isPresent()).isEqualTo(key != null);
                found.append(key == null ? '-' : key.isEmpty() ? '0' : '+');
            }
            return found.toString();
        });
    }

    @Test
    void serviceName_ofAnyText_isReadOrRefused() {
        List<String> sound = List.of("orders", "orders.example", "b\u00fccher", "xn--bcher-kva", "[::1]");
        new Fuzzer(6, sound, List.of(".", "-", "xn--", "[", "]", ":", "%41", "\u3002", "\u00df"))
                .run("service name", input -> {
                    try {
                        String host = Hosts.canonical(input);
                        // Not that it stays the same when it is read again: of "xn--xn--xn--" OkHttp makes "xn--xn-",
                        // and of that "xn".
                        assertThat(host).isNotEmpty();
                        return "sound " + Hosts.isSingleLabel(host);
                    } catch (IllegalArgumentException e) {
                        return Fuzzer.kind(e);
                    }
                });
    }

    /** A body that is short, longer than is read, or without an end, as the first character says. */
    @Test
    void probeAnswer_ofAnyContent_isAVerdictOnAPieceOfIt() {
        BitSet statuses = new BitSet();
        statuses.set(200, 300);
        HttpExpectation expectation = new HttpExpectation(statuses, Pattern.compile("UP|status.{0,9}ok"), 1024);
        List<String> sound = List.of(
                "\u0002{\"status\":\"UP\"}",
                "\u0003text/plain; charset=utf-16|status: ok",
                "\u0004text/html|<p>DOWN</p>");
        List<String> words =
                List.of("charset=", "utf-32", "x-nobody", ";", "|", "UP", "status", "ok", "\"", "gzip", "/");
        OkHttpClient client = new OkHttpClient();
        new Fuzzer(7, sound, words).run("answer to a probe", input -> {
            char first = input.isEmpty() ? 0 : input.charAt(0);
            Buffer bytes = new Buffer().writeUtf8(input.substring(Math.min(1, input.length())));
            EndlessSource body = new EndlessSource(bytes, first % 7 == 6);
            String type = input.contains("|") ? input.substring(0, input.indexOf('|')) : "text/plain";
            Response response = new Response.Builder()
                    .request(REQUEST)
                    .protocol(Protocol.HTTP_1_1)
                    .code(first % 5 == 4 ? 500 : 200)
                    .message("")
                    .body(ResponseBody.create(Okio.buffer(body), MediaType.parse(type), -1))
                    .build();
            Probe.Result result = expectation.judge(client.newCall(REQUEST), response, "GET /");
            assertThat(result.detail()).hasSizeBetween(1, 300);
            assertThat(body.read).isLessThanOrEqualTo(HttpExpectation.MAX_READ + 2 * 8192L);
            return result.healthy() + " " + response.code() + " "
                    + result.detail().startsWith("body");
        });
    }

    /** Repeats itself without an end, if it is to. */
    private static final class EndlessSource implements Source {
        private final Buffer bytes;
        private final boolean endless;
        private long read;

        EndlessSource(Buffer bytes, boolean endless) {
            this.bytes = bytes;
            this.endless = endless;
        }

        @Override
        public long read(Buffer sink, long byteCount) {
            if (endless) {
                bytes.writeUtf8("UP or not ".repeat(100));
            }
            long count = bytes.read(sink, byteCount);
            read += Math.max(0, count);
            return count;
        }

        @Override
        public Timeout timeout() {
            return Timeout.NONE;
        }

        @Override
        public void close() {}
    }

    /** As they come from the network: OkHttp doesn't check what servers send. */
    private static Headers headers(String... namesAndValues) {
        Headers.Builder headers = new Headers.Builder();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            String value = namesAndValues[i + 1].replaceAll("[\r\n\u0000]", " ");
            headers.addUnsafeNonAscii(namesAndValues[i], value);
        }
        return headers.build();
    }
}

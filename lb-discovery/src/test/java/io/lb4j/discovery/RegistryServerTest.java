package io.lb4j.discovery;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.testing.VirtualTime;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The REST interface over real sockets; leases and waits on virtual time. */
class RegistryServerTest {
    private static final String A = "{\"host\":\"127.0.0.1\",\"port\":8081}";
    private static final String TOKEN = "0123456789abcdef";

    @TempDir
    Path dir;

    private final VirtualTime time = new VirtualTime();
    private OkHttpClient client =
            new OkHttpClient.Builder().callTimeout(Duration.ofSeconds(20)).build();
    private RegistryServer server;

    private record Answer(int status, String body, okhttp3.Headers headers) {}

    private RegistryServer.Builder builder() {
        return RegistryServer.builder().ticker(time).scheduler(time).warmUp(Duration.ZERO);
    }

    private void start() throws IOException {
        server = builder().start();
    }

    @AfterEach
    void closed_leavesNothingBehind() {
        if (server != null) {
            server.close();
            server.close();
            assertThat(time.pending()).isZero();
        }
        client.dispatcher().executorService().shutdown();
        client.connectionPool().evictAll();
        await().untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("lb4j-registry") || name.startsWith("HTTP-Dispatcher")));
    }

    private Request.Builder request(String method, String path, String body) {
        return new Request.Builder()
                .url(server.url() + path)
                .method(method, body == null ? null : RequestBody.create(body.getBytes(US_ASCII), null));
    }

    private Answer ask(String method, String path, String body) throws IOException {
        return ask(request(method, path, body).build());
    }

    private Answer ask(Request request) throws IOException {
        try (Response response = client.newCall(request).execute()) {
            return new Answer(response.code(), response.body().string(), response.headers());
        }
    }

    private Answer put(String path, String body) throws IOException {
        return ask("PUT", path, body);
    }

    private Answer get(String path) throws IOException {
        return ask("GET", path, null);
    }

    private CompletableFuture<Answer> later(String path) {
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        client.newCall(request("GET", path, null).build()).enqueue(new Callback() {
            @Override
            public void onFailure(Call call, IOException e) {
                answer.completeExceptionally(e);
            }

            @Override
            public void onResponse(Call call, Response response) throws IOException {
                try (response) {
                    answer.complete(new Answer(response.code(), response.body().string(), response.headers()));
                }
            }
        });
        return answer;
    }

    private void awaitHeld(int count) {
        await().until(() -> server.waiting() == count);
    }

    private long index(Answer answer) {
        return Long.parseLong(answer.body.replaceAll(".*\"index\":(\\d+).*", "$1"));
    }

    @Test
    void instance_registered_isListed() throws IOException {
        start();

        Answer registered = put(
                "/v1/services/orders/instances/127.0.0.1:8081?ttl=20s&lease=mine",
                "{\"host\":\"127.0.0.1\",\"port\":8081,\"weight\":2,\"secure\":true,\"zone\":\"z\",\"priority\":1,"
                        + "\"metadata\":{\"k\":\"v\"}}");

        assertThat(registered.body).isEqualTo("{\"ttlMillis\":20000,\"lease\":\"mine\"}");
        assertThat(get("/v1/services/orders").body)
                .contains("\"service\":\"orders\",\"epoch\":\"", "\"index\":1,\"complete\":true,")
                .endsWith(
                        "\"instances\":[{\"id\":\"127.0.0.1:8081\",\"host\":\"127.0.0.1\",\"port\":8081,\"secure\":true,"
                                + "\"weight\":2.0,\"zone\":\"z\",\"priority\":1,\"metadata\":{\"k\":\"v\"}}]}");
        assertThat(get("/v1/services").body).isEqualTo("{\"services\":{\"orders\":1}}");
        assertThat(server.services()).isEqualTo(Map.of("orders", 1));
        assertThat(get("/v1/services").headers.get("Content-Type")).isEqualTo("application/json");
    }

    @Test
    void instance_withoutHeartbeat_expires() throws IOException {
        start();
        assertThat(put("/v1/services/orders/instances/a", A).body).contains("\"ttlMillis\":15000");
        time.advance(Duration.ofSeconds(10));
        assertThat(put("/v1/services/orders/instances/a/heartbeat", "").body).isEqualTo("{\"ttlMillis\":15000}");
        time.advance(Duration.ofSeconds(10));
        assertThat(server.services()).containsEntry("orders", 1);

        time.advance(Duration.ofSeconds(6));

        assertThat(server.services()).containsEntry("orders", 0);
        Answer late = put("/v1/services/orders/instances/a/heartbeat", "");
        assertThat(late.status).isEqualTo(404);
        assertThat(late.body).isEqualTo("{\"error\":\"orders/a is not registered (expected: to register it first)\"}");
    }

    @Test
    void instance_deregistered_isGone() throws IOException {
        start();
        put("/v1/services/orders/instances/a?lease=mine", A);

        assertThat(ask("DELETE", "/v1/services/orders/instances/a?lease=other", null).status)
                .isEqualTo(409);
        assertThat(ask("DELETE", "/v1/services/orders/instances/a?lease=mine", null).status)
                .isEqualTo(200);

        assertThat(get("/v1/services/orders").body).endsWith("\"instances\":[]}");
        assertThat(ask("DELETE", "/v1/services/orders/instances/a", null).status)
                .isEqualTo(404);
    }

    @Test
    void service_unknown_isAnsweredWithTheKnownOnes() throws IOException {
        start();
        put("/v1/services/orders/instances/a", A);

        Answer answer = get("/v1/services/ordrs");

        assertThat(answer.status).isEqualTo(404);
        assertThat(answer.body).contains("\"error\":\"unknown service ordrs (expected: one of [orders])\"");
    }

    @Test
    void watch_withTheCurrentIndex_isHeldUntilAChange() throws Exception {
        start();
        put("/v1/services/orders/instances/a", A);
        long index = index(get("/v1/services/orders"));
        CompletableFuture<Answer> watch = later("/v1/services/orders?index=" + index + "&wait=30s");
        awaitHeld(1);

        put("/v1/services/users/instances/a", A);
        put("/v1/services/orders/instances/a/heartbeat", "");
        time.advance(Duration.ofSeconds(1));
        assertThat(watch).isNotDone();
        put("/v1/services/orders/instances/b", "{\"host\":\"127.0.0.1\",\"port\":8082}");

        assertThat(watch.get(10, TimeUnit.SECONDS).body).contains("\"port\":8081", "\"port\":8082");
    }

    @Test
    void watch_nothingChanges_isAnsweredWhenTheWaitIsOver() throws Exception {
        start();
        put("/v1/services/orders/instances/a?ttl=10m", A);
        long index = index(get("/v1/services/orders"));
        CompletableFuture<Answer> brief = later("/v1/services/orders?wait=5s&index=" + index);
        CompletableFuture<Answer> standard = later("/v1/services/orders?index=" + index);
        CompletableFuture<Answer> longest = later("/v1/services/orders?wait=9m&index=" + index);
        awaitHeld(3);

        time.advance(Duration.ofMillis(5200));
        assertThat(index(brief.get(10, TimeUnit.SECONDS))).isEqualTo(index);
        awaitHeld(2);
        time.advance(Duration.ofSeconds(25));
        assertThat(standard.get(10, TimeUnit.SECONDS).status).isEqualTo(200);
        awaitHeld(1);
        time.advance(Duration.ofSeconds(30));
        assertThat(longest.get(10, TimeUnit.SECONDS).status).isEqualTo(200);
    }

    @Test
    void watch_anInstanceExpires_isAnswered() throws Exception {
        start();
        put("/v1/services/orders/instances/a?ttl=5s", A);
        CompletableFuture<Answer> watch =
                later("/v1/services/orders?wait=60s&index=" + index(get("/v1/services/orders")));
        awaitHeld(1);

        time.advance(Duration.ofSeconds(6));

        assertThat(watch.get(10, TimeUnit.SECONDS).body).endsWith("\"instances\":[]}");
    }

    @Test
    void watch_indexFromTheFutureOrAnotherEpoch_isAnsweredAtOnce() throws IOException {
        start();
        put("/v1/services/orders/instances/a", A);
        long index = index(get("/v1/services/orders"));

        assertThat(get("/v1/services/orders?wait=60s&index=" + (index + 1000)).status)
                .isEqualTo(200);
        assertThat(get("/v1/services/orders?wait=60s&epoch=other&index=" + index).status)
                .isEqualTo(200);
        assertThat(get("/v1/services/orders?wait=60s").status).isEqualTo(200);
    }

    @Test
    void watch_ofAnUnknownService_isHeldUntilItIsKnown() throws Exception {
        start();
        CompletableFuture<Answer> watch = later("/v1/services/orders?index=0&wait=60s");
        awaitHeld(1);

        put("/v1/services/orders/instances/a", A);

        assertThat(watch.get(10, TimeUnit.SECONDS).status).isEqualTo(200);
    }

    @Test
    void watchers_tooMany_areRefused() throws IOException {
        server = builder().maxWatchers(2).start();
        List<CompletableFuture<Answer>> held =
                List.of(later("/v1/services/orders?index=0"), later("/v1/services/orders?index=0"));
        awaitHeld(2);

        Answer third = get("/v1/services/orders?index=0");

        assertThat(third.status).isEqualTo(503);
        assertThat(third.body).contains("the registry holds 2 waiting requests");
        assertThat(held).noneMatch(CompletableFuture::isDone);
    }

    @Test
    void watchers_many_needNoThreadEach() throws Exception {
        start();
        put("/v1/services/orders/instances/a", A);
        long index = index(get("/v1/services/orders"));
        client.dispatcher().setMaxRequestsPerHost(200);
        client.dispatcher().setMaxRequests(200);
        List<CompletableFuture<Answer>> watches = Stream.generate(() -> later("/v1/services/orders?index=" + index))
                .limit(100)
                .toList();
        awaitHeld(100);

        assertThat(Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().equals("lb4j-registry"))
                        .count())
                .isLessThanOrEqualTo(16);
        put("/v1/services/orders/instances/b", "{\"host\":\"127.0.0.1\",\"port\":8082}");

        for (CompletableFuture<Answer> watch : watches) {
            assertThat(watch.get(10, TimeUnit.SECONDS).body).contains("8082");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GET | /v2/services | 404 | path: /v2/services (expected: /v1/services, ",
                "GET | / | 404 | path: / (expected: ",
                "GET | /v1/services/orders/instances | 404 | path: /v1/services/orders/instances (expected: ",
                "PUT | /v1/services/orders/instances/a/heartbeats | 404 | path: ",
                "POST | /v1/services | 405 | method: POST (expected: GET)",
                "GET | /v1/services/orders/instances/a | 405 | method: GET (expected: DELETE, PUT)",
                "GET | /v1/services/or%20ders | 400 | service: or ders (expected: 1 to 128 letters, digits",
                "GET | /v1/services/orders?index=x | 400 | index: x (expected: a whole number)",
                "GET | /v1/services/orders?indx=1 | 400 | parameter: indx (expected: one of [epoch, index, wait])",
                "GET | /v1/services/orders?index=0&index=1 | 400 | parameter: index (expected: each at most once)",
                "GET | /v1/services/orders?index=0&wait=1h | 400 | wait: 1h (expected: a whole number and ms, s or m",
                "GET | /v1/services?x | 400 | parameter: x (expected: none)",
                "PUT | /v1/services/orders/instances/a%2Fb | 400 | id: a/b (expected: 1 to 255 letters, digits",
                "PUT | /v1/services/orders/instances/a?ttl=500ms | 400 | ttl: 500ms (expected: 1s to 10m)",
                "PUT | /v1/services/orders/instances/a?lease=a%20b | 400 | lease: a b (expected: 1 to 64 letters",
                "PUT | /v1/services/orders/instances/a | 400 | body: nothing (expected: a JSON object)",
            })
    void request_malformed_isRefusedWithAReason(String method, String path, int status, String reason)
            throws IOException {
        start();

        Answer answer = ask(method, path, method.equals("GET") ? null : "");

        assertThat(answer.body).startsWith("{\"error\":\"" + reason);
        assertThat(answer.status).isEqualTo(status);
    }

    @Test
    void body_malformed_isRefusedWithLineAndField() throws IOException {
        start();

        Answer answer = put("/v1/services/orders/instances/a", "{\"host\":\"127.0.0.1\",\n\"prt\":1}");

        assertThat(answer.status).isEqualTo(400);
        assertThat(answer.body).contains("body: line 2, column 7: prt: unknown field (expected: one of id, host, port");
    }

    @Test
    void body_tooLarge_isRefused() throws IOException {
        start();

        Answer answer = put("/v1/services/orders/instances/a", A + " ".repeat(RegistryRules.MAX_BODY_BYTES));

        assertThat(answer.status).isEqualTo(413);
        assertThat(answer.body).isEqualTo("{\"error\":\"body: more bytes (expected: at most 8192)\"}");
    }

    @Test
    void name_tooLong_isRefusedAndShownShortened() throws IOException {
        start();

        Answer answer = get("/v1/services/" + "x".repeat(129));

        assertThat(answer.status).isEqualTo(400);
        assertThat(answer.body).contains("service: " + "x".repeat(60) + "... (expected: ");
    }

    @Test
    void stranger_registered_isRefused() throws IOException {
        start();

        Answer answer = put("/v1/services/orders/instances/a", "{\"host\":\"169.254.169.254\",\"port\":80}");

        assertThat(answer.status).isEqualTo(403);
        assertThat(answer.body)
                .contains("host: 169.254.169.254 (expected: the address it is registered from, 127.0.0.1");
    }

    @Test
    void stranger_inAnAllowedRange_isAccepted() throws IOException {
        server = builder().allowAddresses("10.0.0.0/8").start();

        assertThat(put("/v1/services/orders/instances/a", "{\"host\":\"10.1.2.3\",\"port\":80}").status)
                .isEqualTo(200);
        assertThat(put("/v1/services/orders/instances/b", A).status).isEqualTo(403);
    }

    @Test
    void host_notALoopbackName_isRefused() throws IOException {
        start();

        Answer answer = ask(request("GET", "/v1/services", null)
                .header("Host", "evil.example:80")
                .build());

        assertThat(answer.status).isEqualTo(403);
        assertThat(answer.body).contains("Host: evil.example:80 (expected: localhost or a loopback address)");
        for (String host : List.of("localhost:8500", "LOCALHOST", "[::1]:80", "127.0.0.1")) {
            assertThat(ask(request("GET", "/v1/services", null)
                                    .header("Host", host)
                                    .build())
                            .status)
                    .isEqualTo(200);
        }
    }

    @Test
    void token_missingOrWrong_isUnauthorised() throws IOException {
        server = builder().token(TOKEN).start();

        for (String given : List.of("", "Bearer ", "Bearer " + TOKEN + "x", "Basic " + TOKEN, TOKEN)) {
            Answer answer = ask(request("GET", "/v1/services", null)
                    .header("Authorization", given)
                    .build());
            assertThat(answer.status).as(given).isEqualTo(401);
            assertThat(answer.headers.get("WWW-Authenticate")).isEqualTo("Bearer");
            assertThat(answer.body).doesNotContain(TOKEN);
        }
        assertThat(get("/v1/services").status).isEqualTo(401);
        assertThat(ask(request("GET", "/v1/services", null)
                                .header("Authorization", "bearer " + TOKEN)
                                .build())
                        .status)
                .isEqualTo(200);
    }

    @Test
    void beyondLoopback_withoutTokenOrTls_isRefused() throws Exception {
        HandshakeCertificates certificates = certificates();
        List<RegistryServer.Builder> insufficient = List.of(
                builder().host("0.0.0.0"),
                builder().host("0.0.0.0").token(TOKEN),
                builder().host("::").tls(certificates.sslContext()));
        for (RegistryServer.Builder each : insufficient) {
            assertThatThrownBy(each::start)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageEndingWith("(expected: a loopback address, or both token and TLS)");
        }
    }

    @Test
    void beyondLoopback_withTokenAndTls_serves() throws Exception {
        HandshakeCertificates certificates = certificates();
        server = builder()
                .host("0.0.0.0")
                .token(TOKEN)
                .tls(certificates.sslContext())
                .start();
        client = client.newBuilder()
                .sslSocketFactory(certificates.sslSocketFactory(), certificates.trustManager())
                .build();

        assertThat(server.url()).startsWith("https://127.0.0.1:");
        assertThat(get("/v1/services").status).isEqualTo(401);
        assertThat(ask(request("PUT", "/v1/services/orders/instances/a", A)
                                .header("Authorization", "Bearer " + TOKEN)
                                .build())
                        .status)
                .isEqualTo(200);
    }

    private static HandshakeCertificates certificates() {
        HeldCertificate certificate = new HeldCertificate.Builder()
                .addSubjectAlternativeName("127.0.0.1")
                .build();
        return new HandshakeCertificates.Builder()
                .heldCertificate(certificate)
                .addTrustedCertificate(certificate.certificate())
                .build();
    }

    @Test
    void builder_outOfRange_isRefused() {
        assertThatThrownBy(() -> builder().port(65536)).hasMessage("port: 65536 (expected: 0 to 65535)");
        assertThatThrownBy(() -> builder().token("short"))
                .hasMessage("token: 5 characters (expected: at least 16 printable ASCII characters without spaces)");
        assertThatThrownBy(() -> builder().warmUp(Duration.ofHours(2)))
                .hasMessage("warmUp: 120m (expected: 0ms to 60m)");
        assertThatThrownBy(() -> builder().maxServices(0)).hasMessage("maxServices: 0 (expected: 1 to 100000)");
        assertThatThrownBy(() -> builder().maxInstances(0)).hasMessage("maxInstances: 0 (expected: 1 to 100000)");
        assertThatThrownBy(() -> builder().maxWatchers(0)).hasMessage("maxWatchers: 0 (expected: 1 to 100000)");
    }

    @Test
    void port_taken_isAnErrorAndLeavesNothingBehind() throws IOException {
        start();

        assertThatThrownBy(() -> builder().port(server.port()).start()).isInstanceOf(BindException.class);
    }

    @Test
    void snapshot_overARestart_forgetsNobody() throws IOException {
        Path file = dir.resolve("registry.json");
        server = builder().snapshotFile(file).start();
        put("/v1/services/orders/instances/a?lease=mine&ttl=20s", A);
        time.advance(Duration.ofSeconds(19));
        server.close();

        server = builder().snapshotFile(file).warmUp(Duration.ofSeconds(30)).start();

        assertThat(get("/v1/services/orders").body).contains("\"complete\":true", "\"port\":8081");
        time.advance(Duration.ofSeconds(19));
        assertThat(put("/v1/services/orders/instances/a/heartbeat?lease=mine", "").body)
                .contains("20000");
        time.advance(Duration.ofSeconds(21));
        assertThat(server.services()).containsEntry("orders", 0);
    }

    @Test
    void snapshot_isWrittenWithoutAClose() throws IOException {
        Path file = dir.resolve("registry.json");
        server = builder().snapshotFile(file).start();
        put("/v1/services/orders/instances/a", A);

        time.advance(Duration.ofMillis(200));

        await().untilAsserted(() -> assertThat(file).content().contains("\"port\":8081"));
        assertThat(dir).isDirectoryNotContaining("glob:**.tmp");
    }

    @Test
    void snapshot_damaged_isMovedAsideAndTheRegistryWarmsUp() throws IOException {
        Path file = Files.writeString(dir.resolve("registry.json"), "{\"version\":1,\"serv");

        server = builder().snapshotFile(file).warmUp(Duration.ofSeconds(30)).start();

        assertThat(get("/v1/services/orders").body).contains("\"complete\":false");
        assertThat(dir.resolve("registry.json.bad")).content().isEqualTo("{\"version\":1,\"serv");
    }

    @Test
    void snapshot_ofSomethingElse_isMovedAside() throws IOException {
        Path file = Files.writeString(dir.resolve("registry.json"), "{\"version\":2,\"services\":{}}");

        server = builder().snapshotFile(file).start();

        assertThat(dir.resolve("registry.json.bad")).exists();
    }

    @Test
    void snapshot_withABadEntry_losesThatOneOnly() throws IOException {
        String entry =
                "{\"lease\":\"l\",\"ttlMillis\":15000,\"instance\":{\"id\":\"%s\",\"host\":\"127.0.0.1\",\"port\":%s}}";
        Path file = Files.writeString(
                dir.resolve("registry.json"),
                "{\"version\":1,\"services\":{\"orders\":[" + entry.formatted("a", 1) + ", "
                        + entry.formatted("b", 70000) + ", 7], \"no name\":[" + entry.formatted("c", 1) + "]}}");

        server = builder().snapshotFile(file).start();

        assertThat(server.services()).isEqualTo(Map.of("orders", 1));
    }

    @Test
    void snapshot_notWritable_stopsNobody() throws IOException {
        Path directory = Files.createDirectory(dir.resolve("gone"));
        server = builder().snapshotFile(directory.resolve("registry.json")).start();
        Files.delete(directory);

        put("/v1/services/orders/instances/a", A);
        time.advance(Duration.ofSeconds(1));

        assertThat(get("/v1/services/orders").status).isEqualTo(200);
    }

    @Test
    void garbage_insteadOfHttp_stopsNobody() throws IOException {
        start();
        for (String garbage :
                List.of("\r\n\r\n", "garbage\r\n\r\n", "GET", "PUT /v1 HTTP/1.1\r\nContent-Length: x\r\n\r\n")) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                socket.getOutputStream().write(garbage.getBytes(US_ASCII));
            }
        }

        assertThat(get("/v1/services").status).isEqualTo(200);
    }

    @Test
    void requests_thatNeverEnd_holdNoThreadForever() throws IOException {
        server = builder().stuckAfter(Duration.ofMillis(100)).start();
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < RegistryServer.THREADS; i++) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
                sockets.add(socket);
                String head = "PUT /v1/services/a/instances/b HTTP/1.1\nHost: localhost\nContent-Length: 100\n\n";
                socket.getOutputStream()
                        .write((i % 2 == 0 ? "{" : head.replace("\n", "\r\n") + "{").getBytes(US_ASCII));
            }
            CompletableFuture<Answer> answer = later("/v1/services");

            await().untilAsserted(() -> {
                time.advance(Duration.ofMillis(200));
                assertThat(answer).isCompleted();
            });
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    @Test
    void thousandInstances_areListed() throws IOException {
        start();
        for (int i = 1; i <= 1000; i++) {
            assertThat(put("/v1/services/orders/instances/i" + i, "{\"host\":\"127.0.0.1\",\"port\":" + i + "}").status)
                    .isEqualTo(200);
        }

        assertThat(server.services()).containsEntry("orders", 1000);
        assertThat(get("/v1/services/orders").body).contains("\"port\":1000}");
    }
}

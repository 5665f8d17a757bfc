package io.lb4j.discovery;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.internal.JsonCalls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The client against registries that misbehave; against the real one see {@link RegistryTest}. */
class RegistryDiscoveryTest {
    private final Recorder recorder = new Recorder();
    private final MockWebServer mock = new MockWebServer();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private volatile Function<RecordedRequest, MockResponse> script = request -> answer(500, "");
    private RegistryDiscovery discovery;

    private static MockResponse answer(int status, String body) {
        return new MockResponse.Builder().code(status).body(body).build();
    }

    private static String body(String epoch, long index, String instances) {
        return "{\"service\":\"orders\",\"epoch\":\"" + epoch + "\",\"index\":" + index
                + ",\"complete\":true,\"instances\":[" + instances + "]}";
    }

    private static String instance(int port) {
        return "{\"id\":\"i" + port + "\",\"host\":\"127.0.0.1\",\"port\":" + port + "}";
    }

    /** Answers a question without index at once, holds others for a minute. */
    private static Function<RecordedRequest, MockResponse> good(String instances) {
        return request -> request.getUrl().queryParameter("index") == null
                ? answer(200, body("e", 1, instances))
                : held(200, body("e", 1, instances));
    }

    private static MockResponse held(int status, String body) {
        return new MockResponse.Builder()
                .code(status)
                .body(body)
                .headersDelay(60, TimeUnit.SECONDS)
                .build();
    }

    private String start() throws IOException {
        mock.setDispatcher(new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) {
                asked.add(request.getTarget());
                return script.apply(request);
            }
        });
        mock.start(InetAddress.getLoopbackAddress(), 0);
        return "http://127.0.0.1:" + mock.getPort();
    }

    private void watch(String url) {
        discovery = RegistryDiscovery.builder(url)
                .waitTime(Duration.ofSeconds(20))
                .margin(Duration.ofSeconds(1))
                .build();
        discovery.watch("orders", recorder);
    }

    @AfterEach
    void closed_leavesNoThread() {
        if (discovery != null) {
            discovery.close();
            discovery.close();
        }
        mock.close();
        await().untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("lb4j-registry-client"));
    }

    private void awaitLast(String... authorities) {
        await().untilAsserted(() -> assertThat(recorder.last()).containsExactly(authorities));
    }

    private String registry() {
        return "registry http://127.0.0.1:" + mock.getPort();
    }

    private void awaitTrouble(String message) {
        await().untilAsserted(() -> assertThat(recorder.messages()).contains(registry() + message));
    }

    @Test
    void watch_firstAnswer_isFollowedByAQuestionThatWaits() throws IOException {
        script = good(instance(1));
        watch(start());

        awaitLast("127.0.0.1:1");

        await().untilAsserted(() -> assertThat(asked)
                .containsExactly("/v1/services/orders", "/v1/services/orders?index=1&epoch=e&wait=20000ms"));
    }

    @Test
    void watch_twoOfOneService_shareAQuestion() throws IOException {
        script = good(instance(1));
        watch(start());
        awaitLast("127.0.0.1:1");
        Recorder second = new Recorder();

        ServiceDiscovery.Watch watch = discovery.watch("orders", second);

        assertThat(second.last()).containsExactly("127.0.0.1:1");
        watch.close();
        watch.close();
        await().untilAsserted(() -> assertThat(asked).hasSize(2));
    }

    @Test
    void troubles_ofEveryKind_keepTheLastGoodListAndAreToldOnce() throws IOException {
        String url = start();
        script = request -> answer(200, body("e", 1, instance(1)));
        watch(url);
        awaitLast("127.0.0.1:1");

        script = request -> answer(500, "{\"error\":\"out of order\"}");
        awaitTrouble(": answered 500: out of order");
        script = request -> answer(200, "<html>");
        awaitTrouble(": answered 200 with something that is not JSON");
        script = request -> answer(404, "[]");
        awaitTrouble(": answered 404");
        script = request -> answer(502, "<html>\nbad gateway");
        awaitTrouble(": answered 502: <html> bad gateway");
        script = request -> answer(404, "{\"error\":\"no such page\"}");
        awaitTrouble(": answered 404: no such page");
        script = request -> answer(200, "{\"epoch\":\"e\",\"index\":1}");
        awaitTrouble(": answered 200");
        script = request -> new MockResponse.Builder()
                .code(302)
                .addHeader("Location", "/elsewhere")
                .body("{}")
                .build();
        awaitTrouble(": answered 302");
        script = request -> held(200, "{}");
        awaitTrouble(": no answer in time");

        assertThat(recorder.snapshots).allMatch(list -> list.size() == 1);
        assertThat(recorder.unknown).isEmpty();
        assertThat(recorder.messages()).doesNotHaveDuplicates().hasSize(8);

        script = good(instance(2));
        awaitLast("127.0.0.1:2");
        assertThat(recorder.calls).endsWith("instances");
    }

    @Test
    void answer_tooLarge_isTrouble() throws IOException {
        script = request -> answer(200, body("e", 1, " ".repeat(JsonCalls.MAX_ANSWER_BYTES)));
        watch(start());

        awaitTrouble(": answered with more than 16777216 bytes");
    }

    @Test
    void instances_invalidOnes_areLeftOutAndTold() throws IOException {
        script = good(instance(1) + ",{\"host\":\"h\",\"port\":70000},7," + instance(1)
                + ",{\"id\":\"new\",\"host\":\"127.0.0.1\",\"port\":2,\"colour\":{\"r\":1}},\"127.0.0.1:3\"");
        watch(start());

        awaitLast("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3");
        await().untilAsserted(() -> assertThat(recorder.messages())
                .containsExactly(
                        registry() + ": an instance that is left out: port: instance port: 70000 (expected: 1 to "
                                + "65535); an instance that is left out: 7 (expected: an instance: an object with host and port, "
                                + "or a string \"host:port\"); instance i1 is listed twice"));
        assertThat(recorder.calls).containsExactly("instances", "complaint");
    }

    @Test
    void instances_allInvalid_keepTheLastGoodListAndAreToldInAFewWords() throws IOException {
        script = request -> answer(200, body("e", 1, instance(1)));
        watch(start());
        awaitLast("127.0.0.1:1");

        script = request -> answer(200, body("e", 2, "1,2,3,4,5,6,7"));

        await().untilAsserted(() -> assertThat(recorder.messages()).hasSize(1));
        assertThat(recorder.messages().get(0)).contains("left out: 5 (").endsWith("; and 2 more");
        assertThat(recorder.snapshots).hasSize(1);
    }

    @Test
    void service_unknown_isTold() throws IOException {
        script = request -> request.getUrl().queryParameter("index") == null
                ? answer(
                        404,
                        "{\"epoch\":\"e\",\"index\":0,\"complete\":true,\"error\":\"unknown service orders (expected: "
                                + "one of [users])\"}")
                : held(404, "");
        watch(start());

        await().untilAsserted(() -> assertThat(recorder.unknown)
                .containsExactly(
                        registry() + " has no service 'orders': unknown service orders (expected: one of [users])"));
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void registry_thatDoesNotHoldRequests_isNotAskedInABusyLoop() throws IOException {
        script = request -> answer(200, body("e", 1, instance(1)));
        watch(start());
        awaitLast("127.0.0.1:1");

        await().during(Duration.ofSeconds(2)).atMost(Duration.ofSeconds(5)).until(() -> asked.size() < 20);
        assertThat(recorder.snapshots).hasSize(1);
    }

    @Test
    void thousandInstances_areDelivered() throws IOException {
        script = good(IntStream.rangeClosed(1, 1000)
                .mapToObj(RegistryDiscoveryTest::instance)
                .collect(Collectors.joining(",")));
        watch(start());

        await().untilAsserted(() -> assertThat(recorder.last()).hasSize(1000));
    }

    @Test
    void registry_dead_isTroubleAndAskedLessAndLess() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        watch("http://127.0.0.1:" + port);

        await().untilAsserted(() -> assertThat(recorder.messages())
                .containsExactly("registry http://127.0.0.1:" + port + ": Failed to connect to /127.0.0.1:" + port));
        assertThat(recorder.snapshots).isEmpty();

        try (RegistryServer late =
                RegistryServer.builder().port(port).warmUp(Duration.ZERO).start()) {
            await().untilAsserted(() -> assertThat(recorder.unknown).hasSize(1));
            assertThat(late.services()).isEmpty();
        }
    }

    @Test
    void registry_thatSpeaksNoHttp_isTrouble() throws Exception {
        List<Socket> accepted = new CopyOnWriteArrayList<>();
        try (ServerSocket garbage = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread server = new Thread(() -> {
                try {
                    while (true) {
                        Socket socket = garbage.accept();
                        accepted.add(socket);
                        socket.getOutputStream().write("\u0000\u0001 what?\r\n\r\n".getBytes(US_ASCII));
                        socket.shutdownOutput();
                    }
                } catch (IOException e) {
                    // Closed: the test is over.
                }
            });
            server.setDaemon(true);
            server.start();
            watch("http://127.0.0.1:" + garbage.getLocalPort());

            await().untilAsserted(() -> assertThat(recorder.errors).isNotEmpty());
            await().until(() -> accepted.size() > 3);
            assertThat(recorder.messages()).doesNotHaveDuplicates();
        }
        for (Socket socket : accepted) {
            socket.close();
        }
    }

    @Test
    void watch_closed_cancelsItsQuestion() throws IOException {
        script = good(instance(1));
        String url = start();
        discovery = RegistryDiscovery.of(url);
        ServiceDiscovery.Watch watch = discovery.watch("orders", recorder);
        await().untilAsserted(() -> assertThat(asked).hasSize(2));

        watch.close();

        await().untilAsserted(() -> assertThat(Thread.getAllStackTraces().entrySet())
                .noneMatch(thread -> thread.getKey().getName().equals("lb4j-registry-client")
                        && List.of(thread.getValue()).toString().contains("AsyncCall.run(")));
        assertThat(recorder.errors).isEmpty();
        discovery.watch("orders", recorder);
        await().untilAsserted(() -> assertThat(recorder.snapshots).hasSize(2));
    }

    @Test
    void close_thenWatch_isRefused() {
        discovery = RegistryDiscovery.of("http://127.0.0.1:1");
        discovery.close();

        assertThatThrownBy(() -> discovery.watch("orders", recorder))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("RegistryDiscovery[registry http://127.0.0.1:1] is closed");
    }

    @Test
    void client_ofTheApplication_isUsedAndNotClosed() throws IOException {
        script = good(instance(1));
        List<String> seen = new ArrayList<>();
        OkHttpClient own = new OkHttpClient.Builder()
                .addInterceptor(chain -> {
                    seen.add(chain.request().header("Authorization"));
                    return chain.proceed(chain.request());
                })
                .build();
        discovery = RegistryDiscovery.builder(start())
                .client(own)
                .token("0123456789abcdef")
                .build();
        discovery.watch("orders", recorder);
        awaitLast("127.0.0.1:1");

        discovery.close();

        assertThat(seen).contains("Bearer 0123456789abcdef");
        assertThat(own.dispatcher().executorService().isShutdown()).isFalse();
        own.dispatcher().executorService().shutdown();
        own.connectionPool().evictAll();
    }

    @Test
    void builder_invalid_isRefused() {
        assertThatThrownBy(() -> RegistryDiscovery.of("127.0.0.1:8500"))
                .hasMessage("registry: 127.0.0.1:8500 (expected: a URL as http://127.0.0.1:8500)");
        assertThatThrownBy(() -> RegistryDiscovery.of("http://127.0.0.1:8500?x"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RegistryDiscovery.builder("http://registry.example")
                        .token("0123456789abcdef")
                        .build())
                .hasMessage("registry: http://registry.example with a token (expected: https, or a loopback address)");
        assertThatThrownBy(() -> RegistryDiscovery.builder("http://h").waitTime(Duration.ofMinutes(2)))
                .hasMessage("waitTime: 2m (expected: 100ms to 1m)");
        try (RegistryDiscovery https = RegistryDiscovery.builder("https://registry.example")
                .token("0123456789abcdef")
                .build()) {
            assertThatThrownBy(() -> https.watch("or ders", recorder)).hasMessageStartingWith("service: or ders (");
        }
    }
}

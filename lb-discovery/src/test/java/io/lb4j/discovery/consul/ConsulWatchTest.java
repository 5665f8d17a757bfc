package io.lb4j.discovery.consul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.Scheduler;
import io.lb4j.discovery.Recorder;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Questions and indexes, with agents that answer what a real one does seldom. */
class ConsulWatchTest {
    private static final String PATH = "/v1/health/service/orders?passing=1&stale=";

    private final Recorder recorder = new Recorder();
    private final MockWebServer mock = new MockWebServer();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private volatile Function<RecordedRequest, MockResponse> script = request -> answer("1", "[]");
    private String url;
    private ConsulDiscovery discovery;

    @BeforeEach
    void start() throws IOException {
        mock.setDispatcher(new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) {
                asked.add(request.getTarget());
                return script.apply(request);
            }
        });
        mock.start(InetAddress.getLoopbackAddress(), 0);
        url = "http://127.0.0.1:" + mock.getPort();
    }

    @AfterEach
    void stop() {
        if (discovery != null) {
            discovery.close();
        }
        mock.close();
    }

    private static MockResponse.Builder builder(@Nullable String index, String body) {
        MockResponse.Builder answer = new MockResponse.Builder().code(200).body(body);
        return index == null ? answer : answer.addHeader("X-Consul-Index", index);
    }

    private static MockResponse answer(@Nullable String index, String body) {
        return builder(index, body).build();
    }

    private static MockResponse held() {
        return builder("1", "[]").headersDelay(60, TimeUnit.SECONDS).build();
    }

    private static String entry(int port) {
        return "{\"Node\":{\"Node\":\"n1\"},\"Service\":{\"ID\":\"i" + port + "\",\"Address\":\"127.0.0.1\",\"Port\":"
                + port + "}}";
    }

    private void watch(ConsulDiscovery.Builder builder) {
        discovery = builder.build();
        discovery.watch("orders", recorder);
    }

    private ConsulDiscovery.Builder quick() {
        return ConsulDiscovery.builder(url).waitTime(Duration.ofSeconds(20)).margin(Duration.ofSeconds(1));
    }

    private void answerInTurn(MockResponse... answers) {
        script = request -> asked.size() <= answers.length ? answers[asked.size() - 1] : held();
    }

    private void awaitAsked(String... targets) {
        await().untilAsserted(() -> assertThat(asked).containsExactly(targets));
    }

    @Test
    void index_isGivenBack_andReset_whenItGoesBackwards() {
        answerInTurn(answer("17", "[" + entry(1) + "]"), answer("13", "[" + entry(2) + "]"), answer("14", "[]"));
        watch(quick());

        awaitAsked(PATH, PATH + "&index=17&wait=20000ms", PATH, PATH + "&index=14&wait=20000ms");
        assertThat(recorder.snapshots).hasSize(3);
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void index_isNotGivenBackAfterAFailure_asItMayBeTooHigh() {
        answerInTurn(
                answer("17", "[" + entry(1) + "]"),
                new MockResponse.Builder().code(500).body("No cluster leader").build(),
                answer("3", "[" + entry(1) + "]"),
                answer("3", "[" + entry(1) + "]"));
        watch(quick());

        awaitAsked(PATH, PATH + "&index=17&wait=20000ms", PATH, PATH, PATH + "&index=3&wait=20000ms");
        assertThat(recorder.messages()).containsExactly("Consul " + url + ": answered 500: No cluster leader");
    }

    @Test
    void indexThatIsNone_isNotGivenBack_andNotAskedInABusyLoop() {
        for (String none : new String[] {null, "0", "-5", "x"}) {
            asked.clear();
            script = request -> answer(none, "[" + entry(1) + "]");
            try (ConsulDiscovery busy = quick().random(() -> Long.MAX_VALUE).build()) {
                busy.watch("orders", new Recorder());
                await().until(() -> asked.size() > 3);
            }
            assertThat(asked).containsOnly(PATH);
        }
    }

    @Test
    void serversThatDisagreeAboutTheIndex_areNotAskedInABusyLoop() {
        script = request -> answer(asked.size() % 2 == 0 ? "50" : "100", "[" + entry(1) + "]");
        awaitLongWaits();
    }

    @Test
    void agentThatDoesNotHoldRequests_isNotAskedInABusyLoop() {
        script = request -> answer("7", "[" + entry(1) + "]");
        awaitLongWaits();
    }

    /** Waits are noted and left out; some of the first hundred must have been long. */
    private void awaitLongWaits() {
        List<Duration> waits = new CopyOnWriteArrayList<>();
        watch(quick().random(new Random(1)).scheduler((task, delay) -> {
            waits.add(delay);
            return Scheduler.shared().schedule(task, Duration.ZERO);
        }));

        await().until(() -> waits.size() >= 100);
        assertThat(waits.subList(0, 100).stream().max(Comparator.naturalOrder()).orElseThrow())
                .isGreaterThan(Duration.ofSeconds(3));
        assertThat(waits.get(0)).isLessThan(Duration.ofMillis(100));
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void noLeader_andATokenThatMaySeeNothing_leaveTheLastList() {
        answerInTurn(
                answer("5", "[" + entry(1) + "]"),
                builder("6", "[]").addHeader("X-Consul-KnownLeader", "false").build(),
                builder("7", "[]")
                        .addHeader("X-Consul-Results-Filtered-By-ACLs", "true")
                        .build(),
                answer("8", "[" + entry(2) + "]"));
        watch(quick());

        await().untilAsserted(() -> assertThat(recorder.last()).containsExactly("127.0.0.1:2"));
        assertThat(recorder.snapshots).hasSize(2).doesNotContain(List.of());
        assertThat(recorder.messages())
                .containsExactly(
                        "Consul " + url + ": its servers have no leader",
                        "Consul " + url
                                + ": the token may not see what there is (expected: service:read and node:read)");
    }

    @Test
    void entryThatCannotBeUnderstood_isLeftOut() {
        script = request -> request.getUrl().queryParameter("index") == null
                ? answer("5", "[" + entry(1) + "," + entry(70000) + ",7," + entry(1) + "]")
                : held();
        watch(quick());

        await().untilAsserted(() -> assertThat(recorder.messages())
                .singleElement()
                .asString()
                .contains("left out: instance port: 70000", "left out: ID: none", "instance n1/i1 is listed twice"));
        assertThat(recorder.last()).containsExactly("127.0.0.1:1");
    }

    @Test
    void everythingThatIsSet_isAsked() {
        script = request -> held();
        watch(quick().passing(false)
                .consistent(true)
                .datacenter("dc2")
                .namespace("team")
                .partition("p")
                .filter("Service.Meta.version == \"7\"")
                .tags("blue", "v1")
                .token("secret"));

        awaitAsked("/v1/health/service/orders?consistent=&dc=dc2&ns=team&partition=p"
                + "&filter=Service.Meta.version%20%3D%3D%20%227%22&tag=blue&tag=v1");
    }

    @Test
    void misuse_isRefused() {
        assertThatThrownBy(() -> ConsulDiscovery.builder("http://10.0.0.1:8500")
                        .token("s")
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Consul: http://10.0.0.1:8500 with a token (expected: https, or a loopback address)");
        assertThatThrownBy(() -> ConsulRegistrar.builder("http://10.0.0.1:8500")
                        .token("s")
                        .build())
                .isInstanceOf(IllegalArgumentException.class);
        ConsulDiscovery.builder("https://10.0.0.1:8501").token("s").build().close();
        discovery = ConsulDiscovery.of(url);
        for (String name : List.of(" ", ".", "..")) {
            assertThatThrownBy(() -> discovery.watch(name, recorder))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("service: '" + name + "' (expected: a name)");
        }
    }

    @Test
    void tokenThatIsNone_isATroubleThatDoesNotShowIt() {
        watch(quick().token("two words"));

        await().untilAsserted(() -> assertThat(recorder.messages())
                .containsExactly("Consul " + url
                        + ": token: 9 characters (expected: printable ASCII characters without spaces)"));
        assertThat(asked).isEmpty();
    }
}

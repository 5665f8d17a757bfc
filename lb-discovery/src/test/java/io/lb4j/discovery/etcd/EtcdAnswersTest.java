package io.lb4j.discovery.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Registrar;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Members that answer what a real one can't be brought to. */
class EtcdAnswersTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final ServiceInstance ONE =
            ServiceInstance.builder("127.0.0.1", 1).id("one").build();

    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private final List<HttpServer> servers = new ArrayList<>();
    private final ExecutorService workers = Executors.newCachedThreadPool();

    /** Everything that was asked: path and body. */
    private final List<String> asked = new CopyOnWriteArrayList<>();

    private final Registrar.Answer answer = new Registrar.Answer() {
        @Override
        public void held(Duration leaseTtl) {
            heard.add("held " + leaseTtl);
        }

        @Override
        public void forgotten(String detail) {
            heard.add("forgotten " + detail);
        }

        @Override
        public void refused(String detail) {
            heard.add("refused " + detail);
        }

        @Override
        public void failed(IOException error) {
            heard.add("failed " + error.getMessage());
        }
    };

    @AfterEach
    void stop() {
        servers.forEach(server -> server.stop(0));
        workers.shutdownNow();
    }

    /** Answers with what is made of path and body: a status, a space, and JSON. */
    private String member(Function<String, String> answers) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(workers);
        server.createContext("/", exchange -> answer(exchange, answers));
        server.start();
        servers.add(server);
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange, Function<String, String> answers) throws IOException {
        try (exchange) {
            String question = exchange.getRequestURI().getPath() + " "
                    + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            asked.add(question);
            String said = answers.apply(question);
            byte[] body = said.substring(4).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(Integer.parseInt(said.substring(0, 3)), body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private String next() throws InterruptedException {
        return heard.poll(30, TimeUnit.SECONDS);
    }

    /** OkHttp itself asks once more after a 408. */
    private static int timesAsked(int status) {
        return status == 408 ? 2 : 1;
    }

    private void ask(EtcdCluster cluster) {
        ask(cluster, LONG);
    }

    private void ask(EtcdCluster cluster, Duration timeout) {
        cluster.ask("kv/range", json -> json.writeString(""), timeout, new EtcdCluster.Handler() {
            @Override
            public void answered(JsonNode body) {
                heard.add("answered " + body);
            }

            @Override
            public void refused(int status, String message) {
                heard.add("refused " + status);
            }

            @Override
            public void failed(IOException error) {
                heard.add("failed " + error.getMessage());
            }
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 429, 500, 503})
    void answerOfAMemberInTrouble_theNextIsAsked_alsoFromThenOn(int status) throws Exception {
        String first = member(question -> status + " {\"message\":\"busy\"}");
        String second = member(question -> "200 {\"second\":true}");
        try (EtcdCluster cluster = new EtcdCluster(List.of(first, second), null, null, new FirstMember())) {
            ask(cluster);
            assertThat(next()).isEqualTo("answered {\"second\":true}");
            ask(cluster);
            assertThat(next()).isEqualTo("answered {\"second\":true}");
        }
        assertThat(asked).hasSize(2 + timesAsked(status));
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 429, 503})
    void allInTrouble_eachIsAskedOnce_andTheLastOnesWordsAreSaid(int status) throws Exception {
        String first = member(question -> status + " {\"message\":\"busy\"}");
        String second = member(question -> status + " {\"message\":\"busy, too\"}");
        try (EtcdCluster cluster = new EtcdCluster(List.of(first, second), null, null, new FirstMember())) {
            ask(cluster);
            assertThat(next()).startsWith("failed etcd " + second).contains("busy, too");
        }
        assertThat(asked).hasSize(2 * timesAsked(status));
    }

    @Test
    void membersThatSayNothing_shareTheTime() throws Exception {
        List<ServerSocket> silent = new ArrayList<>();
        try {
            for (int i = 0; i < 8; i++) {
                silent.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            }
            List<String> urls = silent.stream()
                    .map(each -> "http://127.0.0.1:" + each.getLocalPort())
                    .toList();
            try (EtcdCluster cluster = new EtcdCluster(urls, null, null, new FirstMember())) {
                long begin = System.nanoTime();
                ask(cluster, Duration.ofSeconds(1));
                assertThat(next()).startsWith("failed");
                assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
            }
        } finally {
            for (ServerSocket each : silent) {
                each.close();
            }
        }
    }

    @Test
    void refusal_isNoMattersOfTheMember() throws Exception {
        String first = member(question -> "400 {\"message\":\"bad\"}");
        String second = member(question -> "200 {}");
        try (EtcdCluster cluster = new EtcdCluster(List.of(first, second), null, null, new FirstMember())) {
            ask(cluster);
            assertThat(next()).isEqualTo("refused 400");
        }
        assertThat(asked).hasSize(1);
    }

    /** Answers every other question so, beginning with the first; logins get tokens. */
    private String memberThatForgetsTokens(String refusal) throws IOException {
        AtomicInteger questions = new AtomicInteger();
        return member(question -> {
            if (question.startsWith("/v3/auth")) {
                return "200 {\"token\":\"t\"}";
            }
            return questions.incrementAndGet() % 2 == 0 ? "200 {}" : refusal;
        });
    }

    private static EtcdCluster withLogin(String url) {
        return new EtcdCluster(List.of(url), new EtcdLogin("app", () -> "secret"), null, new FirstMember());
    }

    private List<String> askedPaths() {
        return asked.stream()
                .map(each -> each.substring("/v3/".length(), each.indexOf(' ')))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "401 {\"message\":\"who?\"}",
                "400 {\"message\":\"etcdserver: invalid auth token\"}",
                "400 {\"message\":\"etcdserver: user name is empty\"}",
                "400 {\"message\":\"etcdserver: revision of auth store is old\"}"
            })
    void tokenThatHasExpired_isReplacedBeforeAnythingIsSaid(String refusal) throws Exception {
        try (EtcdCluster cluster = withLogin(memberThatForgetsTokens(refusal))) {
            ask(cluster);
            // A token that is new won't get better by another.
            assertThat(next()).startsWith("refused");
            ask(cluster);
            assertThat(next()).isEqualTo("answered {}");
            ask(cluster);
            assertThat(next()).isEqualTo("answered {}");
        }
        // After the refusal no token is left; later the one that was good is tried first.
        assertThat(askedPaths())
                .containsExactly(
                        "auth/authenticate",
                        "kv/range",
                        "auth/authenticate",
                        "kv/range",
                        "kv/range",
                        "auth/authenticate",
                        "kv/range");
    }

    /** Two questions are under way; the later one finds the lease ended, and a new one is granted before the earlier one is answered. */
    @Test
    void answerAboutAnEarlierLease_doesNotEndThePresentOne() throws Exception {
        CountDownLatch late = new CountDownLatch(1);
        List<String> renewals = new CopyOnWriteArrayList<>();
        String url = member(question -> {
            if (question.startsWith("/v3/lease/grant")) {
                return "200 {\"ID\":\"" + (renewals.isEmpty() ? 1 : 2) + "\",\"TTL\":\"60\"}";
            }
            if (question.startsWith("/v3/lease/keepalive")) {
                renewals.add(question);
                if (renewals.size() == 1) {
                    await(late);
                }
                return "200 {\"result\":{\"ID\":\"1\",\"TTL\":\"0\"}}";
            }
            return "200 {\"succeeded\":true,\"header\":{\"revision\":\"1\"}}";
        });
        try (EtcdRegistrar registrar = EtcdRegistrar.of(url)) {
            registrar.register("orders", ONE, LONG.multipliedBy(2), answer);
            assertThat(next()).isEqualTo("held PT1M");
            registrar.renew("orders", ONE, LONG.multipliedBy(2), answer);
            while (renewals.isEmpty()) {
                Thread.onSpinWait();
            }
            registrar.renew("orders", ONE, LONG.multipliedBy(2), answer);
            assertThat(next()).isEqualTo("forgotten etcd " + url + ": the lease has ended");
            registrar.register("orders", ONE, LONG.multipliedBy(2), answer);
            assertThat(next()).isEqualTo("held PT1M");

            late.countDown();
            assertThat(next()).startsWith("forgotten");
            registrar.deregister("orders", ONE, LONG);
        }

        assertThat(asked).last().isEqualTo("/v3/lease/revoke {\"ID\":\"2\"}");
    }

    /** As of one that ended between two renewals, found by an update. */
    @Test
    void leaseThatEtcdDoesNotKnow_isReplacedByTheNextRegistration() throws Exception {
        AtomicInteger puts = new AtomicInteger();
        String url = member(question -> {
            if (question.startsWith("/v3/lease/grant")) {
                return "200 {\"ID\":\"1\",\"TTL\":\"60\"}";
            }
            return question.startsWith("/v3/kv/txn") && puts.incrementAndGet() == 2
                    ? "404 {\"message\":\"etcdserver: requested lease not found\"}"
                    : "200 {\"succeeded\":true}";
        });
        try (EtcdRegistrar registrar = EtcdRegistrar.of(url)) {
            for (String expected : List.of("held", "forgotten", "held")) {
                registrar.register("orders", ONE, LONG.multipliedBy(2), answer);
                assertThat(next()).startsWith(expected);
            }
        }
        assertThat(askedPaths()).containsExactly("lease/grant", "kv/txn", "kv/txn", "lease/grant", "kv/txn");
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(30, TimeUnit.SECONDS)) {
                throw new IllegalStateException("nothing came");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

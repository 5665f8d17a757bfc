package io.lb4j.discovery.eureka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.Recorder;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is asked and what is made of it, with servers that answer what a real one does seldom. Nobody waits here but for answers. */
class EurekaRegistryTest {
    private static final String ALL = "/eureka/apps";
    private static final String CHANGES = "/eureka/apps/delta";

    private final Recorder orders = new Recorder();
    private final Recorder users = new Recorder();
    private final MockWebServer mock = new MockWebServer();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final List<String> logins = new CopyOnWriteArrayList<>();
    private final List<Duration> waits = new CopyOnWriteArrayList<>();
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1000);
    private List<MockResponse> script = List.of();
    private String url;
    private EurekaDiscovery discovery;

    @BeforeEach
    void start() throws IOException {
        mock.setDispatcher(new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) {
                asked.add(request.getTarget());
                logins.add(String.valueOf(request.getHeaders().get("Authorization")));
                return asked.size() <= script.size() ? script.get(asked.size() - 1) : held();
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

    private static MockResponse held() {
        return new MockResponse.Builder()
                .headersDelay(60, TimeUnit.SECONDS)
                .body(answer(""))
                .build();
    }

    private static MockResponse ok(String body) {
        return new MockResponse.Builder().code(200).body(body).build();
    }

    private static MockResponse status(int code) {
        return new MockResponse.Builder().code(code).body("no").build();
    }

    private static String answer(String hash, String... applications) {
        return "{\"applications\":{\"versions__delta\":\"1\",\"apps__hashcode\":\"" + hash + "\",\"application\":["
                + String.join(",", applications) + "]}}";
    }

    private static String application(String name, String... instances) {
        return "{\"name\":\"" + name + "\",\"instance\":[" + String.join(",", instances) + "]}";
    }

    private static String instance(int port, String... more) {
        return "{\"instanceId\":\"i" + port + "\",\"hostName\":\"127.0.0.1\",\"status\":\"UP\",\"port\":{\"$\":" + port
                + ",\"@enabled\":\"true\"}" + String.join("", more) + "}";
    }

    private static String changed(int port, String action) {
        return instance(port, ",\"actionType\":\"" + action + "\"");
    }

    private EurekaDiscovery.Builder quick(String... urls) {
        return EurekaDiscovery.builder(urls.length == 0 ? new String[] {url} : urls)
                .random(new FirstServer())
                .ticker(clock::get)
                .scheduler((task, delay) -> {
                    waits.add(delay);
                    return Scheduler.shared().schedule(task, Duration.ZERO);
                });
    }

    private void watch(EurekaDiscovery.Builder builder, MockResponse... answers) {
        script = List.of(answers);
        discovery = builder.build();
        discovery.watch("orders", orders);
    }

    private void awaitAsked(String... targets) {
        await().untilAsserted(() -> assertThat(asked).containsExactly(targets));
    }

    @Test
    void changes_areFollowed_asLongAsTheyAddUp() {
        watch(
                quick(),
                ok(answer("UP_2_", application("ORDERS", instance(1), instance(2)))),
                ok(answer("UP_3_", application("ORDERS", changed(3, "ADDED")))),
                ok(answer("UP_2_", application("ORDERS", changed(1, "DELETED")))),
                ok(answer(
                        "DOWN_1_UP_1_",
                        application("ORDERS", instance(2, ",\"status\":\"DOWN\",\"actionType\":\"MODIFIED\"")))));

        awaitAsked(ALL, CHANGES, CHANGES, CHANGES, CHANGES);
        assertThat(orders.snapshots.stream()
                        .map(list -> list.stream().map(each -> each.id()).toList())
                        .toList())
                .containsExactly(List.of("i1", "i2"), List.of("i1", "i2", "i3"), List.of("i2", "i3"), List.of("i3"));
        assertThat(orders.errors).isEmpty();
        assertThat(waits).allMatch(wait -> wait.toMillis() >= 22_500 && wait.toMillis() <= 30_000);
    }

    /** As servers write it that make their JSON from XML. */
    @Test
    void arraysOfOne_mayBeThatOne() {
        String one =
                "{\"applications\":{\"apps__hashcode\":\"UP_1_\",\"application\":{\"name\":\"ORDERS\",\"instance\":"
                        + instance(1) + "}}}";

        watch(quick(), ok(one), held());

        awaitAsked(ALL, CHANGES);
        assertThat(orders.snapshots).hasSize(1);
        assertThat(orders.snapshots.get(0)).extracting(each -> each.id()).containsExactly("i1");
    }

    @Test
    void changesThatDoNotAddUp_areFollowedByEverything_atOnce() {
        watch(
                quick(),
                ok(answer("UP_1_", application("ORDERS", instance(1)))),
                ok(answer("UP_3_", application("ORDERS", changed(2, "ADDED")))),
                ok(answer("UP_3_", application("ORDERS", instance(1), instance(2), instance(3)))),
                ok(answer("UP_3_")));

        awaitAsked(ALL, CHANGES, ALL, CHANGES, CHANGES);
        assertThat(orders.snapshots.stream().map(List::size)).containsExactly(1, 3);
        assertThat(waits).hasSize(3);
    }

    @Test
    void changesThatAreNotTold_areNotAskedForForever() {
        MockResponse all = ok(answer("UP_1_", application("ORDERS", instance(1))));
        watch(
                quick(),
                all,
                status(403),
                all,
                status(403),
                all,
                status(403),
                all,
                ok(answer("", application("ORDERS"))),
                ok(answer("UP_1_", application("USERS", instance(9)))));

        awaitAsked(ALL, CHANGES, ALL, CHANGES, ALL, CHANGES, ALL, ALL, ALL, ALL);
        // Who isn't told of those that leave can't tell them from those that are forgotten.
        assertThat(orders.last()).isEmpty();
        assertThat(orders.errors).isEmpty();
    }

    @Test
    void services_shareOneQuestion_andTheLastWatchEndsIt() {
        MockResponse all =
                ok(answer("UP_3_", application("ORDERS", instance(1)), application("USERS", instance(1), instance(2))));
        watch(quick(), all, all);
        await().until(() -> !orders.snapshots.isEmpty());
        Recorder unknown = new Recorder();
        ServiceDiscovery.Watch second = discovery.watch("Users", users);
        ServiceDiscovery.Watch third = discovery.watch("userz", unknown);

        await().untilAsserted(() -> assertThat(users.last()).containsExactly("127.0.0.1:1", "127.0.0.1:2"));
        await().untilAsserted(() -> assertThat(unknown.unknown)
                .containsExactly(
                        "Eureka " + url + "/eureka has no service 'userz': (expected: one of [ORDERS, USERS])"));
        third.close();
        second.close();
        awaitAsked(ALL, CHANGES, CHANGES);
    }

    @Test
    void lastWatchClosed_endsQuestions_andTheNextBeginsAnew() {
        MockResponse all = ok(answer("UP_1_", application("ORDERS", instance(1))));
        script = List.of(all, held(), all);
        discovery = quick().build();
        ServiceDiscovery.Watch first = discovery.watch("orders", orders);
        awaitAsked(ALL, CHANGES);
        first.close();
        discovery.watch("orders", users);

        awaitAsked(ALL, CHANGES, ALL, CHANGES);
        assertThat(users.last()).hasSize(1);
        assertThat(orders.errors).isEmpty();
    }

    @Test
    void anotherServersChanges_areNotTrusted() throws IOException {
        try (MockWebServer other = new MockWebServer()) {
            List<String> there = new CopyOnWriteArrayList<>();
            other.setDispatcher(new Dispatcher() {
                @Override
                public MockResponse dispatch(RecordedRequest request) {
                    there.add(request.getTarget());
                    return there.size() > 2
                            ? held()
                            : ok(answer(
                                    "UP_1_",
                                    there.size() == 1
                                            ? new String[0]
                                            : new String[] {application("ORDERS", instance(2))}));
                }
            });
            other.start(InetAddress.getLoopbackAddress(), 0);
            watch(
                    quick(url, "http://127.0.0.1:" + other.getPort() + "/eureka/")
                            .keepForgotten(Duration.ZERO),
                    ok(answer("UP_1_", application("ORDERS", instance(1)))),
                    status(503));

            await().untilAsserted(() -> assertThat(there).containsExactly(CHANGES, ALL, CHANGES));
            assertThat(orders.last()).containsExactly("127.0.0.1:2");
            assertThat(orders.errors).isEmpty();
            discovery.close();
        }
    }

    @Test
    void afterALongOutage_everythingIsRead() {
        MockResponse all = ok(answer("UP_1_", application("ORDERS", instance(1))));
        script = List.of(all, status(500), status(500), ok(answer("UP_1_", application("ORDERS", instance(1)))));
        discovery = quick().scheduler((task, delay) -> {
                    clock.addAndGet(asked.size() == 3 ? Duration.ofMinutes(3).toNanos() : 0);
                    return Scheduler.shared().schedule(task, Duration.ZERO);
                })
                .build();
        discovery.watch("orders", orders);

        awaitAsked(ALL, CHANGES, CHANGES, ALL, CHANGES);
        assertThat(orders.messages()).containsExactly("Eureka " + url + "/eureka: answered 500: no");
        assertThat(orders.snapshots).hasSize(2);
    }

    @Test
    void forgotten_isKeptForAWhile_andNotWhenItLeft_orIsThereAgain() {
        watch(
                quick().keepForgotten(Duration.ofSeconds(90)),
                ok(answer("UP_4_", application("ORDERS", instance(1), instance(2), instance(3), instance(4)))),
                // It has lost its memory; one has registered again, and another one under a new id.
                ok(answer("UP_2_", application("ORDERS", changed(1, "ADDED")))),
                ok(answer(
                        "UP_2_", application("ORDERS", instance(1), instance(4).replace("\"i4\"", "\"new\"")))),
                ok(answer("UP_2_", application("ORDERS", changed(2, "DELETED")))));
        awaitAsked(ALL, CHANGES, ALL, CHANGES, CHANGES);

        assertThat(orders.snapshots.stream()
                        .map(list -> list.stream().map(each -> each.id()).toList())
                        .toList())
                .containsExactly(
                        List.of("i1", "i2", "i3", "i4"), List.of("i1", "new", "i2", "i3"), List.of("i1", "new", "i3"));
    }

    @Test
    void forgotten_isBelievedInTheEnd() {
        script = List.of(
                ok(answer("UP_2_", application("ORDERS", instance(1)), application("USERS", instance(5)))),
                ok(answer("", new String[0])),
                ok(answer("", new String[0])),
                ok(answer("", new String[0])),
                ok(answer("", new String[0])));
        discovery = quick().scheduler((task, delay) -> {
                    clock.addAndGet(delay.toNanos());
                    return Scheduler.shared().schedule(task, Duration.ZERO);
                })
                .keepForgotten(Duration.ofSeconds(45))
                .build();
        discovery.watch("orders", orders);

        awaitAsked(ALL, CHANGES, ALL, CHANGES, CHANGES, CHANGES);
        assertThat(orders.snapshots.stream().map(List::size)).containsExactly(1, 0);
        assertThat(orders.unknown).isEmpty();
    }

    @Test
    void instanceThatCannotBeUnderstood_isLeftOut_andNothingElseIs() {
        watch(
                quick(),
                ok(answer(
                        "UP_4_",
                        application(
                                "ORDERS",
                                instance(1, ",\"metadata\":{\"weight\":\"heavy\"}"),
                                instance(70000),
                                "7",
                                instance(2)),
                        application("USERS", instance(70000)),
                        "null")));

        awaitAsked(ALL, CHANGES);
        await().until(() -> !orders.complaints.isEmpty());
        assertThat(orders.last()).containsExactly("127.0.0.1:1", "127.0.0.1:2");
        assertThat(orders.complaints)
                .singleElement()
                .asString()
                .contains(
                        "instance i1: weight heavy (expected: a number from 0 to 1000000), taken for 1",
                        "instance i70000 is left out: ");
        // Nothing that can be understood isn't the same as nothing.
        discovery.watch("users", users);
        await().until(() -> !users.errors.isEmpty());
        assertThat(users.complaints).isEmpty();
        assertThat(users.snapshots).isEmpty();
    }

    @Test
    void oddAnswers_areTroubles_andTheLastListStays() {
        watch(
                quick(),
                ok(answer("UP_1_", application("ORDERS", instance(1)))),
                ok("[]"),
                ok("{\"applications\":{\"application\":\"none\"}}"),
                ok("<applications/>"),
                status(404),
                status(404));

        awaitAsked(ALL, CHANGES, CHANGES, CHANGES, CHANGES, ALL, CHANGES);
        assertThat(orders.snapshots).hasSize(1);
        assertThat(orders.messages())
                .containsExactly(
                        "Eureka " + url
                                + "/eureka: answered with something odd: no applications (expected: {\"applications\":{…}})",
                        "Eureka " + url
                                + "/eureka: answered with something odd: application: \"none\" (expected: an array)",
                        "Eureka " + url + "/eureka: answered 200 with something that is not JSON",
                        "Eureka " + url
                                + "/eureka: answered 404: no (expected: Eureka's API there; its path is part of the URL)");
    }

    @Test
    void login_isShown_asItIsAtTheTime_andNotInTheClear() {
        watch(
                quick(url + "/registry/v2").login("me", () -> "secret-" + asked.size()),
                ok(answer("UP_1_", application("ORDERS", instance(1)))));

        awaitAsked("/registry/v2/apps", "/registry/v2/apps/delta");
        assertThat(logins).containsExactly("Basic bWU6c2VjcmV0LTA=", "Basic bWU6c2VjcmV0LTE=");
        assertThatThrownBy(() -> EurekaDiscovery.builder("http://eureka.example:8761")
                        .login("me", () -> "secret")
                        .build())
                .hasMessage("Eureka: http://eureka.example:8761/eureka with a password (expected: https, or a loopback"
                        + " address)");
        assertThatThrownBy(() -> EurekaDiscovery.of("http://me:geheim@127.0.0.1:8761/eureka"))
                .hasMessage("Eureka: a URL with a user and password at 127.0.0.1 (expected: none, since URLs end up in"
                        + " logs; login() takes them)");
        assertThatThrownBy(() -> EurekaDiscovery.builder("http://h").login("a:b", () -> ""))
                .hasMessage("user: 'a:b' (expected: a name without a colon)");
        assertThatThrownBy(() -> EurekaDiscovery.of()).hasMessageStartingWith("Eureka: no URL (expected: at least one");
    }

    @Test
    void passwordThatCannotBeRead_isATrouble() {
        watch(quick().login("me", () -> {
            throw new IOException("password: gone");
        }));

        await().until(() -> !orders.errors.isEmpty());
        assertThat(orders.messages()).containsExactly("Eureka " + url + "/eureka: password: gone");
        assertThat(asked).isEmpty();
    }
}

package io.lb4j.discovery.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Discoveries;
import io.lb4j.discovery.Recorder;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;

/** Against servers that answer oddly; against a real one see {@link KnotTest}. */
class DnsDiscoveryTest {
    private static final String NAME = "orders.test.";

    private final Recorder recorder = new Recorder();
    private FakeDns dns;
    private DnsDiscovery discovery;

    private static ConditionFactory await() {
        return Awaitility.await().pollInterval(Duration.ofMillis(5));
    }

    /** Runs nothing until a test says so, and keeps the delays. */
    private final Ticks ticks = new Ticks();

    private static final class Ticks implements Scheduler {
        private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();
        private final Queue<Duration> delays = new ConcurrentLinkedQueue<>();

        @Override
        public Task schedule(Runnable task, Duration delay) {
            delays.add(delay);
            waiting.add(task);
            return () -> waiting.remove(task);
        }

        /** Waits for the question under way to end, and asks the next one. */
        Duration next() {
            await().until(() -> !waiting.isEmpty());
            waiting.remove().run();
            return delays.remove();
        }

        Duration delay() {
            await().until(() -> !delays.isEmpty());
            return delays.peek();
        }
    }

    @BeforeEach
    void start() throws IOException {
        dns = new FakeDns();
    }

    @AfterEach
    void closed_leavesNoThreadAndNoSocket() throws IOException {
        if (discovery != null) {
            discovery.close();
            discovery.close();
        }
        dns.close();
        await().untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.equals("lb4j-dns") || name.startsWith("dnsjava")));
    }

    private DnsDiscovery.Builder builder() {
        return DnsDiscovery.builder(dns.address()).scheduler(ticks).timeout(Duration.ofMillis(600));
    }

    private void watch(DnsDiscovery.Builder builder) {
        discovery = builder.build();
        discovery.watch(NAME, recorder);
    }

    private void awaitLast(String... authorities) {
        await().untilAsserted(() -> assertThat(recorder.last()).containsExactly(authorities));
    }

    private void awaitTrouble(String message) {
        await().untilAsserted(() ->
                assertThat(recorder.messages()).isNotEmpty().last().asString().contains(message));
    }

    private List<ServiceInstance> instances() {
        await().until(() -> !recorder.snapshots.isEmpty());
        return recorder.snapshots.get(recorder.snapshots.size() - 1);
    }

    @Test
    void services_priorityWeightAndPort_areTakenOver() {
        dns.answer(
                NAME + " SRV",
                NAME + " 5 IN SRV 20 7 8081 a.test.",
                NAME + " 5 IN SRV 10 30 8082 b.test.",
                NAME + " 5 IN SRV 10 10 8083 a.test.",
                NAME + " 5 IN SRV 65535 0 8084 b.test.");
        dns.answer("a.test. A", "a.test. 5 IN A 127.0.0.2");
        dns.answer("b.test. A", "b.test. 5 IN A 127.0.0.4", "b.test. 5 IN A 127.0.0.3");
        watch(builder().secure(true));

        assertThat(instances())
                .extracting(
                        ServiceInstance::id,
                        ServiceInstance::priority,
                        ServiceInstance::weight,
                        instance -> instance.metadata().get(DnsDiscovery.TARGET),
                        ServiceInstance::secure)
                .containsExactly(
                        tuple("127.0.0.2:8081", 1, 7.0, "a.test", true),
                        tuple("127.0.0.2:8083", 0, 10.0, "a.test", true),
                        tuple("127.0.0.3:8082", 0, 15.0, "b.test", true),
                        tuple("127.0.0.3:8084", 2, 0.5, "b.test", true),
                        tuple("127.0.0.4:8082", 0, 15.0, "b.test", true),
                        tuple("127.0.0.4:8084", 2, 0.5, "b.test", true));
        assertThat(recorder.errors).isEmpty();
    }

    /** RFC 2782's algorithm draws from 0 to the sum and finds a record of weight 0 at 0 only. */
    @Test
    void weights_zeroBesideOthers_haveTogetherOnePart() {
        dns.answer(
                NAME + " SRV",
                NAME + " 5 IN SRV 1 0 1 a.test.",
                NAME + " 5 IN SRV 1 0 2 a.test.",
                NAME + " 5 IN SRV 1 9 3 a.test.",
                NAME + " 5 IN SRV 2 0 4 a.test.",
                NAME + " 5 IN SRV 2 0 5 a.test.");
        dns.answer("a.test. A", "a.test. 5 IN A 127.0.0.2");
        watch(builder());

        assertThat(instances()).extracting(ServiceInstance::weight).containsExactly(0.5, 0.5, 9.0, 1.0, 1.0);
    }

    @Test
    void services_twoTargetsAtOneAddress_areOneInstance() {
        dns.answer(
                NAME + " SRV",
                NAME + " 5 IN SRV 1 2 80 a.test.",
                NAME + " 5 IN SRV 1 3 80 b.test.",
                NAME + " 5 IN SRV 2 9 80 b.test.");
        dns.answer("a.test. A", "a.test. 5 IN A 127.0.0.2");
        dns.answer("b.test. A", "b.test. 5 IN A 127.0.0.2");
        watch(builder());

        assertThat(instances()).hasSize(1);
        assertThat(instances().get(0).weight()).isEqualTo(5);
        assertThat(instances().get(0).priority()).isZero();
    }

    @Test
    void services_moreThan128Priorities_shareTheLast() {
        dns.answer(
                NAME + " SRV",
                IntStream.range(0, 130)
                        .mapToObj(i -> NAME + " 5 IN SRV " + 500 * i + " 1 " + (1000 + i) + " a.test.")
                        .toArray(String[]::new));
        dns.answer("a.test. A", "a.test. 5 IN A 127.0.0.2");
        watch(builder());

        assertThat(instances())
                .extracting(ServiceInstance::priority)
                .isEqualTo(IntStream.range(0, 130)
                        .map(i -> Math.min(i, 127))
                        .boxed()
                        .toList());
    }

    @Test
    void addresses_inAnotherOrder_areNoNews() {
        dns.answer(NAME + " A", NAME + " 5 IN A 127.0.0.3", NAME + " 5 IN A 127.0.0.2");
        watch(builder().port(80));
        awaitLast("127.0.0.2:80", "127.0.0.3:80");

        dns.answer(NAME + " A", NAME + " 5 IN A 127.0.0.2", NAME + " 5 IN A 127.0.0.3");
        ticks.next();
        ticks.delay();

        assertThat(recorder.calls).containsExactly("instances");
    }

    @Test
    void additionalAddresses_areNotAskedForAgain() {
        dns.answer(
                NAME + " SRV",
                FakeDns.records(NAME + " 9 IN SRV 1 1 80 a.test.", NAME + " 9 IN SRV 1 1 80 b.test."),
                FakeDns.records("a.test. 4 IN A 127.0.0.2", "a.test. 4 IN A 127.0.0.3", "b.test. 1 IN AAAA ::2"));
        dns.answer("b.test. A", "b.test. 8 IN A 127.0.0.4");
        watch(builder());

        awaitLast("127.0.0.2:80", "127.0.0.3:80", "127.0.0.4:80");
        assertThat(dns.asked).containsExactly(NAME + " SRV", "b.test. A");
        assertThat(ticks.delay()).isBetween(Duration.ofSeconds(4), Duration.ofMillis(4400));
    }

    @Test
    void aliases_overSeveralAnswers_areFollowedAndTheShortestTtlHolds() {
        dns.answer(NAME + " A", NAME + " 7 IN CNAME b.test.", "b.test. 3 IN CNAME c.test.");
        dns.answer("c.test. A", "c.test. 9 IN A 127.0.0.2");
        watch(builder().port(80));

        awaitLast("127.0.0.2:80");
        assertThat(ticks.delay()).isBetween(Duration.ofSeconds(3), Duration.ofMillis(3300));
    }

    @Test
    void aliases_inACircle_areTrouble() {
        dns.answer(NAME + " A", NAME + " 7 IN CNAME b.test.", "b.test. 3 IN CNAME " + NAME);
        watch(builder().port(80));

        awaitTrouble("orders.test. is an alias of an alias, more than 8 times, as of ");
    }

    @Test
    void alias_toNowhere_isUnknown() {
        dns.refuse(NAME + " A", Rcode.NXDOMAIN, "test. 20 IN SOA ns.test. h.test. 1 1 1 1 30");
        watch(builder().port(80));

        await().untilAsserted(() -> assertThat(recorder.unknown)
                .containsExactly("DNS " + dns.address() + " has no service '" + NAME + "': the name " + NAME
                        + " doesn't exist"));
        assertThat(ticks.delay()).isBetween(Duration.ofSeconds(20), Duration.ofSeconds(22));
    }

    @Test
    void noRecords_isAnEmptyListForAsLongAsTheZoneSays() {
        dns.refuse(NAME + " SRV", Rcode.NOERROR, "test. 60 IN SOA ns.test. h.test. 1 1 1 1 30");
        watch(builder());

        assertThat(instances()).isEmpty();
        assertThat(ticks.delay()).isBetween(Duration.ofSeconds(30), Duration.ofSeconds(33));
    }

    @Test
    void targetRoot_isAnEmptyList() {
        dns.answer(NAME + " SRV", NAME + " 5 IN SRV 0 0 0 .");
        watch(builder());

        assertThat(instances()).isEmpty();
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void ttl_isBounded() {
        dns.answer(NAME + " A", NAME + " 0 IN A 127.0.0.2");
        watch(builder().port(80).minTtl(Duration.ofSeconds(2)).maxTtl(Duration.ofSeconds(10)));
        awaitLast("127.0.0.2:80");

        dns.answer(NAME + " A", NAME + " 86400 IN A 127.0.0.3");
        // A little later than that, and each client at another time.
        assertThat(ticks.next()).isStrictlyBetween(Duration.ofSeconds(2), Duration.ofMillis(2201));
        awaitLast("127.0.0.3:80");

        assertThat(ticks.delay()).isStrictlyBetween(Duration.ofSeconds(10), Duration.ofMillis(11_001));
    }

    @Test
    void troubles_ofEveryKind_keepTheLastListAndAreToldOnce() {
        dns.answer(NAME + " A", NAME + " 5 IN A 127.0.0.2");
        watch(builder().port(80).timeout(Duration.ofMillis(100)));
        awaitLast("127.0.0.2:80");
        FakeDns.Twist good = dns.twist;

        for (int rcode : List.of(Rcode.SERVFAIL, Rcode.REFUSED, Rcode.SERVFAIL, Rcode.NOTAUTH)) {
            dns.refuse(NAME + " A", rcode);
            ticks.next();
            awaitTrouble(dns.address() + ": answered ");
        }
        dns.twist = (query, answer, overTcp) -> null;
        ticks.next();
        awaitTrouble(dns.address() + ": no answer in time (asked for orders.test. A)");
        dns.twist = (query, answer, overTcp) -> "what?".getBytes(StandardCharsets.US_ASCII);
        ticks.next();
        awaitTrouble(dns.address() + ": no answer in time; what came is no DNS message (");
        dns.twist = (query, answer, overTcp) -> {
            answer.getHeader().setID(query.getHeader().getID() + 1);
            return answer.toWire();
        };
        ticks.next();
        awaitTrouble(dns.address() + ": no answer in time; what came answers something else (");
        dns.twist = good;
        dns.refuse(NAME + " A", Rcode.NOERROR, "test. 60 IN NS ns.test.");
        ticks.next();
        awaitTrouble("knows only whom else to ask (expected: a server that asks for others)");

        dns.answer(NAME + " A", NAME + " 5 IN A 127.0.0.3");
        ticks.next();
        awaitLast("127.0.0.3:80");
        assertThat(recorder.messages()).doesNotHaveDuplicates().hasSize(7);
        assertThat(recorder.snapshots).hasSize(2).allMatch(list -> list.size() == 1);
        assertThat(recorder.unknown).isEmpty();

        // The waits begin anew after an answer.
        dns.refuse(NAME + " A", Rcode.SERVFAIL);
        ticks.next();
        assertThat(ticks.next()).isLessThanOrEqualTo(Duration.ofMillis(100));
    }

    /** Whoever guesses the port must also guess the question's number, and has no more tries than the server leaves time for. */
    @Test
    void answer_toAnotherQuestion_isPassedOver() throws IOException {
        dns.answer(NAME + " A", NAME + " 5 IN A 127.0.0.2");
        dns.twist = (query, answer, overTcp) -> {
            Message forged = answer.clone();
            forged.getHeader().setID(query.getHeader().getID() ^ 1);
            forged.removeAllRecords(Section.ANSWER);
            return forged.toWire();
        };
        FakeDns.Twist forger = dns.twist;
        dns.twist = (query, answer, overTcp) -> {
            dns.twist = (q, a, t) -> a.toWire();
            return forger.bend(query, answer, overTcp);
        };
        watch(builder().port(80));

        awaitLast("127.0.0.2:80");
        assertThat(dns.asked).hasSize(2);
    }

    @Test
    void answer_truncated_isAskedForOverTcp() {
        dns.answer(
                NAME + " SRV",
                IntStream.range(1, 2001)
                        .mapToObj(i -> NAME + " 5 IN SRV 1 1 " + i + " a.test.")
                        .toArray(String[]::new));
        dns.answer("a.test. A", "a.test. 5 IN A 127.0.0.2");
        dns.twist = (query, answer, overTcp) -> answer.toWire(overTcp ? 65_535 : 1232);
        watch(builder());

        assertThat(instances()).hasSize(2000);
        assertThat(dns.asked).containsExactly(NAME + " SRV", NAME + " SRV tcp", "a.test. A");
        assertThat(recorder.snapshots).hasSize(1);
    }

    @Test
    void answer_truncatedAndNotToBeHadOverTcp_keepsTheLastList() {
        dns.answer(NAME + " A", NAME + " 5 IN A 127.0.0.2", NAME + " 5 IN A 127.0.0.3");
        watch(builder().port(80).timeout(Duration.ofMillis(100)));
        awaitLast("127.0.0.2:80", "127.0.0.3:80");

        dns.twist = (query, answer, overTcp) -> {
            answer.getHeader().setFlag(Flags.TC);
            answer.removeRecord(answer.getSection(Section.ANSWER).get(0), Section.ANSWER);
            return overTcp ? null : answer.toWire();
        };
        ticks.next();

        awaitTrouble("no answer in time over TCP");
        assertThat(recorder.snapshots).hasSize(1);
    }

    /** The list is cut short over UDP, and over TCP each time something else is wrong. */
    @Test
    void answer_truncated_andWrongOverTcp_keepsTheLastList() {
        dns.answer(NAME + " A", NAME + " 5 IN A 127.0.0.2", NAME + " 5 IN A 127.0.0.3");
        watch(builder().port(80).timeout(Duration.ofMillis(100)));
        awaitLast("127.0.0.2:80", "127.0.0.3:80");
        Map<String, FakeDns.Twist> wrong = new LinkedHashMap<>();
        wrong.put("the answer is cut short over TCP, too", (query, answer, overTcp) -> answer.toWire());
        wrong.put(
                "what came over TCP is no answer",
                (query, answer, overTcp) -> "what?".getBytes(StandardCharsets.US_ASCII));
        wrong.put("what came over TCP is no answer (", (query, answer, overTcp) -> {
            answer.getHeader().setID(query.getHeader().getID() ^ 1);
            answer.getHeader().unsetFlag(Flags.TC);
            return answer.toWire();
        });

        wrong.forEach((message, twist) -> {
            dns.twist = (query, answer, overTcp) -> {
                answer.removeRecord(answer.getSection(Section.ANSWER).get(0), Section.ANSWER);
                answer.getHeader().setFlag(Flags.TC);
                return overTcp ? twist.bend(query, answer, true) : answer.toWire();
            };
            ticks.next();
            awaitTrouble(message);
            // The last one's words were said before.
            ticks.delay();
        });

        assertThat(recorder.snapshots).hasSize(1);
    }

    /** The number is right and comes from the right address, but it is another name's answer, nobody's, or a question. */
    @Test
    void answer_ofAnotherName_orNoAnswer_isPassedOver() {
        dns.answer(NAME + " A", NAME + " 5 IN A 127.0.0.2");
        AtomicInteger turn = new AtomicInteger();
        dns.twist = (query, answer, overTcp) -> {
            Message sent = answer.clone();
            if (turn.get() == 0) {
                sent.removeAllRecords(Section.QUESTION);
                sent.addRecord(FakeDns.question("users.test."), Section.QUESTION);
            } else if (turn.get() == 1) {
                sent.removeAllRecords(Section.QUESTION);
            } else {
                sent.getHeader().unsetFlag(Flags.QR);
            }
            return sent.toWire();
        };
        watch(builder().port(80).timeout(Duration.ofMillis(100)));
        awaitTrouble("what came answers something else");
        for (int i = 1; i <= 2; i++) {
            turn.incrementAndGet();
            ticks.next();
            int all = 2 + 2 * i;
            await().until(() -> dns.asked.size() == all);
            ticks.delay();
        }

        assertThat(recorder.snapshots).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {Rcode.FORMERR, Rcode.NOTIMP})
    void server_withoutEdns_isAskedWithout(int rcode) {
        dns.answer(NAME + " A", NAME + " 5 IN A 127.0.0.2");
        dns.twist = (query, answer, overTcp) -> {
            if (query.getOPT() != null) {
                answer.removeAllRecords(Section.ANSWER);
                answer.removeAllRecords(Section.QUESTION);
                answer.getHeader().setRcode(rcode);
            }
            return answer.toWire();
        };
        watch(builder().port(80));

        awaitLast("127.0.0.2:80");
        assertThat(dns.asked).containsExactly(NAME + " A", NAME + " A plain");
    }

    @Test
    void servers_oneDead_theOtherIsAskedFromThenOn() throws IOException {
        dns.answer(NAME + " A", NAME + " 5 IN A 127.0.0.2");
        try (FakeDns silent = new FakeDns()) {
            silent.twist = (query, answer, overTcp) -> null;
            String nobody = "127.0.0.1:" + freePort();
            watch(DnsDiscovery.builder(nobody, silent.address(), dns.address())
                    .scheduler(ticks)
                    .timeout(Duration.ofMillis(100))
                    .port(80));
            awaitLast("127.0.0.2:80");
            assertThat(silent.asked).hasSize(2);

            ticks.next();
            ticks.delay();
            assertThat(silent.asked).hasSize(2);
            assertThat(recorder.errors).isEmpty();

            dns.refuse(NAME + " A", Rcode.SERVFAIL);
            ticks.next();
            awaitTrouble("DNS " + dns.address() + ": answered SERVFAIL; " + nobody + ": nobody listens there; "
                    + silent.address() + ": no answer in time (asked for orders.test. A)");
        }
    }

    private static int freePort() throws IOException {
        try (DatagramSocket free = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            return free.getLocalPort();
        }
    }

    @Test
    void search_fewDots_goesThroughTheDomainsFirst() {
        dns.answer("orders.b.test. A", "orders.b.test. 5 IN A 127.0.0.2");
        discovery = builder().port(80).search("a.test", "b.test.").build();

        discovery.watch("orders", recorder);

        awaitLast("127.0.0.2:80");
        assertThat(dns.asked).containsExactly("orders.a.test. A", "orders.b.test. A");
    }

    @Test
    void search_nothingFound_isUnknownAndAskedForEverywhere() {
        discovery = builder().port(80).search("a.test").build();

        discovery.watch("orders.shop", recorder);

        await().untilAsserted(() -> assertThat(recorder.unknown).hasSize(1));
        assertThat(dns.asked).containsExactly("orders.shop. A", "orders.shop.a.test. A");
    }

    /** The next domain may have a service of that name that is somebody else's. */
    @Test
    void search_trouble_endsIt() {
        dns.refuse("orders.a.test. A", Rcode.SERVFAIL);
        dns.answer("orders.b.test. A", "orders.b.test. 5 IN A 127.0.0.2");
        discovery = builder().port(80).search("a.test", "b.test").build();

        discovery.watch("orders", recorder);

        awaitTrouble("answered SERVFAIL (asked for orders.a.test. A)");
        assertThat(recorder.snapshots).isEmpty();
    }

    @Test
    void targets_thatCannotBeLookedUp_areWhereTheyWere() {
        dns.answer(NAME + " SRV", NAME + " 5 IN SRV 1 1 80 a.test.", NAME + " 5 IN SRV 1 1 80 b.test.");
        dns.answer("a.test. A", "a.test. 5 IN A 127.0.0.2");
        dns.answer("b.test. A", "b.test. 5 IN A 127.0.0.3");
        watch(builder());
        awaitLast("127.0.0.2:80", "127.0.0.3:80");

        dns.refuse("a.test. A", Rcode.SERVFAIL);
        dns.answer("b.test. A", "b.test. 5 IN A 127.0.0.4");
        ticks.next();

        awaitLast("127.0.0.2:80", "127.0.0.4:80");
        awaitTrouble("DNS " + dns.address() + ": " + dns.address() + ": answered SERVFAIL (asked for a.test. A)");

        dns.refuse("a.test. A", Rcode.NXDOMAIN);
        ticks.next();

        awaitLast("127.0.0.4:80");
        awaitTrouble("a.test. has no address (expected: A or AAAA records for the target of orders.test.)");
    }

    @Test
    void targets_allInTrouble_keepTheLastList() {
        dns.answer(NAME + " SRV", NAME + " 5 IN SRV 1 1 80 a.test.");
        dns.refuse("a.test. A", Rcode.SERVFAIL);
        watch(builder());

        awaitTrouble("answered SERVFAIL (asked for a.test. A)");
        assertThat(recorder.snapshots).isEmpty();
        // Asked again as after any failure, not as after an answer that holds for no time.
        assertThat(ticks.delay()).isLessThanOrEqualTo(Duration.ofMillis(100));
    }

    @Test
    void record_withPortZero_isLeftOutAndTold() {
        dns.answer(NAME + " SRV", NAME + " 5 IN SRV 1 1 0 a.test.", NAME + " 5 IN SRV 1 1 80 a.test.");
        dns.answer("a.test. A", "a.test. 5 IN A 127.0.0.2");
        watch(builder());

        awaitLast("127.0.0.2:80");
        awaitTrouble("a.test. of orders.test.: instance port: 0 (expected: 1 to 65535)");
    }

    @Test
    void family_isChosen() throws IOException {
        dns.answer("both.test. A", "both.test. 5 IN A 127.0.0.2");
        dns.answer("both.test. AAAA", "both.test. 5 IN AAAA ::1");
        dns.answer("six.test. A");
        dns.answer("six.test. AAAA", "six.test. 5 IN AAAA ::1");
        Map<DnsDiscovery.Family, List<String>> expected = Map.of(
                DnsDiscovery.Family.PREFER_IPV4, List.of("127.0.0.2:80", "[0:0:0:0:0:0:0:1]:80"),
                DnsDiscovery.Family.IPV4, List.of("127.0.0.2:80", ""),
                DnsDiscovery.Family.IPV6, List.of("[0:0:0:0:0:0:0:1]:80", "[0:0:0:0:0:0:0:1]:80"),
                DnsDiscovery.Family.BOTH, List.of("[0:0:0:0:0:0:0:1]:80 127.0.0.2:80", "[0:0:0:0:0:0:0:1]:80"));
        for (DnsDiscovery.Family family : DnsDiscovery.Family.values()) {
            List<String> found = new ArrayList<>();
            try (DnsDiscovery each = builder().port(80).family(family).build()) {
                for (String name : List.of("both.test", "six.test")) {
                    Recorder mine = new Recorder();
                    each.watch(name, mine);
                    await().until(() -> !mine.snapshots.isEmpty());
                    found.add(String.join(" ", mine.last()));
                }
            }
            assertThat(found).as("%s", family).isEqualTo(expected.get(family));
        }
    }

    @Test
    void naming_makesTheName() {
        dns.answer("_orders._tcp.test. SRV", "_orders._tcp.test. 5 IN SRV 1 1 80 a.test.");
        dns.answer("a.test. A", "a.test. 5 IN A 127.0.0.2");
        discovery = builder().naming(service -> "_" + service + "._tcp.test").build();

        discovery.watch("orders", recorder);

        awaitLast("127.0.0.2:80");
    }

    @Test
    void close_whileAQuestionWaits_endsItAtOnce() {
        dns.twist = (query, answer, overTcp) -> null;
        watch(builder().timeout(Duration.ofSeconds(30)));
        await().until(() -> !dns.asked.isEmpty());

        discovery.close();

        await().atMost(Duration.ofSeconds(9))
                .untilAsserted(() -> assertThat(Thread.getAllStackTraces().entrySet())
                        .noneMatch(
                                thread -> List.of(thread.getValue()).toString().contains("DnsExchange")));
        assertThat(recorder.calls).isEmpty();
    }

    @Test
    void thisMachinesServers_areTheDefault() {
        try (DnsDiscovery own = DnsDiscovery.of()) {
            assertThat(own.toString()).matches("DnsDiscovery\\[DNS .+:53.*]");
        }
    }

    @Test
    void builder_invalid_isRefused() {
        ArrayDeque<String> wrong = new ArrayDeque<>(List.of(
                "localhost",
                "x:53",
                "127.0.0.1:",
                "127.0.0.1:0",
                "127.0.0.1:65536",
                "256.1.1.1",
                "[::1",
                "::1]:53",
                "",
                "1.2.3.4:5:6"));
        for (String each : wrong) {
            assertThatThrownBy(() -> DnsDiscovery.of(each))
                    .as(each)
                    .hasMessage(
                            "DNS server: '" + each
                                    + "' (expected: an IP address, and its port unless that is 53, as 127.0.0.1:5353 or [::1]:5353)");
        }
        for (String each : List.of("127.0.0.1", "::1", "[::1]", "[::1]:5353", "10.0.0.1:5353")) {
            DnsDiscovery.of(each).close();
        }
        assertThatThrownBy(() -> builder().port(0)).hasMessage("port: 0 (expected: 1 to 65535)");
        assertThatThrownBy(() -> builder().minTtl(Duration.ofMinutes(6)).build())
                .hasMessage("minTtl: 6m (expected: at most maxTtl, 5m)");
        assertThatThrownBy(() -> builder().search("a..b").build())
                .hasMessage("DNS name: 'a..b' (expected: labels of 1 to 63 characters, separated by dots)");
        discovery = builder().build();
        assertThatThrownBy(() -> discovery.watch("or..ders", recorder))
                .hasMessageStartingWith("DNS name: 'or..ders' (");
        discovery.close();
        assertThatThrownBy(() -> discovery.watch("orders", recorder))
                .hasMessage("DnsDiscovery[DNS " + dns.address() + "] is closed");
    }

    @Test
    void uri_opensIt() {
        dns.answer("_orders._tcp.test. SRV", "_orders._tcp.test. 5 IN SRV 1 1 80 a.test.");
        dns.answer("a.test. A", "a.test. 5 IN A 127.0.0.2");
        try (ServiceDiscovery opened = Discoveries.open(
                "dns://" + dns.address() + "/_orders._tcp.test?family=ipv4&secure=true&minTtl=500ms")) {
            opened.watch("orders", recorder);

            awaitLast("127.0.0.2:80");
        }
        try (ServiceDiscovery opened = Discoveries.open("dns:///orders.test?port=80&search=a.test,b.test")) {
            assertThat(opened.toString()).contains("DNS ");
        }
        assertThatThrownBy(() -> Discoveries.open("dns:///orders?port=0"))
                .hasMessageContaining("port: 0 (expected: 1 to 65535)");
        assertThatThrownBy(() -> Discoveries.open("dns:///orders?familly=ipv4"))
                .hasMessageContaining("familly (did you mean 'family'?): unknown (expected: parameters of [");
    }
}

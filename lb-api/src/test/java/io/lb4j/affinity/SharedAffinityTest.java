package io.lb4j.affinity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.NoEligibleInstanceException;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.InstanceReport;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.health.FixedLimit;
import io.lb4j.health.OutlierDetection;
import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Clients that share a store, in virtual time; each picks at random what the store doesn't tell it. */
final class SharedAffinityTest {
    private static final Duration NO_WAIT = Duration.ZERO;
    private static final PickRequest KEY = PickRequest.ofKey("user-1");

    private final VirtualTime time = new VirtualTime();
    private final ManualDiscovery discovery = new ManualDiscovery();
    private final ScriptedStore store = new ScriptedStore(time);
    private final List<Client> clients = new ArrayList<>();

    /** One process. */
    private final class Client {
        final ManualDiscovery own = new ManualDiscovery();
        final LoadBalancer balancer;
        final SharedAffinity affinity;

        Client(int seed, AffinitySettings settings, ConcurrencyLimit limit) {
            LoadBalancer.Builder builder = LoadBalancer.builder("orders")
                    .discovery(seed < 100 ? discovery : own)
                    .strategy(eligible ->
                            request -> eligible.get(eligible.random().nextInt(eligible.size())))
                    .ticker(time)
                    .scheduler(time)
                    .outlierDetection(OutlierDetection.builder()
                            .trialInterval(Duration.ZERO)
                            .build())
                    .random(new SplittableRandom(seed))
                    .concurrencyLimit(limit)
                    .firstSnapshotTimeout(Duration.ZERO);
            if (limit != null) {
                builder.queue(CallQueue.DEFAULT);
            }
            balancer = builder.build();
            affinity = SharedAffinity.builder(balancer, store)
                    .settings(settings)
                    .ticker(time)
                    .scheduler(time)
                    .build();
            clients.add(this);
            time.runDue();
        }

        String call(PickRequest request) {
            try (Lease lease = affinity.acquire(request, NO_WAIT).join()) {
                return lease.instance().id();
            }
        }

        String call() {
            return call(KEY);
        }

        /** The call's own instance has gone; where it is repeated. */
        String failsOver(boolean dead) {
            Lease failed = affinity.acquire(KEY, NO_WAIT).join();
            failed.close(Outcome.CONNECT_FAILURE);
            try (Lease next = affinity.acquireNext(KEY.nextAttempt(failed.candidate()), failed, dead)
                    .join()) {
                return next.instance().id();
            }
        }

        void eject(String id) {
            for (int i = 0; i < 5; i++) {
                balancer.acquire(PickRequest.plain().preferring(id)).close(Outcome.CONNECT_FAILURE);
            }
            time.runDue();
            assertThat(balancer.instance(id).state()).isEqualTo(InstanceReport.State.EJECTED);
        }

        int inFlight() {
            return balancer.instances().stream()
                    .mapToInt(InstanceReport::inFlight)
                    .sum();
        }
    }

    private Client client(int seed) {
        return new Client(seed, AffinitySettings.DEFAULT, null);
    }

    private void list(String... ids) {
        discovery.set("orders", instances(ids));
        time.runDue();
    }

    private static List<ServiceInstance> instances(String... ids) {
        List<ServiceInstance> all = new ArrayList<>();
        for (String id : ids) {
            all.add(ServiceInstance.builder("127.0.0.1", 1000 + id.charAt(0))
                    .id(id)
                    .build());
        }
        return all;
    }

    @AfterEach
    void nothingLeaks() {
        for (Client each : clients) {
            assertThat(each.inFlight()).as("leases that nobody closed").isZero();
            each.affinity.close();
            each.balancer.close();
        }
        time.runDue();
        assertThat(time.pending()).as("timers after close").isZero();
        assertThat(store.watches).as("watches after close").isZero();
    }

    @Test
    void claim_ofSeveralClients_firstOneWins() {
        list("a", "b", "c", "d", "e");
        List<Client> all = List.of(client(1), client(2), client(3), client(4));
        for (int i = 0; i < 200; i++) {
            PickRequest key = PickRequest.ofKey("user-" + i);
            String first = all.get(i % 4).call(key);
            for (Client each : all) {
                assertThat(each.call(key)).isEqualTo(first);
                assertThat(each.call(key)).isEqualTo(first);
            }
        }
        assertThat(all.get(0).affinity.stats().guests()).isZero();
    }

    @Test
    void call_withoutKey_goesWhereTheStrategyPutsIt() {
        list("a");
        assertThat(client(1).call(PickRequest.plain())).isEqualTo("a");
        assertThat(store.asked).isZero();
    }

    @Test
    void store_claimKnown_isAskedOnceASecond() {
        list("a", "b", "c");
        Client client = client(1);
        for (int i = 0; i < 100; i++) {
            client.call();
        }
        assertThat(store.asked).isOne();
        time.advance(Duration.ofSeconds(1));
        client.call();
        client.call();
        assertThat(store.asked).isEqualTo(2);
        assertThat(client.affinity.stats().remembered()).isEqualTo(100);
    }

    @Test
    void cacheFor_zero_asksForEachCall() {
        list("a", "b", "c");
        Client client = new Client(1, new AffinitySettings(Duration.ofMillis(50), Duration.ZERO, 1024), null);
        String first = client(2).call();
        store.asked = 0;
        for (int i = 0; i < 10; i++) {
            assertThat(client.call()).isEqualTo(first);
        }
        assertThat(store.asked).isEqualTo(10);
    }

    @Test
    void instance_diesAndReturns_keyStaysWhereItWent() {
        list("a", "b", "c", "d");
        Client one = client(1);
        Client two = client(2);
        String home = one.call();
        two.call();
        one.eject(home);
        String next = one.call();
        assertThat(next).isNotEqualTo(home);
        assertThat(two.call())
                .as("told of the move, though it thinks well of the old one")
                .isEqualTo(next);
        time.advance(Duration.ofMinutes(1));
        assertThat(one.balancer.instance(home).state()).isEqualTo(InstanceReport.State.ELIGIBLE);
        assertThat(one.call()).isEqualTo(next);
        assertThat(two.call()).isEqualTo(next);
        assertThat(one.affinity.stats().moved()).isOne();
    }

    @Test
    void refused_callFailsOver_movesTheKeyFirst() {
        list("a", "b", "c", "d");
        Client one = client(1);
        Client two = client(2);
        String home = one.call();
        String next = one.failsOver(true);
        assertThat(next).isNotEqualTo(home);
        assertThat(two.failsOver(true))
                .as("of two that found it dead, the second")
                .isNotEqualTo(next);
        String last = two.call();
        assertThat(one.call()).isEqualTo(last);
    }

    @Test
    void refused_anotherHasMovedTheKey_followsThat() {
        list("a", "b", "c", "d", "e", "f");
        Client one = client(1);
        Client two = client(2);
        one.call();
        Lease failed = two.affinity.acquire(KEY, NO_WAIT).join();
        String next = one.failsOver(true);
        failed.close(Outcome.CONNECT_FAILURE);
        try (Lease lease = two.affinity
                .acquireNext(KEY.nextAttempt(failed.candidate()), failed, true)
                .join()) {
            assertThat(lease.instance().id()).isEqualTo(next);
        }
        assertThat(two.affinity.stats().moved()).isZero();
    }

    @Test
    void error_callFailsOver_keyStays() {
        list("a", "b", "c", "d");
        Client client = client(1);
        String home = client.call();
        assertThat(client.failsOver(false)).isNotEqualTo(home);
        assertThat(client.call()).isEqualTo(home);
        assertThat(client.affinity.stats().guests()).isOne();
    }

    @Test
    void move_deathReportedLate_movesNothing() {
        list("a", "b");
        Client client = client(1);
        String home = client.call();
        Claim old = store.memory
                .claim("orders", KEY.hash(), home, null)
                .toCompletableFuture()
                .join();
        String other = home.equals("a") ? "b" : "a";
        Claim there = store.memory
                .claim("orders", KEY.hash(), other, old)
                .toCompletableFuture()
                .join();
        Claim back = store.memory
                .claim("orders", KEY.hash(), home, there)
                .toCompletableFuture()
                .join();
        assertThat(back.instance()).isEqualTo(home);
        assertThat(store.memory
                        .claim("orders", KEY.hash(), other, old)
                        .toCompletableFuture()
                        .join())
                .isEqualTo(back);
    }

    @Test
    void full_callIsAGuestElsewhere_keyStays() {
        list("a", "b", "c");
        Client client = new Client(1, AffinitySettings.DEFAULT, new FixedLimit(1));
        Lease held = client.affinity.acquire(KEY, NO_WAIT).join();
        String home = held.instance().id();
        assertThat(client.call()).isNotEqualTo(home);
        held.close();
        assertThat(client.call()).isEqualTo(home);
        assertThat(client.affinity.stats().guests()).isOne();
        assertThat(client.affinity.stats().moved()).isZero();
    }

    @Test
    void overloaded_callIsAGuestElsewhere_keyStays() {
        list("a", "b", "c");
        Client client = client(1);
        Lease lease = client.affinity.acquire(KEY, NO_WAIT).join();
        String home = lease.instance().id();
        lease.close(Outcome.overloaded(Duration.ofSeconds(3)));
        time.runDue();
        assertThat(client.call()).isNotEqualTo(home);
        time.advance(Duration.ofSeconds(4));
        assertThat(client.call()).isEqualTo(home);
    }

    /** Many servers say goodbye to each connection after a while, out of habit; discovery means it. */
    @Test
    void draining_asDiscoverySays_movesTheKey_asTheInstanceSays_not() {
        list("a", "b", "c");
        Client client = client(1);
        String home = client.call();
        try (Lease lease = client.balancer.acquire(PickRequest.plain().preferring(home))) {
            assertThat(lease.instance().id()).isEqualTo(home);
            lease.draining();
        }
        time.runDue();
        assertThat(client.balancer.instance(home).state()).isEqualTo(InstanceReport.State.DRAINING);
        // The call itself may be a guest elsewhere for the moment.
        client.call();
        time.advance(Duration.ofSeconds(5));
        assertThat(client.balancer.instance(home).state()).isEqualTo(InstanceReport.State.ELIGIBLE);
        assertThat(client.call()).as("after the goodbye").isEqualTo(home);

        discovery.set(
                "orders",
                instances("a", "b", "c").stream()
                        .map(each -> each.id().equals(home)
                                ? each.toBuilder().weight(0).build()
                                : each)
                        .toList());
        time.runDue();
        String next = client.call();
        assertThat(next).isNotEqualTo(home);
        list("a", "b", "c");
        time.advance(Duration.ofSeconds(5));
        assertThat(client.call()).as("when it is back").isEqualTo(next);
    }

    @Test
    void gone_fromDiscovery_movesAtOnce() {
        list("a", "b", "c");
        Client client = client(1);
        String home = client.call();
        list(List.of("a", "b", "c").stream().filter(id -> !id.equals(home)).toArray(String[]::new));
        String next = client.call();
        list("a", "b", "c");
        assertThat(client.call()).isEqualTo(next).isNotEqualTo(home);
    }

    @Test
    void drains_asDiscoverySays_movesAndDoesNotReturn() {
        list("a");
        Client one = client(1);
        assertThat(one.call()).isEqualTo("a");
        ServiceInstance a = instances("a").get(0);
        ServiceInstance b = instances("b").get(0);
        discovery.set("orders", List.of(a.toBuilder().weight(0).build(), b));
        time.runDue();
        assertThat(one.call()).isEqualTo("b");
        assertThat(one.affinity.stats().moved()).isEqualTo(1);
        list("a", "b");
        for (int i = 0; i < 10; i++) {
            assertThat(one.call()).isEqualTo("b");
        }
    }

    /** The call has its lease by then, and is under way. */
    @Test
    void store_answersTooLate_leavesTheCallAlone() {
        list("a");
        Client one = client(1);
        store.hold();
        CompletableFuture<Lease> turn = one.affinity.acquire(KEY, NO_WAIT);
        time.advance(AffinitySettings.DEFAULT.lookupTimeout());
        Lease lease = turn.join();
        store.release();
        assertThat(one.inFlight()).isEqualTo(1);
        lease.close();
        assertThat(one.inFlight()).isZero();
    }

    @Test
    void store_worksAgain_isAskedForWhatWasDecidedMeanwhile() {
        list("a", "b", "c", "d", "e");
        Client one = client(1);
        Client other = client(2);
        store.failing(new IllegalStateException("thrown by a test"));
        String there = one.call();
        store.instead(null);
        int asked = store.asked;
        assertThat(one.call()).isEqualTo(there);
        assertThat(store.asked)
                .as("at once, not when what was made up gets old")
                .isEqualTo(asked + 1);
        assertThat(other.call()).isEqualTo(there);
    }

    @Test
    void unknown_toThisDiscoveryYet_isRespectedForSomeSeconds() {
        list("a", "b", "c");
        store.memory.claim("orders", KEY.hash(), "newcomer", null);
        Client client = client(1);
        assertThat(client.call()).isIn("a", "b", "c");
        time.advance(SharedAffinity.STRANGER_GRACE.minusMillis(1));
        assertThat(client.call()).isIn("a", "b", "c");
        list("a", "b", "c", "newcomer");
        assertThat(client.call()).isEqualTo("newcomer");
        assertThat(client.affinity.stats().moved()).isZero();
    }

    @Test
    void unknown_toThisDiscoveryForLong_isLost() {
        list("a", "b", "c");
        store.memory.claim("orders", KEY.hash(), "nobody", null);
        Client client = client(1);
        client.call();
        time.advance(SharedAffinity.STRANGER_GRACE);
        String home = client.call();
        assertThat(client.affinity.stats().moved()).isOne();
        assertThat(client(2).call()).isEqualTo(home);
    }

    @Test
    void store_tellsNothing_isAskedAgainAfterASecond() {
        list("a", "b", "c", "d");
        Client one = client(1);
        Client two = client(2);
        String home = one.call();
        two.call();
        two.affinity.close();
        one.eject(home);
        String next = one.call();
        assertThat(two.call()).as("not told").isEqualTo(home);
        time.advance(Duration.ofSeconds(1));
        assertThat(two.call()).isEqualTo(next);
    }

    @Test
    void store_unsure_isAskedAgain() {
        list("a", "b");
        Client client = client(1);
        client.call();
        time.advance(Duration.ofMillis(1));
        store.listeners.forEach(AffinityStore.Listener::onUnsure);
        client.call();
        assertThat(store.asked).isEqualTo(2);
    }

    @Test
    void store_slow_waitsNoLongerThanItMay() {
        list("a", "b", "c");
        String home = client(2).call();
        Client client = client(1);
        store.hold();
        CompletableFuture<Lease> call = client.affinity.acquire(KEY, NO_WAIT);
        time.advance(Duration.ofMillis(49));
        assertThat(call).isNotDone();
        time.advance(Duration.ofMillis(1));
        assertThat(call).isDone();
        call.join().close();
        store.release();
        assertThat(client.call()).as("as the late answer said").isEqualTo(home);
        assertThat(client.affinity.stats())
                .extracting(AffinityStats::unasked, AffinityStats::failures)
                .containsExactly(1L, 1L);
    }

    @Test
    void store_answersInTime_callWaitsForIt() {
        list("a", "b", "c");
        String home = client(2).call();
        Client client = client(1);
        store.hold();
        CompletableFuture<Lease> call = client.affinity.acquire(KEY, NO_WAIT);
        time.advance(Duration.ofMillis(10));
        store.release();
        try (Lease lease = call.join()) {
            assertThat(lease.instance().id()).isEqualTo(home);
        }
    }

    @Test
    void store_fails_keysStayWhereTheyWereAndOthersAgreeLater() {
        list("a", "b", "c", "d");
        Client one = client(1);
        Client two = client(2);
        String home = one.call();
        store.failing(new IllegalStateException("gone"));
        time.advance(Duration.ofSeconds(2));
        for (int i = 0; i < 20; i++) {
            assertThat(one.call()).isEqualTo(home);
        }
        one.eject(home);
        String next = one.call();
        for (int i = 0; i < 20; i++) {
            assertThat(one.call()).as("stays where it went meanwhile").isEqualTo(next);
        }
        time.advance(Duration.ofMinutes(1));
        assertThat(one.call()).as("its first instance is back").isEqualTo(next);
        store.instead(null);
        time.advance(Duration.ofSeconds(2));
        one.call();
        assertThat(one.call()).isEqualTo(next);
        assertThat(two.call()).isEqualTo(next);
    }

    @Test
    void store_unseenKeysWhileItFails_areClaimedWhenItIsBack() {
        list("a", "b", "c", "d");
        Client client = client(1);
        store.failing(new IllegalStateException("gone"));
        String home = client.call();
        for (int i = 0; i < 20; i++) {
            assertThat(client.call()).isEqualTo(home);
        }
        store.instead(null);
        time.advance(Duration.ofSeconds(2));
        client.call();
        client.call();
        assertThat(client(2).call()).isEqualTo(home);
    }

    @Test
    void store_failsInARow_isLeftAloneButForOneCallASecond() {
        list("a", "b", "c");
        Client client = client(1);
        store.hold();
        for (int i = 0; i < StoreGuard.FAILURES_TO_OPEN; i++) {
            CompletableFuture<Lease> call = client.affinity.acquire(PickRequest.ofHash(i), NO_WAIT);
            assertThat(call).isNotDone();
            time.advance(Duration.ofMillis(50));
            call.join().close();
        }
        store.asked = 0;
        for (int second = 0; second < 5; second++) {
            time.advance(StoreGuard.RETRY_EVERY);
            for (int i = 0; i < 100; i++) {
                CompletableFuture<Lease> call = client.affinity.acquire(PickRequest.ofHash(100 + i), NO_WAIT);
                assertThat(call).as("nobody waits, not even who asks").isDone();
                call.join().close();
            }
        }
        assertThat(store.asked).isEqualTo(5);
        store.release();
        assertThat(client.affinity.acquire(PickRequest.ofHash(999), NO_WAIT))
                .as("late answers don't count")
                .isDone()
                .satisfies(call -> call.join().close());
        time.advance(StoreGuard.RETRY_EVERY);
        client.call();
        store.asked = 0;
        client.call(PickRequest.ofHash(1000));
        client.call(PickRequest.ofHash(1001));
        assertThat(store.asked).as("believed again").isEqualTo(2);
    }

    @Test
    void store_everyKindOfNonsense_neverFailsACall() {
        list("a", "b", "c");
        Client client = client(1);
        List<Runnable> nonsense = List.of(
                () -> store.instead(() -> null),
                () -> store.instead(() -> CompletableFuture.completedFuture(null)),
                () -> store.instead(() -> {
                    throw new LinkageError("thrown");
                }),
                () -> store.failing(new AffinityEntryException("unreadable")),
                () -> store.failing(new CompletionException(new IllegalStateException("wrapped"))));
        int key = 0;
        for (Runnable each : nonsense) {
            each.run();
            for (int i = 0; i < 10; i++) {
                time.advance(Duration.ofSeconds(1));
                assertThat(client.call(PickRequest.ofHash(key++))).isIn("a", "b", "c");
            }
        }
        store.instead(() -> CompletableFuture.completedFuture(new Claim("stranger", key())));
        for (int i = 0; i < 10; i++) {
            time.advance(Duration.ofSeconds(1));
            assertThat(client.call()).isIn("a", "b", "c");
        }
        assertThat(client.affinity.stats().failures()).isGreaterThan(40);
    }

    private int versions;

    private int key() {
        return versions++;
    }

    @Test
    void entry_unreadable_isNoReasonToDoWithoutTheStore() {
        list("a", "b", "c");
        Client client = client(1);
        store.failing(new AffinityEntryException("unreadable"));
        for (int i = 0; i < 10; i++) {
            client.call(PickRequest.ofHash(i));
        }
        assertThat(store.asked).isEqualTo(10);
        assertThat(client.affinity.stats().failures()).isEqualTo(10);
    }

    @Test
    void cancel_whileTheStoreThinks_leavesNothingBehind() {
        list("a", "b", "c");
        Client client = client(1);
        store.hold();
        CompletableFuture<Lease> call = client.affinity.acquire(KEY, NO_WAIT);
        assertThat(call.cancel(false)).isTrue();
        store.release();
        assertThat(client.inFlight()).isZero();
    }

    @Test
    void cancel_whileItWaitsForRoom_leavesNothingBehind() {
        list("a");
        Client client = new Client(1, AffinitySettings.DEFAULT, new FixedLimit(1));
        Lease held = client.affinity.acquire(KEY, NO_WAIT).join();
        CompletableFuture<Lease> call = client.affinity.acquire(KEY, Duration.ofSeconds(1));
        assertThat(call).isNotDone();
        assertThat(client.balancer.waiting()).isOne();
        call.cancel(false);
        assertThat(client.balancer.waiting()).isZero();
        held.close();
    }

    @Test
    void queue_roomComes_servesTheCallAtItsInstance() {
        list("a");
        Client client = new Client(1, AffinitySettings.DEFAULT, new FixedLimit(1));
        Lease held = client.affinity.acquire(KEY, NO_WAIT).join();
        CompletableFuture<Lease> call = client.affinity.acquire(KEY, Duration.ofSeconds(1));
        held.close();
        assertThat(call).isDone();
        call.join().close();
    }

    @Test
    void nobody_canTakeCalls_failsAsTheBalancerDoes() {
        list();
        Client client = client(1);
        assertThat(client.affinity.acquire(KEY, NO_WAIT))
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withCauseInstanceOf(NoEligibleInstanceException.class);
        client.balancer.close();
        assertThatThrownBy(() -> client.affinity.acquire(KEY, NO_WAIT)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void views_thatContradict_neitherFailNorLoop() {
        Client one = client(101);
        Client two = client(102);
        one.own.set("orders", instances("a", "b"));
        two.own.set("orders", instances("c", "d"));
        time.runDue();
        one.call();
        two.call();
        time.advance(SharedAffinity.STRANGER_GRACE);
        for (int i = 0; i < 20; i++) {
            assertThat(one.call()).isIn("a", "b");
            assertThat(two.call()).isIn("c", "d");
        }
    }
}

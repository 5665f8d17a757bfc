package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instances;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.Candidate;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.ServiceInstance;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Tracker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Strategies, trackers and listeners that misbehave: the call is served and the fault told once. */
final class FaultyPartsTest {
    private final Rig rig = new Rig();
    private final List<LoadBalancer> open = new ArrayList<>();

    @AfterEach
    void nothingLeaks() {
        open.forEach(LoadBalancer::close);
        rig.time.runDue();
        assertThat(rig.time.pending()).as("timers after close").isZero();
    }

    private LoadBalancer build(LoadBalancer.Builder builder) {
        LoadBalancer balancer = builder.build();
        open.add(balancer);
        rig.set(instances(3));
        return balancer;
    }

    /** Throws what the signature doesn't allow, as code in Kotlin may. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <T, E extends Throwable> T sneaky(Throwable error) throws E {
        throw (E) error;
    }

    static final class Stranger implements Candidate {
        @Override
        public ServiceInstance instance() {
            return instances(1).get(0);
        }

        @Override
        public int inFlight() {
            return 0;
        }

        @Override
        public <T extends Tracker> T tracker(StateKey<T> key, Supplier<? extends T> factory) {
            return factory.get();
        }

        @Override
        public String toString() {
            throw new IllegalStateException("even toString throws");
        }
    }

    static List<Picker> faultyPickers() {
        return List.of(
                request -> {
                    throw new IllegalStateException("boom");
                },
                request -> {
                    throw new StackOverflowError();
                },
                request -> FaultyPartsTest.<Candidate, RuntimeException>sneaky(new IOException("sneaky")),
                request -> null,
                request -> new Stranger());
    }

    @ParameterizedTest
    @MethodSource("faultyPickers")
    void picker_faulty_isReplacedAndReportedOncePerPicker(Picker picker) {
        LoadBalancer balancer = build(rig.builder().strategy(eligible -> picker));
        assertThat(rig.picks(balancer, 90)).containsOnlyKeys("a", "b", "c");
        assertThat(rig.events.errors).hasSize(1);
        rig.set(instances(2));
        assertThat(rig.picks(balancer, 90)).containsOnlyKeys("a", "b");
        assertThat(rig.events.errors).hasSize(2);
    }

    @Test
    void picker_faulty_keepsKeysInPlace() {
        LoadBalancer balancer = build(rig.builder().strategy(eligible -> request -> null));
        String first = balancer.acquire(PickRequest.ofKey("k")).instance().id();
        for (int i = 0; i < 20; i++) {
            assertThat(balancer.acquire(PickRequest.ofKey("k")).instance().id()).isEqualTo(first);
        }
        assertThat(rig.events.errors.get(0))
                .hasMessageContaining("returned null")
                .hasMessageContaining("3 candidates");
    }

    static List<Strategy> faultyStrategies() {
        return List.of(
                eligible -> {
                    throw new IllegalArgumentException("boom");
                },
                eligible -> {
                    throw new NoClassDefFoundError("gone");
                },
                eligible -> FaultyPartsTest.<Picker, RuntimeException>sneaky(new IOException("sneaky")),
                eligible -> null);
    }

    @ParameterizedTest
    @MethodSource("faultyStrategies")
    void strategy_faulty_isReplacedByARotationAndReportedOnce(Strategy strategy) {
        LoadBalancer balancer = build(rig.builder().strategy(strategy));
        assertThat(rig.picks(balancer, 9))
                .containsEntry("a", 3)
                .containsEntry("b", 3)
                .containsEntry("c", 3);
        assertThat(rig.events.errors).hasSize(1);
    }

    @Test
    void picker_ofAnOlderSet_mayReturnWhoIsStillThere() {
        List<Candidate> kept = new ArrayList<>();
        LoadBalancer balancer = build(rig.builder().strategy(eligible -> {
            if (kept.isEmpty()) {
                kept.add(eligible.get(2));
            }
            return request -> kept.get(0);
        }));
        assertThat(rig.picks(balancer, 5)).containsOnlyKeys("c");
        rig.set(instances(3).get(2), instances(3).get(0));
        assertThat(rig.picks(balancer, 5)).containsOnlyKeys("c");
        assertThat(rig.events.errors).isEmpty();
        rig.set(instances(3).get(0));
        assertThat(rig.picks(balancer, 5)).containsOnlyKeys("a");
        assertThat(rig.events.errors).hasSize(1);
    }

    @Test
    void retry_onStubbornStrategy_goesElsewhereUntilAllWereTried() {
        LoadBalancer balancer = build(rig.builder().strategy(eligible -> request -> eligible.get(1)));
        PickRequest request = PickRequest.plain();
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Lease lease = balancer.acquire(request);
            ids.add(lease.instance().id());
            request = request.nextAttempt(lease.candidate());
            lease.close();
        }
        assertThat(ids).containsExactly("b", "c", "a", "b");
        assertThat(rig.events.errors).isEmpty();
    }

    private static final class Book implements Tracker {
        final AtomicInteger starts = new AtomicInteger();
        final AtomicInteger ends = new AtomicInteger();
        final boolean throwsAtStart;
        final boolean throwsAtEnd;

        Book(boolean throwsAtStart, boolean throwsAtEnd) {
            this.throwsAtStart = throwsAtStart;
            this.throwsAtEnd = throwsAtEnd;
        }

        @Override
        public void onStart(long nowNanos) {
            starts.incrementAndGet();
            if (throwsAtStart) {
                throw new IllegalStateException("start");
            }
        }

        @Override
        public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
            ends.incrementAndGet();
            if (throwsAtEnd) {
                throw new StackOverflowError("end");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void tracker_throwing_doesNotUnpairTheOthers(boolean atStart) {
        List<Book> books = new ArrayList<>();
        List<StateKey<Book>> keys =
                List.of(StateKey.create("first"), StateKey.create("faulty"), StateKey.create("last"));
        LoadBalancer balancer = build(rig.builder().strategy(eligible -> {
            for (int i = 0; i < keys.size(); i++) {
                boolean faulty = i == 1;
                eligible.get(0).tracker(keys.get(i), () -> {
                    Book book = new Book(faulty && atStart, faulty && !atStart);
                    books.add(book);
                    return book;
                });
            }
            return request -> eligible.get(0);
        }));
        for (int i = 0; i < 10; i++) {
            balancer.acquire(PickRequest.plain()).close(Outcome.SUCCESS);
        }
        assertThat(books).hasSize(3).allSatisfy(book -> {
            assertThat(book.starts).hasValue(10);
            assertThat(book.ends).hasValue(10);
        });
        assertThat(Rig.report(balancer, "a").inFlight()).isZero();
        assertThat(rig.events.errors).hasSize(1);
        assertThat(rig.events.errors.get(0)).hasMessageContaining("a tracker of a");
    }

    @Test
    void tracker_addedDuringACall_hearsNeitherStartNorEndOfIt() {
        StateKey<Book> key = StateKey.create("book");
        Book book = new Book(false, false);
        LoadBalancer balancer = build(rig.builder());
        Lease early = Rig.leaseOn(balancer, "a");
        early.candidate().tracker(key, () -> book);
        early.close(Outcome.SUCCESS);
        assertThat(book.ends).hasValue(0);
        Rig.leaseOn(balancer, "a").close(Outcome.SUCCESS);
        assertThat(book.starts).hasValue(1);
        assertThat(book.ends).hasValue(1);
    }

    @Test
    void tracker_times_areTheTickers() {
        long[] seen = new long[3];
        StateKey<Tracker> key = StateKey.create("times");
        LoadBalancer balancer = build(rig.builder());
        Lease early = Rig.leaseOn(balancer, "a");
        early.candidate().tracker(key, () -> new Tracker() {
            @Override
            public void onStart(long nowNanos) {
                seen[0] = nowNanos;
            }

            @Override
            public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
                seen[1] = startNanos;
                seen[2] = nowNanos;
            }
        });
        early.close();
        long start = rig.time.nanos();
        Lease lease = Rig.leaseOn(balancer, "a");
        rig.advanceMillis(7);
        lease.close(Outcome.SUCCESS);
        assertThat(seen).containsExactly(start, start, start + 7_000_000);
    }

    @Test
    void tracker_madeInsideAnothersFactory_isKept() {
        StateKey<Book> outer = StateKey.create("outer");
        StateKey<Book> inner = StateKey.create("inner");
        Candidate candidate = Rig.leaseOn(build(rig.builder()), "a").candidate();
        Book[] made = new Book[1];
        Book outerBook = candidate.tracker(outer, () -> {
            made[0] = candidate.tracker(inner, () -> new Book(false, false));
            return new Book(false, false);
        });
        assertThat(candidate.tracker(inner, () -> new Book(false, false))).isSameAs(made[0]);
        assertThat(candidate.tracker(outer, () -> new Book(false, false))).isSameAs(outerBook);
    }

    @Test
    void tracker_nullFromTheFactory_isRefused() {
        Candidate candidate = Rig.leaseOn(build(rig.builder()), "a").candidate();
        assertThatThrownBy(() -> candidate.tracker(StateKey.<Book>create("nothing"), () -> null))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("tracker nothing: the factory returned null (expected: a tracker)");
    }

    @Test
    void state_carriesOverAndMayBeMadeOfOtherStates() {
        StateKey<AtomicInteger> outer = StateKey.create("outer");
        StateKey<AtomicInteger> inner = StateKey.create("inner");
        List<AtomicInteger> seen = new ArrayList<>();
        build(rig.builder().strategy(eligible -> {
            seen.add(eligible.state(outer, () -> {
                seen.add(eligible.state(inner, AtomicInteger::new));
                return new AtomicInteger();
            }));
            seen.add(eligible.state(inner, AtomicInteger::new));
            assertThatThrownBy(() -> eligible.state(StateKey.create("nothing"), () -> null))
                    .hasMessage("state nothing: the factory returned null (expected: a state)");
            return Rig.UNIFORM.newPicker(eligible);
        }));
        assertThat(rig.events.errors).isEmpty();
        rig.set(instances(2));
        assertThat(seen).hasSize(5);
        assertThat(seen.get(0)).isSameAs(seen.get(2)).isSameAs(seen.get(4));
        assertThat(seen.get(1)).isSameAs(seen.get(3));
    }

    @Test
    void listener_throwingEverything_disturbsNobody() {
        LoadBalancer balancer = build(LoadBalancer.builder("orders")
                .discovery(rig.discovery)
                .strategy(eligible -> request -> null)
                .ticker(rig.time)
                .scheduler(rig.time)
                .listener(new LoadBalancerListener() {
                    @Override
                    public void onInstances(String service, List<ServiceInstance> instances) {
                        throw new IllegalStateException("listener");
                    }

                    @Override
                    public void onStrategyFailure(String service, Throwable error) {
                        FaultyPartsTest.<Void, RuntimeException>sneaky(new IOException("listener"));
                    }

                    @Override
                    public void onDiscoveryError(String service, Throwable error) {
                        throw new StackOverflowError("listener");
                    }
                })
                .listener(rig.events));
        assertThat(balancer.acquire(PickRequest.plain()).close(Outcome.SUCCESS)).isTrue();
        rig.discovery.fail("orders", new IOException("down"));
        rig.time.runDue();
        assertThat(rig.events.drain()).hasSize(3).first().isEqualTo("instances 3");
    }

    @Test
    void listener_default_hearsEverythingAndDoesNothing() {
        LoadBalancer balancer =
                build(rig.builder().listener(new LoadBalancerListener() {}).panicThreshold(0.6));
        rig.fail(balancer, "a", 5);
        Rig.end(balancer, "b", 1, Outcome.overloaded(java.time.Duration.ofSeconds(1)));
        rig.discovery.fail("orders", new IOException("down"));
        rig.discovery.unknown("orders", "gone");
        rig.advanceMillis(6000);
        assertThat(rig.events.drain()).hasSizeGreaterThan(5);
    }
}

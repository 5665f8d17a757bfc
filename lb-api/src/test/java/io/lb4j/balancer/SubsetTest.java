package io.lb4j.balancer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.NoEligibleInstanceException;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import io.lb4j.Subset;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.health.OutlierDetection;
import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Calls for some of the instances, on virtual time. */
class SubsetTest {
    private static final Strategy FIRST = eligible -> request -> eligible.get(0);

    private static final Subset CANARY = Subset.of("version", "canary");
    private static final ServiceInstance A = instance("a", "stable", 0);
    private static final ServiceInstance B = instance("b", "stable", 0);
    private static final ServiceInstance C = instance("c", "canary", 0);
    private static final ServiceInstance D = instance("d", "canary", 0);

    private final VirtualTime time = new VirtualTime();
    private final ManualDiscovery discovery = new ManualDiscovery();
    private final AtomicInteger pickersMade = new AtomicInteger();
    private final Strategy byTurns = eligible -> {
        pickersMade.incrementAndGet();
        AtomicInteger next = new AtomicInteger();
        return request -> eligible.get(Integer.remainderUnsigned(next.getAndIncrement(), eligible.size()));
    };
    private final List<LoadBalancer> balancers = new ArrayList<>();

    @AfterEach
    void close() {
        balancers.forEach(LoadBalancer::close);
    }

    private static ServiceInstance instance(String id, String version, int priority) {
        return ServiceInstance.builder("127.0.0.1", 1000 + id.charAt(0))
                .id(id)
                .priority(priority)
                .metadata(Map.of("version", version))
                .build();
    }

    private LoadBalancer.Builder builder(Subset... subsets) {
        return LoadBalancer.builder("orders")
                .discovery(discovery)
                .strategy(byTurns)
                .subsets(List.of(subsets))
                .outlierDetection(
                        OutlierDetection.builder().consecutiveFailures(2).build())
                .ticker(time)
                .scheduler(time)
                .random(new SplittableRandom(1));
    }

    private LoadBalancer build(LoadBalancer.Builder builder, ServiceInstance... instances) {
        discovery.set("orders", instances);
        LoadBalancer balancer = builder.build();
        balancers.add(balancer);
        time.runDue();
        return balancer;
    }

    private static String pick(LoadBalancer balancer, PickRequest request) {
        try (Lease lease = balancer.acquire(request)) {
            return lease.instance().id();
        }
    }

    private static Set<String> picks(LoadBalancer balancer, PickRequest request) {
        Set<String> ids = new TreeSet<>();
        for (int i = 0; i < 50; i++) {
            ids.add(pick(balancer, request));
        }
        return ids;
    }

    private static PickRequest within(Subset subset) {
        return PickRequest.plain().within(subset);
    }

    private void fail(LoadBalancer balancer, String id, PickRequest request) {
        for (int i = 0; i < 200; i++) {
            Lease lease = balancer.acquire(request);
            lease.close(lease.instance().id().equals(id) ? Outcome.SERVER_ERROR : Outcome.SUCCESS);
        }
        time.runDue();
    }

    @Test
    void pick_withinASubset_staysThereAndOthersGoAnywhere() {
        LoadBalancer balancer = build(builder(CANARY), A, B, C, D);

        assertThat(picks(balancer, within(CANARY))).containsExactly("c", "d");
        assertThat(picks(balancer, PickRequest.plain())).containsExactly("a", "b", "c", "d");
        assertThat(pickersMade).hasValue(2);
    }

    @Test
    void pick_ofAnEqualSubset_findsTheDeclaredOne() {
        LoadBalancer balancer = build(builder(CANARY.by(FIRST)), A, C, D);

        assertThat(picks(balancer, within(Subset.of("version", "canary").by(FIRST))))
                .containsExactly("c");
    }

    @Test
    void pick_furtherAttempts_stayInTheSubset() {
        LoadBalancer balancer = build(builder(CANARY.by(FIRST)), A, C, D);
        PickRequest request = within(CANARY.by(FIRST));
        Lease first = balancer.acquire(request);
        Lease second = balancer.acquire(request.nextAttempt(first.candidate()));
        Lease third = balancer.acquire(request.nextAttempt(first.candidate()).nextAttempt(second.candidate()));

        assertThat(first.instance()).isEqualTo(C);
        assertThat(second.instance()).isEqualTo(D);
        // Nobody is left in there: one that was tried, and not one from elsewhere.
        assertThat(third.instance().metadata()).containsEntry("version", "canary");
        first.close();
        second.close();
        third.close();
    }

    @Test
    void empty_withoutFallback_namesSubsetAndWhatThereIs() {
        LoadBalancer balancer = build(builder(CANARY), A, B);

        assertThatThrownBy(() -> balancer.acquire(within(CANARY)))
                .isInstanceOf(NoEligibleInstanceException.class)
                .hasMessageContaining("no instance of service orders is in subset version=canary: 2 known")
                .hasMessageContaining("their version: [stable]")
                .hasMessageContaining("fallback");
        assertThat(balancer.explain(within(CANARY)).error()).isInstanceOf(NoEligibleInstanceException.class);
    }

    @Test
    void empty_withFallback_usesItUntilSomebodyComes() {
        Subset any = CANARY.orAnyInstance();
        Subset other = Subset.of("version", "beta").orElse(Map.of("version", "stable"));
        LoadBalancer balancer = build(builder(any, other), A, B, instance("e", "alpha", 0));
        assertThat(picks(balancer, within(any))).containsExactly("a", "b", "e");
        assertThat(picks(balancer, within(other))).containsExactly("a", "b");

        discovery.set("orders", A, B, C);
        time.runDue();
        assertThat(picks(balancer, within(any))).containsExactly("c");

        // One that drains is not there for new calls.
        discovery.set("orders", A, B, C.toBuilder().weight(0).build());
        time.runDue();
        assertThat(picks(balancer, within(any))).containsExactly("a", "b");
    }

    @Test
    void ejection_fromASubset_isTheInstancesAndHoldsEverywhere() {
        LoadBalancer balancer = build(builder(CANARY), A, B, C, D);
        fail(balancer, "c", within(CANARY));

        assertThat(balancer.instance("c").state()).isEqualTo(State.EJECTED);
        assertThat(picks(balancer, within(CANARY))).containsExactly("d");
        assertThat(picks(balancer, PickRequest.plain())).doesNotContain("c");
    }

    @Test
    void ejection_seenByPlainCalls_holdsInTheSubset() {
        LoadBalancer balancer = build(builder(CANARY), A, B, C, D);
        fail(balancer, "c", PickRequest.plain());

        assertThat(picks(balancer, within(CANARY))).containsExactly("d");
    }

    @Test
    void ejected_onTrial_isTriedByCallsOfTheSubset() {
        LoadBalancer balancer = build(builder(CANARY), A, B, C, D);
        fail(balancer, "c", within(CANARY));
        time.advance(Duration.ofSeconds(30));

        Set<String> ids = new TreeSet<>();
        for (int i = 0; i < 100; i++) {
            Lease lease = balancer.acquire(within(CANARY));
            ids.add(lease.instance().id());
            lease.close(Outcome.SUCCESS);
            time.runDue();
        }
        assertThat(ids).containsExactly("c", "d");
        assertThat(balancer.instance("c").state()).isEqualTo(State.ELIGIBLE);
    }

    @Test
    void panic_isAMatterOfTheSubset() {
        LoadBalancer balancer = build(
                builder(CANARY)
                        .panicThreshold(0.9)
                        .outlierDetection(OutlierDetection.builder()
                                .consecutiveFailures(2)
                                .maxEjectedShare(1)
                                .build()),
                A,
                B,
                C,
                D,
                instance("e", "stable", 0),
                instance("f", "stable", 0),
                instance("g", "stable", 0),
                instance("h", "stable", 0),
                instance("i", "stable", 0),
                instance("j", "stable", 0));
        fail(balancer, "c", within(CANARY));

        // One of two is out, which is panic there and none in the whole.
        assertThat(balancer.explain(within(CANARY)).panic()).isTrue();
        assertThat(picks(balancer, within(CANARY))).containsExactly("c", "d");
        assertThat(balancer.explain(PickRequest.plain()).panic()).isFalse();
        assertThat(picks(balancer, PickRequest.plain())).doesNotContain("c");
    }

    @Test
    void priorities_standInWithinTheSubset() {
        ServiceInstance far = instance("f", "canary", 1);
        LoadBalancer balancer = build(builder(CANARY), A, C, far);
        assertThat(picks(balancer, within(CANARY))).containsExactly("c");

        fail(balancer, "c", within(CANARY));

        assertThat(picks(balancer, within(CANARY))).containsExactly("f");
        assertThat(picks(balancer, PickRequest.plain())).contains("a");
    }

    @Test
    void declared_atRunTime_hasItsStrategyAndLosesNoState() {
        LoadBalancer balancer = build(builder(), A, B, C, D);
        Subset first = CANARY.by(FIRST);
        assertThat(picks(balancer, within(first))).as("undeclared: at random").containsExactly("c", "d");
        fail(balancer, "d", PickRequest.plain());

        balancer.subsets(List.of(first, Subset.of("version", "stable")));
        time.runDue();
        assertThat(picks(balancer, within(first))).containsExactly("c");
        assertThat(balancer.instance("d").state()).isEqualTo(State.EJECTED);

        balancer.subsets(List.of());
        time.runDue();
        assertThat(picks(balancer, within(first)))
                .as("undeclared, without the ejected")
                .containsExactly("c");
    }

    @Test
    void undeclared_emptyOrNobodyWell_saysSo() {
        LoadBalancer balancer = build(builder(), A, B);

        assertThatThrownBy(() -> balancer.acquire(within(CANARY)))
                .isInstanceOf(NoEligibleInstanceException.class)
                .hasMessageContaining("is in subset version=canary");
        assertThat(picks(balancer, within(CANARY.orAnyInstance()))).containsExactly("a", "b");
    }

    @Test
    void redeclared_asBefore_makesNoPicker() {
        LoadBalancer balancer = build(builder(CANARY), A, C);
        int before = pickersMade.get();

        balancer.subsets(Set.of(Subset.of("version", "canary")));
        time.runDue();
        time.advance(Duration.ofSeconds(60));
        assertThat(pickersMade).hasValue(before);

        discovery.set("orders", A, C, D);
        time.runDue();
        assertThat(pickersMade).hasValue(before + 2);
    }

    @Test
    void metadata_thatChange_moveAnInstanceBetweenSubsets() {
        LoadBalancer balancer = build(builder(CANARY), A, C);

        discovery.set(
                "orders", A.toBuilder().metadata(Map.of("version", "canary")).build(), C);
        time.runDue();

        assertThat(picks(balancer, within(CANARY))).containsExactly("a", "c");
    }

    @Test
    void explain_withinASubset_saysWhoIsNotInIt() {
        LoadBalancer balancer = build(builder(CANARY.by(FIRST)), A, C);
        Explanation explanation = balancer.explain(within(CANARY.by(FIRST)));

        assertThat(explanation.within()).startsWith("subset version=canary");
        assertThat(explanation.instances())
                .extracting(InstanceReport::state)
                .containsExactly(State.OTHER_SUBSET, State.ELIGIBLE);
        assertThat(explanation.instances().get(0).weight()).isZero();
        assertThat(explanation.pick()).isEqualTo(C);
        assertThat(balancer.explain(PickRequest.plain()).within()).isEmpty();
    }

    @Test
    void queue_callsForAFullSubset_dontHoldUpOthers() {
        LoadBalancer balancer = build(
                builder(CANARY).concurrencyLimit(ConcurrencyLimit.fixed(1)).queue(CallQueue.DEFAULT), A, C);
        Lease onC = balancer.acquire(within(CANARY));
        Lease onA = balancer.acquire(PickRequest.plain());
        CompletableFuture<Lease> forC = balancer.acquireAsync(within(CANARY), Duration.ofSeconds(1));
        CompletableFuture<Lease> forAny = balancer.acquireAsync(PickRequest.plain(), Duration.ofSeconds(1));
        assertThat(balancer.waiting()).isEqualTo(2);

        onA.close(Outcome.SUCCESS);
        assertThat(forAny)
                .isCompletedWithValueMatching(lease -> lease.instance().equals(A));
        assertThat(forC).isNotDone();
        onC.close(Outcome.SUCCESS);
        assertThat(forC).isCompletedWithValueMatching(lease -> lease.instance().equals(C));
        forAny.join().close();
        forC.join().close();
    }

    @Test
    void queue_subsetThatBecomesEmpty_refusesItsCalls() {
        LoadBalancer balancer = build(
                builder(CANARY).concurrencyLimit(ConcurrencyLimit.fixed(1)).queue(CallQueue.DEFAULT), A, C);
        Lease onC = balancer.acquire(within(CANARY));
        CompletableFuture<Lease> forC = balancer.acquireAsync(within(CANARY), Duration.ofSeconds(5));

        discovery.set("orders", A);
        time.runDue();

        assertThat(forC).isCompletedExceptionally();
        assertThatThrownBy(forC::join).hasCauseInstanceOf(NoEligibleInstanceException.class);
        onC.close();
    }

    @Test
    void subsets_manyReloads_leaveNothingBehind() {
        LoadBalancer balancer = build(builder(), A, C);
        for (int i = 0; i < 1000; i++) {
            balancer.subsets(List.of(Subset.of("version", "v" + i).orAnyInstance()));
            time.runDue();
        }
        Subset last = Subset.of("version", "v999").orAnyInstance();
        assertThat(picks(balancer, within(last))).containsExactly("a", "c");
    }

    @Test
    void subsets_makeTheirPickersInTheOrderTheyAreDeclared() {
        List<String> ids = List.of("e", "b", "h", "a", "d", "g", "c", "f");
        Subset[] subsets = ids.stream().map(id -> Subset.of("version", id)).toArray(Subset[]::new);
        List<String> made = new ArrayList<>();
        Strategy strategy = eligible -> {
            if (eligible.size() == 1) {
                made.add(eligible.get(0).instance().id());
            }
            return request -> eligible.get(0);
        };
        LoadBalancer balancer = build(
                builder(subsets).strategy(strategy),
                ids.stream().map(id -> instance(id, id, 0)).toArray(ServiceInstance[]::new));
        assertThat(made).isEqualTo(ids);

        made.clear();
        balancer.subsets(List.of());
        time.runDue();
        balancer.subsets(List.of(subsets));
        time.runDue();

        assertThat(made).isEqualTo(ids);
    }
}

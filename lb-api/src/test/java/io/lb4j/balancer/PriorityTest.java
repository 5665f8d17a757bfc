package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instance;
import static io.lb4j.balancer.Rig.state;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Candidate;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Failover between priorities: who takes how much, and what the strategy gets to see. */
final class PriorityTest {
    private final Rig rig = new Rig();
    private final List<LoadBalancer> open = new ArrayList<>();

    @AfterEach
    void nothingLeaks() {
        open.forEach(LoadBalancer::close);
        rig.time.runDue();
        assertThat(rig.time.pending()).as("timers after close").isZero();
    }

    private LoadBalancer balancer(double panicThreshold, Strategy strategy) {
        LoadBalancer balancer = rig.builder()
                .outlierDetection(OutlierDetection.builder().maxEjectedShare(1).build())
                .slowStart(SlowStart.OFF)
                .panicThreshold(panicThreshold)
                .strategy(strategy)
                .build();
        open.add(balancer);
        return balancer;
    }

    private static ServiceInstance at(int priority, String id, int port) {
        return instance(id, port).toBuilder().priority(priority).build();
    }

    private static List<ServiceInstance> twoAndTwo() {
        return List.of(at(0, "a", 1001), at(0, "b", 1002), at(1, "x", 1008), at(1, "y", 1009));
    }

    /** Where the keys with the hashes 0 to 99 go, by the first letter of the instance's id. */
    private static Map<String, Integer> ofHundredKeys(LoadBalancer balancer) {
        Map<String, Integer> counts = new TreeMap<>();
        for (int i = 0; i < 100; i++) {
            try (Lease lease = balancer.acquire(PickRequest.ofHash(i))) {
                counts.merge(lease.instance().id(), 1, Integer::sum);
            }
        }
        return counts;
    }

    @Test
    void aLevelThatSuffices_leavesTheOthersSpare() {
        LoadBalancer balancer = balancer(0.5, Rig.UNIFORM);
        rig.set(at(1, "spare", 1009), at(0, "a", 1001), at(0, "b", 1002), at(0, "c", 1003), at(0, "d", 1004));
        assertThat(rig.picks(balancer, 100)).containsOnlyKeys("a", "b", "c", "d");
        assertThat(state(balancer, "spare")).isEqualTo(State.LOWER_PRIORITY);
        rig.fail(balancer, "a", 5);
        assertThat(rig.picks(balancer, 100)).containsOnlyKeys("b", "c", "d");
    }

    @Test
    void aLevelThatLacksHealthyOnes_keepsWhatItCanTake() {
        LoadBalancer balancer = balancer(0.5, Rig.UNIFORM);
        rig.set(twoAndTwo());
        rig.fail(balancer, "a", 5);
        assertThat(state(balancer, "x")).isEqualTo(State.ELIGIBLE);
        Map<String, Integer> shares = ofHundredKeys(balancer);
        assertThat(shares.get("b")).isEqualTo(70);
        assertThat(shares.get("x") + shares.get("y")).isEqualTo(30);
        assertThat(balancer.explain(PickRequest.plain()).panic()).isFalse();
    }

    @Test
    void aKey_staysInItsLevel() {
        LoadBalancer balancer = balancer(0.5, Rig.UNIFORM);
        rig.set(twoAndTwo());
        rig.fail(balancer, "a", 5);
        for (int i = 0; i < 100; i++) {
            try (Lease first = balancer.acquire(PickRequest.ofHash(69));
                    Lease second = balancer.acquire(PickRequest.ofHash(70))) {
                assertThat(first.instance().priority()).isZero();
                assertThat(second.instance().priority()).isOne();
            }
        }
    }

    @Test
    void aDeadLevel_isReplacedByASmallOneWithoutPanic() {
        LoadBalancer balancer = balancer(0.5, Rig.UNIFORM);
        List<ServiceInstance> all = new ArrayList<>(Rig.instances(4));
        all.add(at(1, "x", 1101));
        all.add(at(1, "y", 1102));
        rig.set(all);
        for (String id : List.of("a", "b", "c", "d")) {
            rig.fail(balancer, id, 5);
        }
        assertThat(rig.picks(balancer, 50)).containsOnlyKeys("x", "y");
        assertThat(rig.events.lines).doesNotContain("panic true");
    }

    @Test
    void allLevelsSick_panicBySize() {
        LoadBalancer balancer = balancer(0.9, Rig.UNIFORM);
        rig.set(at(0, "a", 1001), at(1, "x", 1008), at(1, "y", 1009), at(1, "z", 1010));
        for (String id : List.of("a", "x", "y")) {
            rig.fail(balancer, id, 5);
        }
        assertThat(rig.events.lines).contains("panic true");
        Map<String, Integer> shares = ofHundredKeys(balancer);
        assertThat(shares).containsOnlyKeys("a", "x", "y", "z").containsEntry("a", 25);
    }

    @Test
    void strategy_seesOneLevelAtATime_inDiscoverysOrder() {
        List<String> seen = new ArrayList<>();
        LoadBalancer balancer = balancer(0.5, eligible -> {
            seen.add(IntStream.range(0, eligible.size())
                            .mapToObj(i -> eligible.get(i).instance().id())
                            .toList()
                    + " of "
                    + eligible.known().stream().map(ServiceInstance::id).toList()
                    + (eligible.panic() ? " in panic" : ""));
            return Rig.UNIFORM.newPicker(eligible);
        });
        rig.set(at(1, "x", 1008), at(0, "a", 1001), at(2, "z", 1010), at(0, "b", 1002), at(1, "y", 1009));
        assertThat(seen).containsExactly("[a, b] of [a, b]");
        seen.clear();
        rig.fail(balancer, "a", 5);
        assertThat(seen).containsExactly("[b] of [a, b]", "[x, y] of [x, y]");
        assertThat(state(balancer, "z")).isEqualTo(State.LOWER_PRIORITY);
    }

    @Test
    void strategysState_isEachLevelsOwnAndSurvives() {
        StateKey<AtomicInteger> key = StateKey.create("pickers made");
        List<Integer> made = new ArrayList<>();
        LoadBalancer balancer = balancer(0.5, eligible -> {
            made.add(eligible.state(key, AtomicInteger::new).incrementAndGet());
            return Rig.UNIFORM.newPicker(eligible);
        });
        rig.set(twoAndTwo());
        assertThat(made).containsExactly(1);
        rig.fail(balancer, "a", 5);
        assertThat(made).containsExactly(1, 2, 1);
    }

    @Test
    void strategysScope_ofAnyName_isNoLevels() {
        StateKey<AtomicInteger> key = StateKey.create("pickers made");
        List<Integer> made = new ArrayList<>();
        LoadBalancer balancer = balancer(0.5, eligible -> {
            List<Candidate> first = List.of(eligible.get(0));
            for (Object scope : List.of(0, 1, 2)) {
                eligible.select(scope, first, new double[] {1})
                        .state(key, AtomicInteger::new)
                        .incrementAndGet();
            }
            made.add(eligible.state(key, AtomicInteger::new).incrementAndGet());
            return Rig.UNIFORM.newPicker(eligible);
        });
        rig.set(twoAndTwo());
        rig.fail(balancer, "a", 5);
        assertThat(made).containsExactly(1, 2, 1);
    }

    @Test
    void furtherAttempt_whenItsLevelIsTriedOut_goesToAnother() {
        LoadBalancer balancer = balancer(0.5, eligible -> request -> {
            for (int i = 0; i < eligible.size(); i++) {
                if (!request.excludes(eligible.get(i))) {
                    return eligible.get(i);
                }
            }
            return eligible.get(0);
        });
        rig.set(twoAndTwo());
        rig.fail(balancer, "a", 5);
        try (Lease first = balancer.acquire(PickRequest.ofHash(0))) {
            assertThat(first.instance().id()).isEqualTo("b");
            try (Lease second = balancer.acquire(PickRequest.ofHash(0).nextAttempt(first.candidate()))) {
                assertThat(second.instance().priority()).isOne();
            }
        }
    }

    @Test
    void strategyThatFailsForOneLevel_isReplacedThereOnly() {
        LoadBalancer balancer = balancer(0.5, eligible -> {
            if (eligible.get(0).instance().priority() == 1) {
                throw new IllegalStateException("not here");
            }
            return Rig.UNIFORM.newPicker(eligible);
        });
        rig.set(twoAndTwo());
        rig.fail(balancer, "a", 5);
        assertThat(ofHundredKeys(balancer))
                .containsEntry("b", 70)
                .containsEntry("x", 15)
                .containsEntry("y", 15);
        assertThat(rig.events.lines).containsOnlyOnce("strategy not here");
    }
}

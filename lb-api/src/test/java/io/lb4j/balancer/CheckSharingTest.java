package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instances;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.Probe;
import io.lb4j.testing.ManualDiscovery;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Many checked instances over the slots of one process. */
final class CheckSharingTest extends CheckedService {
    /** 2,000 instances of which 200 never answer, over as many slots as a process has. */
    @Test
    void blackHoles_doNotKeepTheOthersWaiting() {
        Map<String, List<Long>> asked = new HashMap<>();
        int[] open = new int[2];
        Probe probe = (instance, timeout) -> {
            asked.computeIfAbsent(instance.id(), id -> new ArrayList<>()).add(rig.time.nanos() / 1_000_000);
            open[1] = Math.max(open[1], ++open[0]);
            CompletableFuture<Probe.Result> verdict = new CompletableFuture<>();
            CompletableFuture<?> unused = verdict.whenComplete((result, error) -> open[0]--);
            if (instance.port() % 10 != 0) {
                rig.time.schedule(() -> verdict.complete(UP), Duration.ofMillis(5));
            }
            return verdict;
        };
        open(HealthCheck.builder(probe).interval(Duration.ofSeconds(5)).maxInterval(Duration.ofSeconds(5)), 2000);
        rig.advanceMillis(60_000);
        assertThat(open[1]).as("checks under way at a time").isLessThanOrEqualTo(256);
        List<Long> worst = new ArrayList<>();
        asked.forEach((id, times) -> {
            if (Integer.parseInt(id.substring(1)) % 10 != 9) {
                for (int i = 1; i < times.size(); i++) {
                    worst.add(times.get(i) - times.get(i - 1));
                }
            }
        });
        assertThat(worst)
                .as("gaps of those that answer")
                .hasSizeGreaterThan(1800 * 9)
                .allMatch(gap -> gap <= 6010);
        assertThat(asked).as("and the others have their turns, too").hasSize(2000);
        assertThat(balancer.instances().stream().filter(r -> r.state() == State.UNHEALTHY))
                .hasSize(200);
        rig.time.advance(Duration.ofSeconds(1));
        balancer.close();
        rig.advanceMillis(10);
        assertThat(open[0]).as("probes under way after close").isZero();
    }

    @Test
    void services_shareTheSlotsByTurns() {
        script.hang();
        CheckSlots few = new CheckSlots(2, rig.time);
        open(HealthCheck.builder(script).jitter(0).fall(1), 500, few);
        ManualDiscovery other = new ManualDiscovery();
        List<Long> small = new ArrayList<>();
        Probe prompt = (instance, timeout) -> {
            small.add(rig.time.nanos());
            return CompletableFuture.completedFuture(UP);
        };
        rig.advanceMillis(5000);
        assertThat(few.waiting()).isGreaterThan(100);
        LoadBalancer second = LoadBalancer.builder("small")
                .discovery(other)
                .strategy(Rig.UNIFORM)
                .ticker(rig.time)
                .scheduler(rig.time)
                .checkSlots(few)
                .healthCheck(HealthCheck.builder(prompt).jitter(0).build())
                .build();
        other.set("small", Rig.instance("s", 1));
        rig.advanceMillis(4000);
        second.close();
        assertThat(small)
                .as("checks of the small service, behind 500 that hang")
                .isNotEmpty();
        rig.time.runDue();
    }

    /** Its lane is dead: what was scheduled never runs. Only the slots that all share must not go with it. */
    @Test
    void applicationThatShutsItsSchedulerDownAndForgetsTheBalancer_losesNoSlots() {
        script.hang();
        CheckSlots few = new CheckSlots(2, rig.time);
        AtomicBoolean down = new AtomicBoolean();
        ManualDiscovery forgotten = new ManualDiscovery();
        LoadBalancer dead = LoadBalancer.builder("forgotten")
                .discovery(forgotten)
                .strategy(Rig.UNIFORM)
                .ticker(rig.time)
                .scheduler((task, delay) -> rig.time.schedule(
                        () -> {
                            if (!down.get()) {
                                task.run();
                            }
                        },
                        delay))
                .checkSlots(few)
                .healthCheck(HealthCheck.builder(script).jitter(0).build())
                .build();
        forgotten.set("forgotten", instances(4));
        while (few.taken() < 2) {
            rig.advanceMillis(1);
        }
        down.set(true);
        List<Long> asked = new ArrayList<>();
        Probe prompt = (instance, timeout) -> {
            asked.add(rig.time.nanos());
            return CompletableFuture.completedFuture(UP);
        };
        open(HealthCheck.builder(prompt).jitter(0), 3, few);
        rig.advanceMillis(9_000);
        assertThat(asked).as("checks while the slots may be given back yet").isEmpty();
        rig.advanceMillis(30_000);
        assertThat(asked).hasSizeGreaterThan(3);
        assertThat(dead.instances()).hasSize(4);
    }
}

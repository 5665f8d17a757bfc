package io.lb4j.balancer;

import static io.lb4j.balancer.Rig.instances;
import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.ServiceInstance;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.Probe;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;

/** A service in virtual time whose instances are checked by a probe that answers as a test says. */
abstract class CheckedService {
    static final Probe.Result UP = new Probe.Result(true, "200 OK");
    static final Probe.Result DOWN = new Probe.Result(false, "503");

    final Rig rig = new Rig();
    final Script script = new Script();
    CheckSlots slots;
    LoadBalancer balancer;

    /** Answers every probe by the current rule and notes when it was asked. */
    final class Script implements Probe {
        final List<Long> askedAt = new ArrayList<>();
        final List<CompletableFuture<Result>> pending = new ArrayList<>();
        Probe rule = (instance, timeout) -> CompletableFuture.completedFuture(UP);

        @Override
        public CompletionStage<Result> probe(ServiceInstance instance, Duration timeout) {
            askedAt.add(rig.time.nanos());
            return rule.probe(instance, timeout);
        }

        void answer(Result result) {
            rule = (instance, timeout) -> CompletableFuture.completedFuture(result);
        }

        void hang() {
            rule = (instance, timeout) -> {
                CompletableFuture<Result> verdict = new CompletableFuture<>();
                pending.add(verdict);
                return verdict;
            };
        }

        List<Long> gapsMillis() {
            List<Long> gaps = new ArrayList<>();
            for (int i = 1; i < askedAt.size(); i++) {
                gaps.add((askedAt.get(i) - askedAt.get(i - 1)) / 1_000_000);
            }
            return gaps;
        }
    }

    void open(HealthCheck.Builder check, int instances) {
        open(check, instances, new CheckSlots(256, rig.time));
    }

    void open(HealthCheck.Builder check, int instances, CheckSlots own) {
        slots = own;
        balancer = rig.builder()
                .checkSlots(own)
                .healthCheck(check.build())
                .panicThreshold(0)
                .build();
        rig.set(instances(instances));
        rig.events.drain();
    }

    /** To the next check, millisecond by millisecond. */
    void advanceToCheck() {
        int asked = script.askedAt.size();
        for (int i = 0; i < 60_000 && script.askedAt.size() == asked; i++) {
            rig.advanceMillis(1);
        }
        assertThat(script.askedAt).as("checks within a minute").hasSize(asked + 1);
    }

    @AfterEach
    void nothingLeaks() {
        balancer.close();
        rig.time.runDue();
        assertThat(rig.time.pending()).as("timers after close").isZero();
        assertThat(slots.taken()).as("slots after close").isZero();
        assertThat(slots.waiting()).as("checks waiting after close").isZero();
    }
}

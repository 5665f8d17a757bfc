package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Under every strategy a further attempt goes to an instance that the call has not tried, as long as there is one. */
final class FurtherAttemptsTest {
    static List<Subject> subjects() {
        return Subject.ALL;
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void furtherAttempt_neverComesBackWhileOthersAreLeft(Subject subject) {
        VirtualTime time = new VirtualTime();
        ManualDiscovery discovery = new ManualDiscovery();
        List<ServiceInstance> all = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            all.add(ServiceInstance.builder("127.0.0.1", 1001 + i)
                    .id("i" + i)
                    .weight(1 + i * 10)
                    .zone(i % 2 == 0 ? "here" : "there")
                    .priority(i < 4 ? 0 : 1)
                    .build());
        }
        discovery.set("orders", all);
        try (LoadBalancer balancer = LoadBalancer.builder("orders")
                .discovery(discovery)
                .strategy(subject.maker().get())
                .ticker(time)
                .scheduler(time)
                .random(new SplittableRandom(1))
                .firstSnapshotTimeout(Duration.ZERO)
                .build()) {
            time.runDue();
            for (int call = 0; call < 200; call++) {
                PickRequest request = call % 2 == 0 ? PickRequest.plain() : PickRequest.ofKey("key " + call);
                List<String> tried = new ArrayList<>();
                List<Lease> leases = new ArrayList<>();
                for (int attempt = 0; attempt < all.size(); attempt++) {
                    Lease lease = balancer.acquire(request);
                    leases.add(lease);
                    tried.add(lease.instance().id());
                    request = request.nextAttempt(lease.candidate());
                }
                leases.forEach(Lease::close);
                assertThat(tried).doesNotHaveDuplicates();
                assertThat(tried.subList(0, 4)).containsExactlyInAnyOrder("i0", "i1", "i2", "i3");
            }
        }
    }
}

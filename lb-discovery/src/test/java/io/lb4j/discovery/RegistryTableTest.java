package io.lb4j.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.lb4j.ServiceInstance;
import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class RegistryTableTest {
    private static final Duration TTL = Duration.ofSeconds(15);
    private static final Duration SWEEP = Duration.ofMillis(200);

    private final VirtualTime time = new VirtualTime();
    private final RegistryTable table = new RegistryTable(time, "epoch", 3, 5, Duration.ZERO);

    private boolean register(String service, String id, int port, String lease) throws Refusal {
        ServiceInstance instance =
                ServiceInstance.builder("127.0.0.1", port).id(id).build();
        return table.register(service, new RegistryTable.Entry(instance, lease, TTL), 100);
    }

    private List<Integer> ports(String service) {
        List<ServiceInstance> instances = table.view(service).instances();
        return instances == null
                ? null
                : instances.stream().map(ServiceInstance::port).toList();
    }

    /** Lets time go by with sweeps as often as the server makes them. */
    private void pass(Duration by) {
        for (long nanos = 0; nanos < by.toNanos(); nanos += SWEEP.toNanos()) {
            time.advance(SWEEP);
            table.sweep(SWEEP);
        }
    }

    private static void assertRefused(int status, String message, ThrowingCallable call) {
        Refusal refusal = catchThrowableOfType(Refusal.class, call);
        assertThat(refusal).hasMessage(message);
        assertThat(refusal.status()).isEqualTo(status);
    }

    @Test
    void lease_notRenewed_endsWithItsTime() throws Refusal {
        register("orders", "a", 1, "l");

        pass(TTL.minus(SWEEP));
        assertThat(ports("orders")).containsExactly(1);
        time.advance(SWEEP);

        assertThat(table.sweep(SWEEP)).isEqualTo(Set.of("orders"));
        assertThat(ports("orders")).isEmpty();
        assertThat(table.sweep(SWEEP)).isEmpty();
    }

    @Test
    void lease_renewed_lastsItsWholeTimeAgain() throws Refusal {
        register("orders", "a", 1, "l");
        pass(Duration.ofSeconds(10));

        assertThat(table.renew("orders", "a", "l")).isEqualTo(TTL);
        pass(Duration.ofSeconds(14));

        assertThat(ports("orders")).containsExactly(1);
    }

    @Test
    void sweep_muchTooLate_blamesItselfAndNotTheHolders() throws Refusal {
        register("orders", "a", 1, "l");
        pass(Duration.ofSeconds(10));

        time.advance(Duration.ofMinutes(5));
        table.sweep(SWEEP);
        assertThat(ports("orders")).containsExactly(1);
        pass(Duration.ofSeconds(5));

        assertThat(ports("orders")).isEmpty();
    }

    @Test
    void register_idHeldAtAnotherAddress_isRefusedUntilTheLeaseEnds() throws Refusal {
        register("orders", "a", 1, "first");

        assertRefused(
                409,
                "orders/a is held by 127.0.0.1:1 (expected: an id of one's own, or to wait until that lease ends)",
                () -> register("orders", "a", 2, "second"));
        pass(TTL);

        assertThat(register("orders", "a", 2, "second")).isTrue();
        assertThat(ports("orders")).containsExactly(2);
    }

    @Test
    void register_sameAddressOtherLease_replacesTheHolder() throws Refusal {
        register("orders", "a", 1, "first");

        assertThat(register("orders", "a", 1, "second")).isFalse();

        String complaint =
                "orders/a is held by 127.0.0.1:1 under another lease " + "(expected: the lease it was registered with)";
        assertRefused(409, complaint, () -> table.renew("orders", "a", "first"));
        assertRefused(409, complaint, () -> table.deregister("orders", "a", "first"));
        table.deregister("orders", "a", "second");
        assertThat(ports("orders")).isEmpty();
    }

    @Test
    void register_sameLeaseOtherAddress_moves() throws Refusal {
        register("orders", "a", 1, "l");

        assertThat(register("orders", "a", 2, "l")).isTrue();

        assertThat(ports("orders")).containsExactly(2);
    }

    @Test
    void renewOrDeregister_unknown_isRefused() throws Refusal {
        String complaint = "orders/a is not registered (expected: to register it first)";
        assertRefused(404, complaint, () -> table.renew("orders", "a", null));
        register("orders", "b", 1, "l");
        assertRefused(404, complaint, () -> table.deregister("orders", "a", null));
    }

    @Test
    void renewAndDeregister_withoutLease_meanWhoeverHoldsIt() throws Refusal {
        register("orders", "a", 1, "l");

        assertThat(table.renew("orders", "a", null)).isEqualTo(TTL);
        table.deregister("orders", "a", null);

        assertThat(ports("orders")).isEmpty();
    }

    @Test
    void index_grows_withChangesOnly() throws Refusal {
        long start = table.view("orders").index();
        register("orders", "a", 1, "l");
        long registered = table.view("orders").index();
        register("users", "a", 1, "l");
        register("orders", "a", 1, "l");
        table.renew("orders", "a", "l");
        assertThat(table.view("orders").index()).isEqualTo(registered).isGreaterThan(start);

        table.deregister("orders", "a", "l");

        assertThat(table.view("orders").index()).isGreaterThan(registered);
    }

    @Test
    void isCurrent_sameIndexOfAnotherEpochOrAnyOtherIndex_isNot() throws Refusal {
        register("orders", "a", 1, "l");
        long index = table.view("orders").index();

        assertThat(table.isCurrent("orders", index, "epoch")).isTrue();
        assertThat(table.isCurrent("orders", index, null)).isTrue();
        assertThat(table.isCurrent("orders", index, "earlier")).isFalse();
        assertThat(table.isCurrent("orders", index - 1, null)).isFalse();
        assertThat(table.isCurrent("orders", index + 1, null)).isFalse();
        assertThat(table.isCurrent("users", 0, null)).isTrue();
    }

    @Test
    void instances_tooMany_areRefusedAndRoomIsRegained() throws Refusal {
        for (int i = 1; i <= 5; i++) {
            register("orders", "i" + i, i, "l");
        }
        assertRefused(503, "the registry has 5 instances (expected: at most 5)", () -> register("users", "i6", 6, "l"));
        assertThat(register("orders", "i5", 7, "l")).as("a replacement").isTrue();

        table.deregister("orders", "i1", "l");

        assertThat(register("users", "i6", 6, "l")).isTrue();
    }

    @Test
    void bytes_tooMany_areRefusedAndRoomIsRegained() throws Refusal {
        RegistryTable.Entry entry = new RegistryTable.Entry(ServiceInstance.of("h", 1), "l", TTL);
        table.register("orders", entry, RegistryRules.MAX_TOTAL_BYTES);
        RegistryTable.Entry other = new RegistryTable.Entry(ServiceInstance.of("h", 2), "l", TTL);

        assertRefused(
                503,
                "the registry holds 8388608 bytes (expected: at most 8388608 in all)",
                () -> table.register("orders", other, 1));
        table.register("orders", entry, 10);

        assertThat(table.register("orders", other, 1)).isTrue();
    }

    @Test
    void services_tooMany_evictAnEmptyOneOrAreRefused() throws Refusal {
        register("a", "i", 1, "l");
        register("b", "i", 2, "l");
        register("c", "i", 3, "l");
        assertRefused(503, "the registry has 3 services (expected: at most 3)", () -> register("d", "i", 4, "l"));

        table.deregister("b", "i", "l");

        assertThat(register("d", "i", 4, "l")).isTrue();
        assertThat(ports("b")).isNull();
        assertThat(table.counts()).containsOnlyKeys("a", "c", "d");
    }

    @Test
    void warmUp_answersAreIncomplete_andItsEndConcernsEverybody() throws Refusal {
        RegistryTable fresh = new RegistryTable(time, "epoch", 3, 5, Duration.ofSeconds(30));
        long index = fresh.view("orders").index();
        assertThat(fresh.view("orders").complete()).isFalse();

        time.advance(Duration.ofSeconds(30));

        assertThat(fresh.sweep(SWEEP)).as("all services").isNull();
        assertThat(fresh.view("orders").complete()).isTrue();
        assertThat(fresh.isCurrent("orders", index, null)).isFalse();
        assertThat(fresh.sweep(SWEEP)).isEmpty();
    }

    @Test
    void version_grows_withWhatASnapshotHolds() throws Refusal {
        long start = table.version();
        register("orders", "a", 1, "l");
        long registered = table.version();
        table.renew("orders", "a", "l");
        assertThat(table.version()).isEqualTo(registered).isGreaterThan(start);

        register("orders", "a", 1, "another");

        assertThat(table.version()).isGreaterThan(registered);
    }
}

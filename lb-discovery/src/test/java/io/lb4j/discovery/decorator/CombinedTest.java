package io.lb4j.discovery.decorator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Recorder;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Several sources as one. */
class CombinedTest {
    private static final ServiceInstance ONE = ServiceInstance.of("10.0.0.1", 1);
    private static final ServiceInstance TWO = ServiceInstance.of("10.0.0.1", 2);
    private static final ServiceInstance THREE = ServiceInstance.of("10.0.0.1", 3);

    private final VirtualTime time = new VirtualTime();
    private final ManualDiscovery first = new ManualDiscovery();
    private final ManualDiscovery second = new ManualDiscovery();
    private final Recorder recorder = new Recorder();

    @AfterEach
    void close_leavesNothing() {
        assertThat(time.pending()).isZero();
        assertThat(first.watches("orders") + second.watches("orders")).isZero();
    }

    @Nested
    class First {
        private final FirstDiscovery discovery = FirstDiscovery.builder(first)
                .otherwise(second)
                .scheduler(time)
                .fallBackAfter(Duration.ofSeconds(30))
                .build();

        @AfterEach
        void close() {
            discovery.close();
            assertThat(discovery.serving("orders")).isEmpty();
        }

        @Test
        void preferred_isUsedWhileItHasInstances() {
            discovery.watch("orders", recorder);
            second.set("orders", TWO);
            assertThat(recorder.calls).isEmpty();

            first.set("orders", ONE);
            assertThat(discovery.serving("orders")).containsSame(first);
            second.set("orders", TWO, THREE);
            first.set("orders", List.of());
            assertThat(discovery.serving("orders")).containsSame(second);
            first.unknown("orders", "forgot it");
            first.set("orders", ONE);

            assertThat(recorder.snapshots).containsExactly(List.of(ONE), List.of(TWO, THREE), List.of(ONE));
            assertThat(recorder.calls).containsOnly("instances");
        }

        @Test
        void preferredWithAComplaint_isWell() {
            discovery.watch("orders", recorder);
            second.set("orders", TWO);
            first.set("orders", ONE);
            first.complain("orders", new IOException("b: no port"));

            time.advance(Duration.ofMinutes(1));

            assertThat(discovery.serving("orders")).containsSame(first);
            assertThat(recorder.calls).containsExactly("instances", "complaint");
        }

        @Test
        void preferred_isWaitedForAtTheStart_butNotForEver() {
            discovery.watch("orders", recorder);
            second.set("orders", TWO);

            time.advance(Duration.ofMillis(999));
            assertThat(recorder.calls).isEmpty();
            time.advance(Duration.ofMillis(1));

            assertThat(recorder.snapshots).containsExactly(List.of(TWO));
            first.set("orders", ONE);
            assertThat(recorder.last()).containsExactly("10.0.0.1:1");
        }

        @Test
        void preferred_downAtTheStart_isNotWaitedFor() {
            discovery.watch("orders", recorder);
            second.set("orders", TWO);

            first.fail("orders", new IOException("first is down"));

            assertThat(recorder.calls).containsExactly("instances", "error");
            assertThat(recorder.last()).containsExactly("10.0.0.1:2");
            assertThat(recorder.messages()).containsExactly("first is down");
        }

        @Test
        void preferred_downLater_keepsItsListForAWhile() {
            discovery.watch("orders", recorder);
            first.set("orders", ONE);
            second.set("orders", TWO);

            first.fail("orders", new IOException("first is down"));
            time.advance(Duration.ofSeconds(20));
            // Told again, it doesn't put off anything.
            first.fail("orders", new IOException("first is still down"));
            time.advance(Duration.ofMillis(9_999));
            assertThat(recorder.snapshots).containsExactly(List.of(ONE));
            time.advance(Duration.ofMillis(1));
            assertThat(recorder.snapshots).containsExactly(List.of(ONE), List.of(TWO));

            first.set("orders", ONE);
            assertThat(recorder.snapshots).containsExactly(List.of(ONE), List.of(TWO), List.of(ONE));
        }

        @Test
        void preferred_backBeforeItsTimeIsOver_isNotGivenUp() {
            discovery.watch("orders", recorder);
            first.set("orders", ONE);
            second.set("orders", TWO);

            first.fail("orders", new IOException("down"));
            time.advance(Duration.ofSeconds(20));
            first.set("orders", ONE);
            first.fail("orders", new IOException("down"));
            time.advance(Duration.ofSeconds(20));

            assertThat(recorder.snapshots).containsExactly(List.of(ONE), List.of(ONE));
            assertThat(recorder.calls).containsExactly("instances", "error", "instances", "error");
        }

        @Test
        void allDown_keepTheLastList() {
            discovery.watch("orders", recorder);
            first.set("orders", ONE);
            second.fail("orders", new IOException("second is down"));
            first.fail("orders", new IOException("first is down"));

            time.advance(Duration.ofMinutes(5));

            assertThat(recorder.snapshots).containsExactly(List.of(ONE));
            assertThat(recorder.errors).hasSize(2);
        }

        @Test
        void noneHasAny_isUnknownOnlyIfItIsToAll() {
            discovery.watch("orders", recorder);
            first.unknown("orders", "first has none");
            second.unknown("orders", "second has none");
            assertThat(recorder.unknown).containsExactly("first has none; second has none");

            second.set("orders", List.of());
            assertThat(recorder.calls).containsExactly("unknown", "instances");
            assertThat(recorder.last()).isEmpty();
        }

        @Test
        void sourceThatRefusesTheName_isPassedOver() {
            StaticDiscovery closed = StaticDiscovery.of("orders", "h:1");
            closed.close();
            try (FirstDiscovery odd = FirstDiscovery.builder(closed)
                    .otherwise(second)
                    .scheduler(time)
                    .build()) {
                odd.watch("orders", recorder);
                second.set("orders", TWO);
                assertThat(recorder.last()).containsExactly("10.0.0.1:2");
                assertThat(recorder.errors).hasSize(1);
            }
            try (FirstDiscovery none = FirstDiscovery.of(closed)) {
                assertThatThrownBy(() -> none.watch("orders", recorder)).isInstanceOf(IllegalStateException.class);
            }
        }
    }

    @Nested
    class Union {
        private final UnionDiscovery discovery = UnionDiscovery.of(time, first, second);

        @AfterEach
        void close() {
            discovery.close();
        }

        @Test
        void lists_areJoined() {
            discovery.watch("orders", recorder);
            first.set("orders", ONE);
            assertThat(recorder.calls).isEmpty();
            second.set("orders", TWO);
            first.set("orders", ONE, THREE);
            second.unknown("orders", "gone");
            first.unknown("orders", "gone here too");

            assertThat(recorder.snapshots)
                    .containsExactly(List.of(ONE, TWO), List.of(ONE, THREE, TWO), List.of(ONE, THREE));
            assertThat(recorder.unknown).containsExactly("gone here too; gone");
        }

        @Test
        void oneThatIsSilent_isNotWaitedForLong() {
            discovery.watch("orders", recorder);
            first.set("orders", ONE);

            time.advance(FirstDiscovery.DEFAULT_PATIENCE);

            assertThat(recorder.snapshots).containsExactly(List.of(ONE));
        }

        @Test
        void sameInstanceInBoth_isTheEarlierSources() {
            discovery.watch("orders", recorder);
            first.set("orders", ONE.toBuilder().id("a").weight(5).build());
            second.set(
                    "orders",
                    ONE.toBuilder().id("b").build(),
                    TWO.toBuilder().id("c").build());

            assertThat(recorder.snapshots)
                    .containsExactly(List.of(
                            ONE.toBuilder().id("a").weight(5).build(),
                            TWO.toBuilder().id("c").build()));
            assertThat(recorder.errors).isEmpty();
        }

        @Test
        void oneIdForTwoAddresses_isLeftOutAndTold() {
            discovery.watch("orders", recorder);
            first.set("orders", ONE.toBuilder().id("a").build());
            second.set("orders", TWO.toBuilder().id("a").build(), THREE);
            second.set("orders", TWO.toBuilder().id("a").build());

            assertThat(recorder.last()).containsExactly("10.0.0.1:1");
            assertThat(recorder.complaints)
                    .containsExactly(
                            "instance a at 10.0.0.1:2 of manual discovery is left out, since an earlier source has"
                                    + " that id at 10.0.0.1:1");
            second.set("orders", THREE);
            second.set("orders", TWO.toBuilder().id("a").build());
            assertThat(recorder.complaints).hasSize(2);
        }

        @Test
        void oneInTrouble_addsItsLastList() {
            discovery.watch("orders", recorder);
            first.set("orders", ONE);
            second.set("orders", TWO);
            second.fail("orders", new IOException("down"));
            first.set("orders", ONE, THREE);
            second.set("orders", TWO);

            assertThat(recorder.snapshots).containsExactly(List.of(ONE, TWO), List.of(ONE, THREE, TWO));
            assertThat(recorder.messages()).containsExactly("down");
        }
    }
}

package io.lb4j.jmh.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.jmh.Load;
import io.lb4j.jmh.Policy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each peer does what it is measured for: a weighted rotation that fell back to a plain one, or a ring whose instances
 * were never connected, would be fast.
 */
class PeersTest {
    private static final int INSTANCES = 10;
    private static final int ROUNDS = 1024;
    private static final int PICKS = ROUNDS * INSTANCES;

    static Stream<Arguments> pairs() {
        List<Arguments> pairs = new ArrayList<>();
        for (Policy policy : Policy.values()) {
            for (String library : Peers.having(policy)) {
                pairs.add(Arguments.of(library, policy));
            }
        }
        return pairs.stream();
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void picks_ofEachPeer_areSpreadAsThePolicySays(String library, Policy policy) throws Exception {
        Load load = Load.of(policy, INSTANCES);
        try (PeerContender peer = Peers.contender(library, policy, load)) {
            if (Peers.picksAlone(library)) {
                check(library, policy, load, counts(peer, peer::pick));
            } else {
                assertThatThrownBy(() -> peer.pick(0)).isInstanceOf(UnsupportedOperationException.class);
            }
            int[] before = inFlight(peer);
            check(library, policy, load, counts(peer, peer::call));
            assertThat(inFlight(peer)).isEqualTo(before);
            if (before[0] != PeerContender.UNKNOWN) {
                assertThat(before).isEqualTo(load.inFlight());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void setUp_overManyInstances_picks(String library, Policy policy) throws Exception {
        Load load = Load.of(policy, 300);
        try (PeerContender peer = Peers.contender(library, policy, load)) {
            assertThat(IntStream.range(0, 300).map(n -> peer.indexOf(peer.call(n))))
                    .allMatch(index -> 0 <= index && index < 300);
        }
    }

    @Test
    void create_policyThatTheLibraryLacks_saysWhichItHas() {
        Load load = Load.of(Policy.MAGLEV, INSTANCES);
        assertThatThrownBy(() -> Peers.create("armeria", Policy.MAGLEV, load))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("policy: MAGLEV (expected: one that armeria has: "
                        + "[ROUND_ROBIN, WEIGHTED_ROUND_ROBIN, WEIGHTED_RANDOM, JUMP_HASH])");
    }

    @Test
    void create_unknownLibrary_saysWhichThereAre() {
        Load load = Load.of(Policy.RANDOM, INSTANCES);
        assertThatThrownBy(() -> Peers.create("nginx", Policy.RANDOM, load))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("library: nginx (expected: lb4j, lb4j-timed, floor or one of [armeria, ");
    }

    private static void check(String library, Policy policy, Load load, int[] counts) {
        int[] inFlight = load.inFlight();
        int least = Arrays.stream(inFlight).min().orElseThrow();
        int most = Arrays.stream(inFlight).max().orElseThrow();
        double total = Arrays.stream(load.weights()).sum();
        switch (policy) {
            case ROUND_ROBIN -> assertThat(counts).containsOnly(ROUNDS);
            case RANDOM, WEIGHTED_RANDOM, WEIGHTED_ROUND_ROBIN, WEIGHTED_BY_RESPONSE_TIME -> {
                for (int i = 0; i < INSTANCES; i++) {
                    double expected = PICKS * load.weights()[i] / total;
                    assertThat((double) counts[i]).isBetween(0.7 * expected, 1.3 * expected);
                }
            }
            case POWER_OF_TWO_CHOICES -> {
                if (!library.equals("finagle-aperture")) {
                    assertThat(counts).doesNotContain(0);
                    assertThat(average(counts, inFlight, least)).isGreaterThan(1.5 * average(counts, inFlight, most));
                }
            }
            case LEAST_REQUEST -> {
                assertThat(average(counts, inFlight, least)).isPositive();
                for (int i = 0; i < INSTANCES; i++) {
                    assertThat(counts[i] == 0 || inFlight[i] == least)
                            .as("%d picks of instance %d, which is not the least busy", counts[i], i)
                            .isTrue();
                }
            }
            // Response times are real ones here: who looks at all of them may well find one that stays the shortest.
            case PEAK_EWMA ->
                assertThat(Arrays.stream(counts).filter(count -> count > 0).count())
                        .isGreaterThanOrEqualTo(Set.of("dubbo", "stork").contains(library) ? 1 : INSTANCES / 2);
            case RING_HASH, JUMP_HASH -> {
                // As many rounds over the same keys, so a key that moved would show.
                assertThat(Arrays.stream(counts).filter(count -> count == 0 || count % INSTANCES != 0))
                        .isEmpty();
            }
            case STICKY_UNTIL_FAILURE ->
                assertThat(counts).containsOnlyOnce(PICKS).contains(0);
            default -> throw new AssertionError(policy + ": nobody says how its picks are spread");
        }
    }

    /** Picks per instance, of those with so many calls in flight. */
    private static double average(int[] counts, int[] inFlight, int calls) {
        return IntStream.range(0, counts.length)
                .filter(i -> inFlight[i] == calls)
                .map(i -> counts[i])
                .average()
                .orElseThrow();
    }

    private static int[] counts(PeerContender peer, IntFunction<Object> operation) {
        int[] counts = new int[INSTANCES];
        for (int n = 0; n < PICKS; n++) {
            counts[peer.indexOf(operation.apply(n))]++;
        }
        return counts;
    }

    private static int[] inFlight(PeerContender peer) {
        return IntStream.range(0, INSTANCES).map(peer::inFlight).toArray();
    }
}

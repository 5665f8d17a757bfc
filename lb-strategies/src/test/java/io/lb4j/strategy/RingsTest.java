package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A ring made out of another one is the ring that is made from nothing. */
final class RingsTest {

    @Test
    void changed_anyMembersAndCounts_isTheRingMadeFromNothing() {
        SplittableRandom random = new SplittableRandom(3);
        List<String> keys = new ArrayList<>();
        List<Integer> counts = new ArrayList<>();
        HashRing ring = null;
        String[] oldKeys = {};
        int[] oldCounts = {};
        for (int round = 0; round < 5_000; round++) {
            edit(keys, counts, random);
            String[] nowKeys = keys.toArray(new String[0]);
            int[] nowCounts = counts.stream().mapToInt(Integer::intValue).toArray();
            HashRing scratch = new HashRing(nowKeys, nowCounts);
            ring = ring == null ? scratch : ring.changed(oldKeys, oldCounts, nowKeys, nowCounts);
            assertThat(text(ring)).isEqualTo(text(scratch));
            for (int i = 0; i < 20; i++) {
                long hash = random.nextLong();
                assertThat(ring.find(hash)).isEqualTo(scratch.find(hash));
            }
            oldKeys = nowKeys;
            oldCounts = nowCounts;
        }
    }

    /** Adds, removes or resizes some, keys staying in order; a key may be there twice. */
    private static void edit(List<String> keys, List<Integer> counts, SplittableRandom random) {
        int edits = 1 + random.nextInt(3);
        for (int i = 0; i < edits; i++) {
            int at = keys.isEmpty() ? 0 : random.nextInt(keys.size());
            switch (keys.isEmpty() ? 0 : random.nextInt(keys.size() > 12 ? 4 : 3)) {
                case 0 -> {
                    String key = "host-" + random.nextInt(20);
                    int to = Collections.binarySearch(keys, key);
                    to = to < 0 ? -to - 1 : to;
                    keys.add(to, key);
                    counts.add(to, 1 + random.nextInt(12));
                }
                case 1 -> counts.set(at, random.nextInt(13));
                default -> {
                    keys.remove(at);
                    counts.remove(at);
                }
            }
        }
        if (counts.stream().allMatch(count -> count == 0)) {
            keys.add("host-99");
            counts.add(1);
        }
    }

    private static String text(HashRing ring) {
        return IntStream.range(0, ring.size())
                .mapToObj(i -> ring.hash(i) + "=" + ring.owner(i))
                .toList()
                .toString();
    }

    @Test
    void newPicker_afterChanges_placesKeysAsAFreshOneDoes() {
        SplittableRandom random = new SplittableRandom(4);
        try (Rig lasting = new Rig(Strategies.ringHash(50), 1)) {
            for (int round = 0; round < 30; round++) {
                double[] weights = IntStream.range(0, 12)
                        .mapToDouble(i -> random.nextInt(3) == 0 ? 0 : 1 + random.nextInt(2))
                        .toArray();
                weights[round % 12] = 1;
                lasting.set(weights);
                try (Rig fresh = new Rig(Strategies.ringHash(50), 2)) {
                    fresh.set(weights);
                    assertThat(lasting.homes(200)).isEqualTo(fresh.homes(200));
                }
            }
        }
    }
}

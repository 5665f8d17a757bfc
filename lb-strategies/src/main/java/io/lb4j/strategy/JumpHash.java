package io.lb4j.strategy;

import com.google.common.hash.Hashing;
import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.StateKey;
import io.lb4j.XxHash64;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Affinity to numbered shards. */
final class JumpHash extends AffinityStrategy {
    /** More than enough shards, and few enough that a metadata entry cannot ask for a huge array. */
    private static final int MAX_NUMBER = 65_535;

    private static final int NOBODY = -1;

    private final StateKey<AtomicReference<Shard @Nullable []>> lastOrder = StateKey.create("last order of shards");

    JumpHash(@Nullable String hashKey) {
        super(hashKey);
    }

    @Override
    AffinityStrategy withHashKey(String metadataEntry) {
        return new JumpHash(metadataEntry);
    }

    /**
     * Shards are the instances that discovery lists, so that one which is ejected leaves its number free: were the
     * eligible ones numbered, all that follow it would change theirs.
     */
    @Override
    KeyOrder order(Sorted members, Eligible eligible) {
        Candidate[] candidates = members.candidates();
        Map<String, Integer> present = new HashMap<>(2 * candidates.length);
        Map<String, ServiceInstance> known = new LinkedHashMap<>();
        for (ServiceInstance instance : eligible.known()) {
            known.put(instance.id(), instance);
        }
        for (int i = 0; i < candidates.length; i++) {
            ServiceInstance instance = candidates[i].instance();
            present.put(instance.id(), i);
            known.putIfAbsent(instance.id(), instance);
        }
        Shard[] shards = arranged(known, eligible);
        int[] slots = byNumber(shards, present);
        return new Jumps(slots == null ? byRank(shards, present) : slots, candidates.length);
    }

    /** Sorted; those of the last set come to the sort in the order they had, which then has little to do. */
    private Shard[] arranged(Map<String, ServiceInstance> known, Eligible eligible) {
        AtomicReference<Shard @Nullable []> memory = eligible.state(lastOrder, AtomicReference::new);
        List<Shard> shards = new ArrayList<>(known.size());
        Shard @Nullable [] before = memory.get();
        if (before != null) {
            for (Shard each : before) {
                ServiceInstance instance = known.remove(each.id);
                if (instance != null) {
                    shards.add(shard(instance));
                }
            }
        }
        known.values().forEach(instance -> shards.add(shard(instance)));
        Shard[] sorted = shards.toArray(new Shard[0]);
        Arrays.sort(sorted, Shard.BY_NAME);
        memory.set(sorted);
        return sorted;
    }

    private Shard shard(ServiceInstance instance) {
        String own = ownKey(instance);
        return new Shard(own == null ? instance.id() : own, instance.id(), own == null ? NOBODY : number(own));
    }

    private static int number(String text) {
        if (text.isEmpty() || text.length() > 5) {
            return NOBODY;
        }
        int number = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return NOBODY;
            }
            number = 10 * number + c - '0';
        }
        return number <= MAX_NUMBER ? number : NOBODY;
    }

    /** Who has each number, if every shard says its own. */
    private static int @Nullable [] byNumber(Shard[] shards, Map<String, Integer> present) {
        int last = 0;
        for (Shard shard : shards) {
            if (shard.number == NOBODY) {
                return null;
            }
            last = Math.max(last, shard.number);
        }
        int[] slots = new int[last + 1];
        Arrays.fill(slots, NOBODY);
        for (Shard shard : shards) {
            Integer index = present.get(shard.id);
            // Of two with the same number, the first that is there.
            if (index != null && slots[shard.number] == NOBODY) {
                slots[shard.number] = index;
            }
        }
        return slots;
    }

    private static int[] byRank(Shard[] shards, Map<String, Integer> present) {
        int[] slots = new int[shards.length];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = present.getOrDefault(shards[i].id, NOBODY);
        }
        return slots;
    }

    @Override
    public String toString() {
        return named("jump hash");
    }

    private record Shard(String name, String id, int number) {
        static final Comparator<Shard> BY_NAME =
                Comparator.comparing(Shard::name, new NumberedOrder()).thenComparing(Shard::id);
    }

    /** Which candidate has each shard's number, or nobody. */
    static final class Jumps implements KeyOrder {
        /*
         * John Lamping, Eric Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014, as in Guava: when a shard
         * is added at the end, only the keys that go there move. A key whose shard is not there draws again, with another
         * hash, until it finds one that is; so only the keys of a shard that is gone move, and they move evenly and back.
         * (Massimo Coluzzi et al., "MementoHash", 2023, draws again from those that were left when the shard went; that is
         * quicker if most shards are gone, but where keys go then depends on the order in which they went, which another
         * process may have seen differently.)
         */
        private static final int MAX_DRAWS = 32;

        private static final Gate ALL = (index, request, calls) -> true;

        private final int[] slots;
        private final int size;

        Jumps(int[] slots, int size) {
            this.slots = slots;
            this.size = size;
        }

        @Override
        public int first(long hash) {
            int index = slots[Hashing.consistentHash(hash, slots.length)];
            return index >= 0 ? index : first(hash, ALL, PickRequest.plain(), 0);
        }

        @Override
        public int first(long hash, Gate gate, PickRequest request, long calls) {
            for (int draw = 0; draw < MAX_DRAWS; draw++) {
                long drawn = draw == 0 ? hash : XxHash64.hash(hash, draw);
                int index = slots[Hashing.consistentHash(drawn, slots.length)];
                if (index >= 0 && gate.admits(index, request, calls)) {
                    return index;
                }
            }
            int start = Hashing.consistentHash(XxHash64.hash(hash, MAX_DRAWS), size);
            for (int i = 0; i < size; i++) {
                int index = (start + i) % size;
                if (gate.admits(index, request, calls)) {
                    return index;
                }
            }
            return -1;
        }
    }
}

package io.lb4j.strategy;

import com.google.common.hash.Hashing;
import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.Strategy;
import io.lb4j.XxHash64;
import java.util.Arrays;
import java.util.Comparator;

/** Affinity to numbered shards. */
final class JumpHash implements Strategy {
    @Override
    public Picker newPicker(Eligible eligible) {
        Members members = Members.of(eligible);
        Candidate[] shards = members.candidates.clone();
        Arrays.sort(
                shards, Comparator.comparing((Candidate each) -> each.instance().id(), new NumberedOrder()));
        return new Jump(shards, RandomChoice.weighted(members));
    }

    @Override
    public String toString() {
        return "jump hash";
    }

    private static final class Jump implements Picker {
        /*
         * John Lamping, Eric Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014, as in Guava: when a shard
         * is added at the end, only the keys that go there move.
         */
        private static final int MAX_REHASHES = 16;

        private final Candidate[] shards;
        private final Picker keyless;

        Jump(Candidate[] shards, Picker keyless) {
            this.shards = shards;
            this.keyless = keyless;
        }

        @Override
        public Candidate pick(PickRequest request) {
            if (!request.hasHash()) {
                return keyless.pick(request);
            }
            int shard = Hashing.consistentHash(request.hash(), shards.length);
            return request.excludedCount() == 0 || !request.excludes(shards[shard])
                    ? shards[shard]
                    : another(shard, request);
        }

        private Candidate another(int failed, PickRequest request) {
            for (int i = 1; i <= MAX_REHASHES; i++) {
                int shard = Hashing.consistentHash(XxHash64.hash(request.hash(), i), shards.length);
                if (!request.excludes(shards[shard])) {
                    return shards[shard];
                }
            }
            for (int i = 1; i < shards.length; i++) {
                Candidate next = shards[(failed + i) % shards.length];
                if (!request.excludes(next)) {
                    return next;
                }
            }
            return shards[failed];
        }
    }
}

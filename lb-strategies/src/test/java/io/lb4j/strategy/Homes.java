package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;

/** Where keys belong under one affinity and one set, without a pick: instances are named by {@link Rig#index}. */
final class Homes {
    private static final long SEED = 0x1b4;

    final KeyOrder order;

    /** By position in the order. */
    private final int[] indices;

    private Homes(KeyOrder order, int[] indices) {
        this.order = order;
        this.indices = indices;
    }

    static Homes of(AffinityStrategy affinity, List<ServiceInstance> instances) {
        return of(affinity, instances, index -> true);
    }

    /** With instances that discovery lists and those of them that are eligible. */
    static Homes of(AffinityStrategy affinity, List<ServiceInstance> listed, IntPredicate eligible) {
        try (Rig rig = new Rig(affinity, 1).set(listed)) {
            List<Candidate> present = new ArrayList<>();
            for (int i = 0; i < rig.eligible.size(); i++) {
                if (eligible.test(Rig.index(rig.eligible.get(i).instance()))) {
                    present.add(rig.eligible.get(i));
                }
            }
            double[] weights = present.stream()
                    .mapToDouble(each -> each.instance().weight())
                    .toArray();
            AffinityStrategy.Placed placed = affinity.place(rig.eligible.select(present, weights));
            int[] indices = new int[present.size()];
            for (int i = 0; i < indices.length; i++) {
                indices[i] = Rig.index(placed.candidates()[i].instance());
            }
            return new Homes(placed.order(), indices);
        }
    }

    /** Hashes of keys, the same for everyone who asks for as many. */
    static long[] keys(int count) {
        return new SplittableRandom(SEED).longs(count).toArray();
    }

    int first(long hash) {
        return indices[order.first(hash)];
    }

    /** Where the key goes if its home is busy or has failed. */
    int second(long hash) {
        int home = order.first(hash);
        return indices[order.first(hash, (index, request, calls) -> index != home, PickRequest.plain(), 0)];
    }

    /** How many of the keys each of {@code n} instances has. */
    long[] counts(int n, long[] keys) {
        long[] counts = new long[n];
        for (long key : keys) {
            counts[first(key)]++;
        }
        return counts;
    }
}

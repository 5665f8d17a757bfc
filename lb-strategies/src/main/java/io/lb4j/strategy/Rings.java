package io.lb4j.strategy;

import io.lb4j.Eligible;
import io.lb4j.StateKey;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Makes a strategy's ring for each set out of its last one. */
final class Rings {
    private final StateKey<AtomicReference<@Nullable Made>> last = StateKey.create("last ring");

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Made(HashRing ring, String[] keys, int[] counts) {}

    HashRing ring(Eligible eligible, String[] keys, int[] counts) {
        AtomicReference<@Nullable Made> memory = eligible.state(last, AtomicReference::new);
        Made before = memory.get();
        HashRing ring = before == null
                ? new HashRing(keys, counts)
                : before.ring.changed(before.keys, before.counts, keys, counts);
        memory.set(new Made(ring, keys, counts));
        return ring;
    }
}

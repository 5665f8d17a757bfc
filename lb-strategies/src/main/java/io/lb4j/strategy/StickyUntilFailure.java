package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.XxHash64;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** Stays where it is until that fails. */
final class StickyUntilFailure implements Strategy {
    /** A power of two: enough for an even spread of keys over a thousand instances, in 256 KB. */
    private static final int KEY_SLOTS = 1 << 16;

    private static final int SLOT_SHIFT = 64 - 16;

    private final StateKey<Seats> seats = StateKey.create("where calls stick");
    private final Rendezvous order = new Rendezvous(null);

    @Override
    public Picker newPicker(Eligible eligible) {
        return new Sticky(
                order.place(eligible),
                eligible.state(seats, () -> new Seats(eligible.random().nextLong())));
    }

    @Override
    public String toString() {
        return "sticky until failure";
    }

    /** Where calls went last: those without a key, and those of each group of keys. Outlives pickers. */
    private static final class Seats {
        /** This client's own, so that clients are spread over the instances. */
        final long seed;

        final AtomicReferenceArray<@Nullable Candidate> keyless = new AtomicReferenceArray<>(1);

        /** Made by the first call with a key. */
        private volatile @Nullable AtomicReferenceArray<@Nullable Candidate> keyed;

        Seats(long seed) {
            this.seed = seed;
        }

        AtomicReferenceArray<@Nullable Candidate> keyed() {
            AtomicReferenceArray<@Nullable Candidate> known = keyed;
            return known != null ? known : makeKeyed();
        }

        private synchronized AtomicReferenceArray<@Nullable Candidate> makeKeyed() {
            AtomicReferenceArray<@Nullable Candidate> known = keyed;
            if (known == null) {
                known = new AtomicReferenceArray<>(KEY_SLOTS);
                keyed = known;
            }
            return known;
        }
    }

    private static final class Sticky implements Picker, KeyOrder.Gate {
        /*
         * A first choice, and the one after a failure, is the best score of rendezvous hashing, over the client's seed
         * or the slot of the key: so keys without a failure are where every other process has them. A memory of every
         * key would have no bound, so keys share 65,536 slots and move with their slot.
         */
        private final Candidate[] candidates;
        private final KeyOrder order;
        private final Set<Candidate> present;
        private final Seats seats;

        Sticky(AffinityStrategy.Placed placed, Seats seats) {
            this.candidates = placed.candidates();
            this.order = placed.order();
            this.seats = seats;
            this.present = Collections.newSetFromMap(new IdentityHashMap<>(candidates.length * 2));
            Collections.addAll(present, candidates);
        }

        @Override
        public Candidate pick(PickRequest request) {
            if (!request.hasHash()) {
                return stay(seats.keyless, 0, seats.seed, request);
            }
            int slot = (int) (request.hash() >>> SLOT_SHIFT);
            return stay(seats.keyed(), slot, XxHash64.hash(slot, 0), request);
        }

        private Candidate stay(
                AtomicReferenceArray<@Nullable Candidate> seat, int slot, long hash, PickRequest request) {
            Candidate current = seat.getOpaque(slot);
            boolean stays = current != null && present.contains(current);
            if (stays && (request.excludedCount() == 0 || !request.excludes(current))) {
                return current;
            }
            int index = order.first(hash, this, request);
            if (index < 0) {
                // All have failed this call: no reason to move.
                return stays ? current : candidates[order.first(hash)];
            }
            seat.compareAndSet(slot, current, candidates[index]);
            return candidates[index];
        }

        @Override
        public boolean admits(int index, PickRequest request) {
            return request.excludedCount() == 0 || !request.excludes(candidates[index]);
        }
    }
}

package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.XxHash64;
import java.util.IdentityHashMap;
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

        final AtomicReferenceArray<@Nullable Seat> keyless = new AtomicReferenceArray<>(1);

        /** Made by the first call with a key. */
        private volatile @Nullable AtomicReferenceArray<@Nullable Seat> keyed;

        Seats(long seed) {
            this.seed = seed;
        }

        AtomicReferenceArray<@Nullable Seat> keyed() {
            AtomicReferenceArray<@Nullable Seat> known = keyed;
            return known != null ? known : makeKeyed();
        }

        private synchronized AtomicReferenceArray<@Nullable Seat> makeKeyed() {
            AtomicReferenceArray<@Nullable Seat> known = keyed;
            if (known == null) {
                known = new AtomicReferenceArray<>(KEY_SLOTS);
                keyed = known;
            }
            return known;
        }
    }

    /** A candidate, and which picker found it present: so that only the first pick of a picker has to look it up. */
    private static final class Seat {
        final Candidate candidate;

        /** Stands for the picker and holds nothing, as a seat may outlive its picker. */
        final Object owner;

        Seat(Candidate candidate, Object owner) {
            this.candidate = candidate;
            this.owner = owner;
        }
    }

    private static final class Sticky implements Picker, KeyOrder.Gate {
        /*
         * A first choice, and the one after a failure, is the best score of rendezvous hashing, over the client's seed
         * or the slot of the key: so keys without a failure are where every other process has them. A memory of every
         * key would have no bound, so keys share 65,536 slots and move with their slot.
         */
        private final KeyOrder order;
        private final Seats seats;
        private final Seat[] own;

        /** By candidate, for those that another picker seated. */
        private final IdentityHashMap<Candidate, Seat> present;

        private final Object owner = new Object();

        /** Who has the calls without a key: what their seat says, one step nearer. */
        private volatile @Nullable Candidate keyless;

        Sticky(AffinityStrategy.Placed placed, Seats seats) {
            Candidate[] candidates = placed.candidates();
            this.order = placed.order();
            this.seats = seats;
            this.own = new Seat[candidates.length];
            this.present = new IdentityHashMap<>(candidates.length);
            for (int i = 0; i < own.length; i++) {
                own[i] = new Seat(candidates[i], owner);
                present.put(candidates[i], own[i]);
            }
        }

        @Override
        public Candidate pick(PickRequest request) {
            if (!request.hasHash()) {
                Candidate known = keyless;
                return known != null && request.excludedCount() == 0 ? known : settleKeyless(request);
            }
            AtomicReferenceArray<@Nullable Seat> places = seats.keyed();
            int slot = (int) (request.hash() >>> SLOT_SHIFT);
            Seat taken = places.getOpaque(slot);
            if (taken != null && taken.owner == owner && request.excludedCount() == 0) {
                return taken.candidate;
            }
            return settle(places, slot, XxHash64.hash(slot, 0), request);
        }

        private Candidate settleKeyless(PickRequest request) {
            Candidate settled = settle(seats.keyless, 0, seats.seed, request);
            Seat seat = seats.keyless.get(0);
            // Another thread may move the seat meanwhile: the last to look must find the note as the seat is.
            while (seat != null && seat.owner == owner && keyless != seat.candidate) {
                keyless = seat.candidate;
                seat = seats.keyless.get(0);
            }
            return settled;
        }

        private Candidate settle(
                AtomicReferenceArray<@Nullable Seat> places, int slot, long hash, PickRequest request) {
            Seat taken = places.getOpaque(slot);
            Seat current = taken == null ? null : present.get(taken.candidate);
            if (current != null && (request.excludedCount() == 0 || !request.excludes(current.candidate))) {
                places.compareAndSet(slot, taken, current);
                return current.candidate;
            }
            int index = order.first(hash, this, request, 0);
            if (index < 0) {
                // All have failed this call: no reason to move.
                return current != null ? current.candidate : own[order.first(hash)].candidate;
            }
            // One that is full has not failed: what it can't take now goes elsewhere, the others stay.
            if (current == null || request.attempt() > 0) {
                places.compareAndSet(slot, taken, own[index]);
            }
            return own[index].candidate;
        }

        @Override
        public boolean admits(int index, PickRequest request, long calls) {
            return request.excludedCount() == 0 || !request.excludes(own[index].candidate);
        }
    }
}

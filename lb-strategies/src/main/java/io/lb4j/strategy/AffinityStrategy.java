package io.lb4j.strategy;

import com.google.common.net.InetAddresses;
import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.ServiceInstance;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A strategy that keeps each key on one instance, the same for every process that sees the same instances, in whatever
 * order discovery lists them. Calls without a key are spread at random, by weight.
 *
 * <p>Every key has an order of preference over all instances. A further attempt of a call goes to the next in that
 * order, and so do the keys of an instance that is gone, until it is back. Instances take keys by their own weight, not
 * by the lower one they have in slow start: a key that followed the ramp would move twice.
 *
 * <p>Immutable and thread-safe. Made by {@link Strategies}.
 */
public abstract sealed class AffinityStrategy implements Strategy
        permits RingHash, Maglev, Rendezvous, MultiProbe, JumpHash {
    private final StateKey<AtomicReference<Candidate @Nullable []>> lastOrder =
            StateKey.create("last order of members");
    private final @Nullable String hashKey;

    AffinityStrategy(@Nullable String hashKey) {
        this.hashKey = hashKey;
    }

    /**
     * The same strategy with instances known to the hash by a metadata entry instead of {@code host:port} (an IPv6 address in
     * its canonical spelling, RFC 5952, in brackets), so that an
     * instance which returns under another address gets its keys back (Envoy: {@code envoy.lb/hash_key}). Instances
     * without the entry keep {@code host:port}.
     *
     * @param metadataEntry the name of the entry, whose values should differ from instance to instance
     */
    public AffinityStrategy hashKey(String metadataEntry) {
        return withHashKey(Objects.requireNonNull(metadataEntry, "metadataEntry"));
    }

    abstract AffinityStrategy withHashKey(String metadataEntry);

    /** The order of the keys over these members, which are all that {@code eligible} holds. */
    abstract KeyOrder order(Sorted members, Eligible eligible);

    @Override
    public final Picker newPicker(Eligible eligible) {
        Placed placed = place(eligible);
        return new Affine(placed.candidates, placed.order, RandomChoice.weighted(Members.of(eligible)));
    }

    /** Candidates sorted by hash key, so that discovery's order does not matter, and the keys' order over them. */
    final Placed place(Eligible eligible) {
        int n = eligible.size();
        Member[] members = new Member[n];
        for (int i = 0; i < n; i++) {
            Candidate candidate = eligible.get(i);
            ServiceInstance instance = candidate.instance();
            // An instance that drains is not eligible; the effective weight serves sets that somebody else selected.
            double weight = instance.weight() > 0 ? instance.weight() : eligible.weight(i);
            members[i] = new Member(candidate, keyOf(instance), instance.id(), weight);
        }
        arrange(members, eligible);
        Candidate[] candidates = new Candidate[n];
        String[] keys = new String[n];
        double[] weights = new double[n];
        for (int i = 0; i < n; i++) {
            candidates[i] = members[i].candidate;
            keys[i] = members[i].key;
            weights[i] = members[i].weight;
        }
        Sorted sorted = new Sorted(candidates, keys, weights);
        return new Placed(candidates, weights, order(sorted, eligible));
    }

    /**
     * Sorts the members. Those of the last set come first, in the order they had: then all are in order but for the
     * newcomers, and the sort finds that out by one comparison for each instead of a dozen.
     */
    private void arrange(Member[] members, Eligible eligible) {
        AtomicReference<Candidate @Nullable []> memory = eligible.state(lastOrder, AtomicReference::new);
        Candidate @Nullable [] before = memory.get();
        if (before != null) {
            IdentityHashMap<Candidate, Member> present = new IdentityHashMap<>(members.length);
            for (Member member : members) {
                present.put(member.candidate, member);
            }
            int at = 0;
            for (Candidate candidate : before) {
                Member member = present.remove(candidate);
                if (member != null) {
                    members[at++] = member;
                }
            }
            for (Member newcomer : present.values()) {
                members[at++] = newcomer;
            }
        }
        Arrays.sort(members, Member.BY_KEY);
        memory.set(Arrays.stream(members).map(Member::candidate).toArray(Candidate[]::new));
    }

    private String keyOf(ServiceInstance instance) {
        String own = ownKey(instance);
        return own == null ? address(instance) : own;
    }

    /** {@code host:port}, an IPv6 address as Envoy writes it: discovery may spell one in many ways. */
    private static String address(ServiceInstance instance) {
        String host = instance.host();
        // With a zone index it is not the same address everywhere, and has no other spelling either.
        if (host.indexOf(':') < 0 || host.indexOf('%') >= 0 || !InetAddresses.isInetAddress(host)) {
            return instance.authority();
        }
        InetAddress address = InetAddresses.forString(host);
        // One that embeds an IPv4 address is taken for that one.
        return address instanceof Inet6Address
                ? InetAddresses.toUriString(address) + ":" + instance.port()
                : instance.authority();
    }

    /** The metadata entry that the instance is known by, or null if it has none. */
    final @Nullable String ownKey(ServiceInstance instance) {
        return hashKey == null ? null : instance.metadata().get(hashKey);
    }

    /** A name with the hash key, if it is not the address. */
    final String named(String name) {
        return hashKey == null ? name : name + " by " + hashKey;
    }

    /** Candidates by hash key, with these keys and their own weights. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Sorted(Candidate[] candidates, String[] keys, double[] weights) {}

    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Placed(Candidate[] candidates, double[] weights, KeyOrder order) {}

    private record Member(Candidate candidate, String key, String id, double weight) {
        static final Comparator<Member> BY_KEY =
                Comparator.comparing(Member::key).thenComparing(Member::id);
    }

    private static final class Affine implements Picker, KeyOrder.Gate {
        private final Candidate[] candidates;
        private final KeyOrder order;
        private final Picker keyless;

        Affine(Candidate[] candidates, KeyOrder order, Picker keyless) {
            this.candidates = candidates;
            this.order = order;
            this.keyless = keyless;
        }

        @Override
        public Candidate pick(PickRequest request) {
            if (!request.hasHash()) {
                return keyless.pick(request);
            }
            long hash = request.hash();
            int index = request.excludedCount() == 0 ? order.first(hash) : order.first(hash, this, request, 0);
            return candidates[index >= 0 ? index : order.first(hash)];
        }

        @Override
        public boolean admits(int index, PickRequest request, long calls) {
            return !request.excludes(candidates[index]);
        }
    }
}

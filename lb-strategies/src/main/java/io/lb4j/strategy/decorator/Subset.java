package io.lb4j.strategy.decorator;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.Picker;
import io.lb4j.ServiceInstance;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.XxHash64;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Uses a few of the instances. */
final class Subset implements Strategy {
    private final StateKey<Memory> memory = StateKey.create("subset");
    private final int size;
    private final int client;

    /** 0 if clients are not numbered. */
    private final int clients;

    private final Strategy strategy;

    private Subset(int size, int client, int clients, Strategy strategy) {
        if (size < 1) {
            throw new IllegalArgumentException("size: " + size + " (expected: >= 1)");
        }
        this.size = size;
        this.client = client;
        this.clients = clients;
        this.strategy = Objects.requireNonNull(strategy, "strategy");
    }

    static Subset atRandom(int size, Strategy strategy) {
        return new Subset(size, 0, 0, strategy);
    }

    static Subset numbered(int size, int client, int clients, Strategy strategy) {
        if (clients < 1) {
            throw new IllegalArgumentException("clientCount: " + clients + " (expected: >= 1)");
        }
        if (client < 0 || client >= clients) {
            throw new IllegalArgumentException("clientIndex: " + client + " (expected: 0 to " + (clients - 1) + ")");
        }
        return new Subset(size, client, clients, strategy);
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        List<ServiceInstance> known = new ArrayList<>(eligible.known());
        if (known.size() <= size) {
            return strategy.newPicker(eligible);
        }
        // By id, so that discovery's order does not matter; and the ejected with the others, or each ejection would
        // rearrange the connections of everybody.
        known.sort(Comparator.comparing(ServiceInstance::id));
        Memory ours = eligible.state(memory, () -> new Memory(eligible.random().nextLong()));
        return strategy.newPicker(first(eligible, known, order(ours, known)));
    }

    /** Our order over all instances; those of our subset come first. */
    private int[] order(Memory ours, List<ServiceInstance> known) {
        List<String> ids = known.stream().map(ServiceInstance::id).toList();
        long[] hashes = ids.stream().mapToLong(XxHash64::hash).toArray();
        if (clients == 0) {
            for (int i = 0; i < hashes.length; i++) {
                hashes[i] = XxHash64.hash(hashes[i], ours.seed) >>> 1;
            }
            return ClientOrder.smallest(hashes.length, hashes);
        }
        int[] order = ClientOrder.of(client / ClientOrder.GROUP, hashes).first(hashes.length, client);
        if ((long) clients * ids.size() > SubsetPlan.MAX_PAIRS) {
            ours.plan = null;
            return order;
        }
        SubsetPlan last = ours.plan;
        SubsetPlan plan = last == null
                ? SubsetPlan.first(ids, hashes, clients, size)
                : last.isFor(ids) ? last : last.next(ids, hashes, size);
        ours.plan = plan;
        return moveToFront(plan.row(client), order);
    }

    private static int[] moveToFront(int[] chosen, int[] order) {
        boolean[] done = new boolean[order.length];
        int[] moved = Arrays.copyOf(chosen, order.length);
        int n = chosen.length;
        for (int each : chosen) {
            done[each] = true;
        }
        for (int each : order) {
            if (!done[each]) {
                moved[n++] = each;
            }
        }
        return moved;
    }

    /** So many of the order's first that this many are eligible, or all that are. */
    private Eligible first(Eligible eligible, List<ServiceInstance> known, int[] order) {
        Map<String, Integer> index = new HashMap<>();
        for (int i = 0; i < eligible.size(); i++) {
            index.put(eligible.get(i).instance().id(), i);
        }
        List<Candidate> chosen = new ArrayList<>(size);
        List<ServiceInstance> passed = new ArrayList<>(size);
        double[] weights = new double[size];
        for (int i = 0; i < order.length && chosen.size() < size; i++) {
            ServiceInstance instance = known.get(order[i]);
            passed.add(instance);
            Integer at = index.get(instance.id());
            if (at != null) {
                weights[chosen.size()] = eligible.weight(at);
                chosen.add(eligible.get(at));
            }
        }
        if (chosen.isEmpty()) {
            return eligible;
        }
        return new Narrowed(eligible.select(chosen, Arrays.copyOf(weights, chosen.size())), passed);
    }

    @Override
    public String toString() {
        return strategy + " over " + size + (clients == 0 ? "" : " for client " + client + " of " + clients);
    }

    /** What is kept from one picker to the next; used by one thread at a time. */
    private static final class Memory {
        /** Tells this client from the others if they have no numbers. */
        final long seed;

        @Nullable
        SubsetPlan plan;

        Memory(long seed) {
            this.seed = seed;
        }
    }
}

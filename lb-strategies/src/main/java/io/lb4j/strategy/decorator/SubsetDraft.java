package io.lb4j.strategy.decorator;

import java.util.Arrays;

/** A {@link SubsetPlan} in the making: who has whom, and how many each has. */
final class SubsetDraft {
    private static final double MAX_OVER_MEAN = 1.05;
    private static final int RELIEF_ROUNDS = 4;

    /** Choices that are looked at beyond twice as many as a client gets; for clients that get very few. */
    private static final int MARGIN = 32;

    /** Counts that come out of a division, and should be whole. */
    private static final double ROUNDING = 1e-9;

    private final int instances;
    private final int size;

    /** How far from the edge of its choices, on either side, a client is free to choose. */
    private final int window;

    private final long[][] hashes;

    /** Each client's choices, best first: those it is likely to need, and those it has. */
    private final int[][] orders;

    private final boolean[][] has;
    private final int[] sizes;
    private final int[] loads;

    /**
     * An empty draft.
     *
     * @param ids hashes of the instances' ids
     * @param size instances for each client; less than there are
     */
    SubsetDraft(long[] ids, int clients, int size) {
        this.instances = ids.length;
        this.size = size;
        this.window = Math.max(1, size / 2);
        this.hashes = new long[clients][];
        this.orders = new int[clients][];
        this.has = new boolean[clients][instances];
        this.sizes = new int[clients];
        this.loads = new int[instances];
        for (int first = 0; first < clients; first += ClientOrder.GROUP) {
            ClientOrder group = ClientOrder.of(first / ClientOrder.GROUP, ids);
            for (int client = first; client < Math.min(clients, first + ClientOrder.GROUP); client++) {
                hashes[client] = group.hashes(client);
                orders[client] = ClientOrder.smallest(2 * size + MARGIN, hashes[client]);
            }
        }
    }

    /** Gives every client its first choices, as far as none has more clients than the mean; best choices first. */
    void match() {
        int most = (int) Math.ceil(mean() - ROUNDING);
        for (long pair : pairs()) {
            int client = (int) (pair / instances);
            int instance = (int) (pair % instances);
            if (sizes[client] < size && loads[instance] < most) {
                add(client, instance);
            }
        }
        for (int client = 0; client < sizes.length; client++) {
            if (sizes[client] < size) {
                orders[client] = ClientOrder.smallest(instances, hashes[client]);
            }
            while (sizes[client] < size) {
                int idlest = idlest(client, instances);
                if (loads[idlest] < most || !passOn(client, most)) {
                    add(client, idlest);
                }
            }
        }
    }

    /**
     * For a client that has all instances with room already: another client takes one of those for one of its own, and
     * leaves that to this client.
     */
    private boolean passOn(int client, int most) {
        for (int roomy = 0; roomy < instances; roomy++) {
            if (loads[roomy] >= most) {
                continue;
            }
            int helper = -1;
            for (int other = 0; other < sizes.length; other++) {
                if (!has[other][roomy]
                        && lastNotOf(client, other) >= 0
                        && (helper < 0 || hashes[other][roomy] < hashes[helper][roomy])) {
                    helper = other;
                }
            }
            if (helper >= 0) {
                int passed = lastNotOf(client, helper);
                remove(helper, passed);
                add(helper, roomy);
                add(client, passed);
                return true;
            }
        }
        return false;
    }

    /** The last choice of the other client that this client does not have, or -1. */
    private int lastNotOf(int client, int other) {
        for (int rank = orders[other].length - 1; rank >= 0; rank--) {
            int instance = orders[other][rank];
            if (has[other][instance] && !has[client][instance]) {
                return instance;
            }
        }
        return -1;
    }

    /** Each client with its likely choices, best first, as {@code client * instances + instance}. */
    private long[] pairs() {
        int likely = orders[0].length;
        int bits = Long.SIZE - Long.numberOfLeadingZeros((long) sizes.length * instances);
        long mask = (1L << bits) - 1;
        long[] pairs = new long[sizes.length * likely];
        int n = 0;
        for (int client = 0; client < sizes.length; client++) {
            for (int rank = 0; rank < likely; rank++) {
                int instance = orders[client][rank];
                pairs[n++] = (hashes[client][instance] & ~mask) | ((long) client * instances + instance);
            }
        }
        Arrays.sort(pairs);
        for (int i = 0; i < n; i++) {
            pairs[i] &= mask;
        }
        return pairs;
    }

    /**
     * Takes over the places of an earlier plan.
     *
     * @param places where the earlier plan's instances are now, or -1
     */
    void keep(int[][] rows, int[] places) {
        for (int client = 0; client < rows.length; client++) {
            for (int old : rows[client]) {
                if (places[old] >= 0) {
                    add(client, places[old]);
                }
            }
            orders[client] = withOwn(client);
        }
    }

    /** The client's order, with those at the end that it has without being likely to choose them. */
    private int[] withOwn(int client) {
        int[] order = orders[client];
        int missing = sizes[client];
        for (int instance : order) {
            missing -= has[client][instance] ? 1 : 0;
        }
        if (missing == 0) {
            return order;
        }
        boolean[] known = new boolean[instances];
        for (int instance : order) {
            known[instance] = true;
        }
        int[] more = Arrays.copyOf(order, order.length + missing);
        int n = order.length;
        for (int instance = 0; instance < instances; instance++) {
            if (has[client][instance] && !known[instance]) {
                more[n++] = instance;
            }
        }
        return more;
    }

    /** Gives new instances to the clients that have them among their first choices. */
    void adopt(boolean[] isNew) {
        for (int client = 0; client < sizes.length; client++) {
            for (int rank = 0; rank < size; rank++) {
                int instance = orders[client][rank];
                if (isNew[instance]) {
                    add(client, instance);
                }
            }
        }
    }

    /** Makes room for what was adopted, and fills the places of what has left. */
    void resize(boolean[] isNew) {
        for (int client = 0; client < sizes.length; client++) {
            while (sizes[client] > size) {
                remove(client, busiest(client, isNew));
            }
            fill(client, window);
        }
    }

    /** Of the client's last choices, the one with most clients; not a new one, unless there are no others. */
    private int busiest(int client, boolean[] isNew) {
        int[] order = orders[client];
        int busiest = -1;
        int last = -1;
        for (int rank = order.length - 1; rank >= 0; rank--) {
            int instance = order[rank];
            if (rank < size - window && (busiest >= 0 || last >= 0)) {
                break;
            }
            if (has[client][instance]) {
                last = last < 0 ? instance : last;
                if (!isNew[instance] && (busiest < 0 || loads[instance] > loads[busiest])) {
                    busiest = instance;
                }
            }
        }
        return busiest >= 0 ? busiest : last;
    }

    /** Completes the client's subset by those with the fewest clients, from its choices up to this far past the last. */
    private void fill(int client, int past) {
        while (sizes[client] < size) {
            add(client, idlest(client, past));
        }
    }

    private int idlest(int client, int past) {
        int[] order = orders[client];
        int idlest = -1;
        for (int rank = 0; rank < order.length && (rank < size + past || idlest < 0); rank++) {
            int instance = order[rank];
            if (!has[client][instance] && (idlest < 0 || loads[instance] < loads[idlest])) {
                idlest = instance;
            }
        }
        return idlest;
    }

    /** Takes clients from instances that have too many; from those first that have them among their last choices. */
    void relieve() {
        int most = (int) Math.max(Math.floor(mean() * MAX_OVER_MEAN + ROUNDING), Math.ceil(mean() - ROUNDING));
        for (int round = 1; round <= RELIEF_ROUNDS; round++) {
            int reach = window * round;
            for (int client = 0; client < sizes.length; client++) {
                for (int rank = orders[client].length - 1; rank >= Math.max(0, size - reach); rank--) {
                    int instance = orders[client][rank];
                    if (has[client][instance] && loads[instance] > most) {
                        exchange(client, instance, reach, most);
                    }
                }
            }
        }
    }

    private void exchange(int client, int instance, int reach, int most) {
        int other = idlest(client, reach);
        if (loads[other] < most) {
            remove(client, instance);
            add(client, other);
        }
    }

    private double mean() {
        return (double) sizes.length * size / instances;
    }

    private void add(int client, int instance) {
        has[client][instance] = true;
        sizes[client]++;
        loads[instance]++;
    }

    private void remove(int client, int instance) {
        has[client][instance] = false;
        sizes[client]--;
        loads[instance]--;
    }

    /** What each client has, first choice first. */
    int[][] rows() {
        int[][] rows = new int[sizes.length][];
        for (int client = 0; client < rows.length; client++) {
            int[] row = new int[sizes[client]];
            int n = 0;
            for (int instance : withOwn(client)) {
                if (has[client][instance]) {
                    row[n++] = instance;
                }
            }
            rows[client] = row;
        }
        return rows;
    }
}

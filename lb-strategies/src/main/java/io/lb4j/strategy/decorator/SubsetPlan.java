package io.lb4j.strategy.decorator;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which instances each of a number of clients uses, as every client works it out for itself. Immutable; a function of
 * the instances, and, as far as that saves connections, of the plan before.
 */
final class SubsetPlan {
    /*
     * A first plan follows the clients' orders as far as no instance gets more clients than the others: all pairs of client
     * and instance, best first, are taken while the client has room and the instance, too. Doing this anew for each change
     * would be even, but not calm: evenness hangs on a few pairs that were not the first choice, and those would change all
     * the time. (No plan that forgets can be both. Pairs have to follow from the two alone, or a change would move them;
     * such pairs vary by chance; and what evens them out changes whenever chance does.) So a plan goes on from the one
     * before. A newcomer takes the places that its hashes give it, each from the instance in the last half of the
     * client's choices that has most clients; a leaver's places go to those near the end of the choices that have the
     * least. Then those with more than 1.05 times the mean give some up.
     *
     * Changing only what is close to the edge of a client's choices keeps plans with different histories alike: clients
     * that have started since agree with the others on all but a few places.
     */
    /** More pairs than this cost more time at each change than a plan saves. */
    static final long MAX_PAIRS = 2_000_000;

    private final List<String> ids;
    private final int[][] rows;

    private SubsetPlan(List<String> ids, int[][] rows) {
        this.ids = ids;
        this.rows = rows;
    }

    /**
     * A plan without a past.
     *
     * @param ids sorted
     * @param hashes of the ids
     * @param size instances for each client; less than there are
     */
    static SubsetPlan first(List<String> ids, long[] hashes, int clients, int size) {
        SubsetDraft draft = new SubsetDraft(hashes, clients, size);
        draft.match();
        return new SubsetPlan(ids, draft.rows());
    }

    /** The plan for these instances that follows this one. */
    SubsetPlan next(List<String> now, long[] hashes, int size) {
        int[] places = new int[ids.size()];
        boolean[] isNew = new boolean[now.size()];
        int changes = places(now, places, isNew);
        if (2 * changes > now.size()) {
            // Hardly anything is left to be kept.
            return first(now, hashes, rows.length, size);
        }
        SubsetDraft draft = new SubsetDraft(hashes, rows.length, size);
        draft.keep(rows, places);
        draft.adopt(isNew);
        draft.resize(isNew);
        draft.relieve();
        return new SubsetPlan(now, draft.rows());
    }

    /** Fills in where our instances are now, or -1, and which ones are new; returns how many came or went. */
    private int places(List<String> now, int[] places, boolean[] isNew) {
        Map<String, Integer> index = new HashMap<>();
        for (int i = 0; i < places.length; i++) {
            index.put(ids.get(i), i);
        }
        Arrays.fill(places, -1);
        int changes = places.length;
        for (int i = 0; i < isNew.length; i++) {
            Integer old = index.get(now.get(i));
            isNew[i] = old == null;
            if (old == null) {
                changes++;
            } else {
                places[old] = i;
                changes--;
            }
        }
        return changes;
    }

    boolean isFor(List<String> now) {
        return ids.equals(now);
    }

    int clients() {
        return rows.length;
    }

    /** A client's instances, by their places among the ids. */
    int[] row(int client) {
        return rows[client].clone();
    }
}

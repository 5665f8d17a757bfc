package io.lb4j.balancer;

/**
 * How calls are divided among priority levels, in percent: Envoy's rule, rounding included, so that both send the same
 * share to the same level.
 *
 * <p>A level that has {@value #OVERPROVISIONING} % of what it needs, instances being counted, takes all calls down to
 * 72 % of healthy instances; what it can't take goes to the next. A level is in panic if less than the threshold's share
 * of it is healthy and the levels can't carry all calls between them; if all levels are in panic, calls go to them by
 * their size.
 *
 * <p>(load_balancer_impl.cc: recalculatePerPriorityState, recalculatePerPriorityPanic, recalculateLoadInTotalPanic.)
 */
final class PriorityLoad {
    static final int OVERPROVISIONING = 140;

    private final int[] load;
    private final boolean[] panic;
    private boolean allPanic;

    private PriorityLoad(int levels) {
        this.load = new int[levels];
        this.panic = new boolean[levels];
    }

    /**
     * Divides the calls.
     *
     * @param sizes how many instances each level has, the most preferred first; none is 0
     * @param healthy how many of them are healthy
     * @param panicThreshold share of healthy instances, 0 to 1; 0 turns panic off
     */
    static PriorityLoad of(int[] sizes, int[] healthy, double panicThreshold) {
        return of(sizes, healthy, panicThreshold, OVERPROVISIONING);
    }

    static PriorityLoad of(int[] sizes, int[] healthy, double panicThreshold, int overprovisioning) {
        int levels = sizes.length;
        PriorityLoad result = new PriorityLoad(levels);
        int[] health = new int[levels];
        int sum = 0;
        for (int i = 0; i < levels; i++) {
            health[i] = (int) Math.min(100, (long) overprovisioning * healthy[i] / sizes[i]);
            sum += health[i];
        }
        int total = Math.min(100, sum);
        boolean allPanic = levels > 0;
        for (int i = 0; i < levels; i++) {
            // With one level there is none to step in for it, and the threshold means what it says. A quotient is
            // rounded as
            // the threshold was; their product with a size may come out above a whole number: 0.55 * 100 does.
            result.panic[i] = (levels == 1 || total < 100) && (double) healthy[i] / sizes[i] < panicThreshold;
            allPanic &= result.panic[i];
        }
        result.allPanic = allPanic;
        if (allPanic) {
            result.divide(sizes);
        } else if (sum > 0) {
            result.divide(health, total);
        } else {
            // Envoy would send nothing anywhere: one of two hundred is no percent. But there is one, and no panic.
            result.divide(healthy);
        }
        return result;
    }

    private void divide(int[] health, int total) {
        int left = 100;
        int first = -1;
        for (int i = 0; i < load.length; i++) {
            load[i] = Math.min(left, health[i] * 100 / total);
            left -= load[i];
            first = first < 0 && health[i] > 0 ? i : first;
        }
        load[first] += left;
    }

    /** By the number of instances; by nothing if there are none. */
    private void divide(int[] counts) {
        long all = 0;
        for (int count : counts) {
            all += count;
        }
        int left = 100;
        int first = -1;
        for (int i = 0; all > 0 && i < load.length; i++) {
            load[i] = (int) (100L * counts[i] / all);
            left -= load[i];
            first = first < 0 && counts[i] > 0 ? i : first;
        }
        if (first >= 0) {
            load[first] += left;
        }
    }

    /** Whether every level is in panic, so that none can stand in for another. */
    boolean allPanic() {
        return allPanic;
    }

    /** Percent of the calls that the level takes; all add up to 100, or to 0 if no level can take any. */
    int load(int level) {
        return load[level];
    }

    /** Whether all of the level's instances take calls, healthy or not. */
    boolean panic(int level) {
        return panic[level];
    }
}

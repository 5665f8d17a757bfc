package io.lb4j.strategy.decorator;

/** The zones' shares by their weights, less where too many instances are out. Immutable. */
final class LocalityShares {
    /*
     * Envoy's locality weights (envoyproxy.io, "Locality weighted load balancing"), in its integers: a zone keeps its weight
     * until fewer than 1/overprovisioning of its instances are left, and then loses in proportion.
     */
    static final double DEFAULT_OVERPROVISIONING = 1.4;

    private final double[] cumulative;

    private LocalityShares(double[] cumulative) {
        this.cumulative = cumulative;
    }

    /** All arrays in the order of the zones. */
    static LocalityShares of(double[] weights, int[] eligible, int[] known, double overprovisioning) {
        int percent = (int) Math.round(100 * overprovisioning);
        double[] cumulative = new double[weights.length];
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            long availability = known[i] == 0 ? 0 : Math.min(100, (long) percent * eligible[i] / known[i]);
            sum += weights[i] * availability;
            cumulative[i] = sum;
        }
        return new LocalityShares(cumulative);
    }

    /** Whether no zone has any weight left. */
    boolean none() {
        return total() == 0;
    }

    double share(int zone) {
        return (cumulative[zone] - (zone == 0 ? 0 : cumulative[zone - 1])) / total();
    }

    /** The zone at this point, from 0 to 1, of all the weight. */
    int at(double point) {
        double target = point * total();
        int zone = 0;
        while (zone < cumulative.length - 1 && target >= cumulative[zone]) {
            zone++;
        }
        return zone;
    }

    private double total() {
        return cumulative[cumulative.length - 1];
    }
}

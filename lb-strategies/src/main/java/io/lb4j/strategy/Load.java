package io.lb4j.strategy;

/** How busy a candidate would be with one more call, for its weight. */
final class Load {
    private Load() {}

    /**
     * Whether the first is less busy than the second: fewer calls per weight, the call to be made included. Two idle
     * ones are alike whatever their weights: either serves the call at once, and if weight decided, then a service with
     * few calls would use its heaviest instance alone. Their order of drawing decides, which follows the weights.
     */
    static boolean less(int inFlight, double weight, int otherInFlight, double otherWeight) {
        return (inFlight | otherInFlight) != 0 && (inFlight + 1.0) * otherWeight < (otherInFlight + 1.0) * weight;
    }
}

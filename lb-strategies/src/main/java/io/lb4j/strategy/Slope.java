package io.lb4j.strategy;

/**
 * How much of a deviation comes again: the slope of a regression, through the origin, of what came on what was expected, over about
 * the last thousand comparisons. Written by calls that end, on any thread; a sample lost to another at the same moment is no
 * loss.
 */
final class Slope {
    /** Less than so many comparisons tell nothing. */
    private static final int FEWEST = 50;

    private static final int MEMORY = 1000;

    private final RunningMean products = new RunningMean(MEMORY);
    private final RunningMean squares = new RunningMean(MEMORY);

    void add(double expected, double came) {
        double product = expected * came;
        double square = expected * expected;
        if (Double.isFinite(product) && Double.isFinite(square)) {
            products.add(product);
            squares.add(square);
        }
    }

    /** From 0 to 1, less what it might be by chance. */
    double get() {
        int count = products.count();
        double spread = squares.orElse(0);
        if (count < FEWEST || spread <= 0) {
            return 0;
        }
        return Math.min(1, Math.max(0, products.orElse(0) / spread - 2 / Math.sqrt(count)));
    }
}

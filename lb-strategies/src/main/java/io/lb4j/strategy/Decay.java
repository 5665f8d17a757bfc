package io.lb4j.strategy;

/**
 * What is left of a value that falls by a factor of e in a given time, after a whole number of units: by two looks into
 * small tables, since computing two exponentials took half of a pick.
 */
final class Decay {
    /** After so many decay times nothing is left that would matter. */
    private static final int GONE = 40;

    private final int shift;
    private final double[] coarse;
    private final double[] fine;

    /** @param decayUnits the decay time in units */
    Decay(double decayUnits) {
        double longest = Math.min(Integer.MAX_VALUE, Math.ceil(GONE * decayUnits) + 1);
        this.shift = Math.max(4, (int) Math.ceil(Math.log(longest) / Math.log(2) / 2));
        this.fine = new double[1 << shift];
        this.coarse = new double[(int) (longest / fine.length) + 2];
        for (int i = 0; i < fine.length; i++) {
            fine[i] = Math.exp(-i / decayUnits);
        }
        for (int i = 0; i < coarse.length - 1; i++) {
            coarse[i] = Math.exp(-(double) i * fine.length / decayUnits);
        }
    }

    /** The share that is left after {@code units}; all of it if that is not positive. */
    double after(int units) {
        if (units <= 0) {
            return 1;
        }
        return coarse[Math.min(units >>> shift, coarse.length - 1)] * fine[units & (fine.length - 1)];
    }
}

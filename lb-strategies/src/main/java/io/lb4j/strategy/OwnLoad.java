package io.lb4j.strategy;

import io.lb4j.Candidate;

/** This client's own calls in flight. */
class OwnLoad implements LoadMeasure.Gauge {
    static final LoadMeasure MEASURE = Measure.of("calls in flight", false, (set, i) -> new OwnLoad(set.get(i)));

    private final Candidate candidate;

    private OwnLoad(Candidate candidate) {
        this.candidate = candidate;
    }

    /** Calls in flight to the power of {@code bias}, which is positive. */
    static LoadMeasure biased(double bias) {
        double[] powers = new double[Biased.USUAL];
        for (int i = 0; i < powers.length; i++) {
            powers[i] = Math.pow(i + 1.0, bias);
        }
        return Measure.of(
                "calls in flight to the power of " + bias, false, (set, i) -> new Biased(set.get(i), powers, bias));
    }

    @Override
    public double load(long nowNanos) {
        return candidate.inFlight() + 1.0;
    }

    @Override
    public final boolean idle() {
        return candidate.inFlight() == 0;
    }

    private static final class Biased extends OwnLoad {
        /** Powers of so many calls are taken from a table: computing one takes longer than the rest of a pick. */
        static final int USUAL = 256;

        private final double[] powers;
        private final double bias;

        Biased(Candidate candidate, double[] powers, double bias) {
            super(candidate);
            this.powers = powers;
            this.bias = bias;
        }

        @Override
        public double load(long nowNanos) {
            double calls = super.load(nowNanos);
            return calls <= USUAL ? powers[(int) calls - 1] : Math.pow(calls, bias);
        }
    }
}

package io.lb4j.balancer;

/**
 * How unlikely it is that what an instance did is chance, given what the others do. Where a tenth of all calls fails,
 * one run of failures in a hundred thousand calls is five long on an instance that is as good as any.
 *
 * <p>Chernoff's bound: of {@code n} calls that fail with probability {@code p} each, a share {@code q > p} or more fails
 * with a probability of at most {@code exp(-n D(q‖p))}, where {@code D} is the relative entropy of the two; for a run of
 * failures this is {@code p^n}.
 */
final class Chance {
    /** How many times the others' share of failures one must have to be worse, and not only certainly different. */
    private static final double WORSE = 2;

    private final double required;

    /** @param significance the probability up to which something can't be chance, in (0, 1]; 1 asks for nothing */
    Chance(double significance) {
        this.required = -Math.log(significance);
    }

    /** Whether anything must be unlikely at all. */
    boolean isAsked() {
        return required > 0;
    }

    /** Whether so many failures of so many calls can't be chance where others fail that share of theirs. */
    boolean excludedFor(double failed, double calls, double othersShare) {
        if (!isAsked()) {
            return true;
        }
        double share = failed / calls;
        if (!(share > othersShare)) {
            return false;
        }
        return othersShare <= 0 || calls * divergence(share, othersShare) >= required;
    }

    /** The same, where it must be at least twice that share, too: to send its calls there is to gain something. */
    boolean isWorse(double failed, double calls, double othersShare) {
        return !isAsked() || (failed >= WORSE * othersShare * calls && excludedFor(failed, calls, othersShare));
    }

    /** Whether a run of failures as long as this can't be chance where others fail that share of their calls. */
    boolean excludedFor(long run, double othersShare) {
        return excludedFor((double) run, (double) run, othersShare);
    }

    /**
     * Whether it can't be chance that so many of the calls here, and so many of those elsewhere, are of a kind: the
     * likelihood ratio of two shares and one, which holds for calls that count in part as well.
     */
    boolean excludedFor(double here, double calls, double elsewhere, double callsElsewhere) {
        if (!isAsked()) {
            return true;
        }
        double common = (here + elsewhere) / (calls + callsElsewhere);
        if (!(common > 0 && common < 1)) {
            return false;
        }
        return calls * divergence(here / calls, common)
                        + callsElsewhere * divergence(elsewhere / callsElsewhere, common)
                >= required;
    }

    private static double divergence(double share, double othersShare) {
        double failed = share <= 0 ? 0 : share * Math.log(share / othersShare);
        return share >= 1 ? failed : failed + (1 - share) * Math.log((1 - share) / (1 - othersShare));
    }
}

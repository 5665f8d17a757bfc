package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The least busy of all by any measure; ties at random by weight, or in turn. */
final class MeasuredScan implements Picker {
    /*
     * The idle are one tie of their own, see Load; the one taken from it is then compared with the least busy of the
     * others. Random ties are weighted reservoir sampling, as in LeastRequest.
     */
    private static final long LCG_MULTIPLIER = 0xD1342543DE82EF95L;
    private static final double TWO_TO_MINUS_53 = 0x1p-53;

    private final Measured measured;
    private final Candidate[] candidates;
    private final double[] weights;
    private final RandomGenerator random;
    private final @Nullable Turns turns;

    /** @param turns whose turn it is among the equally busy; null if that is drawn */
    MeasuredScan(Measured measured, @Nullable Turns turns) {
        this.measured = measured;
        this.candidates = measured.candidates;
        this.weights = measured.weights;
        this.random = measured.members.random;
        this.turns = turns;
    }

    @Override
    public Candidate pick(PickRequest request) {
        int best = scan(request);
        if (best < 0) {
            best = scan(PickRequest.plain());
        }
        if (turns != null) {
            turns.taken(best);
        }
        return candidates[best];
    }

    private int scan(PickRequest request) {
        long now = measured.now();
        long bits = turns == null ? random.nextLong() : 0;
        boolean retry = request.excludedCount() > 0;
        int idle = -1;
        double idleTie = 0;
        int busy = -1;
        double busyTie = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int i = 0; i < candidates.length; i++) {
            if (retry && request.excludes(candidates[i])) {
                continue;
            }
            if (measured.idle(i)) {
                bits = bits * LCG_MULTIPLIER + 1;
                if (wins(i, idle, idleTie, bits)) {
                    idle = i;
                }
                idleTie += weights[i];
                continue;
            }
            double load = measured.load(i, now) / weights[i];
            if (load < least || busy < 0) {
                least = load;
                busy = i;
                busyTie = weights[i];
            } else if (load == least) {
                bits = bits * LCG_MULTIPLIER + 1;
                if (wins(i, busy, busyTie, bits)) {
                    busy = i;
                }
                busyTie += weights[i];
            }
        }
        return busy >= 0 && (idle < 0 || least * weights[idle] < measured.load(idle, now)) ? busy : idle;
    }

    /** Whether a tie goes to the one found last and not to the one that won among those before. */
    private boolean wins(int found, int best, double weightBefore, long bits) {
        if (best < 0) {
            return true;
        }
        if (turns != null) {
            return turns.before(found, best);
        }
        double uniform = ((bits ^ (bits >>> 32)) >>> 11) * TWO_TO_MINUS_53;
        return uniform * (weightBefore + weights[found]) < weights[found];
    }
}

package io.lb4j.simulator.published;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Ticker;
import io.lb4j.Tracker;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** Strategies that give each candidate a score and take the lowest, of all or of two that were drawn. */
final class Scored<T extends Scored.Score> implements Strategy {
    private final String name;
    private final Choice choice;
    private final Supplier<T> scores;
    private final StateKey<T> key;

    /** What is known of one candidate. */
    abstract static class Score implements Tracker {
        /** The lower the better. */
        abstract double score(int inFlight, long nowNanos);
    }

    /** Among which the lowest is taken. */
    enum Choice {
        /** Two different ones; the first at a tie. */
        TWO_DISTINCT,
        /** Two that may be the same. */
        TWO,
        /** All; ties are drawn. */
        ALL
    }

    Scored(String name, Choice choice, Supplier<T> scores) {
        this.name = name;
        this.choice = choice;
        this.scores = scores;
        this.key = StateKey.create(name);
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        int size = eligible.size();
        Candidate[] candidates = new Candidate[size];
        Score[] known = new Score[size];
        for (int i = 0; i < size; i++) {
            candidates[i] = eligible.get(i);
            known[i] = candidates[i].tracker(key, scores);
        }
        RandomGenerator random = eligible.random();
        Ticker ticker = eligible.ticker();
        return request -> {
            long now = ticker.nanos();
            if (choice == Choice.ALL) {
                return candidates[lowest(candidates, known, now, random)];
            }
            int first = random.nextInt(size);
            int second = first;
            if (choice == Choice.TWO) {
                second = random.nextInt(size);
            } else if (size > 1) {
                second = random.nextInt(size - 1);
                second += second >= first ? 1 : 0;
            }
            double a = known[first].score(candidates[first].inFlight(), now);
            double b = known[second].score(candidates[second].inFlight(), now);
            return candidates[b < a ? second : first];
        };
    }

    private static int lowest(Candidate[] candidates, Score[] known, long now, RandomGenerator random) {
        int best = 0;
        double least = Double.POSITIVE_INFINITY;
        int ties = 0;
        for (int i = 0; i < candidates.length; i++) {
            double score = known[i].score(candidates[i].inFlight(), now);
            if (score < least) {
                best = i;
                least = score;
                ties = 1;
            } else if (score == least && random.nextInt(++ties) == 0) {
                best = i;
            }
        }
        return best;
    }

    @Override
    public String toString() {
        return name;
    }
}

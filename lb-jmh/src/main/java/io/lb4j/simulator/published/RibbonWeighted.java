package io.lb4j.simulator.published;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.Outcome;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Tracker;

/**
 * Ribbon's {@code WeightedResponseTimeRule}: every 30 s each server gets the sum of all mean response times less its own,
 * and is drawn by that; in turn until then. The means are of a whole life.
 */
final class RibbonWeighted implements Strategy {
    private static final long INTERVAL = 30_000_000_000L;
    private static final StateKey<Mean> MEAN = StateKey.create("mean response time");
    private static final StateKey<int[]> TURN = StateKey.create("turn");

    private static final class Mean implements Tracker {
        private double sum;
        private long count;

        double value() {
            return count == 0 ? 0 : sum / count;
        }

        @Override
        public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
            sum += nowNanos - startNanos;
            count++;
        }
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        return new Weighted(eligible);
    }

    private static final class Weighted implements Picker {
        private final Eligible eligible;
        private final Mean[] means;
        private final double[] upTo;
        private final int[] turn;
        private long weighedAt;
        private boolean weighed;

        Weighted(Eligible eligible) {
            this.eligible = eligible;
            this.means = new Mean[eligible.size()];
            for (int i = 0; i < means.length; i++) {
                means[i] = eligible.get(i).tracker(MEAN, Mean::new);
            }
            this.upTo = new double[means.length];
            this.turn = eligible.state(TURN, () -> new int[1]);
            this.weighedAt = eligible.ticker().nanos();
        }

        private void weigh() {
            double total = 0;
            for (Mean mean : means) {
                total += mean.value();
            }
            double sum = 0;
            for (int i = 0; i < means.length; i++) {
                sum += total - means[i].value();
                upTo[i] = sum;
            }
            weighed = sum > 0;
        }

        @Override
        public Candidate pick(io.lb4j.PickRequest request) {
            long now = eligible.ticker().nanos();
            if (now - weighedAt >= INTERVAL) {
                weighedAt = now;
                weigh();
            }
            int chosen = Math.floorMod(turn[0]++, means.length);
            if (weighed) {
                double drawn = eligible.random().nextDouble() * upTo[means.length - 1];
                chosen = 0;
                while (upTo[chosen] <= drawn) {
                    chosen++;
                }
            }
            return eligible.get(chosen);
        }
    }

    @Override
    public String toString() {
        return "Ribbon weighted response time";
    }
}

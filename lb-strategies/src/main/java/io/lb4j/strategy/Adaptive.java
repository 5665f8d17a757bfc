package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Ticker;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The instance where one more call is expected to take the least time, by all that this client can know. */
final class Adaptive implements Strategy {
    /** Up to so many instances all are compared. */
    static final int ALL = 16;

    /** Of more instances so many are drawn, besides those that answered lately. */
    private static final int DRAWN = 8;

    /**
     * Of more instances one that answered lately is taken unless another is better by more than that. So each client keeps to a few for
     * a while, and of these it knows how busy they are: a hundred clients of a hundred servers that report nothing
     * had to wait 43 ms when all were as good to them, and 33 ms with this, as if each had been given 20 of the servers.
     */
    private static final double KNOWN = 0.9;

    /** One call in so many is made as if nobody had answered lately, so that others become known. A power of two. */
    private static final int AFRESH = 8;

    /**
     * One call in so many asks an instance that was not heard of for long, if it is about as good as the best. With the best alone,
     * whichever was warm served a quiet service of ten, and that another had died was found out seconds later. Powers of two.
     */
    private static final int HARDLY_WORSE_ASKED = 8;

    private static final double HARDLY_WORSE = 1.2;

    /** And one in so many asks one that is worse, but no more than that: a slow call or two, as after a start, are forgotten slowly. */
    private static final int WORSE_ASKED = 64;

    private static final double WORSE = 4;

    private static final long UNHEARD_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    /** With more instances than that one client knows next to nothing of each, and nothing is kept of them. */
    static final int MOST = 1024;

    private final StateKey<Experience> key = StateKey.create("experience");
    private final StateKey<Norm> norms = StateKey.create("what is usual");

    @Override
    public Picker newPicker(Eligible eligible) {
        int size = eligible.size();
        if (size == 1 || size > MOST) {
            return new PowerOfTwoChoices().newPicker(eligible);
        }
        Members members = Members.of(eligible);
        // A part of the service goes on with what is known of the whole.
        Norm norm = eligible.state(norms, () -> known(members.candidates[0]).norm);
        Experience[] experiences = new Experience[size];
        for (int i = 0; i < size; i++) {
            experiences[i] = experience(members.candidates[i], norm);
            experiences[i].index = i;
        }
        return new Least(members, experiences, norm, eligible.ticker());
    }

    /** What is known of a candidate that was in a picker's set before. */
    Experience known(Candidate candidate) {
        return experience(candidate, new Norm());
    }

    private Experience experience(Candidate candidate, Norm norm) {
        return candidate.tracker(key, () -> new Experience(candidate, norm));
    }

    @Override
    public String toString() {
        return "adaptive";
    }

    private static final class Least implements Picker {
        /*
         * What is known of an instance is worth something for about as long as a call takes. So those that answered last are
         * the ones worth looking at, and the others are all alike: looking at eight of each finds as good an
         * instance among a hundred as looking at all.
         */
        private static final long LCG_MULTIPLIER = 0xD1342543DE82EF95L;
        private static final int RECENT_SHIFT = 56;
        private static final double TWO_TO_MINUS_53 = 0x1p-53;

        private final Candidate[] candidates;
        private final double[] weights;
        private final boolean equalWeights;
        private final Experience[] experiences;
        private final Norm norm;
        private final @Nullable StrideSampler sampler;
        private final RandomGenerator random;
        private final Ticker ticker;

        Least(Members members, Experience[] experiences, Norm norm, Ticker ticker) {
            this.candidates = members.candidates;
            this.weights = members.weights;
            this.equalWeights = members.equalWeights();
            this.experiences = experiences;
            this.norm = norm;
            this.sampler = members.size > ALL ? new StrideSampler(members) : null;
            this.random = members.random;
            this.ticker = ticker;
        }

        @Override
        public Candidate pick(PickRequest request) {
            long now = ticker.nanos();
            if (sampler != null) {
                return candidates[few(sampler, request, now)];
            }
            int best = all(request, now);
            return candidates[best >= 0 ? best : all(PickRequest.plain(), now)];
        }

        /** The least loaded of all, or one that was not heard of for long; -1 if all are excluded. Ties are drawn, and the idle by weight. */
        private int all(PickRequest request, long now) {
            long bits = random.nextLong();
            long first = bits;
            boolean retry = request.excludedCount() > 0;
            int idle = -1;
            double idleShares = 0;
            int busy = -1;
            double busyTies = 0;
            double busyShares = 0;
            double least = Double.POSITIVE_INFINITY;
            for (int i = 0; i < candidates.length; i++) {
                if (retry && request.excludes(candidates[i])) {
                    continue;
                }
                Experience experience = experiences[i];
                double others = experience.others(weights[i], now);
                double load = experience.load(others, now);
                if (!equalWeights) {
                    if (experience.idle(others)) {
                        // If weight decided, the heaviest would serve a quiet service alone, see Load; so it is drawn.
                        double share = weights[i] / (load * load * load);
                        idleShares += share;
                        bits = bits * LCG_MULTIPLIER + 1;
                        idle = uniform(bits) * idleShares < share ? i : idle;
                        continue;
                    }
                    busyShares += weights[i];
                    load /= weights[i];
                }
                if (load < least) {
                    least = load;
                    busy = i;
                    busyTies = 1;
                } else if (load == least) {
                    bits = bits * LCG_MULTIPLIER + 1;
                    busy = uniform(bits) * ++busyTies < 1 ? i : busy;
                }
            }
            int best = busy;
            if (idle >= 0) {
                // By the least load alone what starts, with a tenth of its weight, had nothing while another had
                // less than nine calls.
                boolean drawn = uniform(bits * LCG_MULTIPLIER + 1) * (idleShares + busyShares) < idleShares;
                best = drawn || load(idle, now) <= least * weights[idle] ? idle : busy;
            }
            // Where weights differ the idle were drawn, and all have their share.
            if ((first & (HARDLY_WORSE_ASKED - 1)) != 0
                    || !equalWeights
                    || best < 0
                    || candidates[best].inFlight() > 0) {
                return best;
            }
            double worse = (first & (WORSE_ASKED - 1)) == 0 ? WORSE : HARDLY_WORSE;
            return unheard(best, worse * load(best, now), (int) (first >>> 32), request, now);
        }

        /** The idle one that was not heard of for longest, if that is long and its load not more than that; else the best. */
        private int unheard(int best, double most, int start, PickRequest request, long now) {
            boolean retry = request.excludedCount() > 0;
            long longest = UNHEARD_NANOS;
            int found = best;
            // From anywhere, lest all clients that begin ask the same one first.
            int i = Integer.remainderUnsigned(start, candidates.length);
            for (int looked = 0; looked < candidates.length; looked++) {
                i = i + 1 == candidates.length ? 0 : i + 1;
                long age = experiences[i].unheard(now);
                if (age > longest && !(retry && request.excludes(candidates[i]))) {
                    double others = experiences[i].others(weights[i], now);
                    if (experiences[i].idle(others) && experiences[i].load(others, now) <= most) {
                        longest = age;
                        found = i;
                    }
                }
            }
            return found;
        }

        /** The least loaded of a few that are drawn and of those that answered lately. */
        private int few(StrideSampler from, PickRequest request, long now) {
            // Of the equally loaded it is the one drawn first, which follows the weights.
            int index = from.first();
            int stride = from.stride();
            int best = index;
            double bestOthers = experiences[best].others(weights[best], now);
            double bestLoad = experiences[best].load(bestOthers, now);
            for (int i = 1; i < DRAWN; i++) {
                index += stride;
                index = index >= candidates.length ? index - candidates.length : index;
                double others = experiences[index].others(weights[index], now);
                double load = experiences[index].load(others, now);
                if (less(index, load, best, bestLoad, bestOthers)) {
                    best = index;
                    bestLoad = load;
                    bestOthers = others;
                }
            }
            // Where times foretell nothing, one knows nothing of those that answered lately, and they would be asked
            // again and again.
            long bits = random.nextLong();
            double known = norm.trust() > 0 && (bits & (AFRESH - 1)) != 0 ? KNOWN : 1;
            boolean retry = request.excludedCount() > 0;
            for (int i = 0; i < Norm.RECENT; i++) {
                Experience experience = norm.recent((int) (bits >>> RECENT_SHIFT) + i);
                int at = experience == null ? candidates.length : experience.index;
                if (at >= candidates.length
                        || experiences[at] != experience
                        || (retry && request.excludes(candidates[at]))) {
                    continue;
                }
                double others = experience.others(weights[at], now);
                double load = known * experience.load(others, now);
                if (less(at, load, best, bestLoad, bestOthers)) {
                    best = at;
                    bestLoad = load;
                    bestOthers = others;
                }
            }
            return best;
        }

        /** Who is idle was drawn by its weight, which counts no more, therefore: see {@link #all}. */
        private boolean less(int other, double load, int best, double bestLoad, double bestOthers) {
            boolean asSuch = equalWeights || experiences[best].idle(bestOthers);
            return asSuch ? load < bestLoad : load * weights[best] < bestLoad * weights[other];
        }

        private double load(int index, long now) {
            return experiences[index].load(experiences[index].others(weights[index], now), now);
        }

        private static double uniform(long bits) {
            return ((bits ^ (bits >>> 32)) >>> 11) * TWO_TO_MINUS_53;
        }
    }
}

package io.lb4j.simulator.published;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.LoadProbe;
import io.lb4j.LoadReport;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Prequal as its authors describe it (Wydrowski, Kleinberg, Rumble, Archer, NSDI 2024, section 4), asynchronous, with the
 * settings of their testbed: a pool of 16 answers for a second, 3 probes for each call to servers drawn without
 * replacement, one answer removed for each call, the oldest and the worst in turn, answers used again as often as the
 * budget of the paper allows, hot above the quantile 2^-0.25 of calls in flight, and one more of them for each use of an
 * answer. With fewer than two answers one server at random. Left out: aversion to errors, of which the paper gives no details.
 */
final class PaperPrequal implements Strategy {
    private static final int POOL = 16;
    private static final double PROBES = 3;
    private static final double REMOVALS = 1;
    private static final double SURPLUS = 1;
    private static final double HOT_QUANTILE = Math.pow(2, -0.25);
    private static final long MAX_AGE = 1_000_000_000L;
    private static final Duration TIMEOUT = Duration.ofMillis(3);
    private static final int REMEMBERED = 128;

    private final StateKey<Pool> key = StateKey.create("pool");
    private final LoadProbe probe;

    PaperPrequal(LoadProbe probe) {
        this.probe = probe;
    }

    /** What a server said. */
    private static final class Answer {
        private final Candidate candidate;
        private final long at;
        private final double latency;
        private double inFlight;
        private int uses;

        Answer(Candidate candidate, long at, LoadReport report, int uses) {
            this.candidate = candidate;
            this.at = at;
            this.inFlight = report.inFlight();
            this.latency = Double.isNaN(report.latencyNanos()) ? 0 : report.latencyNanos();
            this.uses = uses;
        }
    }

    /** Of one client: the answers, the oldest first, and the calls in flight that it was told of lately. */
    private final class Pool {
        private final List<Answer> answers = new ArrayList<>();
        private final int[] told = new int[REMEMBERED];
        private int toldCount;

        /** Of those, how many are as many as the place says. */
        private int[] toldOf = new int[64];

        private double probesOwed;
        private double removalsOwed;
        private boolean worstNext;
        private int[] order = new int[0];

        void probe(Eligible eligible) {
            int size = eligible.size();
            if (order.length != size) {
                order = new int[size];
                for (int i = 0; i < size; i++) {
                    order[i] = i;
                }
            }
            RandomGenerator random = eligible.random();
            probesOwed += Math.min(PROBES, size);
            for (int i = 0; probesOwed >= 1; i++, probesOwed--) {
                int drawn = i + random.nextInt(size - i);
                int chosen = order[drawn];
                order[drawn] = order[i];
                order[i] = chosen;
                Candidate candidate = eligible.get(chosen);
                probe.probe(candidate.instance(), TIMEOUT).whenComplete((report, error) -> {
                    if (report != null) {
                        add(new Answer(candidate, eligible.ticker().nanos(), report, uses(eligible.size(), random)));
                    }
                });
            }
        }

        private void add(Answer answer) {
            tell((int) answer.inFlight);
            answers.removeIf(each -> each.candidate == answer.candidate);
            if (answers.size() == POOL) {
                answers.remove(0);
            }
            answers.add(answer);
        }

        /** How often an answer may be used; fractions are rounded at random. */
        private int uses(int size, RandomGenerator random) {
            double left = (1 - Math.min(POOL, size) / (double) size) * PROBES - REMOVALS;
            if (left <= 0) {
                return Integer.MAX_VALUE;
            }
            double uses = Math.max(1, (1 + SURPLUS) / left);
            return (int) (uses + random.nextDouble());
        }

        /** The quantile of what it was told. */
        private double hotAbove() {
            int count = Math.min(REMEMBERED, toldCount);
            int upTo = 0;
            for (int inFlight = 0; inFlight < toldOf.length; inFlight++) {
                upTo += toldOf[inFlight];
                if (toldOf[inFlight] > 0 && upTo / (double) count >= HOT_QUANTILE) {
                    return inFlight;
                }
            }
            return Double.POSITIVE_INFINITY;
        }

        private void tell(int inFlight) {
            if (toldCount >= REMEMBERED) {
                toldOf[told[toldCount % REMEMBERED]]--;
            }
            told[toldCount++ % REMEMBERED] = inFlight;
            if (inFlight >= toldOf.length) {
                toldOf = Arrays.copyOf(toldOf, 2 * inFlight);
            }
            toldOf[inFlight]++;
        }

        Candidate pick(Eligible eligible, PickRequest request) {
            long now = eligible.ticker().nanos();
            while (!answers.isEmpty() && now - answers.get(0).at > MAX_AGE) {
                answers.remove(0);
            }
            double hotAbove = hotAbove();
            Answer best = null;
            int usable = 0;
            for (Answer each : answers) {
                if (request.excludes(each.candidate)) {
                    continue;
                }
                usable++;
                best = best == null || better(each, best, hotAbove) ? each : best;
            }
            Candidate chosen;
            if (best == null || usable < 2) {
                chosen = eligible.get(eligible.random().nextInt(eligible.size()));
            } else {
                chosen = best.candidate;
                best.inFlight++;
                if (--best.uses <= 0) {
                    answers.remove(best);
                }
            }
            remove(hotAbove);
            probe(eligible);
            return chosen;
        }

        /** Hot-cold lexicographic: cold before hot, among the cold the quickest, among the hot the least busy. */
        private boolean better(Answer a, Answer b, double hotAbove) {
            boolean aHot = a.inFlight > hotAbove;
            boolean bHot = b.inFlight > hotAbove;
            return aHot != bHot ? bHot : aHot ? a.inFlight < b.inFlight : a.latency < b.latency;
        }

        private void remove(double hotAbove) {
            removalsOwed += REMOVALS;
            for (; removalsOwed >= 1; removalsOwed--) {
                if (!answers.isEmpty()) {
                    Answer worst = answers.get(0);
                    for (Answer each : worstNext ? answers : List.<Answer>of()) {
                        worst = better(worst, each, hotAbove) ? each : worst;
                    }
                    answers.remove(worst);
                    worstNext = !worstNext;
                }
            }
        }
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        Pool pool = eligible.state(key, Pool::new);
        return request -> pool.pick(eligible, request);
    }

    @Override
    public String toString() {
        return "Prequal";
    }
}

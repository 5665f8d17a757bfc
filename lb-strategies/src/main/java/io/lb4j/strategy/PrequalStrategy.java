package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.LoadProbe;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Ticker;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Of the instances that said lately how busy they are: the quickest that isn't hot. */
final class PrequalStrategy implements Strategy {
    private final StateKey<LoadPool> pool = StateKey.create("pool of load reports");
    private final @Nullable LoadProbe probe;
    private final Prequal settings;

    /** @param probe null to go by what comes with answers */
    PrequalStrategy(@Nullable LoadProbe probe, Prequal settings) {
        this.probe = probe;
        this.settings = Objects.requireNonNull(settings, "settings");
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        LoadPool shared = pool(eligible);
        Members members = Members.of(eligible);
        shared.serve(members, eligible);
        Candidate only = members.candidates[0];
        return members.size == 1
                ? request -> only
                : new HotCold(
                        members, shared, settings, eligible.ticker(), new PowerOfTwoChoices().newPicker(eligible));
    }

    /** The pool of a service. */
    LoadPool pool(Eligible eligible) {
        return eligible.state(pool, () -> new LoadPool(settings, probe, eligible));
    }

    @Override
    public String toString() {
        return "Prequal, " + (probe == null ? "without probes" : settings.toString());
    }

    private static final class HotCold implements Picker {
        /*
         * Hot-cold lexicographic selection (Prequal, NSDI 2024, section 4): an answer is hot if its calls in flight are above
         * a quantile of what is seen of the service. The quickest of those that aren't is taken; if all are hot, the one with
         * the fewest calls. Latency tells apart instances of different speed, and calls in flight, which show at once
         * what latency shows when it is too late, keep everybody from rushing to the fastest.
         *
         * With too few answers the paper draws one at random. Two, and the one with fewer of this client's own calls, is
         * the same while there are none, and better when nobody answers any more.
         */
        private final Members members;
        private final Picker fallback;
        private final LoadPool pool;
        private final int minPool;
        private final long maxAgeNanos;
        private final Ticker ticker;

        HotCold(Members members, LoadPool pool, Prequal settings, Ticker ticker, Picker fallback) {
            this.members = members;
            this.pool = pool;
            this.minPool = settings.minPool();
            this.maxAgeNanos = settings.maxAge().toNanos();
            this.ticker = ticker;
            this.fallback = fallback;
        }

        @Override
        public Candidate pick(PickRequest request) {
            LoadPool.View view = pool.view();
            pool.picked();
            // A view for other members: a picker was made after this one, or before.
            if (view.members() != members) {
                return fallback.pick(request);
            }
            LoadPool.Silent silent = view.silent();
            if (silent.share() > 0 && members.random.nextDouble() < silent.share()) {
                return silent.picker().pick(request);
            }
            PooledLoad best = best(view, request);
            if (best == null) {
                return fallback.pick(request);
            }
            best.use();
            return best.candidate;
        }

        private @Nullable PooledLoad best(LoadPool.View view, PickRequest request) {
            long now = ticker.nanos();
            boolean retry = request.excludedCount() > 0;
            int usable = 0;
            PooledLoad cold = null;
            PooledLoad hot = null;
            for (PooledLoad each : view.loads()) {
                if (each.spent() || now - each.at > maxAgeNanos || (retry && request.excludes(each.candidate))) {
                    continue;
                }
                usable++;
                double load = each.load();
                if (load <= view.hotAbove()) {
                    cold = cold == null || each.quicker(cold) ? each : cold;
                } else if (hot == null || load < hot.load()) {
                    hot = each;
                }
            }
            return usable < minPool ? null : cold != null ? cold : hot;
        }
    }
}

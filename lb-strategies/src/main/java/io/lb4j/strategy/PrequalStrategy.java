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
import java.util.random.RandomGenerator;
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
        LoadPool shared = eligible.state(pool, () -> new LoadPool(settings, probe, eligible));
        Members members = Members.of(eligible);
        shared.serve(members, eligible);
        Candidate only = members.candidates[0];
        return members.size == 1 ? request -> only : new HotCold(members, shared, settings, eligible.ticker());
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
         */
        private final Members members;
        private final AliasTable table;
        private final LoadPool pool;
        private final int minPool;
        private final long maxAgeNanos;
        private final Ticker ticker;
        private final RandomGenerator random;

        HotCold(Members members, LoadPool pool, Prequal settings, Ticker ticker) {
            this.members = members;
            this.table = new AliasTable(members.weights);
            this.pool = pool;
            this.minPool = settings.minPool();
            this.maxAgeNanos = settings.maxAge().toNanos();
            this.ticker = ticker;
            this.random = members.random;
        }

        @Override
        public Candidate pick(PickRequest request) {
            LoadPool.View view = pool.view();
            PooledLoad best = view.members() == members ? best(view, request) : null;
            pool.picked();
            if (best == null) {
                return members.candidates[table.pick(random.nextLong())];
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

package io.lb4j.balancer;

import io.lb4j.Picker;
import io.lb4j.Strategy;
import io.lb4j.Subset;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Has the strategy make what picks read: a picker for each level that takes calls. Lane only. */
final class RoutingFactory {
    private final Strategy strategy;
    private final EligibleSet.Context context;
    private final GuardedListener listener;
    private final @Nullable Endpoints endpoints;

    RoutingFactory(
            Strategy strategy, EligibleSet.Context context, GuardedListener listener, @Nullable Endpoints endpoints) {
        this.strategy = strategy;
        this.context = context;
        this.listener = listener;
        this.endpoints = endpoints;
    }

    String strategy() {
        return strategy.toString();
    }

    /** Numbers the instances, in which routings find theirs. */
    static void number(InstanceState[] all) {
        for (int i = 0; i < all.length; i++) {
            all[i].index = i;
        }
    }

    Routing make(Verdict verdict, @Nullable Trials trials) {
        return make(strategy, context, verdict, trials);
    }

    /** For a subset, which has a strategy's state for itself. */
    Routing make(Subset subset, Verdict verdict, @Nullable Trials trials) {
        Strategy own = subset.strategy();
        return make(own == null ? strategy : own, context.scope(subset), verdict, trials);
    }

    void forget(Subset subset) {
        context.forget(subset);
    }

    private Routing make(Strategy by, EligibleSet.Context in, Verdict verdict, @Nullable Trials trials) {
        InstanceState[] candidates = verdict.candidates();
        StrategyFaults faults = new StrategyFaults(error -> listener.onStrategyFailure(context.service(), error));
        int count = verdict.levels.size();
        Picker[] pickers = new Picker[count];
        int[] loads = new int[count];
        for (int i = 0; i < count; i++) {
            Verdict.Level level = verdict.levels.get(i);
            pickers[i] = newPicker(by, in, level, faults);
            loads[i] = level.load();
        }
        Picker picker = count == 1 ? pickers[0] : new PriorityPicker(pickers, loads, context.random());
        return new Routing(
                candidates,
                verdict.all.length,
                verdict.levels,
                verdict.spares,
                trials,
                endpoints,
                picker,
                context.random(),
                faults);
    }

    private static Picker newPicker(Strategy by, EligibleSet.Context in, Verdict.Level level, StrategyFaults faults) {
        // Each level has the strategy's state for itself: a rotation over one site must not be moved on by another's.
        EligibleSet.Context own = level.priority() == 0 ? in : in.scope(new LevelScope(level.priority()));
        try {
            Picker picker = by.newPicker(new EligibleSet(own, level));
            if (picker != null) {
                return picker;
            }
            faults.report(new IllegalStateException("strategy " + by + " returned no picker (expected: a picker)"));
        } catch (Throwable e) {
            faults.report(e);
        }
        return rotation(level.candidates());
    }

    /** Keeps calls flowing when the strategy can't make a picker. */
    private static Picker rotation(InstanceState[] candidates) {
        AtomicInteger next = new AtomicInteger();
        return request -> candidates[Integer.remainderUnsigned(next.getAndIncrement(), candidates.length)];
    }

    /** Equal to no scope that a strategy could think of. */
    private record LevelScope(int priority) {}
}

package io.lb4j.balancer;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.StateKey;
import io.lb4j.Ticker;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** {@link Eligible} over arrays; what does not change with the set is shared by all sets of one service. */
final class EligibleSet implements Eligible {

    /** What all sets of one service have in common; a scope has the states for itself. */
    record Context(
            String service,
            Ticker ticker,
            RandomGenerator random,
            Scheduler scheduler,
            Map<StateKey<?>, Object> states,
            Map<Object, Context> scopes) {
        Context(String service, Ticker ticker, RandomGenerator random, Scheduler scheduler) {
            this(service, ticker, random, scheduler, new ConcurrentHashMap<>(), new ConcurrentHashMap<>());
        }

        Context scope(Object scope) {
            return scopes.computeIfAbsent(scope, each -> new Context(service, ticker, random, scheduler));
        }

        void forget(Object scope) {
            scopes.remove(scope);
        }
    }

    private final Context context;
    private final Verdict.Level level;
    private final Candidate[] candidates;
    private final double[] weights;

    EligibleSet(Context context, Verdict.Level level) {
        this(
                context,
                level,
                Arrays.copyOf(level.candidates(), level.candidates().length, Candidate[].class),
                level.weights());
    }

    private EligibleSet(Context context, Verdict.Level level, Candidate[] candidates, double[] weights) {
        this.context = context;
        this.level = level;
        this.candidates = candidates;
        this.weights = weights;
    }

    @Override
    public String service() {
        return context.service;
    }

    @Override
    public int size() {
        return candidates.length;
    }

    @Override
    public Candidate get(int index) {
        return candidates[index];
    }

    @Override
    public double weight(int index) {
        return weights[index];
    }

    @Override
    public Eligible select(List<? extends Candidate> selected, double[] theirWeights) {
        return selection(context, selected, theirWeights);
    }

    @Override
    public Eligible select(Object scope, List<? extends Candidate> selected, double[] theirWeights) {
        return selection(context.scope(scope), selected, theirWeights);
    }

    private Eligible selection(Context theirs, List<? extends Candidate> selected, double[] theirWeights) {
        if (selected.isEmpty() || selected.size() != theirWeights.length) {
            throw new IllegalArgumentException("select: " + selected.size() + " candidates and " + theirWeights.length
                    + " weights (expected: at least one of each and as many)");
        }
        for (double weight : theirWeights) {
            if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("select: weight " + weight + " (expected: positive and finite)");
            }
        }
        return new EligibleSet(theirs, level, selected.toArray(new Candidate[0]), theirWeights.clone());
    }

    @Override
    public List<ServiceInstance> known() {
        return Arrays.stream(level.known()).map(InstanceState::instance).toList();
    }

    @Override
    public boolean panic() {
        return level.panic();
    }

    @Override
    public Scheduler scheduler() {
        return context.scheduler;
    }

    @Override
    public Ticker ticker() {
        return context.ticker;
    }

    @Override
    public RandomGenerator random() {
        return context.random;
    }

    @Override
    @SuppressWarnings("unchecked") // a key's state was made by the factory passed with that key
    public <T> T state(StateKey<T> key, Supplier<? extends T> factory) {
        Object known = context.states.get(key);
        if (known == null) {
            // Not computeIfAbsent: a factory may ask for the states its own is made of.
            synchronized (context) {
                known = context.states.get(key);
                if (known == null) {
                    known = factory.get();
                    if (known == null) {
                        throw new IllegalStateException(
                                "state " + key + ": the factory returned null (expected: a state)");
                    }
                    context.states.put(key, known);
                }
            }
        }
        return (T) known;
    }

    @Override
    public String toString() {
        return context.service + " " + List.of(candidates);
    }
}

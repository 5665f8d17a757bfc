package io.lb4j.balancer;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.StateKey;
import io.lb4j.Ticker;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** {@link Eligible} over arrays; what does not change with the set is shared by all sets of one service. */
final class EligibleSet implements Eligible {

    /** What all sets of one service have in common. */
    record Context(String service, Ticker ticker, RandomGenerator random, Map<StateKey<?>, Object> states) {
        Context(String service, Ticker ticker, RandomGenerator random) {
            this(service, ticker, random, new ConcurrentHashMap<>());
        }
    }

    private final Context context;
    private final Candidate[] candidates;
    private final double[] weights;

    EligibleSet(Context context, Candidate[] candidates, double[] weights) {
        this.context = context;
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
        if (selected.isEmpty() || selected.size() != theirWeights.length) {
            throw new IllegalArgumentException("select: " + selected.size() + " candidates and " + theirWeights.length
                    + " weights (expected: at least one of each and as many)");
        }
        for (double weight : theirWeights) {
            if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("select: weight " + weight + " (expected: positive and finite)");
            }
        }
        return new EligibleSet(context, selected.toArray(new Candidate[0]), theirWeights.clone());
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

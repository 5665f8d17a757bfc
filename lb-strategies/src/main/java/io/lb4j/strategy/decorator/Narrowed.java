package io.lb4j.strategy.decorator;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.StateKey;
import io.lb4j.Ticker;
import java.util.List;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * A selection that knows only its own part of the service, so that a decorator inside another counts what it was given:
 * a zone is not half dead because a subset has half of it.
 */
record Narrowed(Eligible selection, List<ServiceInstance> known) implements Eligible {

    Narrowed {
        known = List.copyOf(known);
    }

    @Override
    public String service() {
        return selection.service();
    }

    @Override
    public int size() {
        return selection.size();
    }

    @Override
    public Candidate get(int index) {
        return selection.get(index);
    }

    @Override
    public double weight(int index) {
        return selection.weight(index);
    }

    @Override
    public Eligible select(List<? extends Candidate> candidates, double[] weights) {
        return new Narrowed(selection.select(candidates, weights), known);
    }

    @Override
    public Eligible select(Object scope, List<? extends Candidate> candidates, double[] weights) {
        return new Narrowed(selection.select(scope, candidates, weights), known);
    }

    @Override
    public boolean panic() {
        return selection.panic();
    }

    @Override
    public Ticker ticker() {
        return selection.ticker();
    }

    @Override
    public RandomGenerator random() {
        return selection.random();
    }

    @Override
    public Scheduler scheduler() {
        return selection.scheduler();
    }

    @Override
    public <T> T state(StateKey<T> key, Supplier<? extends T> factory) {
        return selection.state(key, factory);
    }
}

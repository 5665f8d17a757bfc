package io.lb4j.testing;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.Picker;
import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Ticker;
import io.lb4j.Tracker;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * Watches under which keys a strategy keeps state. It does so by standing between strategy and balancer, which then
 * can't recognise {@linkplain io.lb4j.PickRequest#excludes excluded} candidates; so only first attempts may be made.
 */
final class StateSpy implements Strategy {
    private final Strategy watched;
    private final Set<StateKey<?>> keys = ConcurrentHashMap.newKeySet();
    private final Map<Candidate, Shown> shown = new ConcurrentHashMap<>();

    StateSpy(Strategy watched) {
        this.watched = watched;
    }

    /** How many keys the strategy has used so far. */
    int keys() {
        return keys.size();
    }

    @Override
    public Picker newPicker(Eligible eligible) {
        Picker picker = watched.newPicker(new ShownSet(eligible));
        return request -> ((Shown) picker.pick(request)).real;
    }

    private Shown show(Candidate real) {
        return shown.computeIfAbsent(real, Shown::new);
    }

    private final class Shown implements Candidate {
        final Candidate real;

        Shown(Candidate real) {
            this.real = real;
        }

        @Override
        public ServiceInstance instance() {
            return real.instance();
        }

        @Override
        public int inFlight() {
            return real.inFlight();
        }

        @Override
        public <T extends Tracker> T tracker(StateKey<T> key, Supplier<? extends T> factory) {
            keys.add(key);
            return real.tracker(key, factory);
        }
    }

    private final class ShownSet implements Eligible {
        private final Eligible real;

        ShownSet(Eligible real) {
            this.real = real;
        }

        @Override
        public String service() {
            return real.service();
        }

        @Override
        public int size() {
            return real.size();
        }

        @Override
        public Candidate get(int index) {
            return show(real.get(index));
        }

        @Override
        public double weight(int index) {
            return real.weight(index);
        }

        @Override
        public Eligible select(List<? extends Candidate> candidates, double[] weights) {
            return new ShownSet(real.select(real(candidates), weights));
        }

        @Override
        public Eligible select(Object scope, List<? extends Candidate> candidates, double[] weights) {
            return new ShownSet(real.select(scope, real(candidates), weights));
        }

        private List<Candidate> real(List<? extends Candidate> candidates) {
            return candidates.stream().map(each -> ((Shown) each).real).toList();
        }

        @Override
        public List<ServiceInstance> known() {
            return real.known();
        }

        @Override
        public boolean panic() {
            return real.panic();
        }

        @Override
        public Ticker ticker() {
            return real.ticker();
        }

        @Override
        public RandomGenerator random() {
            return real.random();
        }

        @Override
        public Scheduler scheduler() {
            return real.scheduler();
        }

        @Override
        public <T> T state(StateKey<T> key, Supplier<? extends T> factory) {
            keys.add(key);
            return real.state(key, factory);
        }
    }
}

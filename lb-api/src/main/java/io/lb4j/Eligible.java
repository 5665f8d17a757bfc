package io.lb4j;

import java.util.List;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * The candidates a picker may choose from, with their weights, as of one moment. Immutable and thread-safe; never empty
 * when handed to {@link Strategy#newPicker}. A {@link #select selection} of it is an {@code Eligible} too, which is how
 * a strategy narrows or reweighs the set before handing it to another strategy.
 */
public interface Eligible {

    /** The name of the service. */
    String service();

    /** How many candidates there are. */
    int size();

    /**
     * The candidate at {@code index}.
     *
     * @throws IndexOutOfBoundsException unless {@code 0 <= index < size()}
     */
    Candidate get(int index);

    /**
     * The effective weight of the candidate at {@code index}: the instance's weight, less while it is in slow start;
     * always positive and finite. Strategies that keep keys in place use the instance's own weight instead, since a key
     * that follows a ramp moves twice.
     *
     * @throws IndexOutOfBoundsException unless {@code 0 <= index < size()}
     */
    double weight(int index);

    /**
     * The same service with these candidates and weights only.
     *
     * @param candidates some of this set's candidates
     * @param weights their weights, in the same order, each positive and finite
     * @throws IllegalArgumentException if the sizes differ, a weight is not positive and finite, or nothing is selected
     */
    Eligible select(List<? extends Candidate> candidates, double[] weights);

    /**
     * The same as {@link #select(List, double[])}, with a {@link #state} of its own: for a strategy that hands several
     * selections to the same other strategy, each of which then remembers where it was by itself. Trackers belong to the
     * instance and are the same in every scope, so a tracker must not hold on to a scope's state.
     *
     * @param scope names the selection, the same for every picker; compared by {@code equals}
     * @throws IllegalArgumentException as {@link #select(List, double[])}
     */
    Eligible select(Object scope, List<? extends Candidate> candidates, double[] weights);

    /**
     * All instances of the candidates' priority that discovery lists and that don't drain, whether they can take calls
     * now or not, in discovery's order: for strategies that must not rearrange everything when one is ejected for a
     * while. The same for every selection.
     */
    List<ServiceInstance> known();

    /** Whether too few instances are healthy, so that unhealthy ones are among the candidates. */
    boolean panic();

    /** The balancer's clock, for pickers that need the time. */
    Ticker ticker();

    /** The balancer's randomness; thread-safe and fit for the call path. */
    RandomGenerator random();

    /** The balancer's scheduler, for background work that a strategy has to do; never for the call path. */
    Scheduler scheduler();

    /**
     * The state kept for this service under {@code key}, created by {@code factory} on first use: what must carry over
     * from one picker to the next, such as a rotation's position.
     *
     * @throws IllegalStateException if the factory returns null
     */
    <T> T state(StateKey<T> key, Supplier<? extends T> factory);
}

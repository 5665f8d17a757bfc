package io.lb4j.jmh;

import io.lb4j.jmh.peers.Peers;

/**
 * One library's way of following one policy over a number of instances, set up and ready to be measured. Each fork
 * makes one, so that the calls below have one receiver and cost nothing themselves. Thread-safe.
 */
public interface Contender extends AutoCloseable {

    /**
     * Picks an instance, and nothing else.
     *
     * @param n how many operations the thread has done; a keyed policy takes its key from it
     */
    Object pick(int n);

    /**
     * Picks an instance, has a call start there, and end with success.
     *
     * @param n as for {@link #pick}
     */
    Object call(int n);

    /** Releases what the set-up holds. */
    @Override
    default void close() {}

    /** Makes the contender that a benchmark's parameters name. */
    static Contender create(String library, Policy policy, int instances) {
        Load load = Load.of(policy, instances);
        return switch (library) {
            case "lb4j" -> new Lb4jContender(policy, load, false);
            case "lb4j-timed" -> new Lb4jContender(policy, load, true);
            case "floor" -> Floors.create(policy, load);
            default -> Peers.create(library, policy, load);
        };
    }
}

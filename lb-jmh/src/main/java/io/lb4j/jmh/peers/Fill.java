package io.lb4j.jmh.peers;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/** Brings calls in flight to instances where nobody but the balancer says which of them gets the next. */
final class Fill {
    private static final int ATTEMPTS_PER_INSTANCE = 1000;

    private Fill() {}

    /**
     * Opens calls until each instance has one more than it shall keep, so that each has seen one end, and then ends what
     * is too much.
     *
     * @return the calls that stay
     */
    static <C> List<C> bring(int[] wanted, Supplier<C> open, ToIntFunction<C> indexOf, Consumer<C> end) {
        List<Deque<C>> calls = new ArrayList<>();
        for (int i = 0; i < wanted.length; i++) {
            calls.add(new ArrayDeque<>());
        }
        int missing = wanted.length;
        for (long attempts = 0; missing > 0; attempts++) {
            if (attempts > (long) ATTEMPTS_PER_INSTANCE * wanted.length) {
                throw new IllegalStateException(
                        missing + " of " + wanted.length + " instances were not picked often enough (expected: none)");
            }
            C call = open.get();
            int index = indexOf.applyAsInt(call);
            calls.get(index).add(call);
            if (calls.get(index).size() == wanted[index] + 1) {
                missing--;
            }
        }
        List<C> kept = new ArrayList<>();
        for (int i = 0; i < wanted.length; i++) {
            Deque<C> there = calls.get(i);
            while (there.size() > wanted[i]) {
                end.accept(there.remove());
            }
            kept.addAll(there);
        }
        return kept;
    }
}

package io.lb4j.strategy;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** A mean of the last samples. Any thread may add; a sample lost to another at the same moment is no loss. */
final class RunningMean {
    private static final int USUAL_MEMORY = 64;

    private static final VarHandle VALUE = Fields.of(MethodHandles.lookup(), "value", double.class);
    private static final VarHandle COUNT = Fields.of(MethodHandles.lookup(), "count", int.class);

    @SuppressWarnings("UnusedVariable") // by VarHandle
    private double value;

    @SuppressWarnings("UnusedVariable") // by VarHandle
    private int count;

    private final int memory;

    /** A mean of the last hundred or so. */
    RunningMean() {
        this(USUAL_MEMORY);
    }

    /** @param memory so many samples count alike at first; then each new one counts for that part of the whole */
    RunningMean(int memory) {
        this.memory = memory;
    }

    /** Takes a sample; one that is no finite number, such as calls per weight of a draining instance, says nothing. */
    void add(double sample) {
        if (!Double.isFinite(sample)) {
            return;
        }
        int seen = (int) COUNT.getOpaque(this);
        if (seen < memory) {
            seen++;
            COUNT.setOpaque(this, seen);
        }
        double old = (double) VALUE.getOpaque(this);
        VALUE.setOpaque(this, old + (sample - old) / seen);
    }

    /** The mean, or {@code otherwise} without a sample. */
    double orElse(double otherwise) {
        return (int) COUNT.getOpaque(this) == 0 ? otherwise : (double) VALUE.getOpaque(this);
    }

    /** How many samples there were, or its memory if there were more. */
    int count() {
        return (int) COUNT.getOpaque(this);
    }
}

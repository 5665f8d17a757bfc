package io.lb4j;

/**
 * A source of elapsed time. Values are nanoseconds since some fixed but arbitrary point: only differences mean
 * anything, and they must be taken by subtraction because the value may overflow. Implementations are thread-safe and
 * never run backwards.
 */
@FunctionalInterface
public interface Ticker {

    /** Nanoseconds since this ticker's arbitrary origin. */
    long nanos();

    /** The ticker over {@link System#nanoTime()}. */
    static Ticker system() {
        return System::nanoTime;
    }
}

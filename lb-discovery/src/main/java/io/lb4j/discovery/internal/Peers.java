package io.lb4j.discovery.internal;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/** Servers that know the same: one is asked until it fails, and then the next one. Thread-safe. */
public final class Peers implements AutoCloseable {
    private static final int TIMED_OUT = 408;
    private static final int TOO_MANY = 429;

    private final List<JsonCalls> all;

    /** Which one is asked first: the one that answered last. */
    private final AtomicInteger current;

    /**
     * Servers of which none has failed.
     *
     * @param all at least one
     * @param random which one is asked first, so that many clients spread over all
     */
    public Peers(List<JsonCalls> all, RandomGenerator random) {
        this.all = List.copyOf(all);
        this.current = new AtomicInteger(random.nextInt(all.size()));
    }

    /** The one to ask. */
    public JsonCalls first() {
        return all.get(current.get());
    }

    /** That one doesn't do: the next one is asked first from now on. */
    public void passOver(JsonCalls one) {
        int at = all.indexOf(one);
        current.compareAndSet(at, (at + 1) % all.size());
    }

    /** How many there are. */
    public int size() {
        return all.size();
    }

    /** Whether an answer says that its server is in trouble, so that another one may say something else. */
    public static boolean isUnwell(int status) {
        return status >= 500 || status == TIMED_OUT || status == TOO_MANY;
    }

    @Override
    public String toString() {
        return all.stream().map(JsonCalls::toString).collect(Collectors.joining(", "));
    }

    @Override
    public void close() {
        all.forEach(JsonCalls::close);
    }
}

package io.lb4j.discovery.internal;

import java.util.HashSet;
import java.util.Set;

/**
 * Which troubles of the present outage were told already, so that each is told once however often it is met.
 * Thread-safe.
 */
public final class Troubles {
    /** A source that invents a new message each time must not fill the memory; beyond this it is no news. */
    private static final int MAX_DISTINCT = 32;

    private final Set<String> told = new HashSet<>();

    /** Whether this one is new. */
    public synchronized boolean add(String trouble) {
        return told.size() < MAX_DISTINCT && told.add(trouble);
    }

    /** Ends the outage; returns whether there was one. */
    public synchronized boolean clear() {
        boolean any = !told.isEmpty();
        told.clear();
        return any;
    }
}

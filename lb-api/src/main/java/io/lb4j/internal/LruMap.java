package io.lb4j.internal;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A map that forgets what was not used for the longest time when there is more than it may keep. A look is a use. Not
 * thread-safe, not even for looks alone.
 */
public final class LruMap<K, V> extends LinkedHashMap<K, V> {
    private static final long serialVersionUID = 1;

    private final int max;

    /** An empty map for at most so many. */
    public LruMap(int max) {
        super(16, 0.75f, true);
        this.max = max;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        return size() > max;
    }
}

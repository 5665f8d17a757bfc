package io.lb4j.socket;

import io.lb4j.PickRequest;
import io.lb4j.internal.LruMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which instance the connections of a key went to last, so that they go there although the table says otherwise by now
 * (Maglev's connection tracking). Forgets the key that was not used for the longest time. Thread-safe.
 */
final class FlowMemory {
    private final Map<Long, String> instances;

    FlowMemory(int capacity) {
        this.instances = new LruMap<>(capacity);
    }

    /** The request, for the instance of its key if that is remembered. */
    PickRequest recall(PickRequest request) {
        if (!request.hasHash() || request.preferred() != null) {
            return request;
        }
        String known = get(request.hash());
        return known == null ? request : request.preferring(known);
    }

    void remember(PickRequest request, String instanceId) {
        if (request.hasHash()) {
            put(request.hash(), instanceId);
        }
    }

    private synchronized @Nullable String get(long hash) {
        return instances.get(hash);
    }

    private synchronized void put(long hash, String instanceId) {
        instances.put(hash, instanceId);
    }

    synchronized int size() {
        return instances.size();
    }
}

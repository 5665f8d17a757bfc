package io.lb4j.discovery.etcd;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.MalformedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What is known of the keys of one service, and up to which revision. Not thread-safe. */
final class EtcdEntries {
    private final String prefix;
    private TreeMap<String, Entry> byKey = new TreeMap<>();
    private long revision;

    /** What a key says: an instance, or why it is none. */
    private record Entry(
            @Nullable ServiceInstance instance, @Nullable String complaint) {}

    EtcdEntries(String prefix) {
        this.prefix = prefix;
    }

    /** All keys, replacing what was known; nothing if that can't be what etcd says. */
    void replace(JsonNode answer) {
        long at = EtcdJson.positive(answer.path("header"), "revision");
        TreeMap<String, Entry> read = new TreeMap<>();
        for (JsonNode kv : answer.path("kvs")) {
            put(read, kv);
        }
        byKey = read;
        revision = at;
    }

    /** What a stream said of changes, or that there were none; returns whether there were. */
    boolean apply(JsonNode result) {
        JsonNode events = result.path("events");
        if (events.isEmpty()) {
            // A notice of progress: there was nothing else up to here.
            revision = Math.max(revision, EtcdJson.number(result.path("header"), "revision"));
        }
        for (JsonNode event : events) {
            JsonNode kv = event.path("kv");
            if (event.path("type").asText("PUT").equals("DELETE")) {
                byKey.remove(EtcdJson.bytes(kv, "key"));
            } else {
                put(byKey, kv);
            }
            revision = Math.max(revision, EtcdJson.positive(kv, "mod_revision"));
        }
        return !events.isEmpty();
    }

    private void put(Map<String, Entry> into, JsonNode kv) {
        String key = EtcdJson.bytes(kv, "key");
        String id = key.startsWith(prefix) ? key.substring(prefix.length()) : "";
        // Deeper keys are those of services whose names begin with this one's.
        if (!id.isEmpty() && id.indexOf('/') < 0) {
            into.put(key, entry(id, kv));
        }
    }

    private static Entry entry(String id, JsonNode kv) {
        try {
            return new Entry(EtcdKeys.instance(id, EtcdJson.bytes(kv, "value")), null);
        } catch (MalformedException | IllegalArgumentException e) {
            return new Entry(null, e.getMessage());
        }
    }

    long revision() {
        return revision;
    }

    boolean isEmpty() {
        return byKey.isEmpty();
    }

    /** By key, so that the order is always the same. */
    List<ServiceInstance> instances() {
        List<ServiceInstance> instances = new ArrayList<>();
        byKey.values().forEach(entry -> {
            if (entry.instance != null) {
                instances.add(entry.instance);
            }
        });
        return instances;
    }

    /** What was left out, and why. */
    List<String> complaints() {
        List<String> complaints = new ArrayList<>();
        byKey.values().forEach(entry -> {
            if (entry.complaint != null) {
                complaints.add(entry.complaint);
            }
        });
        return complaints;
    }
}

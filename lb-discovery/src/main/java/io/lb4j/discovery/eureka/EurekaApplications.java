package io.lb4j.discovery.eureka;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** All instances that Eureka knows, by application: read whole, and then kept up by what changed. Not thread-safe. */
final class EurekaApplications {
    private final EurekaEntry.Choice choice;
    private Map<String, Map<String, EurekaEntry>> byName = new TreeMap<>();

    EurekaApplications(EurekaEntry.Choice choice) {
        this.choice = choice;
    }

    /** What changes take from them. */
    private interface Step {
        void take(String application, JsonNode instance);
    }

    /**
     * Takes the place of all that was known.
     *
     * @return what was known and isn't any more, by application
     * @throws IllegalArgumentException if that isn't what Eureka says; nothing is changed then
     */
    Map<String, List<EurekaEntry>> replace(JsonNode answer) {
        Map<String, Map<String, EurekaEntry>> next = new TreeMap<>();
        each(answer, (application, instance) -> put(next, application, EurekaEntry.read(instance, choice)));
        Map<String, List<EurekaEntry>> gone = new TreeMap<>();
        byName.forEach((application, entries) -> {
            Map<String, EurekaEntry> now = next.getOrDefault(application, Map.of());
            entries.forEach((id, entry) -> {
                if (!now.containsKey(id)) {
                    gone.computeIfAbsent(application, name -> new ArrayList<>()).add(entry);
                }
            });
        });
        byName = next;
        return gone;
    }

    /**
     * Follows what changed.
     *
     * @param left gets each instance that left, application before id
     * @return whether this is now what the server has: it sends along how many it has in each status
     * @throws IllegalArgumentException if that isn't what Eureka says; nothing is changed then
     */
    boolean apply(JsonNode delta, Collection<List<String>> left) {
        String hash = applications(delta).path("apps__hashcode").asText("");
        List<Runnable> steps = new ArrayList<>();
        each(delta, (application, instance) -> {
            EurekaEntry entry = EurekaEntry.read(instance, choice);
            // One that left still says of itself that it is up.
            if (instance.path("actionType").asText("").equals("DELETED")) {
                steps.add(() -> {
                    left.add(List.of(application, entry.id()));
                    remove(application, entry.id());
                });
            } else {
                steps.add(() -> put(byName, application, entry));
            }
        });
        steps.forEach(Runnable::run);
        return hash.equals(hash());
    }

    private static JsonNode applications(JsonNode answer) {
        JsonNode applications = answer.path("applications");
        if (!applications.isObject()) {
            throw new IllegalArgumentException("no applications (expected: {\"applications\":{…}})");
        }
        return applications;
    }

    private static void each(JsonNode answer, Step step) {
        for (JsonNode application : list(applications(answer), "application")) {
            String name = application.path("name").asText("").toUpperCase(Locale.ROOT);
            for (JsonNode instance : list(application, "instance")) {
                step.take(name, instance);
            }
        }
    }

    /** Servers that make their JSON from XML write an array of one as that one. */
    private static List<JsonNode> list(JsonNode parent, String name) {
        JsonNode node = parent.path(name);
        List<JsonNode> all = new ArrayList<>();
        if (node.isArray()) {
            node.forEach(all::add);
        } else if (node.isObject()) {
            all.add(node);
        } else if (!node.isMissingNode() && !node.isNull()) {
            throw new IllegalArgumentException(name + ": " + node + " (expected: an array)");
        }
        return all;
    }

    private static void put(Map<String, Map<String, EurekaEntry>> into, String application, EurekaEntry entry) {
        into.computeIfAbsent(application, name -> new LinkedHashMap<>()).put(entry.id(), entry);
    }

    private void remove(String application, String id) {
        Map<String, EurekaEntry> entries = byName.get(application);
        if (entries != null) {
            entries.remove(id);
            if (entries.isEmpty()) {
                byName.remove(application);
            }
        }
    }

    /** As {@code com.netflix.discovery.shared.Applications} counts: {@code DOWN_1_UP_3_}. */
    String hash() {
        Map<String, Integer> counts = new TreeMap<>();
        byName.values()
                .forEach(entries -> entries.values().forEach(entry -> counts.merge(entry.status(), 1, Integer::sum)));
        StringBuilder hash = new StringBuilder();
        counts.forEach(
                (status, count) -> hash.append(status).append('_').append(count).append('_'));
        return hash.toString();
    }

    /** Everything of one application, or of all that answer to a virtual address; empty if there is none. */
    List<EurekaEntry> find(String name, boolean byVip) {
        String upper = name.toUpperCase(Locale.ROOT);
        if (!byVip) {
            return List.copyOf(byName.getOrDefault(upper, Map.of()).values());
        }
        return byName.values().stream()
                .flatMap(entries -> entries.values().stream())
                .filter(entry -> entry.vips().contains(upper))
                .toList();
    }

    /** What may be asked for. */
    SortedSet<String> names(boolean byVip) {
        SortedSet<String> names = new TreeSet<>();
        if (byVip) {
            byName.values().forEach(entries -> entries.values().forEach(entry -> names.addAll(entry.vips())));
        } else {
            names.addAll(byName.keySet());
        }
        return names;
    }
}

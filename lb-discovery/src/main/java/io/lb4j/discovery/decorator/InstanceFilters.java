package io.lb4j.discovery.decorator;

import io.lb4j.ServiceInstance;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/** Tests for {@link FilteredDiscovery}; several are joined by {@link Predicate#and}. Immutable. */
public final class InstanceFilters {
    /**
     * The metadata that hold an instance's tags, separated by commas: {@code tags}. Those of a registry, under its name and
     * {@code -tags} as in {@code consul-tags}, count too.
     */
    public static final String TAGS = "tags";

    /** The metadata that hold an instance's version: {@code version}. */
    public static final String VERSION = "version";

    private InstanceFilters() {}

    /** Instances in one of these zones. */
    public static Predicate<ServiceInstance> zone(String... zones) {
        Set<String> any = set("zones", zones);
        return new Named("zone in " + any, instance -> instance.zone() != null && any.contains(instance.zone()));
    }

    /** Instances that have all of these tags, among the {@linkplain #TAGS metadata}. */
    public static Predicate<ServiceInstance> tag(String... tags) {
        Set<String> all = set("tags", tags);
        return new Named("tags " + all, instance -> tags(instance).containsAll(all));
    }

    /** Instances of one of these versions, as their {@linkplain #VERSION metadata} say. */
    public static Predicate<ServiceInstance> version(String... versions) {
        return metadata(VERSION, versions);
    }

    /** Instances whose metadata have one of these values under this key. */
    public static Predicate<ServiceInstance> metadata(String key, String... values) {
        Set<String> any = set("values", values);
        return new Named(key + " in " + any, instance -> {
            String value = instance.metadata().get(key);
            return value != null && any.contains(value);
        });
    }

    private static Collection<String> tags(ServiceInstance instance) {
        return instance.metadata().entrySet().stream()
                .filter(entry -> entry.getKey().equals(TAGS) || entry.getKey().endsWith("-" + TAGS))
                .flatMap(entry -> Arrays.stream(entry.getValue().split(",", -1)))
                .map(String::strip)
                .toList();
    }

    private static Set<String> set(String name, String... values) {
        if (values.length == 0) {
            throw new IllegalArgumentException(name + ": none (expected: at least one)");
        }
        return new TreeSet<>(List.of(values));
    }

    /** A test that can be named in messages. */
    private record Named(String name, Predicate<ServiceInstance> test) implements Predicate<ServiceInstance> {
        @Override
        public boolean test(ServiceInstance instance) {
            return test.test(instance);
        }

        @Override
        public Predicate<ServiceInstance> and(Predicate<? super ServiceInstance> other) {
            return new Named(name + " and " + other, test.and(other));
        }

        @Override
        public String toString() {
            return name;
        }
    }
}

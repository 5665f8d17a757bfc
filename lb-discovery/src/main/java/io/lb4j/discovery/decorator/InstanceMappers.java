package io.lb4j.discovery.decorator;

import io.lb4j.ServiceInstance;
import java.util.function.UnaryOperator;

/** Functions for {@link MappedDiscovery}. Immutable. */
public final class InstanceMappers {
    private InstanceMappers() {}

    /**
     * Takes the weight from the metadata under this key, for registries that know no weights. Where there is nothing under it
     * the weight stays; where it isn't a number from 0 to 1,000,000 the instance is left out.
     */
    public static UnaryOperator<ServiceInstance> weightFrom(String key) {
        return new Named("weight from " + key, instance -> {
            String value = instance.metadata().get(key);
            return value == null
                    ? instance
                    : instance.toBuilder().weight(weight(key, value)).build();
        });
    }

    /** Takes the zone from the metadata under this key. Where there is nothing under it the zone stays. */
    public static UnaryOperator<ServiceInstance> zoneFrom(String key) {
        return new Named("zone from " + key, instance -> {
            String value = instance.metadata().get(key);
            return value == null ? instance : instance.toBuilder().zone(value).build();
        });
    }

    private static double weight(String key, String value) {
        try {
            return Double.parseDouble(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "metadata " + key + ": " + value + " (expected: a number from 0 to 1000000)", e);
        }
    }

    /** A function that can be named in messages. */
    private record Named(String name, UnaryOperator<ServiceInstance> function)
            implements UnaryOperator<ServiceInstance> {
        @Override
        public ServiceInstance apply(ServiceInstance instance) {
            return function.apply(instance);
        }

        @Override
        public String toString() {
            return name;
        }
    }
}

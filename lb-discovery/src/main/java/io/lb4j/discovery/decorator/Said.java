package io.lb4j.discovery.decorator;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.Watchers;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a source says of a service when it is well.
 *
 * @param instances null if it has no such service
 * @param detail empty if it has
 */
record Said(@Nullable List<ServiceInstance> instances, String detail) {
    static Said instances(List<ServiceInstance> all) {
        return new Said(List.copyOf(all), "");
    }

    static Said unknown(String detail) {
        return new Said(null, detail);
    }

    boolean hasInstances() {
        return instances != null && !instances.isEmpty();
    }

    void note(Watchers watchers) {
        if (instances != null) {
            watchers.instances(instances);
        } else {
            watchers.unknown(detail);
        }
    }
}

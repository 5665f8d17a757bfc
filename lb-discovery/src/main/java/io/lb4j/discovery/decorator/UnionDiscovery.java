package io.lb4j.discovery.decorator;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.decorator.CombinedRelay.Combined;
import io.lb4j.discovery.decorator.CombinedRelay.Side;
import io.lb4j.discovery.internal.ServiceWatches;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * What several sources list, together. An instance that two of them list, under one id or at one address, is listed once, as
 * the earlier source says. An id that stands for another address in a later source is left out there, and told as a
 * complaint: whoever runs the two should give them ids of their own.
 *
 * <p>A source in trouble adds its last list. At the start, sources that haven't answered are waited for, 1 s at most; after
 * that what the others list is told without them. The service is unknown if it is to all that have answered. Thread-safe.
 * Closes its sources with itself.
 */
public final class UnionDiscovery implements ServiceDiscovery {
    private final List<ServiceDiscovery> sources;
    private final ServiceWatches watches;

    private UnionDiscovery(List<ServiceDiscovery> sources, Scheduler scheduler, Duration patience) {
        this.sources = List.copyOf(sources);
        CombinedRelay.Settings settings = new CombinedRelay.Settings(
                this.sources, UnionDiscovery::union, scheduler, patience, null, (service, source) -> {});
        this.watches = new ServiceWatches(toString(), service -> new CombinedRelay(service, settings));
    }

    /**
     * All that these list, on the {@linkplain Scheduler#shared() shared scheduler}.
     *
     * @param first closed with this, as are the others
     */
    public static UnionDiscovery of(ServiceDiscovery first, ServiceDiscovery... others) {
        return of(Scheduler.shared(), first, others);
    }

    /**
     * All that these list.
     *
     * @param scheduler runs the timer that ends the wait at the start
     * @param first closed with this, as are the others
     */
    public static UnionDiscovery of(Scheduler scheduler, ServiceDiscovery first, ServiceDiscovery... others) {
        List<ServiceDiscovery> all = new ArrayList<>();
        all.add(Objects.requireNonNull(first, "first"));
        all.addAll(List.of(others));
        return new UnionDiscovery(all, scheduler, FirstDiscovery.DEFAULT_PATIENCE);
    }

    private static Combined union(List<Side> sides) {
        Map<String, ServiceInstance> byId = new HashMap<>();
        Set<String> places = new HashSet<>();
        List<ServiceInstance> all = new ArrayList<>();
        List<String> complaints = new ArrayList<>();
        for (Side side : sides) {
            if (side.said == null || side.said.instances() == null) {
                continue;
            }
            for (ServiceInstance instance : side.said.instances()) {
                ServiceInstance twin = byId.get(instance.id());
                if (twin != null && !twin.authority().equals(instance.authority())) {
                    complaints.add("instance " + instance.id() + " at " + instance.authority() + " of " + side.source
                            + " is left out, since an earlier source has that id at " + twin.authority());
                } else if (places.add(instance.authority())) {
                    byId.put(instance.id(), instance);
                    all.add(instance);
                }
            }
        }
        return new Combined(all.isEmpty() ? CombinedRelay.nothing(sides) : Said.instances(all), null, complaints);
    }

    @Override
    public Watch watch(String service, Listener listener) {
        return watches.watch(service, listener);
    }

    /** Whether all of the sources do. */
    @Override
    public boolean vouchesForEmptyLists() {
        return sources.stream().allMatch(ServiceDiscovery::vouchesForEmptyLists);
    }

    @Override
    public void close() {
        watches.close();
        sources.forEach(ServiceDiscovery::close);
    }

    @Override
    public String toString() {
        return "UnionDiscovery" + sources;
    }
}

package io.lb4j.discovery.decorator;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.ServiceWatches;
import java.util.Objects;
import java.util.function.Predicate;

/**
 * Lists those instances of a source that pass a test, for example {@link InstanceFilters#zone one of a zone}. If none
 * passes, the list is empty: that there are some elsewhere isn't a reason to call them.
 *
 * <p>An instance for which the test throws is left out and told as a complaint. Thread-safe. Closes its source with itself.
 */
public final class FilteredDiscovery implements ServiceDiscovery {
    private final ServiceDiscovery source;
    private final Predicate<? super ServiceInstance> filter;
    private final ServiceWatches watches;

    private FilteredDiscovery(ServiceDiscovery source, Predicate<? super ServiceInstance> filter) {
        this.source = Objects.requireNonNull(source, "source");
        this.filter = Objects.requireNonNull(filter, "filter");
        this.watches = new ServiceWatches(
                toString(),
                service -> SelectingRelay.of(
                        source, service, toString(), instance -> filter.test(instance) ? instance : null));
    }

    /**
     * Lists what passes {@code filter}.
     *
     * @param source closed with this
     * @param filter depends on the instance alone; called for each instance of each list, on the source's thread
     */
    public static FilteredDiscovery of(ServiceDiscovery source, Predicate<? super ServiceInstance> filter) {
        return new FilteredDiscovery(source, filter);
    }

    @Override
    public Watch watch(String service, Listener listener) {
        return watches.watch(service, listener);
    }

    @Override
    public boolean vouchesForEmptyLists() {
        return source.vouchesForEmptyLists();
    }

    @Override
    public void close() {
        watches.close();
        source.close();
    }

    @Override
    public String toString() {
        return "FilteredDiscovery[" + filter + ", " + source + "]";
    }
}

package io.lb4j.discovery.decorator;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.ServiceWatches;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * Lists other instances in place of a source's, one for each: with {@link InstanceMappers#weightFrom a weight from their
 * metadata}, another port, another zone.
 *
 * <p>An instance for which the function throws, or that takes an id which another one has, is left out and told as a
 * complaint. If that is so for all, the last list stays in force. Thread-safe. Closes its source with itself.
 */
public final class MappedDiscovery implements ServiceDiscovery {
    private final ServiceDiscovery source;
    private final UnaryOperator<ServiceInstance> mapper;
    private final ServiceWatches watches;

    private MappedDiscovery(ServiceDiscovery source, UnaryOperator<ServiceInstance> mapper) {
        this.source = Objects.requireNonNull(source, "source");
        this.mapper = Objects.requireNonNull(mapper, "mapper");
        this.watches = new ServiceWatches(
                toString(),
                service -> SelectingRelay.of(
                        source,
                        service,
                        toString(),
                        instance -> Objects.requireNonNull(
                                mapper.apply(instance), "the mapper returned null (expected: an instance)")));
    }

    /**
     * Lists what {@code mapper} makes of each instance.
     *
     * @param source closed with this
     * @param mapper depends on the instance alone, never null; called for each instance of each list, on the source's
     *     thread. State is kept by id, so that the same instance must keep the same id.
     */
    public static MappedDiscovery of(ServiceDiscovery source, UnaryOperator<ServiceInstance> mapper) {
        return new MappedDiscovery(source, mapper);
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
        return "MappedDiscovery[" + mapper + ", " + source + "]";
    }
}

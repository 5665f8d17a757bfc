package io.lb4j.discovery.decorator;

import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.internal.ServiceWatches;
import java.util.Objects;

/**
 * Leaves out instances at addresses that an {@link AddressGuard} refuses, and tells so as a complaint. If all of a list are
 * refused, the last list stays in force: what names only forbidden places isn't believed to be a list.
 *
 * <p>What host names resolve to isn't seen here, see {@link AddressGuard#dns}. Thread-safe. Closes its source with itself.
 */
public final class GuardedDiscovery implements ServiceDiscovery {
    private final ServiceDiscovery source;
    private final ServiceWatches watches;

    private GuardedDiscovery(ServiceDiscovery source, AddressGuard guard) {
        this.source = Objects.requireNonNull(source, "source");
        Objects.requireNonNull(guard, "guard");
        this.watches = new ServiceWatches(
                toString(),
                service -> SelectingRelay.of(source, service, toString(), instance -> {
                    String objection = guard.objection(instance.host());
                    if (objection != null) {
                        throw new IllegalArgumentException(objection);
                    }
                    return instance;
                }));
    }

    /**
     * Guards as by default.
     *
     * @param source closed with this
     */
    public static GuardedDiscovery of(ServiceDiscovery source) {
        return of(source, AddressGuard.standard());
    }

    /**
     * Guards as told.
     *
     * @param source closed with this
     */
    public static GuardedDiscovery of(ServiceDiscovery source, AddressGuard guard) {
        return new GuardedDiscovery(source, guard);
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
        return "GuardedDiscovery[" + source + "]";
    }
}

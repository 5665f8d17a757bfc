package io.lb4j;

import java.util.List;

/**
 * Says which instances a service has. Watches a service and delivers complete snapshots, never deltas, so that a lost
 * message costs nothing. Thread-safe. Closing it ends its watches; a balancer closes only the watch it opened.
 */
public interface ServiceDiscovery extends AutoCloseable {

    /**
     * Starts watching. Returns at once; what is known already may be delivered before this method returns.
     *
     * @param service the logical name, as the caller spells it
     * @param listener told of every snapshot, one call at a time
     * @throws IllegalStateException if this discovery is closed
     */
    Watch watch(String service, Listener listener);

    /**
     * Whether an empty list is meant as it is, whatever the balancer is told of
     * {@linkplain io.lb4j.balancer.LoadBalancer.Builder#emptyListGrace doubting} it: true where the program itself lists
     * instances. Default false: a registry's empty list is more often a loss of its memory. Who wraps a discovery passes
     * this on.
     */
    default boolean vouchesForEmptyLists() {
        return false;
    }

    /** Ends every watch and releases what this discovery holds. Idempotent. */
    @Override
    void close();

    /** One running watch. */
    interface Watch extends AutoCloseable {
        /** Ends the watch; a delivery in progress may still arrive. Idempotent, never blocks for long. */
        @Override
        void close();
    }

    /**
     * Receives what a watch learns. Calls for one watch come one at a time and must return quickly.
     */
    interface Listener {
        /**
         * All instances the service has now. An empty list means that the source says there are none; a balancer that had
         * some keeps them for a while, unless {@link ServiceDiscovery#vouchesForEmptyLists}.
         */
        void onInstances(List<ServiceInstance> instances);

        /**
         * The source is up and knows no service of that name. A later {@link #onInstances} revokes it.
         *
         * @param detail what the source said or where it looked, for error messages
         */
        void onUnknownService(String detail);

        /**
         * The source could not be asked or its answer not be understood. The last snapshot stays in force; the watch
         * goes on by itself.
         *
         * @param error what happened, with a message that names the source
         */
        void onError(Throwable error);

        /**
         * The source is well, and part of its answer was left out since nothing can be made of it: say, one instance
         * without a port among good ones. What {@link #onInstances} told last is in force and all there is. Told once for each
         * distinct complaint until an answer has none.
         *
         * <p>Default: as {@link #onError}, for those who only note that something is wrong. Whoever judges by {@code onError}
         * whether the source is well overrides this; whoever wraps a discovery passes it on.
         *
         * @param complaint what was left out and why, with a message that names the source
         */
        default void onComplaint(Throwable complaint) {
            onError(complaint);
        }
    }
}

package io.lb4j.discovery;

import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.time.Duration;

/**
 * How one server is put into one kind of registry. {@link Registration} decides when to register, renew, try again and
 * deregister; this only asks. To be implemented for a registry that isn't shipped.
 *
 * <p>A registrar belongs to one registration, which calls {@link #register}, {@link #renew} and {@link #cancel} one at a
 * time, on threads that must not be held up: they only begin to ask. {@link Object#toString} names the registry and its
 * address, for messages. Implementations may call an {@link Answer} on any thread, with locks held, or before the method
 * returns.
 */
public interface Registrar extends AutoCloseable {

    /**
     * What the registry said to one question. Exactly one of these is called, once; what is called later, or after
     * {@link #cancel}, is ignored. One that never comes counts as failed after a third of the lease.
     */
    interface Answer {
        /**
         * The registry holds the instance.
         *
         * @param leaseTtl for how long unless renewed, which it will be before a third of that is over
         */
        void held(Duration leaseTtl);

        /**
         * The registry doesn't hold the instance any more, or not for this registrar. It is registered again.
         *
         * @param detail the registry's words, for people
         */
        void forgotten(String detail);

        /**
         * The registry said no, for a reason that it gave. It is asked again after a wait all the same, since reasons pass.
         *
         * @param detail what was refused and why, naming the registry
         */
        void refused(String detail);

        /** The registry couldn't be asked, or its answer not be understood; the message names it. Asked again after a wait. */
        void failed(IOException error);
    }

    /**
     * How long the registry should list a server after it was last heard of, where nobody says otherwise; default {@link
     * RegistryServer#DEFAULT_TTL}.
     */
    default Duration defaultTtl() {
        return RegistryRules.DEFAULT_TTL;
    }

    /**
     * Refuses what this registry will never take, before anything is asked; default nothing.
     *
     * @throws IllegalArgumentException naming the value and the rule it breaks
     */
    default void check(String service, ServiceInstance instance) {}

    /**
     * Puts the instance in, or replaces what the registry says of it.
     *
     * @param ttl for how long the registry should list it after it was last heard of
     */
    void register(String service, ServiceInstance instance, Duration ttl, Answer answer);

    /**
     * Keeps the instance in. Where nothing needs to be renewed, says that it is held.
     *
     * @param ttl as in {@link #register}
     */
    void renew(String service, ServiceInstance instance, Duration ttl, Answer answer);

    /** Gives up the question that is under way, if one is. */
    void cancel();

    /**
     * Takes the instance out, waiting for the registry. Nothing else is under way then, and nothing but {@link #close} follows.
     *
     * @throws IOException if that wasn't possible in time; the lease then ends by itself
     */
    void deregister(String service, ServiceInstance instance, Duration atMost) throws IOException;

    /**
     * Gives a registrar that notices by itself when its registry forgets, as with a lost session, whom to tell. Called
     * once, before all else. Default: it doesn't notice.
     *
     * @param forgotten may be run on any thread at any time
     */
    default void onForgotten(Runnable forgotten) {}

    /** Lets go of threads and connections. Idempotent. */
    @Override
    void close();
}

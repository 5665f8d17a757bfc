package io.lb4j.affinity;

import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Where processes that call the same service agree on which instance serves which key. Thread-safe; one store may serve
 * many services and balancers. {@link SharedAffinity} bounds the time a call waits for it and goes on without it when it
 * fails, so that an implementation needs neither time-outs nor retries of its own.
 *
 * <p>Keys come as hashes (see {@link io.lb4j.PickRequest#hash}): of one size, and telling nobody who the user is. Two
 * keys with the same hash share an instance, which does no harm.
 */
public interface AffinityStore extends AutoCloseable {

    /**
     * Claims a key for an instance, and says who has it then. In one atomic step, whoever else claims at the same time:
     *
     * <ul>
     *   <li>nobody holds the key: now {@code instance} does;
     *   <li>it is held by the claim {@code lost}, version included: now {@code instance} does, and all who
     *       {@linkplain #watch watch} are told;
     *   <li>else it stays as it is.
     * </ul>
     *
     * <p>The time after which an unused claim is forgotten begins anew each time.
     *
     * @param service the name of the service
     * @param key the key's hash
     * @param instance the id of the instance that is to serve the key if it is free to be claimed
     * @param lost the claim of an instance that has died, to be replaced; null if none is to be
     * @return completes with the claim in force afterwards; fails with {@link AffinityEntryException} if it is this key's
     *     entry that is at fault, with anything else if it is the store. What depends on it may run on the store's own
     *     thread, and is quick
     */
    CompletionStage<Claim> claim(String service, long key, String instance, @Nullable Claim lost);

    /**
     * Tells a listener when keys of a service are moved, by whomever. Stores that can't tell return a watch that does
     * nothing; moves are then noticed when what is remembered of a key gets too old.
     */
    Watch watch(String service, Listener listener);

    /** Lets go of connections and threads. Claims stay where they are kept. Idempotent. */
    @Override
    void close();

    /** A listener's registration. */
    @FunctionalInterface
    interface Watch extends AutoCloseable {
        /** Ends it; a call in progress may still be delivered. Idempotent. */
        @Override
        void close();
    }

    /** Hears of moved keys. Called on the store's threads; quick. */
    interface Listener {

        /** A key has another instance than before. */
        void onMoved(long key, Claim now);

        /** Keys may have been moved without a word, as while a connection was lost: what was known must be asked again. */
        void onUnsure();
    }
}

package io.lb4j.affinity;

/**
 * What a store fails a claim with if the fault is with that one key and not with the store: something else is kept under
 * its name, or what is kept can't be read. Calls with that key are served without the store, others go on with it.
 */
public final class AffinityEntryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * An exception.
     *
     * @param message which key, what was found there, and what was expected
     */
    public AffinityEntryException(String message) {
        super(message);
    }
}

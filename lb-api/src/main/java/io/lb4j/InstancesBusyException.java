package io.lb4j;

/**
 * Instances of the service could take a call, but each has as many as its concurrency limit allows; and there is no
 * queue to wait in, or it is full, or the call waited in it for as long as it may. Nothing was sent. The message says
 * how many calls are in flight and wait. To try again at once makes it worse.
 */
public final class InstancesBusyException extends CannotPickException {
    private static final long serialVersionUID = 1;

    /**
     * Made by the balancer.
     *
     * @param service what was asked for
     * @param message what was known and what to do
     */
    public InstancesBusyException(String service, String message) {
        super(service, message, null);
    }
}

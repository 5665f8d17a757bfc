package io.lb4j;

import org.jspecify.annotations.Nullable;

/**
 * Nothing is known of the service yet: its first snapshot has not come. Worth waiting for; see the cause for discovery's
 * last error, if it had any.
 */
public final class NotReadyException extends CannotPickException {
    private static final long serialVersionUID = 1;

    /**
     * Made by the balancer.
     *
     * @param service what was asked for
     * @param message what was known and what to do
     * @param cause discovery's last error, or null
     */
    public NotReadyException(String service, String message, @Nullable Throwable cause) {
        super(service, message, cause);
    }
}

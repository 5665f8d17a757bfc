package io.lb4j;

import org.jspecify.annotations.Nullable;

/**
 * The service is known, but none of its instances can take a call now; the message counts them by state.
 */
public final class NoEligibleInstanceException extends CannotPickException {
    private static final long serialVersionUID = 1;

    /**
     * Made by the balancer.
     *
     * @param service what was asked for
     * @param message what was known and what to do
     * @param cause discovery's last error, or null
     */
    public NoEligibleInstanceException(String service, String message, @Nullable Throwable cause) {
        super(service, message, cause);
    }
}

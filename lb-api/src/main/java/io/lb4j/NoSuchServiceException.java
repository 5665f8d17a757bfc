package io.lb4j;

import org.jspecify.annotations.Nullable;

/**
 * Discovery is up and knows no service of that name: a misspelt name, or nothing has registered under it.
 */
public final class NoSuchServiceException extends CannotPickException {
    private static final long serialVersionUID = 1;

    /**
     * Made by the balancer.
     *
     * @param service what was asked for
     * @param message what was known and what to do
     * @param cause discovery's last error, or null
     */
    public NoSuchServiceException(String service, String message, @Nullable Throwable cause) {
        super(service, message, cause);
    }
}

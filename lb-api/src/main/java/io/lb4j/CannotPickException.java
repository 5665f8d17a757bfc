package io.lb4j;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * No instance could be picked for a call. The four reasons are four subclasses, because they call for different
 * actions: {@link NotReadyException} (nothing is known yet), {@link NoSuchServiceException} (the source knows no such
 * service), {@link NoEligibleInstanceException} (the service is known, but none of its instances can take a call) and
 * {@link InstancesBusyException} (those that can have as many as they may).
 */
public abstract sealed class CannotPickException extends RuntimeException
        permits NotReadyException, NoSuchServiceException, NoEligibleInstanceException, InstancesBusyException {
    private static final long serialVersionUID = 1;

    private final String service;

    CannotPickException(String service, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.service = Objects.requireNonNull(service, "service");
    }

    /** The service that was asked for. */
    public String service() {
        return service;
    }
}

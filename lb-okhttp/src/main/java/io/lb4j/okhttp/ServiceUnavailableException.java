package io.lb4j.okhttp;

import io.lb4j.CannotPickException;
import io.lb4j.okhttp.rules.Route;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A call could not be given to any instance of its service. Nothing was sent. The message says what is known of the
 * service; the {@linkplain #getCause() cause} says by its type whether the service is unknown, not known yet, or has
 * nobody who can take a call. If it is no {@link CannotPickException}, the client was closed at that moment, or URLs
 * name too many services at a time.
 */
public final class ServiceUnavailableException extends IOException {
    private static final long serialVersionUID = 1;

    private final String service;

    ServiceUnavailableException(CannotPickException cause) {
        this(cause.service(), String.valueOf(cause.getMessage()), cause);
    }

    ServiceUnavailableException(String service, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.service = service;
    }

    /** The same, of a call that routes sent there. */
    ServiceUnavailableException sentBy(List<Route> routes) {
        return new ServiceUnavailableException(
                service,
                getMessage() + "; the call was sent there by "
                        + routes.stream().map(Route::toString).collect(Collectors.joining(", ")),
                getCause() == null ? this : getCause());
    }

    /** The service that was called. */
    public String service() {
        return service;
    }
}

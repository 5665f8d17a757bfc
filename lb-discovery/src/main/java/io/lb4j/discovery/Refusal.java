package io.lb4j.discovery;

import java.io.Serial;

/** The registry's "no", as an HTTP status and what to say with it. */
final class Refusal extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    private final int status;

    Refusal(int status, String message) {
        super(message, null, false, false);
        this.status = status;
    }

    int status() {
        return status;
    }
}

package io.lb4j.discovery.internal;

import java.io.IOException;
import java.io.Serial;

/** What was read is not what the format says; the message says where and what was expected. */
public final class MalformedException extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    public MalformedException(String message) {
        super(message);
    }

    public MalformedException(String message, Throwable cause) {
        super(message, cause);
    }
}

package io.lb4j.discovery;

import java.io.IOException;
import java.io.Serial;

/** What was read is not what the format says; the message says where and what was expected. */
final class MalformedException extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    MalformedException(String message) {
        super(message);
    }

    MalformedException(String message, Throwable cause) {
        super(message, cause);
    }
}

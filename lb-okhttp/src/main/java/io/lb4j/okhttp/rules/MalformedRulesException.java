package io.lb4j.okhttp.rules;

import java.io.IOException;

/** Rules in a file are not what the format says; the message says where and what was expected. */
final class MalformedRulesException extends IOException {
    private static final long serialVersionUID = 1;

    MalformedRulesException(String message) {
        super(message);
    }

    MalformedRulesException(String message, Throwable cause) {
        super(message, cause);
    }
}

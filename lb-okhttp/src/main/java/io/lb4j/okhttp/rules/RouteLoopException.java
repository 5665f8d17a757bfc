package io.lb4j.okhttp.rules;

import java.io.IOException;

/** Routes send a call round in a circle. Nothing was sent; the message names them. */
public final class RouteLoopException extends IOException {
    private static final long serialVersionUID = 1;

    RouteLoopException(String message) {
        super(message);
    }
}

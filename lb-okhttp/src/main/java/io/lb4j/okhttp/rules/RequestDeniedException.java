package io.lb4j.okhttp.rules;

import java.io.IOException;

/**
 * A call that a {@link Firewall} denies. Nothing of it was sent, unless it was its body of unknown length that grew too large: then sending
 * it was broken off. The message says which rule, what was asked and what would pass; it has no values of headers and no query.
 */
public final class RequestDeniedException extends IOException {
    private static final long serialVersionUID = 1;

    private final String rule;

    RequestDeniedException(String rule, String why) {
        super("denied by firewall rule '" + rule + "': " + why);
        this.rule = rule;
    }

    /** The name of the rule, as {@link Firewall#denials} counts it. */
    public String rule() {
        return rule;
    }
}

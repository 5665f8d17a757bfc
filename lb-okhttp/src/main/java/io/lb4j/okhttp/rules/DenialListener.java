package io.lb4j.okhttp.rules;

import okhttp3.Request;

/**
 * Hears of every call that a {@link Firewall} denies, and which of its rules did: for a log, a metric, an alarm. Told on the thread that makes the call, before that fails: be
 * quick. What it throws is logged once and otherwise ignored.
 */
@FunctionalInterface
public interface DenialListener {

    /**
     * A call was denied.
     *
     * @param request what was denied, which may be what a route or a redirect made of the call; it may hold secrets of users
     * @param denial says by which rule and why; what the call fails with
     */
    void onDenial(Request request, RequestDeniedException denial);
}

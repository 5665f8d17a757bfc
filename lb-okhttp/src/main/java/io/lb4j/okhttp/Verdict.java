package io.lb4j.okhttp;

import io.lb4j.Outcome;
import io.lb4j.retry.Delivery;

/**
 * What became of an attempt, seen from three sides. Health and retries may disagree: a pooled connection that the server
 * had closed says nothing against the instance, and yet the call has to be made again.
 *
 * @param health what it means for the instance
 * @param retry what it means for the call; {@link Outcome.Kind#SUCCESS} and {@link Outcome.Kind#IGNORED} end it
 * @param delivery how far the request got
 * @param fresh whether the same instance may well answer on a new connection
 */
record Verdict(Outcome health, Outcome retry, Delivery delivery, boolean fresh) {
    static final Verdict SUCCESS = new Verdict(Outcome.SUCCESS, Outcome.SUCCESS, Delivery.MAYBE_PROCESSED, false);
    static final Verdict IGNORED = new Verdict(Outcome.IGNORED, Outcome.IGNORED, Delivery.MAYBE_PROCESSED, false);

    /** Whether the instance turned the call away politely: it is about to stop, or sheds streams. */
    boolean isGoodbye() {
        return fresh && delivery != Delivery.MAYBE_PROCESSED;
    }

    boolean isFinal() {
        return retry.kind() == Outcome.Kind.SUCCESS || retry.kind() == Outcome.Kind.IGNORED;
    }
}

package io.lb4j.okhttp;

import io.lb4j.Outcome;
import java.io.IOException;
import okhttp3.Response;

/**
 * Says what an answer meant for the instance that gave it. It decides health and, by way of the retry policy, whether
 * another instance is asked. Called once for each attempt, on the calling thread, before the body is read; it must not
 * touch the body. If it throws, the default applies.
 */
@FunctionalInterface
public interface OutcomeClassifier {

    /**
     * What this answer meant.
     *
     * @param response headers and status; the body is the caller's
     */
    Outcome ofResponse(Response response);

    /**
     * What this failure meant.
     *
     * @param error why there is no answer, or why it broke off
     * @param proposed what it is taken for by default
     */
    default Outcome ofFailure(IOException error, Outcome proposed) {
        return proposed;
    }

    /**
     * The default: 500–599 is a server error except 501; 429, and 503 with a {@code Retry-After} header, mean
     * overloaded, for as long as the header asks, up to ten minutes; everything else is a success, other
     * 400–499 one with {@link Outcome#CLIENT_ERROR an error of the caller's}: whatever is wrong with a 404, the
     * instance did its work.
     */
    static OutcomeClassifier standard() {
        return StandardClassifier.INSTANCE;
    }
}

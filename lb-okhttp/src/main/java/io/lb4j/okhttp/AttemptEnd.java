package io.lb4j.okhttp;

import io.lb4j.Outcome;
import io.lb4j.retry.Delivery;
import java.io.IOException;
import java.net.SocketTimeoutException;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * What came of an attempt: an answer, whose body is open and whose lease goes on, or an error, and then the lease has
 * ended.
 *
 * @param error null if there is an answer
 */
record AttemptEnd(
        Attempt attempt,
        @Nullable Response response,
        @Nullable IOException error,
        Verdict verdict) {
    private static final int SWITCHING_PROTOCOLS = 101;

    static AttemptEnd answered(Attempt attempt, Response response, Verdict verdict) {
        attempt.answered(verdict.health(), response.code() == SWITCHING_PROTOCOLS);
        return new AttemptEnd(attempt, response, null, verdict);
    }

    static AttemptEnd failed(Attempt attempt, IOException error, Verdict verdict) {
        attempt.finish(verdict.health());
        return new AttemptEnd(attempt, null, error, verdict);
    }

    /** Whether the caller gets it, come what may. */
    boolean isFinal() {
        return verdict.isFinal();
    }

    /** Whether there was no connection, and no waiting for one: that cost nobody anything. */
    boolean wasRefusedConnection() {
        return verdict.delivery() == Delivery.NEVER_SENT && !(error instanceof SocketTimeoutException);
    }

    /** Whether the instance asked to be left alone. */
    boolean isPushback() {
        return verdict.health().kind() == Outcome.Kind.OVERLOADED;
    }

    /** The same, as the end of two attempts of which this was the last: the call got as far as either of them. */
    AttemptEnd after(AttemptEnd earlier) {
        Delivery farther = earlier.verdict.delivery().compareTo(verdict.delivery()) > 0
                ? earlier.verdict.delivery()
                : verdict.delivery();
        return new AttemptEnd(
                attempt, response, error, new Verdict(verdict.health(), verdict.retry(), farther, verdict.fresh()));
    }

    /** Drops the answer, if there is one, as another was first. Its instance has answered all the same. */
    void lose() {
        if (response != null) {
            attempt.finish(verdict.health());
            // Cancelled before it is closed: OkHttp would read on for a tenth of a second, to keep the connection.
            attempt.lose(verdict.health());
            response.close();
        }
    }

    /** Drops the answer, if there is one: another attempt follows, or none can. */
    void discard() {
        if (response != null) {
            response.close();
            attempt.finish(verdict.health());
        }
    }
}

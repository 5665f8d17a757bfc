package io.lb4j.okhttp;

import io.lb4j.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** See {@link OutcomeClassifier#standard()}. */
final class StandardClassifier implements OutcomeClassifier {
    static final OutcomeClassifier INSTANCE = new StandardClassifier(InstantSource.system());

    /** A server that asks for a day off must not be able to keep itself out of rotation for one. */
    static final Duration LONGEST = Duration.ofMinutes(10);

    private static final int TOO_MANY_REQUESTS = 429;
    private static final int NOT_IMPLEMENTED = 501;
    private static final int BAD_GATEWAY = 502;
    private static final int UNAVAILABLE = 503;
    private static final int GATEWAY_TIMEOUT = 504;

    private final InstantSource clock;

    StandardClassifier(InstantSource clock) {
        this.clock = clock;
    }

    @Override
    public Outcome ofResponse(Response response) {
        int code = response.code();
        if (code < 500 && code != TOO_MANY_REQUESTS) {
            return code < 400 ? Outcome.SUCCESS : Outcome.CLIENT_ERROR;
        }
        if (code == TOO_MANY_REQUESTS || code == UNAVAILABLE) {
            Duration asked = retryAfter(response.header("Retry-After"), response);
            if (asked != null) {
                return Outcome.overloaded(asked);
            }
            return code == UNAVAILABLE ? Outcome.GATEWAY_ERROR : Outcome.overloaded(Duration.ZERO);
        }
        if (code == BAD_GATEWAY || code == GATEWAY_TIMEOUT) {
            return Outcome.GATEWAY_ERROR;
        }
        return code == NOT_IMPLEMENTED || code > 599 ? Outcome.SUCCESS : Outcome.SERVER_ERROR;
    }

    /** RFC 9110 §10.2.3: seconds or a date. What is neither is as good as no header. */
    private @Nullable Duration retryAfter(@Nullable String header, Response response) {
        if (header == null) {
            return null;
        }
        String value = header.trim();
        if (!value.isEmpty() && value.chars().allMatch(c -> c >= '0' && c <= '9')) {
            // Ten digits are 317 years; more would not fit.
            return value.length() > 9 ? LONGEST : bounded(Duration.ofSeconds(Long.parseLong(value)));
        }
        Instant now = clock.instant();
        Instant until = HttpDate.parse(value, now);
        if (until == null) {
            return null;
        }
        // Measured from the server's own date, since the two clocks may differ by more than the pause.
        String date = response.header("Date");
        Instant sent = date == null ? null : HttpDate.parse(date, now);
        return bounded(Duration.between(sent != null ? sent : now, until));
    }

    private static Duration bounded(Duration asked) {
        if (asked.isNegative()) {
            return Duration.ZERO;
        }
        return asked.compareTo(LONGEST) > 0 ? LONGEST : asked;
    }
}

package io.lb4j.okhttp;

import io.lb4j.Outcome;
import io.lb4j.okhttp.rules.RequestDeniedException;
import io.lb4j.retry.Delivery;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/**
 * What a failed attempt means. "Never sent" is what OkHttp's events say, not the exception's class: a connect time-out
 * and a read time-out are the same class. HTTP/2's exceptions are in a package that OkHttp's module doesn't export, so
 * they go by name.
 */
final class Failures {
    private Failures() {}

    /** The verdict on an attempt that got no answer. */
    static Verdict of(Attempt attempt, IOException error) {
        if (error instanceof RequestDeniedException) {
            // By us: the instance has no part in it.
            return Verdict.IGNORED;
        }
        if (attempt.timedOut) {
            return new Verdict(Outcome.TIMEOUT, Outcome.TIMEOUT, delivery(attempt, error), false);
        }
        Outcome lost = attempt.lost();
        if (lost != null) {
            return ended(lost);
        }
        if (attempt.isCanceled()) {
            return attempt.usedUpCall() ? ended(Outcome.TIMEOUT) : Verdict.IGNORED;
        }
        if (attempt.left) {
            return ended(Outcome.SUCCESS);
        }
        if (isInterrupt(error)
                || (!attempt.connecting && !attempt.acquired)
                || error instanceof FileNotFoundException) {
            // Nothing was tried (cleartext forbidden, say), or the request body's own source failed.
            return Verdict.IGNORED;
        }
        Delivery delivery = delivery(attempt, error);
        if (delivery == Delivery.REFUSED || isShutdown(error)) {
            // The instance is going away or shedding streams, politely. Another connection to it may do.
            return new Verdict(Outcome.IGNORED, Outcome.TRANSPORT_FAILURE, delivery, true);
        }
        if (isRefusedByTls(attempt, error)) {
            // A server of TLS 1.3 looks at our certificate when we think that all is well, and before any request.
            return of(Outcome.CONNECT_FAILURE, Delivery.REFUSED, false);
        }
        if (delivery == Delivery.NEVER_SENT) {
            return of(Outcome.CONNECT_FAILURE, delivery, false);
        }
        if (error instanceof SocketTimeoutException) {
            return of(Outcome.TIMEOUT, delivery, false);
        }
        if (attempt.reused() && !isStreamReset(error)) {
            // The server may have closed an idle connection at that moment; that is no failure of it. A stream that it
            // had accepted and reset is.
            return new Verdict(Outcome.IGNORED, Outcome.TRANSPORT_FAILURE, delivery, true);
        }
        return of(Outcome.TRANSPORT_FAILURE, delivery, false);
    }

    /** The outcome of an attempt whose answer broke off in the body. */
    static Outcome ofBody(Attempt attempt, IOException error, Outcome answer) {
        if (attempt.isCanceled()) {
            return attempt.usedUpCall() ? Outcome.TIMEOUT : Outcome.IGNORED;
        }
        if (answer.kind() != Outcome.Kind.SUCCESS || attempt.left || isInterrupt(error)) {
            return answer;
        }
        return error instanceof SocketTimeoutException ? Outcome.TIMEOUT : Outcome.TRANSPORT_FAILURE;
    }

    private static Verdict of(Outcome outcome, Delivery delivery, boolean fresh) {
        return new Verdict(outcome, outcome, delivery, fresh);
    }

    private static boolean isRefusedByTls(Attempt attempt, IOException error) {
        return attempt.headersStarted && !attempt.reused() && handshake(error) != null;
    }

    /** The failed handshake behind this error, if there is one: itself, or what was read when writing had failed. */
    static @Nullable SSLHandshakeException handshake(IOException error) {
        if (error instanceof SSLHandshakeException itself) {
            return itself;
        }
        for (Throwable each : error.getSuppressed()) {
            if (each instanceof SSLHandshakeException read) {
                return read;
            }
        }
        return null;
    }

    private static Verdict ended(Outcome health) {
        return new Verdict(health, Outcome.IGNORED, Delivery.MAYBE_PROCESSED, false);
    }

    private static Delivery delivery(Attempt attempt, IOException error) {
        if (!attempt.headersStarted || isShutdown(error)) {
            return Delivery.NEVER_SENT;
        }
        return isRefused(error) ? Delivery.REFUSED : Delivery.MAYBE_PROCESSED;
    }

    private static boolean isShutdown(IOException error) {
        return error.getClass().getName().endsWith(".ConnectionShutdownException");
    }

    private static boolean isRefused(IOException error) {
        String message = error.getMessage();
        return isStreamReset(error) && message != null && message.endsWith("REFUSED_STREAM");
    }

    private static boolean isStreamReset(IOException error) {
        return error.getClass().getName().endsWith(".StreamResetException");
    }

    private static boolean isInterrupt(IOException error) {
        return (error instanceof InterruptedIOException && !(error instanceof SocketTimeoutException))
                || Thread.currentThread().isInterrupted();
    }
}

package io.lb4j.okhttp;

import java.io.IOException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/** Says of failures of TLS which instance, which file, and what to do; the JDK names nobody. */
final class TlsFailures {
    private TlsFailures() {}

    /** The same error, with all that if it is of TLS. */
    static IOException named(Attempt attempt, IOException thrown) {
        SSLHandshakeException refused = Failures.handshake(thrown);
        IOException error = refused == null ? thrown : refused;
        if (!(error instanceof SSLException) || attempt.left || !(attempt.connecting || attempt.acquired)) {
            return thrown;
        }
        String message = "instance " + attempt.endpoint.shown() + " of service " + attempt.service.host() + ": TLS: "
                + error.getMessage() + advice(error, attempt);
        SSLException named = error instanceof SSLPeerUnverifiedException
                ? new SSLPeerUnverifiedException(message)
                : error instanceof SSLHandshakeException
                        ? new SSLHandshakeException(message)
                        : new SSLException(message);
        named.initCause(thrown);
        return named;
    }

    private static String advice(IOException error, Attempt attempt) {
        TlsSettings settings = attempt.endpoint.secured().settings();
        String said = String.valueOf(error.getMessage());
        if (error instanceof SSLPeerUnverifiedException) {
            return " (expected: a certificate for "
                    + (settings == null || settings.serverName == null
                            ? attempt.service.host() + ", or another name by TlsSettings.serverName)"
                            : settings.serverName + ", as serverName says)");
        }
        if (has(error, CertificateExpiredException.class)) {
            return " (expected: a certificate that is valid; it is the instance's that has to be renewed)";
        }
        if (has(error, CertificateException.class)) {
            return " (expected: a certificate signed by who is in "
                    + (settings == null || settings.trust == null ? "this client's trust" : settings.trust) + ")";
        }
        // JDK 25 puts the name of the alert in brackets before what JDK 17 says.
        if ((said.contains("Received fatal alert: ") && said.contains("certificate"))
                || said.endsWith("unknown_ca")
                || said.endsWith("access_denied")) {
            return " (expected: that the instance accepts this client's certificate, "
                    + (settings == null || settings.certificates == null
                            ? "of which TlsSettings names none)"
                            : settings.certificates + ")");
        }
        return said.contains("unrecognized SSL message") || said.contains("terminated the handshake")
                ? " (does it speak TLS?)"
                : "";
    }

    private static boolean has(IOException error, Class<? extends Throwable> type) {
        // Chains are short, and a loop in one is somebody's joke.
        @Nullable Throwable each = error;
        for (int depth = 0; each != null && depth < 10; depth++) {
            if (type.isInstance(each)) {
                return true;
            }
            each = each.getCause();
        }
        return false;
    }
}

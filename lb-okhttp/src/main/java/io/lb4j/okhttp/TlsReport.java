package io.lb4j.okhttp;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a service's TLS is made with at the moment. Immutable.
 *
 * @param identity the subject of the certificate that is shown to servers; null if none comes from files
 * @param identityExpires when that certificate, or one that it was signed with, expires; null if there is none
 * @param trusted the subjects of the authorities that the trust file names; empty without one
 * @param trustExpires when the first of those expires; null without a trust file
 * @param renewals how often new material was taken up since the client was built
 * @param problem why what the files hold now is not in use, and something older is; null if all is well
 */
public record TlsReport(
        @Nullable String identity,
        @Nullable Instant identityExpires,
        List<String> trusted,
        @Nullable Instant trustExpires,
        int renewals,
        @Nullable String problem) {

    /** Copies the list. */
    public TlsReport {
        trusted = List.copyOf(trusted);
    }
}

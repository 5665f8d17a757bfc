package io.lb4j.okhttp;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.TimeUnit;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;

/** Authorities, and certificates that they sign, in files and in servers. */
final class Certificates {
    private Certificates() {}

    static HeldCertificate authority(String name) {
        return new HeldCertificate.Builder()
                .commonName(name)
                .certificateAuthority(0)
                .duration(365, TimeUnit.DAYS)
                .build();
    }

    static HeldCertificate of(HeldCertificate authority, String name) {
        return new HeldCertificate.Builder()
                .commonName(name)
                .addSubjectAlternativeName(name)
                .signedBy(authority)
                .duration(365, TimeUnit.DAYS)
                .build();
    }

    static HeldCertificate expired(HeldCertificate authority, String name) {
        long now = System.currentTimeMillis();
        return new HeldCertificate.Builder()
                .commonName(name)
                .addSubjectAlternativeName(name)
                .signedBy(authority)
                .validityInterval(now - TimeUnit.DAYS.toMillis(2), now - TimeUnit.DAYS.toMillis(1))
                .build();
    }

    static HandshakeCertificates server(HeldCertificate own, HeldCertificate... clients) {
        HandshakeCertificates.Builder builder = new HandshakeCertificates.Builder().heldCertificate(own);
        for (HeldCertificate each : clients) {
            builder.addTrustedCertificate(each.certificate());
        }
        return builder.build();
    }

    /** Replaced as a whole, as those do it who renew certificates. */
    static Path write(Path file, String text) throws IOException {
        Path next = file.resolveSibling(file.getFileName() + ".next");
        Files.writeString(next, text);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return file;
    }

    static String trust(HeldCertificate... authorities) {
        StringBuilder text = new StringBuilder();
        for (HeldCertificate each : authorities) {
            text.append(each.certificatePem());
        }
        return text.toString();
    }
}

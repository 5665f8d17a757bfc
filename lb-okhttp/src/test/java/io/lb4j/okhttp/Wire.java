package io.lb4j.okhttp;

import java.util.List;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;

/** What is spoken between client and servers in a test. */
enum Wire {
    H1(false, List.of(Protocol.HTTP_1_1)),
    H2_PRIOR_KNOWLEDGE(false, List.of(Protocol.H2_PRIOR_KNOWLEDGE)),
    H1_TLS(true, List.of(Protocol.HTTP_1_1)),
    H2_TLS(true, List.of(Protocol.HTTP_2, Protocol.HTTP_1_1));

    /** For the services' names, as the servers have them, and for no address. */
    private static final HeldCertificate CERTIFICATE = new HeldCertificate.Builder()
            .addSubjectAlternativeName("orders")
            .addSubjectAlternativeName("billing")
            .addSubjectAlternativeName("orders.internal")
            .build();

    static final HandshakeCertificates SERVER =
            new HandshakeCertificates.Builder().heldCertificate(CERTIFICATE).build();
    static final HandshakeCertificates CLIENT = new HandshakeCertificates.Builder()
            .addTrustedCertificate(CERTIFICATE.certificate())
            .build();

    final boolean tls;

    @SuppressWarnings("ImmutableEnumChecker") // List.of
    final List<Protocol> protocols;

    Wire(boolean tls, List<Protocol> protocols) {
        this.tls = tls;
        this.protocols = protocols;
    }

    boolean isH2() {
        return this == H2_TLS || this == H2_PRIOR_KNOWLEDGE;
    }

    String url(String rest) {
        return (tls ? "https://" : "http://") + rest;
    }

    OkHttpClient.Builder client() {
        OkHttpClient.Builder builder = new OkHttpClient.Builder().protocols(protocols);
        if (tls) {
            builder.sslSocketFactory(CLIENT.sslSocketFactory(), CLIENT.trustManager());
        }
        return builder;
    }
}

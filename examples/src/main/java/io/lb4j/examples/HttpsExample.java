package io.lb4j.examples;

import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.okhttp.LoadBalancedClient;
import java.util.Map;
import java.util.TreeMap;
import javax.net.ssl.SSLPeerUnverifiedException;
import okhttp3.OkHttpClient;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;

/**
 * {@code https://orders/}: all instances present a certificate for the service's name, whatever their addresses, and
 * one that can't is not talked to.
 */
public final class HttpsExample {
    private HttpsExample() {}

    /** Fails unless both servers for {@code orders} are called, and an impostor isn't. */
    public static void main(String... arguments) throws Exception {
        HeldCertificate authority =
                new HeldCertificate.Builder().certificateAuthority(0).build();
        HandshakeCertificates trust = new HandshakeCertificates.Builder()
                .addTrustedCertificate(authority.certificate())
                .build();
        OkHttpClient base = new OkHttpClient.Builder()
                .sslSocketFactory(trust.sslSocketFactory(), trust.trustManager())
                .build();

        try (AppServer one = server("one", "orders", authority);
                AppServer two = server("two", "orders", authority);
                AppServer impostor = server("impostor", "something-else", authority);
                StaticDiscovery discovery = StaticDiscovery.builder()
                        .service("orders", one.instance(), two.instance())
                        .service("billing", impostor.instance())
                        .build();
                LoadBalancedClient client =
                        LoadBalancedClient.builder(base).discovery(discovery).build()) {
            Map<String, Integer> answers = new TreeMap<>();
            for (int i = 0; i < 100; i++) {
                answers.merge(Http.get(client, "https://orders/"), 1, Integer::sum);
            }
            System.out.println("100 calls to https://orders/: " + answers);
            if (answers.size() != 2) {
                throw new AssertionError("one server had nothing to do: " + answers);
            }

            try {
                throw new AssertionError("https://billing/ was answered by " + Http.get(client, "https://billing/"));
            } catch (SSLPeerUnverifiedException e) {
                System.out.println("https://billing/ refused: the certificate is not for billing");
            }
        }
    }

    private static AppServer server(String name, String certifiedFor, HeldCertificate authority) throws Exception {
        HeldCertificate certificate = new HeldCertificate.Builder()
                .addSubjectAlternativeName(certifiedFor)
                .signedBy(authority)
                .build();
        HandshakeCertificates tls =
                new HandshakeCertificates.Builder().heldCertificate(certificate).build();
        return AppServer.startSecure(name, tls.sslContext(), exchange -> name);
    }
}

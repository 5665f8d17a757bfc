package io.lb4j.examples;

import io.lb4j.discovery.FileDiscovery;
import io.lb4j.okhttp.LoadBalancedClient;
import io.lb4j.okhttp.TlsSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Calls {@code http://orders/} while its instances are moved to TLS and then to mutual TLS, and certificates are renewed:
 * all by files, and not by this program. {@code .ci/tls} does that around it.
 */
public final class TlsMigration {
    private TlsMigration() {}

    /**
     * Prints what answered how, and fails if a call failed.
     *
     * @param arguments a file of instances; a directory with client.pem, client.key and authorities.pem; how many seconds
     */
    public static void main(String... arguments) throws Exception {
        Path keys = Path.of(arguments[1]);
        long end = System.nanoTime()
                + Duration.ofSeconds(Long.parseLong(arguments[2])).toNanos();
        TlsSettings tls = TlsSettings.builder()
                .identity(keys.resolve("client.pem"), keys.resolve("client.key"))
                .trust(keys.resolve("authorities.pem"))
                .reloadEvery(Duration.ofMillis(200))
                .build();
        Map<String, Integer> answers = new TreeMap<>();
        int calls = 0;
        int failed = 0;
        try (FileDiscovery discovery = FileDiscovery.of(Path.of(arguments[0]));
                LoadBalancedClient client = LoadBalancedClient.builder()
                        .discovery(discovery)
                        .defaults(settings -> settings.tls(tls))
                        .build()) {
            while (System.nanoTime() < end) {
                calls++;
                try {
                    answers.merge(call(client), 1, Integer::sum);
                } catch (IOException e) {
                    failed++;
                    System.out.println("failed: " + e);
                }
                Thread.sleep(2);
            }
            System.out.println("renewals " + client.tls("orders").renewals());
        }
        answers.forEach((how, times) -> System.out.println("answers " + times + " " + how));
        System.out.println("calls " + calls + " failed " + failed);
        if (failed > 0) {
            throw new AssertionError(failed + " of " + calls + " calls failed");
        }
    }

    /** Who answered, and whose signature its certificate has. */
    private static String call(LoadBalancedClient client) throws IOException {
        Request request = new Request.Builder().url("http://orders/").build();
        try (Response response = client.newCall(request).execute()) {
            if (!response.isSuccessful()) {
                throw new IOException("status " + response.code());
            }
            String body = response.body().string().strip();
            return response.handshake() == null
                    ? "plain " + body
                    : "tls " + body + " by "
                            + ((X509Certificate) response.handshake()
                                            .peerCertificates()
                                            .get(0))
                                    .getIssuerX500Principal()
                                    .getName();
        }
    }
}

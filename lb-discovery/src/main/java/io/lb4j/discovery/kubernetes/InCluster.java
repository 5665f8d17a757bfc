package io.lb4j.discovery.kubernetes;

import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.internal.Certificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * What Kubernetes tells every pod: where the API server is, and who the pod is to it.
 *
 * @param environment the value of a variable, or null
 * @param account where token, certificates and namespace are mounted
 */
record InCluster(UnaryOperator<@Nullable String> environment, Path account) {
    static final InCluster HERE =
            new InCluster(System::getenv, Path.of("/var/run/secrets/kubernetes.io/serviceaccount"));

    /** @throws IllegalStateException outside of a pod */
    String url() {
        String host = environment.apply("KUBERNETES_SERVICE_HOST");
        String port = environment.apply("KUBERNETES_SERVICE_PORT");
        if (host == null || host.isEmpty() || port == null || port.isEmpty()) {
            throw new IllegalStateException("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT: not set (expected: to"
                    + " run in a pod of Kubernetes, or to name the API server)");
        }
        return "https://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }

    /** Read anew each time: Kubernetes replaces it before it expires. */
    DiscoveryUri.Secret token() {
        Path file = account.resolve("token");
        return () -> {
            String token = Files.readString(file).strip();
            if (token.isEmpty()) {
                throw new IOException(file + ": empty (expected: a token)");
            }
            return token;
        };
    }

    OkHttpClient client() {
        return Certificates.trusting(account.resolve("ca.crt"));
    }

    /** The pod's own, or {@code default}. */
    String namespace() {
        try {
            String namespace = Files.readString(account.resolve("namespace")).strip();
            return namespace.isEmpty() ? "default" : namespace;
        } catch (IOException e) {
            return "default";
        }
    }
}

package io.lb4j.discovery.eureka;

import io.lb4j.discovery.DiscoveryUri;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import okhttp3.Credentials;

/** Who asks, by basic authentication. */
record EurekaLogin(String user, DiscoveryUri.Secret password) {
    EurekaLogin {
        if (user.isEmpty() || user.indexOf(':') >= 0) {
            throw new IllegalArgumentException("user: '" + user + "' (expected: a name without a colon)");
        }
    }

    /** The header's value, with the password of this moment. */
    String header() throws IOException {
        return Credentials.basic(user, password.read(), StandardCharsets.UTF_8);
    }
}

package io.lb4j.discovery.providers;

import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.DiscoveryProvider;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.FileDiscovery;
import java.nio.file.Path;

/** {@code file:/path/services.json}, or {@code file:services.json} for a path from the working directory. */
public final class FileProvider implements DiscoveryProvider {
    @Override
    public String scheme() {
        return "file";
    }

    @Override
    public ServiceDiscovery open(DiscoveryUri uri) {
        String path = uri.path();
        uri.service();
        FileDiscovery.Builder builder = FileDiscovery.builder(Path.of(withoutSlashBeforeDrive(path)))
                .checkInterval(uri.duration("checkInterval", FileDiscovery.DEFAULT_CHECK_INTERVAL));
        if (path.isEmpty()) {
            throw new IllegalArgumentException(
                    "path: none (expected: a file, as in file:/etc/services.json), in " + uri);
        }
        return builder.build();
    }

    /** {@code file:///C:/services.json} is the file {@code C:/services.json}. */
    private static String withoutSlashBeforeDrive(String path) {
        return path.matches("/[A-Za-z]:.*") ? path.substring(1) : path;
    }
}

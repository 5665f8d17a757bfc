package io.lb4j.health;

import io.lb4j.ServiceInstance;
import io.lb4j.internal.Settings;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * On which port a probe asks: an instance's own, another one that all have, or one that discovery knows, as Envoy's
 * {@code health_check_config.port_value}. For authors of probes. Immutable.
 */
public final class ProbePort {
    /** The port that calls go to. */
    public static final ProbePort OWN = new ProbePort(0, null);

    private final int fixed;
    private final @Nullable String key;

    private ProbePort(int fixed, @Nullable String key) {
        this.fixed = fixed;
        this.key = key;
    }

    /**
     * The same port of every instance.
     *
     * @throws IllegalArgumentException if it is not 1 to 65535
     */
    public static ProbePort of(int port) {
        Settings.check(port >= 1 && port <= 65535, "port", port, "1 to 65535");
        return new ProbePort(port, null);
    }

    /** The port in an instance's metadata under this key; its own where there is none. */
    public static ProbePort fromMetadata(String key) {
        return new ProbePort(0, Objects.requireNonNull(key, "key"));
    }

    /**
     * The instance, at the port to ask.
     *
     * @throws IllegalArgumentException if its metadata hold something else than a port
     */
    public ServiceInstance at(ServiceInstance instance) {
        int port = fixed != 0 ? fixed : known(instance);
        return port == instance.port()
                ? instance
                : new ServiceInstance(
                        instance.id(),
                        instance.host(),
                        port,
                        instance.secure(),
                        instance.weight(),
                        instance.zone(),
                        instance.priority(),
                        instance.metadata());
    }

    private int known(ServiceInstance instance) {
        String value = key == null ? null : instance.metadata().get(key);
        if (value == null) {
            return instance.port();
        }
        int port = 0;
        try {
            port = Integer.parseInt(value);
        } catch (NumberFormatException e) {
            // Said below, as of a number that is none of a port.
        }
        Settings.check(port >= 1 && port <= 65535, "metadata " + key, "'" + value + "'", "1 to 65535");
        return port;
    }
}

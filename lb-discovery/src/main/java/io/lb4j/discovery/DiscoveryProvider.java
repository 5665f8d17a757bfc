package io.lb4j.discovery;

import io.lb4j.ServiceDiscovery;

/**
 * Opens the sources of one scheme for {@link Discoveries#open}. To be implemented, with a public constructor without
 * parameters, by whoever adds a kind of source; found through {@link java.util.ServiceLoader}: on the class path by {@code
 * META-INF/services/io.lb4j.discovery.DiscoveryProvider}, in a module by {@code provides}.
 */
public interface DiscoveryProvider {
    /** The scheme, in lower case: {@code consul}. */
    String scheme();

    /**
     * Opens a source. Returns at once, whether or not the source can be reached.
     *
     * <p>Everything that is asked of the URI becomes valid by that, and whatever the URI has besides is refused. So each
     * parameter is to be asked for every time, also where another one makes it meaningless.
     *
     * @throws IllegalArgumentException if the URI doesn't name a source of this kind, saying what is expected
     */
    ServiceDiscovery open(DiscoveryUri uri);
}
